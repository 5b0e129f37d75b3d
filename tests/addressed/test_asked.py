"""Addresses asked of a plan file: one, a file of them, and what is never kept of one."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import gis_grid as gg
from gis_grid.cli import main
from gis_grid.lookup import Answers, Batch
from gis_grid.lookup.planned import published_plan
from gis_grid.plan import Plan


@pytest.fixture(scope="module")
def answers(town: Plan) -> Answers:
    return Answers([published_plan(town, "town")])


@pytest.fixture(scope="module")
def door(town: Plan) -> tuple[str, str]:
    """The address of a stairwell as somebody writes it, and the code of its grid."""
    row = town.addresses[town.addresses["stairwell"] != ""].iloc[40]
    grid = town.grids[town.grids.contains(row.geometry)].iloc[0]
    written = f"{row['road']}{row['number']}号{row['compound']}{row['building']}幢{row['stairwell']}单元1203室"
    return written, str(grid["code"])


def test_the_plan_keeps_no_room_and_nothing_beyond_the_stairwell(town: Plan) -> None:
    own = ["road", "number", "compound", "building", "stairwell"]
    assert [name for name in town.addresses.columns if name != "geometry"] == own
    assert not town.addresses[own].apply(lambda values: values.str.contains("室|层|房")).to_numpy().any()


def test_an_address_is_answered_with_its_grid_and_people(answers: Answers, door: tuple[str, str]) -> None:
    written, code = door
    told = answers.address(written).told(small=True)
    assert told["grid"]["code"] == code
    assert told["level"] == "stairwell"
    assert told["score"] > 0.9
    assert "1203" not in told["label"]
    assert told["people"]


def test_the_district_that_the_register_states_is_no_other_one(town: Plan, answers: Answers) -> None:
    row = town.addresses[(town.addresses["compound"] == "") & (town.addresses["number"] != "")].iloc[3]
    written = f"{row['road']}{row['number']}号"
    assert answers.address(f"青禾区{written}").grid is not None
    assert answers.address(f"火星区{written}").reason == "elsewhere"


def test_a_street_of_several_grids_is_refused_with_those_grids(answers: Answers) -> None:
    told = answers.address("人民大道").told()
    assert told["grid"] is None
    assert told["reason"] == "which-number"
    assert len({one["grid"]["code"] for one in told["also_possible"]}) > 1
    assert told["reason_zh"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_no_row_of_a_file_is_dropped(answers: Answers, door: tuple[str, str], encoding: str) -> None:
    written, code = door
    file = f"编号,详细地址\n1,{written}\n2,人民大道\n3,\n4,火星路9号\n5,{written}\n"
    batch = Batch([file.encode(encoding)], answers)
    text = b"".join(batch).decode(encoding)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["编号"] for row in rows] == ["1", "2", "3", "4", "5"]
    assert [row["status"] for row in rows] == ["ok", "refused", "no point", "refused", "ok"]
    assert [row["grid_code"] for row in rows] == [code, "", "", "", code]
    assert rows[0]["level"] == "stairwell"
    assert all(row["reason"] for row in rows[1:4])
    assert batch.summary.columns == {"address": "详细地址"}


def test_points_go_before_addresses_in_a_row(answers: Answers, town: Plan, door: tuple[str, str]) -> None:
    spot = town.grids.geometry.to_crs(4326).representative_point().iloc[0]
    file = f"lon,lat,address\n{spot.x},{spot.y},{door[0]}\n,,{door[0]}\n"
    rows = list(csv.DictReader(io.StringIO(b"".join(Batch([file.encode()], answers)).decode())))
    assert [row["grid_code"] for row in rows] == [town.grids["code"].iloc[0], door[1]]


def test_the_command_tells_one_address(town: Plan, door: tuple[str, str], tmp_path: Path) -> None:
    plan = str(gg.write_plan(town, tmp_path / "plan.gpkg"))
    done = CliRunner().invoke(main, ["lookup", plan, "--address", door[0], "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["grid"]["code"] == door[1]
    refused = CliRunner().invoke(main, ["lookup", plan, "--address", "人民大道"])
    assert refused.exit_code == 1
    assert "may be" in refused.stdout
    neither = CliRunner().invoke(main, ["lookup", plan, "--address", "x", "--point", "1,2"])
    assert neither.exit_code == 2


@pytest.mark.parametrize(("typed", "text"), [("人民大", "人民大道"), ("renmind", "人民大道"), ("rmdd", "人民大道")])
def test_what_is_typed_is_completed(town: Plan, typed: str, text: str) -> None:
    known = gg.Gazetteer.from_frames(
        gg.sample_frames().households[["address", "geometry"]].iloc[::50], streets=town.streets
    )
    assert text in [one.text for one in known.suggest(typed)]
