"""The measuring of the side-by-side benchmark on cases made by hand, and its short run."""

from __future__ import annotations

import json
import re
from pathlib import Path

import apart
import geopandas as gpd
import numpy as np
import pandas as pd
import peers
import pytest
import shapely
import tables
from cases import PLAIN, Case, open_town, town
from measure import avoidable, measure
from verdicts import judged

from partition import Row, main


def row_of(loads: list[int], *, communities: list[str] | None = None, barrier: tuple[int, ...] = ()) -> Case:
    """Return squares of 100 m in a row; border n parts square n from the next and is a barrier where named."""
    count = len(loads)
    squares = [shapely.box(100 * n, 0, 100 * n + 100, 100) for n in range(count)]
    columns = {"community_code": communities or ["1"] * count, "households": loads}
    ids = [f"b{n}" for n in range(count)]
    blocks = gpd.GeoDataFrame(columns, index=pd.Index(ids, name="block_id"), geometry=squares, crs=32650)
    lines = [shapely.LineString([(100 * n, 0), (100 * n, 100)]) for n in range(1, count)]
    edges = {"a": ids[:-1], "b": ids[1:], "shared_m": 100.0, "street_name": "", "street_class": "residential"}
    borders = gpd.GeoDataFrame(edges, geometry=lines, crs=32650)
    return Case("row", "a row", blocks, borders.assign(barrier=np.isin(range(count - 1), barrier)), PLAIN)


def test_a_good_division_is_measured() -> None:
    told = measure(row_of([200, 210, 190, 180]), np.array(["x", "x", "y", "y"]))
    assert told[:6] == (2, 1.0, 1.0, 1.0, 1.0, 0)
    assert told.cost_km == pytest.approx(0.1)
    assert told.compactness == pytest.approx(4 * np.pi * 2 / 36)


def test_what_is_wrong_with_a_division_is_told_apart() -> None:
    case = row_of([200, 210, 190, 290], communities=["1", "1", "1", "2"])
    told = measure(case, np.array([0, 1, 0, 1]))
    assert (told.in_band, told.one_piece, told.nested, told.valid, told.faults) == (1.0, 0.0, 0.5, 0.0, 2)
    assert told.cost_km == pytest.approx(0.3)
    told = measure(case, np.array([0, 0, 0, 1]))
    assert (told.in_band, told.one_piece, told.nested, told.valid, told.faults) == (0.0, 1.0, 1.0, 0.0, 2)


def test_nothing_hangs_together_across_a_barrier() -> None:
    told = measure(row_of([200, 210], barrier=(0,)), np.array([0, 0]))
    assert (told.in_band, told.one_piece, told.valid) == (1.0, 0.0, 0.0)


def test_an_oversize_block_is_not_a_fault_and_not_avoidable() -> None:
    case = row_of([600, 200, 200])
    told = measure(case, np.array([0, 1, 1]))
    assert (told.grids, told.valid, told.faults) == (2, 0.5, 0)
    assert avoidable(case, np.array([0, 1, 1])) == 0
    assert avoidable(case, np.array([0, 1, 2])) == 2


def test_one_grid_out_of_band_is_proved_where_the_sum_fits_no_number_of_grids() -> None:
    case = row_of([290, 284])
    assert avoidable(case, np.array([0, 0])) == 0
    assert avoidable(case, np.array([0, 1])) == 1


def test_metis_divides_every_connected_part() -> None:
    case = row_of([200] * 8)
    case = Case(case.name, case.title, case.blocks, case.borders.drop(index=3), PLAIN)
    told = measure(case, peers.metis(case, peers.Wish()).labels)
    assert (told.grids, told.valid) == (4, 1.0)


def test_metis_at_its_best_costs_no_more_than_one_run_of_it() -> None:
    case = open_town(100)
    one, best = (measure(case, tool(case, peers.Wish()).labels) for tool in (peers.metis, peers.metis_best))
    assert (best.faults, best.cost_km) <= (one.faults, one.cost_km)


