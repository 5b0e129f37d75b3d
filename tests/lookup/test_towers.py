"""A point at a tower that several grids share is answered with the building, and asked for the stairwell."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner

from gis_grid.cli import main
from gis_grid.lookup import Answers, Batch, LookupIndex
from gis_grid.lookup.planned import published_plan
from gis_grid.lookup.towers import towers_in
from gis_grid.plan import Plan
from gis_grid.planfile import write_plan

TOWERS = {"西园路133号翠湖华庭8栋", "文昌路83号紫荆华庭8栋", "东湖路54号香樟国际1栋"}


@pytest.fixture(scope="module")
def answers(town: Plan) -> Answers:
    return Answers([published_plan(town, "town")])


@pytest.fixture(scope="module")
def parts(town: Plan) -> gpd.GeoDataFrame:
    return town.blocks[town.blocks["atom"] == "stairwell"].to_crs(4326)


def test_a_point_at_a_tower_asks_for_the_stairwell(town: Plan, answers: Answers, parts: gpd.GeoDataFrame) -> None:
    code = town.assignment.map(town.grids["code"])
    asked = set()
    for block, point in parts.geometry.representative_point().items():
        told = answers.at(point.x, point.y).told(small=True)
        assert told["status"] == "which-stairwell"
        assert told["grid"]["code"] == code[block]
        assert [one["stairwell"] for one in told["building"]["stairwells"]] == ["1", "2", "3"]
        assert len({one["grid"]["code"] for one in told["building"]["stairwells"]}) == 2
        asked.add(told["building"]["label"])
    assert asked == TOWERS


def test_the_stairwell_is_in_the_grid_that_its_address_is_in(answers: Answers, parts: gpd.GeoDataFrame) -> None:
    point = parts.geometry.iloc[0].representative_point()
    building = answers.at(point.x, point.y).building
    assert building is not None
    for one in building.stairwells:
        found = answers.address(f"{building.label}{one.name}单元")
        assert found.level == "stairwell"
        assert found.grid is not None
        assert found.grid.code == one.found.code
        assert one.found.people


def test_a_file_of_points_asks_for_the_stairwell_too(town: Plan, answers: Answers, parts: gpd.GeoDataFrame) -> None:
    spots = [*parts.geometry.representative_point(), *town.grids.to_crs(4326).representative_point()]
    rows = "".join(f"{spot.x!r},{spot.y!r}\n" for spot in spots)
    told = list(csv.DictReader(io.StringIO(b"".join(Batch([f"lon,lat\n{rows}".encode()], answers)).decode())))
    for row, spot in zip(told, spots, strict=True):
        one = answers.at(spot.x, spot.y)
        assert row["status"] == one.status
        assert row["grid_code"] == ("" if one.building else one.grid.code)
        if one.building:
            assert not row["people"]
            named = [f"{part.name}单元 {part.found.code}" for part in one.building.stairwells]
            assert row["reason"] == f"哪个单元? which stairwell? {one.building.label}: {', '.join(named)}"
    assert [row["status"] for row in told[: len(parts)]] == ["which-stairwell"] * len(parts)
    assert {row["status"] for row in told[len(parts) :]} >= {"ok"}


def test_everywhere_else_nothing_is_asked(town: Plan, answers: Answers, parts: gpd.GeoDataFrame) -> None:
    ground = parts.geometry.union_all()
    for point in town.grids.to_crs(4326).representative_point():
        if not ground.intersects(point):
            told = answers.at(point.x, point.y)
            assert (told.status, told.building) == ("ok", None)
    outside = answers.at(0.0, 0.0)
    assert (outside.status, outside.building) == ("outside", None)


def test_json_says_the_same(answers: Answers, parts: gpd.GeoDataFrame, town: Plan) -> None:
    spots = [parts.geometry.iloc[0].representative_point(), town.grids.to_crs(4326).representative_point().iloc[0]]
    for spot in spots:
        found = answers.at(spot.x, spot.y, accuracy_m=20.0)
        assert json.loads(found.json(small=True)) == found.told(small=True)


def square(column: int) -> Any:
    return shapely.box(column, 0, column + 1, 1)


def towers(columns: list[int], parents: list[str]) -> Any:
    grids = gpd.GeoDataFrame({"code": list("abcd")}, geometry=[square(n) for n in range(4)], crs=4326)
    shapes = [square(n) for n in columns]
    return towers_in(gpd.GeoDataFrame({"parent_block_id": parents}, geometry=shapes, crs=4326), LookupIndex(grids))


def test_without_addresses_the_grids_are_told_without_names() -> None:
    found = towers([0, 1], ["x", "x"])
    assert set(found) == {0, 1}
    assert found[0][0].stairwells == (("", 0), ("", 1))
    assert found[0][0].label == ""


def test_parts_of_other_blocks_or_apart_are_other_buildings() -> None:
    assert towers([0, 1], ["x", "y"]) == {}
    assert towers([0, 2], ["x", "x"]) == {}
    assert towers([], []) == {}


def test_the_command_asks_too(town: Plan, parts: gpd.GeoDataFrame, tmp_path: Path) -> None:
    write_plan(town, tmp_path / "plan.gpkg")
    point = parts.geometry.iloc[0].representative_point()
    wish = ["lookup", str(tmp_path / "plan.gpkg"), "--point", f"{point.x},{point.y}"]
    asked = CliRunner().invoke(main, wish)
    assert asked.exit_code == 1, asked.output
    assert "哪个单元" in asked.output
    assert "which stairwell" in asked.output
    assert "3单元" in asked.output
    told = json.loads(CliRunner().invoke(main, [*wish, "--json"]).stdout)
    assert told["status"] == "which-stairwell"
