"""Every format and encoding comes to the same frame; the path may pick layer, CRS and rows."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_grid import crs
from gis_grid.errors import CrsError, InputError
from gis_grid.sources import read_any
from gis_grid.sources.columns import decode, guess_column, text, whole_counts
from gis_grid.sources.tables import open_layer, open_table, parse_place

NAMES = ["解放大道120号", "江汉路社区居民委员会", "新华路"]


@pytest.fixture
def doors():
    return gpd.GeoDataFrame(
        {"户数": [12, 30, 7], "名称": NAMES},
        geometry=gpd.points_from_xy([114.27, 114.28, 114.29], [30.6, 30.61, 30.62]),
        crs=4326,
    )


def write(frame, path, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # writers remark on column widths
        frame.to_file(path, engine="pyogrio", **options)
    return path


def check(frame, *, names=True):
    assert frame.crs.to_epsg() == 4326
    assert frame.index.tolist() == [1, 2, 3]
    assert frame.geometry.name == "geometry"
    assert whole_counts(frame["户数"]).values.tolist() == [12, 30, 7]
    np.testing.assert_allclose(frame.geometry.x, [114.27, 114.28, 114.29], atol=1e-9)
    if names:
        assert text(frame, "名称").tolist() == NAMES


@pytest.mark.parametrize(
    "name", ["d.gpkg", "d.geojson", "d.json", "d.fgb", "d.kml", "d.gml", "d.shp", "d.shp.zip", "d.parquet"]
)
def test_spatial_formats(tmp_path, doors, name):
    path = tmp_path / name
    if name.endswith(".parquet"):
        doors.to_parquet(path)
    else:
        driver = {"json": "GeoJSON", "shp.zip": "ESRI Shapefile", "kml": "KML"}.get(name.split(".", 1)[1])
        options = {"encoding": "UTF-8"} if ".shp" in name else {"SPATIAL_INDEX": "NO"} if ".fgb" in name else {}
        write(doors, path, **({"driver": driver} if driver else {}), **options)
    check(read_any(path))


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8", "CP936"])
@pytest.mark.parametrize("cpg", [True, False])
def test_shapefiles_with_and_without_their_encoding(tmp_path, doors, encoding, cpg):
    path = write(doors, tmp_path / "d.shp", encoding=encoding)
    if not cpg:
        (tmp_path / "d.cpg").unlink()
    check(read_any(path))
    assert any("no encoding is declared" in note for note in open_layer(path).notes) != cpg


def test_a_shapefile_whose_cells_are_cut_within_a_character(tmp_path, doors):
    path = write(doors.assign(名称="汉" * 140), tmp_path / "d.shp", encoding="GBK")
    (tmp_path / "d.cpg").unlink()
    table = bytearray((tmp_path / "d.dbf").read_bytes())
    assert table.count("汉".encode("gbk")) > 300
    frame = read_any(path)
    assert frame["名称"].iloc[0].startswith("汉" * 100)


def test_a_western_shapefile_is_not_taken_for_chinese(tmp_path, doors):
    path = write(doors[["geometry"]].assign(nom="Rue Montréal"), tmp_path / "d.shp", encoding="ISO-8859-1")
    (tmp_path / "d.cpg").unlink()
    assert read_any(path)["nom"].tolist() == ["Rue Montréal"] * 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_csv_encodings_and_separators(tmp_path, doors, encoding, separator):
    table = pd.DataFrame(
        {"经度": doors.geometry.x, "纬度": doors.geometry.y, "户数": doors["户数"], "名称": doors["名称"]}
    )
    path = tmp_path / "d.csv"
    path.write_bytes(table.to_csv(index=False, sep=separator).encode(encoding))
    check(read_any(path, crs="wgs84"))


@pytest.mark.parametrize(
    ("x", "y"),
    [("lon", "lat"), ("LNG", "LAT"), ("经度", "纬度"), ("x", "y"), ("Point_X", "Point_Y"), ("东坐标", "北坐标")],
)
def test_columns_of_coordinates_are_recognised(tmp_path, doors, x, y):
    table = pd.DataFrame({y: doors.geometry.y, x: doors.geometry.x, "户数": doors["户数"]})
    table.to_csv(tmp_path / "d.csv", index=False)
    opened = open_layer(tmp_path / "d.csv", crs=4326)
    check(opened.frame, names=False)
    assert f"d.csv: took columns '{x}' and '{y}' for coordinates" in opened.notes


def test_workbooks_and_their_sheets(tmp_path, doors):
    table = pd.DataFrame(
        {"经度": doors.geometry.x, "纬度": doors.geometry.y, "户数": doors["户数"], "名称": doors["名称"]}
    )
    path = tmp_path / "d.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame().to_excel(book, sheet_name="封面")
        table.to_excel(book, sheet_name="住户", index=False)
        table.iloc[:1].to_excel(book, sheet_name="别的", index=False)
    check(read_any(path, crs="wgs84"))
    check(read_any(f"{path}:住户", crs="wgs84"))
    assert len(read_any(f"{path}|layer=别的", crs="wgs84")) == 1
    with pytest.raises(InputError, match="no sheet '没有' → its sheets are: 封面, 住户, 别的"):
        read_any(f"{path}:没有", crs="wgs84")


def test_wkt_and_wkb_columns(tmp_path, doors):
    pd.DataFrame({"户数": doors["户数"], "wkt": doors.geometry.to_wkt()}).to_csv(tmp_path / "d.csv", index=False)
    check(read_any(tmp_path / "d.csv", crs=4326), names=False)
    pd.DataFrame({"户数": doors["户数"], "geometry": doors.geometry.to_wkb()}).to_parquet(tmp_path / "d.parquet")
    check(read_any(tmp_path / "d.parquet", crs=4326), names=False)


def test_layers_are_picked_by_name_kind_or_asked_for(tmp_path, doors):
    path = tmp_path / "town.gpkg"
    write(doors, path, layer="roads")
    write(doors.iloc[:1], path, layer="outline")
    assert len(read_any(f"{path}:roads")) == 3
    assert len(read_any(f"{path}|layername=outline")) == 1
    opened = open_layer(path, kind="boundary")
    assert len(opened.frame) == 1
    assert any("took layer 'outline'" in note for note in opened.notes)
    with pytest.raises(
        InputError, match=r"it holds 2 layers → pick one with town.gpkg:LAYER; its layers are: roads, outline"
    ):
        read_any(path)
    with pytest.raises(InputError, match="no layer 'nothing' → its layers are: roads, outline"):
        read_any(f"{path}:nothing")


def test_a_path_with_a_colon_or_bar_in_it_is_a_path(tmp_path, doors):
    for name in ("a:b.gpkg", "a|b.gpkg"):
        doors.to_parquet(tmp_path / name.replace("gpkg", "parquet"))
        assert len(read_any(tmp_path / name.replace("gpkg", "parquet"))) == 3
    assert parse_place("C:/maps/town.gpkg").path.name == "town.gpkg"
    assert parse_place("C:/maps/town.gpkg").layer is None


def test_rows_are_picked_and_keep_their_numbers(tmp_path, doors):
    doors.to_parquet(tmp_path / "d.parquet")
    for written in ("where=名称=新华路", "subset=\"名称\" = '新华路'"):
        assert read_any(f"{tmp_path / 'd.parquet'}|{written}").index.tolist() == [3]
    with pytest.raises(InputError, match="no row holds '长江路'"):
        read_any(f"{tmp_path / 'd.parquet'}|where=名称=长江路")
    with pytest.raises(InputError, match=r"column 'nix'.*missing.*户数, 名称"):
        read_any(f"{tmp_path / 'd.parquet'}|where=nix=1")
    with pytest.raises(InputError, match=r"write .layer=NAME"):
        read_any(f"{tmp_path / 'd.parquet'}|colour=red")


def test_what_the_file_says_wins_unless_it_cannot_be_right(tmp_path, doors):
    path = write(doors, tmp_path / "d.gpkg")
    kept = open_layer(path, crs="EPSG:4547")
    assert kept.frame.crs.to_epsg() == 4326
    assert any("kept its own EPSG:4326" in note for note in kept.notes)
    projected = write(doors.to_crs(4526).set_crs(4547, allow_override=True), tmp_path / "p.gpkg")
    taken = open_layer(projected, crs="EPSG:4526")
    assert taken.frame.crs.to_epsg() == 4526
    assert any("taken for EPSG:4526 as declared (the file says EPSG:4547)" in note for note in taken.notes)
    assert read_any(f"{path}|crs=EPSG:4490").crs.to_epsg() == 4490


def test_gcj02_holds_for_degrees_and_is_converted(tmp_path, doors):
    moved = crs.transform_geometries(doors.geometry.to_numpy(), 4326, "gcj02")
    path = write(doors.set_geometry(gpd.GeoSeries(moved, crs=4326)), tmp_path / "d.geojson", COORDINATE_PRECISION=12)
    np.testing.assert_allclose(read_any(path, crs="gcj02").geometry.x, doors.geometry.x, atol=1e-8)
    np.testing.assert_allclose(read_any(f"{path}|crs=gcj02").geometry.x, doors.geometry.x, atol=1e-8)
    assert any("taken for GCJ-02 as declared" in note for note in open_layer(path, crs="gcj02").notes)
    metric = write(doors.to_crs(32650), tmp_path / "m.gpkg")
    assert read_any(metric, crs="gcj02").crs.to_epsg() == 32650, (
        "a projected file is not GCJ-02 unless it says so itself"
    )
    shifted = crs.transform_geometries(moved, 4326, 32650)
    own = write(doors.set_geometry(gpd.GeoSeries(shifted, crs=32650)), tmp_path / "o.gpkg")
    np.testing.assert_allclose(read_any(f"{own}|crs=gcj02").geometry.x, doors.geometry.x, atol=1e-7)


def test_a_csv_in_gcj02_or_bd09(tmp_path, doors):
    for system in ("gcj02", "bd09"):
        x, y = crs.transform_points(doors.geometry.x, doors.geometry.y, 4326, system)
        pd.DataFrame({"lon": x, "lat": y, "户数": doors["户数"]}).to_csv(tmp_path / "d.csv", index=False)
        np.testing.assert_allclose(read_any(tmp_path / "d.csv", crs=system).geometry.x, doors.geometry.x, atol=1e-8)


def test_a_table_on_its_side_is_refused_before_it_is_read(tmp_path):
    wide = ",".join(["lon", "lat", *(f"c{n}" for n in range(1998))])
    (tmp_path / "d.csv").write_text(f"{wide}\n114.3,30.6\n", "utf-8")
    assert read_any(tmp_path / "d.csv", crs=4326).shape == (1, 2001)
    (tmp_path / "d.csv").write_text(f"{wide},more\n114.3,30.6\n", "utf-8")
    with pytest.raises(InputError, match="2,001 columns, 2,000 at most"):
        read_any(tmp_path / "d.csv", crs=4326)


def test_positions_that_are_no_numbers_become_no_geometry(tmp_path):
    (tmp_path / "d.csv").write_text("lon,lat,hh\n114.3,30.6,1\n,30.6,2\nabc,30.6,3\ninf,30.6,4\nnan,nan,5\n", "utf-8")
    frame = read_any(tmp_path / "d.csv", crs=4326)
    assert frame.geometry.isna().tolist() == [False, True, True, True, True]
    infinite = gpd.GeoDataFrame(geometry=gpd.points_from_xy([114.3, np.inf], [30.6, 30.6]), crs=4326)
    infinite.to_parquet(tmp_path / "d.parquet")
    assert read_any(tmp_path / "d.parquet").geometry.isna().tolist() == [False, True]


def test_bytes_and_leading_zeros_and_heights(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": [b"Montr\xe9al", None], "code": ["007", "012"]}, geometry=[shapely.Point(1, 2, 3)] * 2, crs=4326
    )
    frame.to_parquet(tmp_path / "b.parquet")
    read = read_any(tmp_path / "b.parquet")
    assert text(read, "name").tolist() == ["Montréal", ""]
    assert read["code"].tolist() == ["007", "012"]
    assert not read.has_z.any()
    (tmp_path / "z.csv").write_text("lon,lat,code\n1,2,007\n", "utf-8")
    assert read_any(tmp_path / "z.csv", crs=4326)["code"].tolist() == ["007"]


def test_one_encoding_is_chosen_for_a_column():
    assert decode(["汉口".encode(), b"Bank"]) == ["汉口", "Bank"]
    assert decode(["汉口".encode("gbk"), "江岸".encode("gb18030")]) == ["汉口", "江岸"]
    assert decode([b"M\xe0ple", b"C\xf4t\xe9"]) == ["Màple", "Côté"]
    assert decode([]) == []


def test_ottawa_names_are_decoded(real_data):
    names = set(text(read_any(real_data("ottawa/ottawa_dev_roads.parquet")), "name"))
    assert {"Montréal", "St. Patrick", ""} <= names
    assert not any("b'" in name or "\ufffd" in name for name in names)


@pytest.mark.parametrize(
    ("columns", "kind", "found"),
    [
        (["id", "households"], "count", "households"),
        (["HH"], "count", "HH"),
        (["总户数", "人口"], "count", "总户数"),
        (["res_units", "year"], "count", "res_units"),
        (["2020户数"], "count", "2020户数"),
        (["households_2020"], "count", "households_2020"),
        (["households", "res_units"], "count", "households"),
        (["人户分离户数", "x"], "count", None),
        (["avg_household_size", "household_population"], "count", None),
        (["population"], "count", None),
        (["ONS_ID", "ONS_Name"], "community_code", "ONS_ID"),
        (["社区代码", "代码"], "community_code", "社区代码"),
        (["DAUID", "DBUID"], "block_id", "DBUID"),
        (["沿街商户数"], "shops", "沿街商户数"),
        (["路名"], "street_name", "路名"),
    ],
)
def test_columns_are_guessed_by_name(columns, kind, found):
    guess = guess_column(pd.DataFrame(columns=columns), kind, "f.gpkg")
    assert (guess.column if guess else None) == found
    assert guess is None or f"'{found}'" in guess.why


def test_counts_say_what_is_wrong_with_them():
    given = pd.Series(
        [
            "12",
            "１２",
            "1,234",
            " 120 户",
            "3.0",
            "1e3",
            "-0",
            "-3",
            "2.5",
            "many",
            "",
            None,
            "inf",
            "nan",
            "1e12",
            True,
        ]
    )
    counts = whole_counts(given)
    assert counts.values.tolist()[:7] == [12, 12, 1234, 120, 3, 1000, 0]
    assert (counts.values[7:] == 0).all()
    assert [bool(ok) for ok in counts.usable] == [True] * 7 + [False] * 9
    assert counts.why[7:13].tolist() == [
        "-3 is below zero",
        "2.5 is not a whole number",
        "'many' is not a number",
        "no count",
        "no count",
        "inf is infinite",
    ]
    floats = whole_counts(pd.Series([1.0, np.nan, np.inf, -2.0, 0.5, 1e300]))
    assert floats.usable.tolist() == [True, False, False, False, False, False]
    assert floats.stated.tolist() == [1, 0, 0, -2, 0, 0]
    assert whole_counts(pd.Series([1, None], dtype="Int64")).usable.tolist() == [True, False]
    assert whole_counts(pd.Series([True, False])).usable.tolist() == [False, False]
    assert whole_counts(pd.Series([], dtype="float64")).values.tolist() == []


def test_missing_crs_is_refused_with_what_to_do(tmp_path, doors):
    doors.set_crs(None, allow_override=True).to_parquet(tmp_path / "d.parquet")
    with pytest.raises(CrsError, match=r"d\.parquet: the file has no CRS → declare it: --crs EPSG:4326"):
        read_any(tmp_path / "d.parquet")
    check(read_any(tmp_path / "d.parquet", crs="EPSG:4326"))


def test_tables_without_geometry(tmp_path, real_data):
    table, source = open_table(real_data("china/seed_villages_12digit.csv"))
    assert source == "seed_villages_12digit.csv"
    assert table["village_code"].str.len().eq(12).all()
    pd.DataFrame({"姓名": ["张三"]}).to_excel(tmp_path / "s.xlsx", index=False)
    assert open_table(tmp_path / "s.xlsx")[0]["姓名"].tolist() == ["张三"]