def test_weights_stay_whole_and_above_zero() -> None:
    case = row_of([200, 210, 190])
    free = Case(
        case.name, case.title, case.blocks, case.borders.assign(street_class=["motorway", "path"]), town(10).prices
    )
    lines = list(peers._metis_lines(free))
    assert lines[0] == "3 2 11"
    assert lines[1:] == ["200 2 1", "210 1 1 3 1400", "190 2 1400"]


def test_a_tool_that_fails_says_so_and_one_that_takes_too_much_is_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apart.keep(town(40), tmp_path / "case")
    ran = apart.run("nothing", tmp_path / "case", tmp_path / "job", {}, limit_s=60)
    assert (ran.told, ran.labels) == ("KeyError: 'nothing'", None)
    apart.keep(town(2_000), tmp_path / "large")  # takes seconds, so it is still at work at the first look
    ran = apart.run("metis-best", tmp_path / "large", tmp_path / "job", {}, limit_s=0)
    assert (ran.told, ran.labels) == ("stopped after 0 s", None)
    monkeypatch.setattr(apart, "_SHARE", 0.0)
    ran = apart.run("metis-best", tmp_path / "case", tmp_path / "job", {}, limit_s=60)
    assert (re.sub(r"[\d,]+", "n", ran.told), ran.labels) == ("stopped at n MB", None)


def test_a_case_is_kept_whole(tmp_path: Path) -> None:
    case = town(40)
    apart.keep(case, tmp_path)
    again = apart.kept(tmp_path)
    assert (again.name, again.title, again.prices) == (case.name, case.title, case.prices)
    assert again.price == pytest.approx(case.price)
    assert (again.load == case.load).all()


def test_a_line_that_was_not_measured_neither_holds_nor_fails() -> None:
    assert [judged("m", seen, good).verdict for seen, good in (("1", True), ("1", False), (None, True))] == [
        "holds",
        "fails",
        "not measured",
    ]


@pytest.mark.slow
def test_the_short_run_compares_with_metis_and_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = ["--quick", "--only", "engine", "--only", "metis", "--out", str(tmp_path)]
    main(wanted)
    said = capsys.readouterr().out
    assert "| gis-grid |" in said
    assert "| METIS k-way, contiguous, best of" in said
    assert "town-300: no avoidable grid out of band, nested, in one piece | 0 avoidable of 0" in said
    assert (tmp_path / "partition.md").read_text(encoding="utf-8") in said
    assert (tmp_path / "partition-curve.png").stat().st_size > 10_000
    job = tmp_path / "jobs" / "town-300--engine"
    first = json.loads((job / "row.json").read_text(encoding="utf-8"))
    (job / "labels.npy").unlink()
    main([*wanted, "--again", "metis"])
    assert json.loads((job / "row.json").read_text(encoding="utf-8")) == first
    assert not (job / "labels.npy").exists()


def test_figures_take_the_place_of_older_ones(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{tables.FROM}\nold\n{tables.TO}\nafter\n", encoding="utf-8")
    tables.take_over("new\n", page)
    tables.take_over("newer\n", page)
    assert page.read_text(encoding="utf-8") == f"before\n{tables.FROM}\n\nnewer\n\n{tables.TO}\nafter\n"
    page.write_text("no marks\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="nothing was changed"):
        tables.take_over("new\n", page)
    assert page.read_text(encoding="utf-8") == "no marks\n"


def test_a_tool_without_a_result_still_has_its_row() -> None:
    row = Row("ottawa", "maxp", "", apart.Ran(60.0, 0.0, 10.0, told="stopped after 60 s"))
    text = tables.report({"ottawa": "nine blocks"}, {("ottawa", "maxp"): row}, [judged("must", None, False)])
    (line,) = [line for line in text.splitlines() if "MaxP" in line]
    assert "stopped after 60 s" in line
    assert line.count("|") == tables.HEAD.splitlines()[0].count("|")
