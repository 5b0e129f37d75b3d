"""Every row of a household file is accounted for, whatever it holds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_grid.errors import CrsError, InputError
from gis_grid.frames import check_frame
from gis_grid.sources import read_blocks, read_boundary, read_households

METRIC = "EPSG:4547"
DISTRICT = gpd.GeoDataFrame(geometry=[shapely.box(528000, 3386000, 529000, 3387000)], crs=METRIC)

cells = st.one_of(
    st.integers(-5, 2000).map(str),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.sampled_from(["", "many", "3户", "1,200", "１２", "-", "0x10", "1e400", "NULL", "None", "户"]),
    st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=6),
)
places = st.one_of(
    st.tuples(st.floats(527000, 530000), st.floats(3385000, 3388000)).map(lambda p: (repr(p[0]), repr(p[1]))),
    st.sampled_from(
        [("", ""), ("nan", "1"), ("528500", "3386500"), ("528000", "3386000"), ("east", "north"), ("528500", "")]
    ),
)


def attempt(path, rows):
    """Read, or return None where no row is usable and all are named (or the one fault of lying far away)."""
    try:
        return read_households(path, boundary=DISTRICT, target=METRIC, crs=METRIC)
    except InputError as caught:
        refused = caught
    assert len(refused.faults) in (1, rows)
    return None


def accounts(tally, rows):
    assert tally["total"] == rows
    assert tally["in"] + tally["outside"] + tally["rejected"] == tally["total"]
    parts = [tally[f"{name}_households"] for name in ("in", "outside", "rejected")]
    assert sum(parts) == tally["total_households"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(cells, places), min_size=1, max_size=12))
def test_in_and_outside_and_rejected_make_the_total(tmp_path, rows):
    table = pd.DataFrame({"hh": [cell for cell, _ in rows], "x": [p[0] for _, p in rows], "y": [p[1] for _, p in rows]})
    path = tmp_path / "h.csv"
    table.to_csv(path, index=False, encoding="utf-8")
    read = attempt(path, len(rows))
    if read is None:
        return
    accounts(read.tally, len(rows))
    assert len(read.frame) == read.tally["in"]
    assert int(read.frame["households"].sum()) == read.tally["in_households"]
    assert bool(read.tally["rejected"]) == any("rejected" in note for note in read.notes)
    assert bool(read.tally["outside"]) == any("outside" in note for note in read.notes)
    check_frame(read.frame, "households")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(-2, 50),
            st.floats(527500, 529500),
            st.floats(3385500, 3387500),
            st.floats(1, 900),
            st.booleans(),
        ),
        min_size=1,
        max_size=10,
    )
)
def test_polygons_are_counted_once_by_where_they_lie(tmp_path, rows):
    shapes = [None if gone else shapely.box(x, y, x + size, y + size / 2) for (_, x, y, size, gone) in rows]
    frame = gpd.GeoDataFrame({"户数": [row[0] for row in rows]}, geometry=shapes, crs=METRIC)
    frame.to_parquet(tmp_path / "p.parquet")
    read = attempt(tmp_path / "p.parquet", len(rows))
    if read is None:
        return
    accounts(read.tally, len(rows))
    assert read.tally["rejected"] == sum(n < 0 or gone for n, *_, gone in rows)
    inside = read.frame.representative_point().intersects(DISTRICT.geometry.iloc[0])
    assert inside.all()


def test_what_is_left_out_is_named_by_row(tmp_path):
    lines = [
        "x,y,hh,address",
        "528500,3386500,12,新华路1号",
        "1,1,5,",
        ",,4,",
        "528500,3386500,-3,",
        "528500,3386500,abc,",
        "528500,3386500,,",
        "528500,3386500,2.5,",
        "528000,3386000,7,角",
        ",,,",
    ]
    (tmp_path / "h.csv").write_text("\n".join(lines), "utf-8-sig")
    read = read_households(tmp_path / "h.csv", boundary=DISTRICT, target=METRIC, crs=METRIC)
    assert dict(read.tally) == {
        "total": 9,
        "in": 2,
        "outside": 1,
        "rejected": 6,
        "total_households": 25,
        "in_households": 19,
        "outside_households": 5,
        "rejected_households": 1,
    }
    said = "\n".join(read.notes)
    assert "h.csv: 1 of 9 rows lie outside the boundary (rows 2)" in said
    for found in (
        "row 3: no geometry",
        "row 4: -3 is below zero",
        "row 5: 'abc' is not a number",
        "row 6: no count",
        "row 7: 2.5 is not a whole number",
        "row 9: no count, no geometry",
    ):
        assert found in said
    assert read.frame.index.tolist() == [1, 8]
    assert read.frame["address"].tolist() == ["新华路1号", "角"]


def test_a_count_column_that_holds_no_counts_is_refused_with_every_row(tmp_path):
    rows = "\n".join(f"528500,3386500,{word}" for word in ("many", "few", "-1"))
    (tmp_path / "h.csv").write_text(f"x,y,hh\n{rows}\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_households(tmp_path / "h.csv", boundary=DISTRICT, target=METRIC, crs=METRIC)
    assert [fault.row for fault in caught.value.faults] == ["1", "2", "3"]
    assert {fault.column for fault in caught.value.faults} == {"hh"}
    assert all("--count-column" in fault.remedy for fault in caught.value.faults)


def test_fractions_all_through_are_refused_with_a_remedy_of_their_own(tmp_path):
    (tmp_path / "h.csv").write_text("x,y,hh\n528500,3386500,1.5\n528500,3386500,2.5\n", "utf-8")
    with pytest.raises(InputError, match="round the counts so that their sum is kept"):
        read_households(tmp_path / "h.csv", boundary=DISTRICT, target=METRIC, crs=METRIC)


def test_the_count_column_can_be_named_and_people_are_not_guessed(tmp_path):
    (tmp_path / "h.csv").write_text("x,y,population,n\n528500,3386500,7,2\n", "utf-8")
    ask = {"boundary": DISTRICT, "target": METRIC, "crs": METRIC}
    with pytest.raises(
        InputError, match="'population' counts people; if the band means people, name it with --count-column"
    ):
        read_households(tmp_path / "h.csv", **ask)
    assert read_households(tmp_path / "h.csv", count_column="n", **ask).tally["in_households"] == 2
    assert read_households(tmp_path / "h.csv", count_column="1", **ask).tally["in_households"] == 1
    with pytest.raises(InputError, match="column 'N': the column is missing → did you mean 'n'"):
        read_households(tmp_path / "h.csv", count_column="N", **ask)
    with pytest.raises(InputError, match="its columns are: x, y, population, n"):
        read_households(tmp_path / "h.csv", count_column="hh", **ask)


def test_shops_and_the_place_of_a_door_are_kept_and_nothing_about_people(tmp_path):
    head = "x,y,户数,商户数,小区,街路,门牌号,户主,身份证\n528500,3386500,3,2,金色家园,新华路,12号,张三,42010\n"
    (tmp_path / "h.csv").write_bytes(head.encode("gb18030"))
    read = read_households(tmp_path / "h.csv", boundary=DISTRICT, target=METRIC, crs=METRIC)
    row = read.frame.iloc[0]
    assert (row["households"], row["shops"], row["compound"], row["address"]) == (3, 2, "金色家园", "新华路12号")
    assert not {"户主", "身份证"} & set(read.frame.columns)


def test_lines_and_swarms_of_points_are_rejected_but_a_single_multipoint_counts(tmp_path):
    shapes = [
        shapely.MultiPoint([(528500, 3386500)]),
        shapely.MultiPoint([(528500, 3386500), (528600, 3386500)]),
        shapely.LineString([(528500, 3386500), (528600, 3386500)]),
        shapely.Point(),
    ]
    gpd.GeoDataFrame({"hh": [1, 2, 4, 8]}, geometry=shapes, crs=METRIC).to_parquet(tmp_path / "h.parquet")
    read = read_households(tmp_path / "h.parquet", boundary=DISTRICT, target=METRIC)
    assert (read.tally["in_households"], read.tally["rejected_households"]) == (1, 14)
    assert read.frame.geom_type.tolist() == ["Point"]


def test_invalid_footprints_are_repaired_not_lost(tmp_path):
    bow = shapely.Polygon([(528500, 3386500), (528600, 3386600), (528600, 3386500), (528500, 3386600)])
    gpd.GeoDataFrame({"hh": [6]}, geometry=[bow], crs=METRIC).to_parquet(tmp_path / "h.parquet")
    read = read_households(tmp_path / "h.parquet", boundary=DISTRICT, target=METRIC)
    assert read.tally["in_households"] == 6
    assert any("1 invalid polygons were repaired" in note for note in read.notes)


def test_all_rows_elsewhere_point_at_the_crs(tmp_path):
    (tmp_path / "h.csv").write_text("lon,lat,hh\n13.4,52.5,3\n", "utf-8")
    with pytest.raises(CrsError, match=r"all 1 rows lie outside the boundary, the nearest about [\d,]+ km away"):
        read_households(tmp_path / "h.csv", boundary=DISTRICT, target=METRIC, crs=4326)


@pytest.mark.parametrize("name", ["cambridge_parcels_fy2014", "cambridge_addresses_fy2014"])
def test_cambridge_is_accounted_for_to_the_last_unit(real_data, name):
    boundary = read_boundary(real_data("cambridge/cambridge_boundary.parquet")).frame
    read = read_households(real_data(f"cambridge/{name}.parquet"), boundary=boundary, target=boundary.crs)
    accounts(read.tally, read.tally["total"])
    assert read.tally["total_households"] == 42_453
    assert read.tally["in_households"] > 42_400
    assert dict(read.columns) == {"households": "res_units"}
    assert any("took column 'res_units' for households" in note for note in read.notes)


def test_doors_without_counts_can_count_one_each(real_data):
    path = real_data("addresses/essen_house_coordinates_2022.parquet")
    doors = gpd.read_parquet(path)
    boundary = gpd.GeoDataFrame(geometry=[shapely.box(*doors.total_bounds)], crs=4326).to_crs(32632)
    with pytest.raises(InputError, match="no column of households was recognised"):
        read_households(path, boundary=boundary, target=boundary.crs)
    read = read_households(path, boundary=boundary, target=boundary.crs, count_column="1")
    accounts(read.tally, 99_581)
    assert read.frame["address"].iloc[0] == "Aachener Str. 1"


# ---- ready-made blocks ------------------------------------------------------------------------------------------


def test_ottawa_blocks_keep_their_ids_and_columns(real_data):
    read = read_blocks(real_data("ottawa/ottawa_dev_blocks.parquet"))
    raw = gpd.read_parquet(real_data("ottawa/ottawa_dev_blocks.parquet"))
    assert read.tally["total_households"] == 53_784
    assert read.frame.index.tolist() == raw["DBUID"].tolist()
    assert {"DBUID", "DAUID", "population", "ONS_ID"} <= set(read.frame.columns)
    assert read.frame.crs.to_epsg() == 32618
    assert (
        read_blocks(real_data("ottawa/ottawa_dev_blocks.parquet"), count_column="population")
        .frame["households_own"]
        .sum()
        == 53_784
    )


@pytest.mark.parametrize(
    ("name", "total"), [("ottawa/ottawa_dev_zones_da", 51_619), ("cambridge/cambridge_blocks2020", 42_431)]
)
def test_other_blocks_are_read(real_data, name, total):
    assert int(read_blocks(real_data(f"{name}.parquet")).frame["households"].sum()) == total


@pytest.mark.parametrize("name", ["cambridge_blockgroups2020", "cambridge_neighborhoods"])
def test_blocks_from_zones(real_data, name):
    read = read_blocks(real_data(f"cambridge/{name}.parquet"))
    assert read.frame.index.is_unique
    assert (read.frame["households"] >= 0).all()


def blocks(tmp_path, **columns):
    shapes = [shapely.box(n * 100, 0, n * 100 + 100, 100) for n in range(3)]
    frame = gpd.GeoDataFrame(
        columns, geometry=[shapely.affinity.translate(s, 528000, 3386000) for s in shapes], crs=METRIC
    )
    frame.to_parquet(tmp_path / "b.parquet")
    return tmp_path / "b.parquet"


def test_every_bad_count_of_a_block_is_named_at_once(tmp_path):
    path = blocks(tmp_path, hh=["7", "-1", "x"])
    with pytest.raises(InputError) as caught:
        read_blocks(path)
    assert [str(fault).split(" →")[0] for fault in caught.value.faults] == [
        "b.parquet, column 'hh', row 2: -1 is below zero",
        "b.parquet, column 'hh', row 3: 'x' is not a number",
    ]
    for bad in (np.nan, np.inf, 1.5, -1.0):
        with pytest.raises(InputError, match=r"column 'hh', row 2: "):
            read_blocks(blocks(tmp_path, hh=[1.0, bad, 3.0]))


def test_ids_are_made_from_the_place_and_survive_a_new_order(tmp_path):
    path = blocks(tmp_path, hh=[1, 2, 3], id=["a", "a", "b"])
    first = read_blocks(path)
    assert any("named by their place" in note for note in first.notes)
    gpd.read_parquet(path).iloc[::-1].to_parquet(path)
    second = read_blocks(path)
    assert second.frame["households"].sort_index().equals(first.frame["households"].sort_index())
    with pytest.raises(InputError, match="column 'id', row 2: the id is empty or stands twice"):
        read_blocks(path, id_column="id")


def test_columns_in_the_way_are_renamed_and_official_codes_are_kept(tmp_path):
    path = blocks(tmp_path, hh=[1, 2, 3], block_id=["a", "b", "c"], atom=["x"] * 3, community_code=["420103001001"] * 3)
    read = read_blocks(path).frame
    assert read.index.tolist() == ["a", "b", "c"]
    assert read["community_code"].tolist() == ["420103001001"] * 3
    assert {"atom_own", "block_id_own", "community_code_own"} <= set(read.columns)
    assert set(read_blocks(blocks(tmp_path, hh=[1, 2, 3], community_code=["x"] * 3)).frame["community_code"]) == {""}


def test_overlapping_blocks_are_said(tmp_path):
    shape = shapely.box(528000, 3386000, 528100, 3386100)
    gpd.GeoDataFrame({"hh": [1, 2]}, geometry=[shape, shape], crs=METRIC).to_parquet(tmp_path / "b.parquet")
    assert any("blocks overlap by 10,000 m² in all" in note for note in read_blocks(tmp_path / "b.parquet").notes)
