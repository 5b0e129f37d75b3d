"""Coordinates: published check points, round trips, and what is recognised as wrong."""

from __future__ import annotations

import subprocess
import sys

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid import crs
from gis_grid.errors import CrsError

#: lat, lon in WGS-84, GCJ-02 and BD-09
CITIES = {
    "Tianshui": ((34.5821848, 105.7210143), (34.5808683, 105.7249504), (34.5871804, 105.731367)),
    "Changchun": ((43.8146335, 125.3170587), (43.8170782, 125.3235533), (43.8228384, 125.3301537)),
    "Qingdao": ((36.0668365, 120.3774765), (36.0671124, 120.3826123), (36.0732465, 120.3890645)),
    "Chengdu": ((30.5747262, 104.0640437), (30.5722732, 104.0665489), (30.5783237, 104.0730134)),
    "Wuhan": ((30.5955177, 114.2999512), (30.5931044, 114.3053942), (30.5987732, 114.3119755)),
}
# well inside the extent, so that no shift carries a point across its edge
lons = st.floats(73, 136.5)
lats = st.floats(2, 54.5)


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Distance of two (lat, lon) on the ground."""
    from pyproj import Geod

    return float(Geod(ellps="WGS84").inv(a[1], a[0], b[1], b[0])[2])


@pytest.mark.parametrize("city", CITIES)
def test_check_points_hold_within_their_tolerances(city):
    wgs, gcj, bd = CITIES[city]
    lon, lat = crs.wgs84_to_gcj02(wgs[1], wgs[0])
    assert metres((lat, lon), gcj) < 1.0
    lon, lat = crs.gcj02_to_bd09(gcj[1], gcj[0])
    assert metres((lat, lon), bd) < 0.02
    lon, lat = crs.gcj02_to_wgs84(gcj[1], gcj[0])
    assert metres((lat, lon), wgs) < 1.0
    lon, lat = crs.bd09_to_gcj02(bd[1], bd[0])
    assert metres((lat, lon), gcj) < 0.02


@settings(deadline=None)
@given(lons, lats)
def test_gcj_and_bd_come_back_to_a_millimetre(lon, lat):
    for there, back in (
        (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84),
        (crs.gcj02_to_bd09, crs.bd09_to_gcj02),
        (crs.wgs84_to_bd09, crs.bd09_to_wgs84),
    ):
        x, y = back(*there(lon, lat))
        assert abs(x - lon) < 1e-8
        assert abs(y - lat) < 1e-8


@settings(deadline=None)
@given(st.floats(75, 134), st.floats(18, 53))
def test_the_shift_is_felt_but_below_a_kilometre(lon, lat):
    x, y = crs.wgs84_to_gcj02(lon, lat)
    assert 10 < metres((lat, lon), (float(y), float(x))) < 1000


@settings(deadline=None)
@given(st.lists(st.tuples(lons, lats), min_size=1, max_size=20))
def test_arrays_give_what_scalars_give(points):
    xs, ys = np.array(points).T
    both = np.stack(crs.wgs84_to_bd09(xs, ys))
    single = np.array([crs.wgs84_to_bd09(x, y) for x, y in points]).T
    np.testing.assert_allclose(both, single, rtol=0, atol=1e-12)


@pytest.mark.parametrize("point", [(2.35, 48.86), (-75.7, 45.4), (151.2, -33.9), (0.0, 90.0), (-180.0, -90.0)])
def test_outside_china_nothing_moves(point):
    for move in (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84, crs.wgs84_to_bd09, crs.bd09_to_wgs84):
        assert tuple(float(v) for v in move(*point)) == point


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_coordinates_that_are_no_numbers_are_refused(bad):
    for move in (crs.wgs84_to_gcj02, crs.gcj02_to_wgs84, crs.gcj02_to_bd09, crs.bd09_to_gcj02):
        with pytest.raises(CrsError, match="finite"):
            move([114.3, bad], [30.6, 30.6])


def test_names_are_understood():
    for name in ("EPSG:4326", "epsg:4326", "4326", 4326, "wgs84", "WGS-84", " wgs_84 "):
        assert crs.parse_crs(name).to_epsg() == 4326
    assert crs.parse_crs("CGCS2000").to_epsg() == 4490
    assert [crs.parse_crs(name) for name in ("gcj02", "GCJ-02", "火星坐标")] == ["gcj02"] * 3
    assert [crs.parse_crs(name) for name in ("bd09", "BD-09", "bd09ll")] == ["bd09"] * 3
    assert crs.parse_crs(crs.parse_crs(4547)).to_epsg() == 4547
    assert crs.crs_label("bd09") == "BD-09"


@pytest.mark.parametrize("bad", ["", "EPSG:0", "mars", "EPSG:999999", None, -3, object(), "99999999999999999999"])
def test_an_unknown_system_is_refused_with_the_names_there_are(bad):
    with pytest.raises(CrsError, match="use EPSG:xxxx, wgs84, cgcs2000, gcj02 or bd09"):
        crs.parse_crs(bad)


@pytest.mark.parametrize(
    ("lon", "lat", "code"),
    [
        (114.27, 30.6, 4547),
        (75.9, 39.5, 4534),
        (134.5, 47.5, 4554),
        (116.4, 39.9, 4548),
        (129.5, 42.9, 4552),
        (126.98, 37.57, 32652),
        (105.85, 21.03, 32648),
        (106.9, 47.9, 32648),
        (-75.69, 45.42, 32618),
        (-71.1, 42.37, 32619),
        (24.94, 60.17, 32635),
        (151.2, -33.87, 32756),
        (180.0, 0.0, 32660),
        (10, 86, 5041),
    ],
)
def test_the_metric_crs_is_the_chinese_zone_or_utm(lon, lat, code):
    chosen = crs.metric_crs((lon, lat, lon, lat))
    assert chosen.to_epsg() == code
    assert chosen.is_projected


def test_bounds_that_are_no_degrees_are_refused():
    for bad in ((528000, 3386000, 530000, 3388000), (np.nan,) * 4, (10, 0, 5, 1), (-np.inf, 0, 1, 1)):
        with pytest.raises(CrsError, match="not bounds in degrees"):
            crs.metric_crs(bad)


@settings(deadline=None)
@given(lons, lats, st.sampled_from(["gcj02", "bd09", "EPSG:4490", "EPSG:4326"]))
def test_points_come_back_from_every_system(lon, lat, system):
    x, y = crs.transform_points([lon], [lat], "wgs84", system)
    back = crs.transform_points(x, y, system, 4326)
    assert abs(back[0][0] - lon) < 1e-8
    assert abs(back[1][0] - lat) < 1e-8


def test_geometries_of_every_type_are_carried_and_missing_ones_stay():
    town = shapely.box(114.2, 30.5, 114.3, 30.6)
    shapes = np.array([town, None, town.exterior, shapely.Point(114.2, 30.5, 7), shapely.Point()], dtype=object)
    moved = crs.transform_geometries(shapes, "gcj02", "EPSG:4547")
    assert moved[1] is None
    assert [shape.geom_type for shape in moved if shape is not None] == ["Polygon", "LinearRing", "Point", "Point"]
    assert not moved[3].has_z
    assert moved[4].is_empty
    x, y = crs.transform_points(114.2, 30.5, "gcj02", "EPSG:4547")
    assert moved[3].distance(shapely.Point(float(x), float(y))) < 1e-6
    assert shapes[3].has_z, "the array handed in was changed"


def points(xy, code):
    xy = np.atleast_2d(xy)
    return gpd.GeoDataFrame(geometry=gpd.points_from_xy(xy[:, 0], xy[:, 1]), crs=code)


@pytest.mark.parametrize(
    ("xy", "code", "found", "remedy"),
    [
        ((38528750, 3386231), 4547, "eastings have 8 digits: zone 38 stands in front", "EPSG:4526"),
        ((38528750, 3386231), 4525, "but EPSG:4525 wants zone 37", "EPSG:4526"),
        ((38528750, 3386231), 4326, "metres, but labelled as degrees, with zone 38 in front", "EPSG:4526"),
        ((20428750, 3386231), 32650, "zone 20 stands in front", "EPSG:4498"),
        ((528750, 3386231), 4526, "lack the zone 38 in front", "EPSG:4547"),
        ((3386231, 528750), 4547, "axes are swapped: northing stands first", "easting (x) first"),
        ((3386231, 38528750), 4526, "axes are swapped: northing stands first", "easting (x) first"),
        ((30.6, 114.3), 4326, "axes are swapped: latitude stands first", "longitude (x) first"),
        ((43.8, 87.6), 4490, "axes are swapped: latitude stands first", "longitude (x) first"),
        ((114.3, 30.6), 4547, "are degrees, but labelled EPSG:4547", "EPSG:4326"),
        ((528750, 3386231), 4326, "are metres, but labelled as degrees", "EPSG:4547"),
        ((13521000, 3661000), 4326, "are metres, but labelled as degrees", "EPSG:3857"),
    ],
)
def test_wrong_coordinates_are_named_with_their_remedy(xy, code, found, remedy):
    frame = points(xy, code)
    faults = crs.coordinate_faults(frame, "a.gpkg")
    assert any(found in fault.problem for fault in faults), [str(fault) for fault in faults]
    assert any(remedy in fault.remedy for fault in faults), [str(fault) for fault in faults]
    assert {fault.source for fault in faults} == {"a.gpkg"}
    with pytest.raises(CrsError):
        crs.to_metric(frame)


def test_both_faults_are_named_at_once():
    faults = crs.coordinate_faults(points((3386231, 38528750), 4547))
    assert len(faults) == 2
    assert "swapped" in faults[0].problem
    assert "zone 38" in faults[1].problem


@pytest.mark.parametrize(
    ("xy", "code"),
    [
        ((528750, 3386231), 4547),
        ((38528750, 3386231), 4526),
        ((114.3, 30.6), 4326),
        ((-75.7, 45.4), 4326),
        ((15.6, 78.2), 4326),
        ((445000, 5030000), 32618),
        ((371000, 5030000), 32189),
        ((233000, 903000), 26986),
        ((12724000, 3580000), 3857),
        ((13521000, 3661000), 3857),
        ((20428750, 3386231), 4498),
        ((334000, 6252000), 32756),
        ((0, 0), 32650),
        ((50, 60), 4547),
    ],
)
def test_right_coordinates_are_left_in_peace(xy, code):
    spread = np.array(xy, float) + (np.array([[0, 0], [300, 400]]) if code not in (4326, 4490) else np.zeros((2, 2)))
    assert crs.coordinate_faults(points(spread, code)) == []


def test_frames_without_crs_or_position_have_no_coordinates_to_fault():
    empty = gpd.GeoDataFrame(geometry=[None, shapely.Point()], crs=4326)
    assert crs.coordinate_faults(empty) == []
    with pytest.raises(CrsError, match=r"a\.csv: the coordinates have no CRS .*--crs"):
        crs.to_metric(gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)]), source="a.csv")
    with pytest.raises(CrsError, match="no position"):
        crs.to_metric(empty)


def test_to_metric_keeps_index_columns_and_its_argument():
    frame = gpd.GeoDataFrame({"n": [7, 8]}, geometry=gpd.points_from_xy([114.3, 114.4], [30.6, 30.7]), crs=4326)
    frame = frame.set_index(np.array([5, 9])).rename_geometry("shape")
    before = frame.copy()
    metric = crs.to_metric(frame)
    assert metric.crs.to_epsg() == 4547
    assert metric.index.tolist() == [5, 9]
    assert metric["n"].tolist() == [7, 8]
    assert metric.geometry.name == "geometry"
    assert frame.equals(before)
    declared = crs.to_metric(frame, "gcj02", target=metric.crs)
    assert 300 < float(declared.distance(metric).iloc[0]) < 700
    with pytest.raises(CrsError, match="not metric"):
        crs.to_metric(frame, target="wgs84")


def test_positions_that_do_not_exist_are_named_by_row():
    frame = points([(114.3, 30.6), (114.4, 30.7), (114.5, 95.0)], 4326).set_index(np.array([1, 2, 3]))
    with pytest.raises(CrsError, match=r"row 3: a position does not exist in EPSG:4547") as caught:
        crs.to_metric(frame, target=4547)
    assert len(caught.value.faults) == 1


def test_real_outlines_raise_the_offset_warning_only_under_the_wrong_label(real_data):
    streets = gpd.read_parquet(real_data("wuhan/wuhan_streets.parquet"))
    informative = ["420102", "420103", "420104", "420105", "420106", "420111", "420112"]
    for name, wrong in (("gcj02", True), ("wgs84", False)):
        districts = gpd.read_parquet(real_data(f"china/districts_{name}.parquet")).set_index("adcode")
        for code in informative:
            said = crs.offset_warning(districts.loc[[code]], streets)
            assert (said is not None) == wrong, (code, said)
            assert said is None or "boundary looks like GCJ-02" in said
    jianghan = gpd.read_parquet(real_data("china/districts_wgs84.parquet")).set_index("adcode").loc[["420103"]]
    shifted = crs.transform_geometries(streets.geometry.to_numpy(), streets.crs, "gcj02")
    mislabelled = gpd.GeoDataFrame(geometry=shifted, crs=4326).to_crs(32650)
    assert "streets look like GCJ-02" in (crs.offset_warning(jianghan, mislabelled) or "")


def test_nothing_is_suspected_outside_china_or_of_nothing(real_data):
    roads = gpd.read_parquet(real_data("ottawa/ottawa_dev_roads.parquet"))
    outline = gpd.read_parquet(real_data("ottawa/ottawa_dev_districts.parquet"))
    assert crs.offset_warning(outline, roads) is None
    assert crs.offset_warning(outline.iloc[:0], roads) is None
    assert crs.offset_warning(outline, roads.iloc[:0]) is None


def test_the_converted_outline_is_the_published_one(real_data):
    gcj = gpd.read_parquet(real_data("china/districts_gcj02.parquet")).set_index("adcode").loc["420103"].geometry
    wgs = gpd.read_parquet(real_data("china/districts_wgs84.parquet")).set_index("adcode").loc["420103"].geometry
    mine = crs.transform_geometries(np.array([gcj]), "gcj02", 4326)[0]
    assert shapely.hausdorff_distance(mine, wgs) < 1e-7


def test_importing_crs_loads_nothing_heavy():
    code = (
        "import sys, gis_grid.crs, gis_grid.sources;"
        "print(sorted(set(sys.modules) & {'pyproj', 'shapely', 'pandas', 'geopandas', 'pyogrio', 'openpyxl'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
