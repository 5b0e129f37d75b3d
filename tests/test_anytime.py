"""A search that is cut short – by Ctrl-C when asked, by a time limit – still gives a whole plan, and says so."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gis_grid import rules
from gis_grid.cli import main
from gis_grid.partition import PartitionOptions, partition
from gis_grid.partition.crew import first_interrupt_stops, stop_asked
from gis_grid.pipeline import BuildOptions, District, build_from, sample_frames
from gis_grid.planfile import read_plan
from small import CRS, EAST, NORTH
from towns import delaunay, faults, lattice, scheme, town

SIDE = 60


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """3,600 blocks, which take many seconds to divide, and one far off that is told of before the search begins."""
    path = tmp_path_factory.mktemp("big") / "blocks.gpkg"
    column, row = (at.ravel() for at in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))
    east, north = EAST + 50.0 * column, NORTH + 50.0 * row
    cells = [*shapely.box(east, north, east + 50, north + 50), shapely.box(EAST - 900, NORTH, EAST - 800, NORTH + 100)]
    counts = [*np.random.default_rng(0).integers(20, 100, SIDE * SIDE).tolist(), 740]
    gpd.GeoDataFrame({"households": counts}, geometry=cells, crs=CRS).to_file(path)
    return path


@contextmanager
def searching(big: Path, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """Start a build over an old file and go on when its search begins."""
    (folder / "plan.gpkg").write_text("the old plan")
    command = [sys.executable, "-m", "gis_grid.cli", "build", "--blocks", str(big), "--out", "plan.gpkg", *words]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=folder, text=True, start_new_session=True, **streams) as running:  # type: ignore[call-overload]
        try:
            assert running.stderr is not None
            while "stands among the plan's issues" not in (line := running.stderr.readline()):
                assert line, "the build ended before it searched"
            time.sleep(1.0)
            yield running
        finally:
            running.kill()


def press(running: subprocess.Popen[str]) -> None:
    """Press Ctrl-C as a terminal does: every process of the group hears it."""
    os.killpg(running.pid, signal.SIGINT)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_first_ctrl_c_keeps_the_best_plan_so_far(big: Path, tmp_path: Path, workers: str) -> None:
    with searching(big, tmp_path, "--keep-best", "--json", "--workers", workers) as running:
        press(running)
        answer, said = running.communicate(timeout=60)
        assert running.returncode == 0, said
    assert "Traceback" not in said
    summary = json.loads(answer)
    assert summary["stopped_early"] == "interrupted"
    assert summary["workers"] == int(workers)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.gpkg"]
    plan = read_plan(tmp_path / "plan.gpkg")
    assert plan.metadata["stopped_early"] == "interrupted"
    assert len(plan.blocks) == SIDE * SIDE + 1
    found = rules.check(plan, rules=["inside-parent", "no-gap", "no-overlap", "contiguous", "barrier"])
    assert [issue for issue in found if issue.severity == "error"] == []


def test_the_second_ctrl_c_gives_up_and_leaves_the_old_file(big: Path, tmp_path: Path) -> None:
    with searching(big, tmp_path, "--keep-best", "--workers", "2") as running:
        press(running)
        time.sleep(0.4)
        press(running)
        answer, said = running.communicate(timeout=60)
        assert running.returncode == 130, said
    assert answer == ""
    assert "Traceback" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["plan.gpkg"]
    assert (tmp_path / "plan.gpkg").read_text() == "the old plan"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_keep_best_ctrl_c_leaves_the_old_file(big: Path, tmp_path: Path, workers: str) -> None:
    with searching(big, tmp_path, "--workers", workers) as running:
        press(running)
        _, said = running.communicate(timeout=60)
        assert running.returncode == 130, said
    assert "Traceback" not in said
    assert (tmp_path / "plan.gpkg").read_text() == "the old plan"


def test_a_time_limit_is_told_in_words_and_in_the_file(big: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.gpkg"
    done = CliRunner().invoke(main, ["build", "--blocks", str(big), "--out", str(out), "--time-limit", "0.5"])
    assert done.exit_code == 0, done.output
    assert "the time limit cut the search" in done.stdout
    assert "达到时限" in done.stdout
    assert read_plan(out).metadata["stopped_early"] == "time limit"


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(blocks=st.integers(1, 80), seed=st.integers(0, 2**16), communities=st.integers(1, 3), walls=st.floats(0, 0.3))
def test_stopped_at_once_the_division_is_whole_connected_and_nested(
    blocks: int, seed: int, communities: int, walls: float
) -> None:
    rng = np.random.default_rng(seed)
    pairs = delaunay(blocks, seed) if blocks > 3 else lattice(1, blocks)
    frames = town(
        (rng.pareto(2.0, blocks) * 60).astype(np.int64),
        pairs,
        communities=np.sort(rng.integers(0, communities, blocks)).astype(str),
        barrier=rng.random(len(pairs)) < walls,
    )
    with first_interrupt_stops():
        signal.raise_signal(signal.SIGINT)
        result = partition(*frames, scheme())
    assert faults(*frames, result.assignment) == []
    assert result.stopped_early in {"", "interrupted"}
    assert not stop_asked()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_large_part_stopped_at_once_is_whole(workers: int) -> None:
    frames = town(np.random.default_rng(3).integers(0, 100, 1600), lattice(40, 40))
    with first_interrupt_stops():
        signal.raise_signal(signal.SIGINT)
        result = partition(*frames, scheme(), options=PartitionOptions(workers=workers))
    assert result.stopped_early == "interrupted"
    assert faults(*frames, result.assignment) == []


def test_interrupts_are_as_ever_outside_and_at_the_second() -> None:
    with first_interrupt_stops():
        signal.raise_signal(signal.SIGINT)
        assert stop_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert not stop_asked()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_who_ignores_interrupts_or_runs_in_a_thread_goes_on_as_before() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with first_interrupt_stops():
            assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    seen = []

    def apart() -> None:
        with first_interrupt_stops():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=apart)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.fixture(scope="module")
def sample() -> District:
    return sample_frames()


def test_a_build_interrupted_in_its_search_refines_no_more(sample: District) -> None:
    stages: list[str] = []
    seen: list[tuple[float, int]] = []

    def progress(stage: str, share: float) -> None:
        if stage == "partition" and share > 0 and "searching" not in stages:
            stages.append("searching")
            signal.raise_signal(signal.SIGINT)
        stages.append(stage)

    plan = build_from(
        sample, options=BuildOptions(keep_best=True), progress=progress, watch=lambda *said: seen.append(said)
    )
    assert plan.metadata["stopped_early"] == "interrupted"
    assert "refining" not in stages
    assert {issue.rule for issue in rules.check(plan) if issue.severity == "error"} <= {"band"}
    assert seen
    assert all(cost > 0 for cost, _ in seen)
    assert seen[-1][::-1] <= seen[0][::-1]  # every community has a first plan at once, which only gets better


def test_the_time_limit_is_for_all_searches_of_a_build(sample: District) -> None:
    plan = build_from(sample, options=BuildOptions(time_limit=0.05))
    assert plan.metadata["stopped_early"] == "time limit"
    assert json.loads(plan.metadata["seconds"]).keys().isdisjoint({"refining"})


def test_a_whole_search_was_not_cut(sample: District) -> None:
    plan = build_from(sample, options=BuildOptions(time_limit=600, keep_best=True, refinements=0))
    assert plan.metadata["stopped_early"] == ""
    parts = json.loads(plan.metadata["parts"])
    assert sum(part["households"] for part in parts) == plan.blocks["households"].sum()
    assert sum(part["grids"] for part in parts) == len(plan.grids)
    items, terms = json.loads(plan.metadata["cost_items"]), json.loads(plan.metadata["cost"])
    assert sum(item["cost"] for item in items) == pytest.approx(terms["total"], abs=0.01)
