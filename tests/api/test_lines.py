"""Who handles a service line, asked of the service and of a plan's file: the same people either way."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from calls import Calls
from town_in_force import Town

from commands import done, run
from gis_grid.lookup import Answers
from gis_grid.lookup.planned import published_plan
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan, write_plan
from gis_grid.staffing import with_assignments

Serving = Callable[..., Calls]
SAID = ("role", "name", "kind", "work_phone", "lines", "tier", "code")


def said(people: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [tuple(one[key] for key in SAID) for one in people]


def test_a_line_is_handled_by_the_nearest_post_that_has_it(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    calls = serving(public_lookup=True)
    told = calls.get("/api/lookup", params=point | {"line": "safety"}).json()
    assert told["grid"]["code"] == code
    assert [(one["role"], "safety" in one["lines"]) for one in told["handling"]] == [("coordinator", True)]
    assert {one["role"] for one in told["people"]} > {"coordinator"}
    nobody = calls.get("/api/lookup", params=point | {"line": "fishing"}).json()
    assert {one["tier"] for one in nobody["handling"]} == {"grid"}  # somebody must
    assert "handling" not in calls.get("/api/lookup", params=point).json()
    near = calls.get("/api/lookup", params=point | {"line": "safety", "accuracy_m": 2000}).json()
    assert near["also_possible"]
    assert all({one["role"] for one in other["handling"]} == {"coordinator"} for other in near["also_possible"])
    outside = calls.get("/api/lookup", params={"lon": point["lon"] + 1, "lat": point["lat"], "line": "safety"})
    assert outside.status_code == 404
    assert outside.json()["nearest"]["handling"]
    refused = calls.get("/api/lookup", params=point | {"line": "x" * 61})
    assert [fault["where"] for fault in refused.json()["faults"]] == ["query.line"]


def test_an_address_and_a_file_say_who_handles_a_line(published: Town, serving: Serving) -> None:
    calls = serving(token=published.token("planner"))
    address, _ = published.door()
    told = calls.get("/api/lookup", params={"address": address, "line": "safety"}).json()
    assert {one["role"] for one in told["handling"]} == {"coordinator"}
    point, code = published.inside()
    body = f"lon,lat,address\n{point['lon']},{point['lat']},\n,,{address}\n".encode()
    answers = {}
    for line in ("", "safety"):
        found = calls.post(f"/api/lookup/batch?line={line}", content=body, headers={"Content-Type": "text/csv"})
        answers[line] = list(csv.DictReader(io.StringIO(found.content.decode())))
    assert [row["grid_code"] for row in answers["safety"]] == [code, told["grid"]["code"]]
    for whole, part in zip(answers[""], answers["safety"], strict=True):
        assert part["people"]
        assert part["people"] == whole["people"].split("; ")[0]


@pytest.mark.usefixtures("published")
def test_a_file_and_the_store_name_the_same_people(serving: Serving, town: Plan, tmp_path: Path) -> None:
    back = read_plan(write_plan(town, tmp_path / "town.gpkg"))
    assert back.assignments is not None
    assert town.assignments is not None
    assert back.assignments.equals(town.assignments)
    answers, calls = Answers([published_plan(back)]), serving(public_lookup=True)
    places = shapely.get_coordinates(shapely.point_on_surface(town.grids.geometry.to_crs(4326).to_numpy()))
    kinds = set()
    for lon, lat in places:
        mine = answers.at(lon, lat).told(small=True)
        theirs = calls.get("/api/lookup", params={"lon": float(lon), "lat": float(lat)}).json()
        assert said(mine["people"]) == said(theirs["people"])
        kinds |= {one["kind"] for one in mine["people"]}
    assert kinds >= {"holder", "station"}


def test_the_command_says_who_handles_a_line(town: Plan, tmp_path: Path) -> None:
    path = write_plan(town, tmp_path / "town.gpkg")
    lon, lat = np.ravel(shapely.get_coordinates(town.grids.geometry.to_crs(4326).iloc[0].representative_point()))
    asked = ("lookup", path, "--point", f"{lon},{lat}")
    told: Any = done(*asked, "--line", "safety")
    assert {one["role"] for one in told["handling"]} == {"coordinator"}
    words, everybody = (run(*asked, *more).stdout for more in (("--line", "safety"), ()))
    assert "coordinator" in words
    assert "station head" in everybody
    assert "station head" not in words
    rows = tmp_path / "rows.csv"
    rows.write_text(f"lon,lat\n{lon},{lat}\n", encoding="utf-8")
    run("lookup", path, "--batch", rows, "--out", tmp_path / "told.csv", "--line", "safety")
    (row,) = csv.DictReader(io.StringIO((tmp_path / "told.csv").read_text(encoding="utf-8")))
    assert [part.split()[0] for part in row["people"].split("; ")] == ["网格协调员"]


def test_a_file_from_before_is_asked_all_the_same(town: Plan, tmp_path: Path) -> None:
    from dataclasses import replace

    path = write_plan(replace(town, assignments=None), tmp_path / "town.gpkg")
    assert read_plan(path).assignments is None
    lon, lat = np.ravel(shapely.get_coordinates(town.grids.geometry.to_crs(4326).iloc[0].representative_point()))
    told: Any = done("lookup", path, "--point", f"{lon},{lat}")
    expected = Answers([published_plan(with_assignments(town))]).at(lon, lat).told(small=True)
    assert said(told["people"]) == said(expected["people"])
