"""`gis-grid staff` and rosters as files: read with what was guessed, faults at once, out and back in."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner, Result

from gis_grid.cli import main
from gis_grid.errors import InputError
from gis_grid.planfile import write_plan
from gis_grid.sources import read_roster
from small import CODES, small_plan


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    rows = [("林一", "站长", "0000-1", CODES[0]), ("王二", "网格协调员", "0000-2", CODES[0])]
    staff = pd.DataFrame(rows, columns=["name", "post", "phone", "community_code"])
    return write_plan(dataclasses.replace(small_plan(), staff=staff), tmp_path / "plan.gpkg")


def test_posts_people_and_vacancies_are_told(plan_file: Path) -> None:
    done = run("staff", plan_file, "--vacant", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["posts"], told["filled"], told["vacant"], told["people"]) == (8, 2, 6, 2)
    assert len(told["vacant_posts"]) == 6
    assert "网格协调员" in run("staff", plan_file).stdout


def test_a_suggestion_goes_out_and_comes_back(plan_file: Path, tmp_path: Path) -> None:
    for name in ("roster.xlsx", "roster.csv"):
        done = run("staff", plan_file, "--suggest", "--out", tmp_path / name, "--json")
        assert done.exit_code == 0, done.output
        told = json.loads(done.stdout)["suggestion"]
        assert told["gap"] < 1e-3
        assert all(one["why_zh"] and one["why_en"] for one in told["people"])
        back = run("staff", plan_file, "--staff", tmp_path / name, "--json")
        assert back.exit_code == 0, back.output
        assert json.loads(back.stdout)["filled"] == 8 - told["vacant"]
    assert "说明" in pd.read_excel(tmp_path / "roster.xlsx").columns
    assert (tmp_path / "roster.csv").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "gb18030", "utf-16"])
def test_rosters_of_any_usual_encoding_are_read(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "r.csv"
    path.write_bytes(
        "姓名,岗位,办公电话,服务条线,身份证号\n欧阳一,网格协调员,0938-8210000转12,治安、民生,x\n".encode(encoding)
    )
    read = read_roster(path)
    assert read.frame.iloc[0].to_dict() == {
        "name": "欧阳一", "post": "网格协调员", "phone": "0938-8210000转12", "community_code": "", "community": "",
        "grid": "", "lines": "治安、民生", "vacant": False,
    }  # fmt: skip
    assert "身份证号" in read.notes[1]
    assert "'办公电话' is phone" in read.notes[0]


def test_every_fault_of_a_roster_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    rows = [
        "甲,站长,0000-1,1",
        "甲,站长,0000-1,1",
        "乙,,0000-2,",
        "丙,站长,无,",
        "丁,站长,110101199003078888,",
        "戊,站长,,many",
    ]
    path.write_text("姓名,岗位,电话,兼岗上限\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_roster(path)
    assert {(one.column, one.row) for one in caught.value.faults} == {
        ("name", 1), ("name", 2), ("post", 3), ("phone", 4), ("phone", 5), ("most", 6),
    }  # fmt: skip
    assert all(one.remedy and one.source == "r.csv" for one in caught.value.faults)


def test_unknown_grids_are_refused_without_a_file(plan_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    rows = ["name,post,grid,community", "Lin,coordinator,nowhere,", "Wu,coordinator,elsewhere,Atlantis"]
    path.write_text("\n".join(rows), encoding="utf-8")
    done = run("staff", plan_file, "--staff", path, "--out", tmp_path / "out.csv")
    assert done.exit_code == 2
    for row, column, value in ((1, "grid", "nowhere"), (2, "grid", "elsewhere"), (2, "community", "Atlantis")):
        assert re.search(rf"r\.csv, column '?{column}'?, row {row}: the plan has no '{value}' → use ", done.stderr)
    assert not (tmp_path / "out.csv").exists()
    assert run("staff", plan_file, "--out", tmp_path / "out.txt").exit_code == 2


def test_compare_tells_who_hands_over_to_whom(plan_file: Path, tmp_path: Path) -> None:
    plan = small_plan()
    moved = plan.assignment.where(plan.assignment.index != "b04", "g0002")
    grids = plan.grids.assign(code=plan.grids["code"])
    later = write_plan(dataclasses.replace(plan, assignment=moved, grids=grids), tmp_path / "later.gpkg")
    done = run("compare", plan_file, later, "--json")
    assert done.exit_code == 0, done.output
    totals = json.loads(done.stdout)["handover_totals"]
    assert totals == [
        {"role": "coordinator", "from_person": "王二", "to_person": "", "blocks": 1, "households": 68, "addresses": 0}
    ]
    assert "王二" in run("compare", plan_file, later, "--list").stdout
