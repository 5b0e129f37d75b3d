"""OpenStreetMap extracts give streets, rail, water, outlines and buildings."""

from __future__ import annotations

import pytest
import shapely

from gis_grid.errors import InputError
from gis_grid.sources import (
    read_any,
    read_barriers,
    read_boundary,
    read_buildings,
    read_communities,
    read_compounds,
    read_streets,
)

osmium = pytest.importorskip("osmium", reason="osmium writes the extracts of these tests (development dependency)")

WAYS = [
    ([1, 2], {"highway": "primary", "name": "解放大道", "oneway": "yes", "bridge": "yes"}),
    ([2, 3], {"highway": "motorway_link", "tunnel": "yes"}),
    ([3, 4], {"highway": "motorway", "name": "二环线"}),
    ([1, 2, 3, 4, 1], {"highway": "secondary", "junction": "roundabout"}),
    ([1, 3], {"railway": "rail", "name": "京广铁路"}),
    ([1, 4], {"railway": "rail", "service": "yard"}),
    ([2, 4], {"railway": "subway", "tunnel": "yes"}),
    ([4, 5], {"waterway": "river", "name": "汉江"}),
    ([4, 5], {"waterway": "stream"}),
    ([1, 5], {"highway": "construction"}),
    (
        [1, 2, 3, 1],
        {
            "building": "apartments",
            "building:levels": "6",
            "name": "一号楼",
            "addr:street": "新华路",
            "addr:housenumber": "12号",
        },
    ),
    ([1, 3, 4, 1], {"landuse": "residential", "name": "金色家园"}),
    ([1, 2], {}),
    ([2, 3], {}),
    ([3, 4, 1], {}),
]
AREAS = [
    ([13, 14, 15], {"boundary": "administrative", "admin_level": "6", "name": "江汉区"}),
    ([13, 14, 15], {"boundary": "administrative", "admin_level": "10", "name": "新华社区"}),
]


@pytest.fixture(scope="module")
def extract(tmp_path_factory):
    from osmium.osm.mutable import Node, Relation, Way

    path = tmp_path_factory.mktemp("osm") / "town.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        for n, place in enumerate(
            [(114.27, 30.6), (114.28, 30.6), (114.28, 30.61), (114.27, 30.61), (114.275, 30.62)], 1
        ):
            writer.add_node(Node(id=n, location=place, version=1, tags={}))
        for n, (nodes, tags) in enumerate(WAYS, 1):
            writer.add_way(Way(id=n, nodes=nodes, tags=tags, version=1))
        for n, (ways, tags) in enumerate(AREAS, 1):
            members = [("w", way, "outer") for way in ways]
            writer.add_relation(Relation(id=n, members=members, tags={"type": "boundary", **tags}, version=1))
    return path


def test_streets_come_with_rail_and_water(extract):
    frame = read_streets(extract, target=4547).frame
    assert frame["street_class"].tolist() == ["primary", "motorway", "motorway", "secondary", "railway", "river"]
    assert frame["name"].tolist() == ["解放大道", "", "二环线", "", "京广铁路", "汉江"]
    assert frame["link"].tolist() == [False, True, False, False, False, False]
    assert frame["barrier"].tolist() == [False, False, True, False, True, True]
    assert frame["roundabout"].tolist() == [False, False, False, True, False, False]
    assert frame["oneway"].tolist() == [True] + [False] * 5
    assert frame["bridge"].tolist() == [True] + [False] * 5
    assert frame.crs.to_epsg() == 4547


def test_barriers_are_rail_and_water_alone(extract):
    frame = read_barriers(extract, target=4547).frame
    assert frame["street_class"].tolist() == ["railway", "river"]
    assert frame["barrier"].all()


def test_an_outline_is_picked_by_name(extract):
    read = read_boundary(f"{extract}|where=name=江汉区")
    assert read.frame.crs.to_epsg() == 4547
    assert 0.9e6 < read.frame.area.iloc[0] < 1.2e6
    with pytest.raises(InputError, match=r"no row holds '江岸区' → there are: .*江汉区"):
        read_boundary(f"{extract}|where=name=江岸区")


def test_communities_are_the_lowest_level(extract):
    assert read_communities(extract, target=4547).frame["name"].tolist() == ["新华社区"]


def test_buildings_and_compounds(extract):
    frame = read_buildings(extract, target=4547).frame
    assert frame["name"].tolist() == ["一号楼"]
    assert frame["storeys"].tolist() == [6]
    assert frame["address"].tolist() == ["新华路12号"]
    assert read_compounds(extract, target=4547).frame["name"].tolist() == ["金色家园"]


def test_a_layer_can_be_asked_for(extract):
    assert set(read_any(f"{extract}:multipolygons").geom_type) == {"MultiPolygon"}
    assert isinstance(read_any(extract).geometry.iloc[0], shapely.LineString)
    with pytest.raises(InputError, match=r"town\.osm\.pbf:rivers: "):
        read_any(f"{extract}:rivers")


def test_an_extract_without_streets_is_refused(tmp_path):
    path = tmp_path / "void.osm.pbf"
    with osmium.SimpleWriter(str(path)) as writer:
        writer.add_node(osmium.osm.mutable.Node(id=1, location=(114.3, 30.6), version=1, tags={}))
    with pytest.raises(InputError, match="there are no streets in this extract"):
        read_streets(path, target=4547)
    (tmp_path / "broken.osm.pbf").write_bytes(path.read_bytes()[:40] + b"\xff" * 50)
    with pytest.raises(InputError, match=r"broken\.osm\.pbf"):
        read_streets(tmp_path / "broken.osm.pbf", target=4547)
