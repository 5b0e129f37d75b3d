"""Who borders whom, along what."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis_grid.adjacency import borders, mended, outline
from gis_grid.errors import FrameError


def squares(**more) -> gpd.GeoDataFrame:
    cells = [shapely.box(x, y, x + 100, y + 100) for y in (0, 100) for x in (0, 100)]
    columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": 9} | more
    return gpd.GeoDataFrame(columns, geometry=cells, index=["sw", "se", "nw", "ne"], crs=4547).rename_axis("block_id")


def lines(*rows) -> gpd.GeoDataFrame:
    geometry, name, kind, barrier = zip(*rows, strict=True)
    columns = {"name": name, "street_class": kind, "link": False, "barrier": barrier}
    return gpd.GeoDataFrame(columns, geometry=[shapely.LineString(g) for g in geometry], crs=4547)


def test_neighbours_share_metres_and_corners_do_not_count():
    found = borders(squares())
    assert found[["a", "b", "shared_m"]].values.tolist() == [
        ["ne", "nw", 100.0], ["ne", "se", 100.0], ["nw", "sw", 100.0], ["se", "sw", 100.0],
    ]  # fmt: skip
    assert found.length.tolist() == [100.0] * 4


def test_a_border_takes_the_street_it_runs_along():
    found = borders(squares(), lines(([(100, 0), (100, 200)], "新华路", "primary", False))).set_index(["a", "b"])
    assert found.loc[("se", "sw"), "street_name"] == "新华路"
    assert found.loc[("se", "sw"), "street_class"] == "primary"
    assert found.loc[("nw", "sw"), ["street_name", "street_class"]].tolist() == ["", ""]


def test_the_middle_of_a_dual_carriageway_takes_its_name_but_a_crossing_street_does_not():
    both = lines(
        ([(88, 0), (88, 200)], "建设大道", "primary", False),
        ([(112, 0), (112, 200)], "建设大道", "primary", False),
        ([(0, 20), (200, 20)], "横街", "residential", False),
    )
    found = borders(squares(), both).set_index(["a", "b"])
    assert found.loc[("se", "sw"), "street_name"] == "建设大道"
    assert found.loc[("nw", "sw"), "street_name"] == ""


def test_a_river_makes_a_barrier():
    found = borders(squares(), lines(([(0, 100), (200, 100)], "金水河", "river", True))).set_index(["a", "b"])
    assert found.loc[("nw", "sw"), "barrier"]
    assert not found.loc[("ne", "nw"), "barrier"]


def test_parts_of_one_face_take_no_name_from_a_road_beside_them():
    parts = squares(parent_block_id="f", atom="compound")
    found = borders(parts, lines(([(110, 0), (110, 200)], "快速路", "motorway", True))).set_index(["a", "b"])
    assert found.loc[("se", "sw"), "street_class"] == "wall"
    assert not found["barrier"].any()


def test_a_border_between_communities_without_a_street_says_so():
    found = borders(squares(community_code=["1", "2", "1", "2"]))
    assert found.set_index(["a", "b"])["street_class"].to_dict()[("se", "sw")] == "community"


def test_the_outline_adds_up_to_the_perimeter():
    rim = outline(squares(), lines(([(0, 0), (200, 0)], "南路", "secondary", False)))
    assert rim["side_m"].tolist() == [200.0] * 4
    assert rim.set_index("block_id").loc["sw", "street_name"] == "南路"
    assert rim.set_index("block_id").loc["nw", "street_class"] == "boundary"


def test_blocks_that_miss_each_other_by_a_hair_are_mended():
    blocks = squares()
    torn = blocks.set_geometry([shapely.box(0, 0, 99.98, 100), *blocks.geometry.iloc[1:]], crs=4547)
    assert len(borders(torn)) < 4
    assert len(borders(mended(torn))) == 4


def test_ground_held_twice_is_refused():
    blocks = squares()
    twice = blocks.set_geometry([blocks.geometry.iloc[1], *blocks.geometry.iloc[1:]], crs=4547)
    with pytest.raises(FrameError, match="lies on others"):
        mended(twice)


def test_ottawa_blocks_border_each_other(real_data):
    blocks = gpd.read_parquet(real_data("ottawa/ottawa_dev_blocks.parquet"))
    blocks = blocks.assign(parent_block_id="", atom="face", community_code=blocks["ONS_ID"].astype(str)).set_index(
        "DBUID"
    )
    found = borders(mended(blocks.rename_axis("block_id")))
    assert len(found) > 2000
    both = np.r_[found["a"], found["b"]]
    assert blocks.index.isin(both).mean() > 0.99
