"""Whatever is handed in, a reader answers with a frame or with one InputError."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_grid.errors import CrsError, InputError
from gis_grid.sources import (
    read_any,
    read_barriers,
    read_blocks,
    read_boundary,
    read_buildings,
    read_communities,
    read_compounds,
    read_households,
    read_staff,
    read_streets,
)

METRIC = "EPSG:4547"
DISTRICT = gpd.GeoDataFrame(geometry=[shapely.box(528000, 3386000, 529000, 3387000)], crs=METRIC)
READERS = {
    "any": read_any,
    "boundary": read_boundary,
    "streets": lambda path: read_streets(path, target=METRIC),
    "barriers": lambda path: read_barriers(path, target=METRIC),
    "households": lambda path: read_households(path, boundary=DISTRICT, target=METRIC),
    "blocks": lambda path: read_blocks(path, target=METRIC),
    "communities": lambda path: read_communities(path, target=METRIC),
    "compounds": lambda path: read_compounds(path, target=METRIC),
    "buildings": lambda path: read_buildings(path, target=METRIC),
    "staff": read_staff,
}
SUFFIXES = [
    ".gpkg",
    ".shp",
    ".geojson",
    ".kml",
    ".fgb",
    ".parquet",
    ".csv",
    ".xlsx",
    ".osm.pbf",
    ".xls",
    ".zip",
    ".dbf",
    "",
]


@pytest.mark.parametrize("reader", READERS.values(), ids=READERS)
def test_a_missing_file_a_folder_and_an_empty_file(tmp_path, reader):
    with pytest.raises(InputError, match="there is no such file"):
        reader(tmp_path / "none.gpkg")
    with pytest.raises(InputError, match="this is a folder"):
        reader(tmp_path)
    (tmp_path / "void.gpkg").touch()
    with pytest.raises(InputError, match=r"the file is empty \(0 bytes\)"):
        reader(tmp_path / "void.gpkg")
    with pytest.raises(InputError):
        reader("")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "content", [b"\x00\x01junk" * 60, b"PK\x03\x04" + b"\x00" * 80, b'{"type": "FeatureCollection"', b"\xff\xfe\xff"]
)
def test_broken_files(tmp_path, suffix, content):
    path = tmp_path / f"broken{suffix}"
    path.write_bytes(content)
    for reader in READERS.values():
        with pytest.raises(InputError) as caught:
            reader(path)
        assert path.name in str(caught.value)


def test_a_near_miss_is_suggested(tmp_path):
    (tmp_path / "streets.gpkg").touch()
    with pytest.raises(InputError, match=r"no such file → did you mean streets\.gpkg\?"):
        read_any(tmp_path / "streets.geojson")


@pytest.mark.parametrize("suffix", [".gpkg", ".shp", ".geojson", ".fgb", ".parquet"])
def test_an_empty_layer(tmp_path, suffix):
    frame = gpd.GeoDataFrame({"hh": pd.Series([], dtype="int64")}, geometry=gpd.GeoSeries([], crs=4326))
    path = tmp_path / f"empty{suffix}"
    if suffix == ".parquet":
        frame.to_parquet(path)
    else:
        frame.to_file(path, engine="pyogrio", geometry_type="Point")
    for reader in READERS.values():
        with pytest.raises(InputError, match="it holds no records"):
            reader(path)


@pytest.mark.parametrize("header", ["lon,lat,hh\n", "lon,lat,hh"])
def test_a_csv_of_a_header_alone(tmp_path, header):
    (tmp_path / "h.csv").write_text(header, "utf-8")
    with pytest.raises(InputError, match="it holds no records"):
        read_any(tmp_path / "h.csv", crs=4326)


def test_a_csv_that_is_none(tmp_path):
    (tmp_path / "h.csv").write_text("lon,lat\n1,2,3,4\n", "utf-8")
    with pytest.raises(InputError, match="more cells than the header"):
        read_any(tmp_path / "h.csv", crs=4326)
    (tmp_path / "h.csv").write_text("lon,lat\n1,2\n1,2,3,4\n", "utf-8")
    with pytest.raises(InputError, match="it cannot be read"):
        read_any(tmp_path / "h.csv", crs=4326)
    (tmp_path / "h.csv").write_text("\n\n", "utf-8")
    with pytest.raises(InputError):
        read_any(tmp_path / "h.csv", crs=4326)


def test_a_table_without_geometry_in_a_geopackage(tmp_path):
    gpd.GeoDataFrame({"hh": [1]}, geometry=[shapely.Point(1, 1)], crs=4326).to_file(tmp_path / "t.gpkg", layer="points")
    with sqlite3.connect(tmp_path / "t.gpkg") as base:
        base.execute("CREATE TABLE roster (fid INTEGER PRIMARY KEY, name TEXT)")
        base.execute("INSERT INTO roster VALUES (1, 'a')")
        base.execute(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES ('roster', 'attributes', 'roster')"
        )
    base.close()
    with pytest.raises(InputError, match="no columns of coordinates were recognised"):
        read_any(f"{tmp_path / 't.gpkg'}:roster")
    assert len(read_any(tmp_path / "t.gpkg")) == 1


def test_a_shapefile_without_its_index(tmp_path):
    gpd.GeoDataFrame({"hh": [1]}, geometry=[shapely.Point(1, 1)], crs=4326).to_file(tmp_path / "s.shp")
    (tmp_path / "s.shx").unlink()
    with pytest.raises(InputError, match=r"needs its \.shx and \.dbf beside it"):
        read_any(tmp_path / "s.shp")


def test_a_layer_asked_of_a_file_of_one(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)], crs=4326).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(InputError, match="no layer 'x' → a file of this format is one layer"):
        read_any(f"{tmp_path / 's.parquet'}:x")


def test_an_unknown_crs_is_refused_by_name(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]).to_parquet(tmp_path / "s.parquet")
    for written in ({"crs": "mars"}, {}):
        path = tmp_path / "s.parquet" if written else f"{tmp_path / 's.parquet'}|crs=mars"
        with pytest.raises(CrsError, match="'mars' is no coordinate system"):
            read_any(path, **written)


@pytest.mark.parametrize("reader", ["boundary", "streets", "communities", "blocks"])
def test_swapped_and_prefixed_coordinates_are_named_by_every_reader(tmp_path, reader):
    square = shapely.box(528000, 3386000, 528100, 3386100)
    for shape, found in (
        (shapely.affinity.translate(square, 38e6, 0), "zone 38 stands in front"),
        (shapely.transform(square, lambda xy: xy[:, ::-1]), "the axes are swapped"),
    ):
        gpd.GeoDataFrame({"hh": [1]}, geometry=[shape], crs=METRIC).to_parquet(tmp_path / "s.parquet")
        with pytest.raises(CrsError, match=found):
            READERS[reader](tmp_path / "s.parquet")


geometries = st.one_of(
    st.none(),
    st.builds(shapely.Point),
    st.builds(shapely.Point, st.floats(allow_nan=True, allow_infinity=True), st.floats(-1e7, 1e7)),
    st.lists(st.tuples(st.floats(527000, 530000), st.floats(3385000, 3388000)), min_size=3, max_size=7).flatmap(
        lambda xy: st.sampled_from(
            [
                shapely.Polygon(xy),
                shapely.LineString(xy),
                shapely.MultiPoint(xy),
                shapely.LinearRing(xy),
                shapely.GeometryCollection([shapely.LineString(xy), shapely.Polygon(xy)]),
            ]
        )
    ),
)
values = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.integers(-3, 900).map(str),
    st.sampled_from(["nan", "inf", "0.5", "420103001001"]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(geometries, values, values), min_size=1, max_size=6),
    st.sampled_from([None, METRIC, "EPSG:4326"]),
)
def test_random_layers_give_a_frame_or_one_input_error(tmp_path, rows, crs):
    columns = {
        "hh": pd.Series([a for _, a, _ in rows], dtype="object"),
        "name": pd.Series([b for *_, b in rows], dtype="object"),
    }
    shapes = np.array([shape for shape, *_ in rows], dtype=object)
    path = tmp_path / "r.parquet"
    gpd.GeoDataFrame(columns, geometry=shapes, crs=crs).to_parquet(path)
    for name, reader in READERS.items():
        try:
            read = reader(path)
        except InputError as caught:
            said = str(caught).strip()
        else:
            said = ""
            frame = getattr(read, "frame", read)
            assert len(frame) > 0 or name == "households", name
        assert not said or "r.parquet" in said, name


def test_numbers_that_are_no_coordinates_are_far_away(tmp_path):
    path = tmp_path / "far.parquet"
    gpd.GeoDataFrame({"hh": [3]}, geometry=[shapely.Point(1e200, -1e200)], crs=METRIC).to_parquet(path)
    with pytest.raises(InputError, match=r"far\.parquet"):
        READERS["households"](path)


def test_nothing_is_written_beside_what_is_read(tmp_path):
    target = Path(tmp_path / "s.geojson")
    gpd.GeoDataFrame({"hh": [1]}, geometry=[shapely.Point(114.3, 30.6)], crs=4326).to_file(target)
    read_any(target)
    assert [path.name for path in tmp_path.iterdir()] == ["s.geojson"]


def test_every_real_layer_is_read(real_data):
    folder = real_data("README.md").parent
    for path in sorted(folder.glob("*/*.parquet")):
        frame = read_any(path)
        raw = gpd.read_parquet(path)
        assert len(frame) == len(raw), path.name
        assert frame.crs == raw.crs, path.name
        assert frame.geometry.notna().all(), path.name
        assert not any(isinstance(value, bytes) for column in frame.columns for value in frame[column].iloc[:50]), (
            path.name
        )
