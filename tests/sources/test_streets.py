"""Streets, rails and rivers of any source come to one set of classes."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_grid.errors import InputError
from gis_grid.frames import LINE_CLASSES, check_frame
from gis_grid.sources import read_barriers, read_streets

METRIC = "EPSG:4547"


def lines(n):
    return [shapely.LineString([(528000, 3386000 + 10 * k), (528500, 3386000 + 10 * k)]) for k in range(n)]


def streets(tmp_path, **columns):
    n = len(next(iter(columns.values())))
    gpd.GeoDataFrame(columns, geometry=lines(n), crs=METRIC).to_parquet(tmp_path / "s.parquet")
    return tmp_path / "s.parquet"


def classes(path, **options):
    return read_streets(path, target=METRIC, **options).frame["street_class"].tolist()


def test_openstreetmap_values(tmp_path):
    values = [
        "motorway",
        "trunk",
        "primary_link",
        "living_street",
        "unclassified",
        "footway",
        "service",
        "pedestrian",
        "track",
    ]
    read = read_streets(streets(tmp_path, highway=values), target=METRIC)
    assert read.frame["street_class"].tolist() == [
        "motorway",
        "trunk",
        "primary",
        "residential",
        "residential",
        "path",
        "service",
        "path",
        "path",
    ]
    assert read.frame["link"].tolist() == [value.endswith("_link") for value in values]
    assert read.frame["barrier"].tolist() == [True] + [False] * 8
    assert (read.frame["name"] == "").all()


@pytest.mark.parametrize("gone", ["proposed", "construction", "platform", "elevator", "corridor", "raceway"])
def test_what_is_no_street_is_left_out_and_said(tmp_path, gone):
    read = read_streets(streets(tmp_path, highway=["primary", gone]), target=METRIC)
    assert len(read.frame) == 1
    assert any("1 lines were left out" in note for note in read.notes)


def test_lists_as_osmnx_gives_them(tmp_path):
    as_text = streets(
        tmp_path, highway=["['residential', 'secondary']", "primary;tertiary", "['motorway_link', 'trunk_link']"]
    )
    read = read_streets(as_text, target=METRIC)
    assert read.frame["street_class"].tolist() == ["secondary", "primary", "motorway"]
    assert read.frame["link"].tolist() == [False, False, True]
    frame = gpd.GeoDataFrame({"highway": [["residential", "tertiary"], ["service"]]}, geometry=lines(2), crs=METRIC)
    frame.to_parquet(tmp_path / "l.parquet")
    assert classes(tmp_path / "l.parquet") == ["tertiary", "service"]


def test_chinese_grades(tmp_path):
    grades = ["高速公路", "快速路", "主干路", "次干路", "支路", "巷", "步行街", "城市次干道", "匝道", "铁路", "河流"]
    read = read_streets(streets(tmp_path, 道路等级=grades, 路名=[f"{g}一号" for g in grades]), target=METRIC)
    assert read.frame["street_class"].tolist() == [
        "motorway",
        "motorway",
        "primary",
        "secondary",
        "tertiary",
        "residential",
        "path",
        "secondary",
        "primary",
        "railway",
        "river",
    ]
    assert read.frame["name"].iloc[0] == "高速公路一号"
    assert read.frame["link"].tolist() == [grade == "匝道" for grade in grades]


def test_statistics_canada_classes_and_ranks(tmp_path):
    path = streets(
        tmp_path, **{"class": [12, 12, 21, 21, 22, 23, 25, 27, 80, 24], "rank": [1, 3, 2, 5, 5, 5, 5, 5, 1, 5]}
    )
    assert classes(path) == [
        "motorway",
        "trunk",
        "primary",
        "secondary",
        "tertiary",
        "residential",
        "residential",
        "service",
        "motorway",
        "service",
    ]
    assert read_streets(path, target=METRIC).frame["link"].sum() == 1


def test_unknown_classes_are_residential_and_said(tmp_path):
    read = read_streets(streets(tmp_path, type=["zebra", None, "primary"]), target=METRIC)
    assert read.frame["street_class"].tolist() == ["residential", "residential", "primary"]
    assert any("2 lines state no known class (zebra); they were taken as residential" in note for note in read.notes)


def test_rails_and_rivers_part_grids_unless_they_run_below(tmp_path):
    path = streets(
        tmp_path,
        highway=["residential", None, None, None, None, None, None, None, "motorway"],
        railway=[None, "rail", "subway", "rail", "subway", "abandoned", None, None, None],
        service=[None, None, None, "yard", None, None, None, None, None],
        waterway=[None, None, None, None, None, None, "river", "stream", None],
        tunnel=[None, "no", "yes", None, None, None, None, None, "yes"],
        bridge=[None, None, None, None, "viaduct", None, None, None, None],
    )
    frame = read_streets(path, target=METRIC).frame
    assert frame["street_class"].tolist() == ["residential", "railway", "river", "motorway"]
    assert frame["barrier"].tolist() == [False, True, True, False]
    assert frame["tunnel"].tolist() == [False, False, False, True]


def test_barriers_follow_the_scheme(tmp_path):
    path = streets(tmp_path, street_class=["motorway", "trunk", "river"])
    assert read_streets(path, target=METRIC, scheme_barriers=("trunk",)).frame["barrier"].tolist() == [
        False,
        True,
        False,
    ]


def test_polygons_stand_for_their_outlines_and_points_are_left_out(tmp_path):
    shapes = [
        shapely.box(528000, 3386000, 528100, 3386100),
        shapely.Point(528000, 3386000),
        *lines(1),
        None,
        shapely.MultiLineString([line.coords for line in lines(2)]),
        shapely.GeometryCollection(lines(2)),
        shapely.LineString([(528000, 3386000), (528000, 3386000)]),
    ]
    gpd.GeoDataFrame({"highway": ["primary"] * 7}, geometry=shapes, crs=METRIC).to_parquet(tmp_path / "s.parquet")
    read = read_streets(tmp_path / "s.parquet", target=METRIC)
    assert len(read.frame) == 6
    assert set(read.frame.geom_type) == {"LineString"}
    assert any("1 polygons were taken as their outlines" in note for note in read.notes)
    assert any("3 rows without a line were left out (rows 2, 4, 7)" in note for note in read.notes)


def test_a_layer_of_points_is_no_street(tmp_path):
    gpd.GeoDataFrame(geometry=[shapely.Point(528000, 3386000)], crs=METRIC).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(InputError, match="there is no line in it → give a layer of lines"):
        read_streets(tmp_path / "s.parquet", target=METRIC)


def test_what_a_frame_of_streets_says_is_kept(tmp_path):
    path = streets(
        tmp_path, name=["A", "0"], street_class=["wall", "primary"], link=[False, True], barrier=[True, False]
    )
    frame = read_streets(path, target=METRIC).frame
    assert frame["barrier"].tolist() == [True, False]
    assert frame["link"].tolist() == [False, True]
    assert frame["name"].tolist() == ["A", ""]


def test_barriers_are_all_barriers(tmp_path):
    frame = gpd.GeoDataFrame(
        {"name": ["汉江", "湖"]}, geometry=[*lines(1), shapely.box(528000, 3386000, 528100, 3386100)], crs=METRIC
    )
    frame.to_parquet(tmp_path / "b.parquet")
    read = read_barriers(tmp_path / "b.parquet", target=METRIC)
    assert read.frame["barrier"].all()
    assert read.frame["street_class"].tolist() == ["river", "river"]
    assert classes(streets(tmp_path, fclass=["rail", "fence"])) == ["railway", "wall"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(st.none(), st.text(max_size=12), st.sampled_from(["primary", "motorway_link", "25", "巷"])),
        min_size=1,
        max_size=8,
    )
)
def test_any_text_comes_to_a_class_of_the_contract(tmp_path, values):
    gpd.GeoDataFrame({"highway": pd.Series(values, dtype="str")}, geometry=lines(len(values)), crs=METRIC).to_parquet(
        tmp_path / "s.parquet"
    )
    frame = read_streets(tmp_path / "s.parquet", target=METRIC).frame
    assert set(frame["street_class"]) <= set(LINE_CLASSES)


@pytest.mark.parametrize(
    ("name", "rows", "named", "target"),
    [
        ("ottawa/ottawa_dev_roads", 4371, "Bank", 32618),
        ("cambridge/cambridge_streets", 2644, "Massachusetts Ave", 32619),
        ("wuhan/wuhan_streets", 29558, "", 4547),
        ("wuhan/jianghan_streets_buf300", 2807, "", 4547),
        ("streets/helsinki_streets_named", 1138, "Mannerheimintie", 32635),
        ("streets/hsinchu_nctu_streets_named", 691, "寶山路452巷8弄", 32651),
    ],
)
def test_real_streets(real_data, name, rows, named, target):
    read = read_streets(real_data(f"{name}.parquet"), target=target)
    check_frame(read.frame, "streets")
    assert len(read.frame) == rows
    assert named in set(read.frame["name"])
    assert read.frame.crs.to_epsg() == target
    assert len(set(read.frame["street_class"])) >= 3
    assert not any("no known class" in note for note in read.notes)
    raw = gpd.read_parquet(real_data(f"{name}.parquet"))
    if rows == len(raw) and raw.crs.is_projected:
        np.testing.assert_allclose(read.frame.length.sum(), raw.length.sum(), rtol=2e-3)


def test_the_classes_of_wuhan_and_ottawa(real_data):
    wuhan = read_streets(real_data("wuhan/wuhan_streets.parquet"), target=4547).frame
    assert int(wuhan["link"].sum()) == 970 + 500 + 352 + 227 + 113
    assert int(wuhan["barrier"].sum()) == 246
    ottawa = read_streets(real_data("ottawa/ottawa_dev_roads.parquet"), target=32618).frame
    assert set(ottawa.loc[ottawa["street_class"] == "motorway", "name"]) == {"417"}
    assert int(ottawa["link"].sum()) == 4 + 4 + 132
