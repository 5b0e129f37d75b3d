"""The command line: exit codes, one message without a traceback, JSON on request, and old files left alone."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from click.testing import CliRunner, Result

from gis_grid.cli import main
from gis_grid.cli.output import table
from gis_grid.crs import transform_points
from gis_grid.planfile import read_plan, write_plan
from small import CRS, EAST, NORTH, small_plan


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(small_plan(), tmp_path_factory.mktemp("plans") / "plan.gpkg")


@pytest.fixture(scope="module")
def blocks_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty square blocks with counts, in two communities of 690 and 890 households."""
    path = tmp_path_factory.mktemp("blocks") / "blocks.gpkg"
    blocks = small_plan().blocks.reset_index()[["block_id", "households", "own_note", "geometry"]]
    blocks.to_file(path, layer="blocks")
    return path


@pytest.fixture(scope="module")
def communities_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("communities") / "communities.gpkg"
    small_plan().communities.to_file(path)
    return path


def lonlat(east: float, north: float, crs: str = "wgs84") -> str:
    x, y = transform_points([east], [north], CRS, crs)
    return f"{x[0]:.9f},{y[0]:.9f}"


def test_version_and_help() -> None:
    assert run("--version").output.startswith("gis-grid 0.")
    assert "Usage: " in run("-h").output


def test_build_from_blocks_writes_a_legal_plan(tmp_path: Path, blocks_file: Path, communities_file: Path) -> None:
    out = tmp_path / "plan.gpkg"
    result = run("build", "--blocks", blocks_file, "--communities", communities_file, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["households"] == 1580
    assert summary["in_band"] == summary["grids"] == 4
    plan = read_plan(out)
    assert "own_note" in plan.blocks
    assert run("check", out).exit_code == 0


def test_build_says_what_it_did_in_words(tmp_path: Path, blocks_file: Path) -> None:
    result = run("build", "--blocks", blocks_file, "--out", tmp_path / "p.gpkg", "--min", 100, "--max", 200)
    assert result.exit_code == 0, result.output
    assert "in the band 100–200 (target 150)" in result.stdout
    assert f"written to {tmp_path / 'p.gpkg'}" in result.stdout
    assert result.stderr == ""


def test_build_tells_every_term_of_the_cost(tmp_path: Path, blocks_file: Path, communities_file: Path) -> None:
    words = ("build", "--blocks", blocks_file, "--communities", communities_file, "--out", tmp_path / "p.gpkg")
    summary = json.loads(run(*words, "--json", "--seed", 4, "--workers", 2).stdout)
    assert {"border", "compounds", "compactness", "balance", "inside", "moved", "total"} == set(summary["cost"])
    assert summary["cost"]["total"] == pytest.approx(sum(item["cost"] for item in summary["cost_items"]), abs=0.01)
    parts = {part["name"]: part for part in summary["parts"]}
    assert {name: part["households"] for name, part in parts.items()} == {"上河社区": 690, "下河社区": 890}
    assert all(part["out_of_band"] == part["unavoidable"] == 0 for part in parts.values())
    assert (summary["seed"], summary["workers"], summary["stopped_early"]) == (4, 2, "")
    assert {"reading", "partition", "checking"} <= set(summary["stage_seconds"])
    said = run(*words).stdout
    assert "形状 compactness" in said
    assert "社区界 community line 0.50 km" in said


def test_equal_seeds_give_equal_plans(tmp_path: Path, blocks_file: Path) -> None:
    plans = []
    for name, workers in (("a.gpkg", 1), ("b.gpkg", 2)):
        words = ("--seed", 7, "--workers", workers, "--min", 150, "--max", 250)
        assert run("build", "--blocks", blocks_file, "--out", tmp_path / name, *words).exit_code == 0
        plans.append(read_plan(tmp_path / name))
    assert plans[0].assignment.to_dict() == plans[1].assignment.to_dict()
    assert plans[0].grids["code"].tolist() == plans[1].grids["code"].tolist()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["build", "--out", "p.gpkg"], "--boundary, --streets, --households"),
        (["build", "--blocks", "none.gpkg", "--out", "p.gpkg"], "none.gpkg"),
        (["build", "--blocks", "none.gpkg", "--out", "p.shp"], "gpkg"),
        (["build", "--blocks", "none.gpkg", "--out", "nowhere/p.gpkg"], "folder"),
        (["build", "--blocks", "none.gpkg", "--out", "p.gpkg", "--scheme", "atlantis"], "atlantis"),
        (["build", "--blocks", "none.gpkg", "--out", "p.gpkg", "--min", "500", "--max", "300"], "500"),
        (["build", "--blocks", "none.gpkg", "--out", "p.gpkg", "--workers", "0"], "--workers"),
        (["check", "none.gpkg"], "none.gpkg"),
        (["check"], "PLAN"),
        (["describe", "none.gpkg"], "none.gpkg"),
        (["compare", "none.gpkg", "other.gpkg"], "none.gpkg"),
        (["lookup", "none.gpkg", "--point", "114.3"], "114.27,30.60"),
        (["lookup", "none.gpkg"], "--point"),
        (["report", "none.gpkg", "--out", "r.html"], "none.gpkg"),
        (["gibberish"], "gibberish"),
    ],
)
def test_bad_usage_is_exit_2_with_one_message(
    words: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    assert list(tmp_path.iterdir()) == []


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    words = ["--boundary", "b.gpkg", "--streets", "s.gpkg", "--households", "h.csv", "--communities", "c.gpkg"]
    result = run("build", *words, "--out", tmp_path / "p.gpkg")
    assert result.exit_code == 2
    assert all(name in result.stderr for name in ("b.gpkg", "s.gpkg", "c.gpkg"))


def test_check_lists_errors_and_exits_with_1(tmp_path: Path) -> None:
    plan = small_plan()
    torn = plan.assignment.where(plan.assignment.index != "b00", "g0004")
    grids = plan.grids.assign(households=plan.blocks["households"].groupby(torn).sum())
    path = write_plan(dataclasses.replace(plan, assignment=torn, grids=grids), tmp_path / "torn.gpkg")
    result = run("check", path, "--json")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert not report["legal"]
    assert {"contiguous", "inside-parent"} <= {issue["rule"] for issue in report["issues"]}
    words = run("check", path)
    assert "not legal" in words.stdout
    assert "error [contiguous]" in words.stdout
    assert any("一" <= letter <= "鿿" for letter in run("check", path, "--lang", "zh").stdout)


def test_check_of_a_legal_plan(plan_file: Path) -> None:
    result = run("check", plan_file)
    assert result.exit_code == 0, result.output
    assert "legal: 0 errors" in result.stdout


@pytest.mark.parametrize(("lang", "words"), [("zh", "东至环城路"), ("en", "east to 环城路")])
def test_describe(plan_file: Path, lang: str, words: str) -> None:
    lines = run("describe", plan_file, "--lang", lang).stdout.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("420199001001001 新华1网格 (320): ")
    assert all(words in line for line in lines)
    rows = json.loads(run("describe", plan_file, "--lang", lang, "--json").stdout)
    assert [row["households"] for row in rows] == [320, 370, 420, 470]


def test_compare_counts_what_moved(tmp_path: Path, plan_file: Path) -> None:
    plan = small_plan()
    moved = plan.assignment.where(plan.assignment.index != "b00", "g0002")
    grids = plan.grids.assign(households=plan.blocks["households"].groupby(moved).sum())
    after = write_plan(dataclasses.replace(plan, assignment=moved, grids=grids), tmp_path / "after.gpkg")
    result = run("compare", plan_file, after, "--list")
    assert result.exit_code == 0, result.output
    assert "1 of 20 blocks" in result.stdout
    assert "b00" in result.stdout
    summary = json.loads(run("compare", plan_file, after, "--json").stdout)
    assert summary["blocks_moved"] == 1
    assert summary["households_moved"] == 60
    assert [row["block_id"] for row in summary["moved"]] == ["b00"]
    same = json.loads(run("compare", plan_file, plan_file, "--json").stdout)
    assert same["blocks_moved"] == 0


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09", "cgcs2000", CRS])
def test_lookup_in_every_crs(plan_file: Path, crs: str) -> None:
    result = run("lookup", plan_file, "--point", lonlat(EAST + 250, NORTH + 80, crs), "--crs", crs, "--json")
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["grid"]["code"] == "420199001001001"
    assert answer["grid"]["community"] == "上河社区"
    assert answer["distance_to_border_m"] == pytest.approx(20, abs=0.2)
    (other,) = answer["also_possible"]
    assert other["code"] == "420199001001002"


def test_lookup_in_words(plan_file: Path) -> None:
    result = run("lookup", plan_file, "--point", lonlat(EAST + 250, NORTH + 50), "--accuracy", 10)
    assert "新华1网格" in result.stdout
    assert "50 m from the nearest border" in result.stdout
    assert "may be" not in result.stdout


def test_lookup_outside_names_the_nearest_and_exits_with_1(plan_file: Path) -> None:
    result = run("lookup", plan_file, "--point", lonlat(EAST - 100, NORTH + 50), "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["grid"] is None
    assert answer["nearest"]["code"] == "420199001001001"
    assert answer["nearest"]["distance_m"] == pytest.approx(100, abs=0.2)


def test_lookup_refuses_swapped_coordinates(plan_file: Path) -> None:
    result = run("lookup", plan_file, "--point", "30.60,114.27")
    assert result.exit_code in (1, 2)
    assert "Traceback" not in result.output


@pytest.mark.parametrize("flag", [(), ("--map",)])
def test_report_writes_a_page(plan_file: Path, tmp_path: Path, flag: tuple[str, ...]) -> None:
    out = tmp_path / "report.html"
    result = run("report", plan_file, "--out", out, *flag)
    assert result.exit_code == 0, result.output
    assert "gisGrid" in out.read_text(encoding="utf-8")
    assert ("<h2>" in out.read_text(encoding="utf-8")) == (flag == ())


def test_schemes() -> None:
    assert "qinzhou" in run("schemes").stdout
    (scheme,) = [one for one in json.loads(run("schemes", "--json").stdout) if one["name"] == "qinzhou"]
    assert scheme["tier"][-1]["max"] == 500


def test_tables_line_up_with_chinese() -> None:
    assert table([["网格", 1], ["a", 22]], ["name", "n"]) == ["name  n", "网格  1", "a     22"]


def start(*words: object, folder: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "gis_grid.cli", *map(str, words)]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=folder, text=True, **streams)


def test_nothing_but_the_answer_stands_on_stdout(tmp_path: Path) -> None:
    """A whole build in a process of its own, since compiled solvers print where Python's redirection does not reach."""
    running = start("demo", "--no-serve", "--json", folder=tmp_path)
    answer, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert answer.count("\n") == 1
    assert json.loads(answer)["households"] > 29_000


def test_ctrl_c_exits_with_130_and_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "plan.gpkg"
    out.write_text("the old plan")
    corners = [(EAST + 50 * x, NORTH + 50 * y) for x in range(70) for y in range(70)]
    cells = [shapely.box(east, north, east + 50, north + 50) for east, north in corners]
    counts = {"households": [40 + n % 60 for n in range(len(cells))]}
    gpd.GeoDataFrame(counts, geometry=cells, crs=CRS).to_file(tmp_path / "blocks.gpkg")
    running = start("build", "--blocks", "blocks.gpkg", "--out", "plan.gpkg", folder=tmp_path)
    time.sleep(2.5)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert out.read_text() == "the old plan"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blocks.gpkg", "plan.gpkg"]


def test_demo_writes_plan_map_and_report(tmp_path: Path) -> None:
    result = run("demo", "--no-serve", "--out", tmp_path / "demo", "--json")
    assert result.exit_code == 0, result.output
    summary = json.loads(result.stdout)
    assert summary["communities"] == 12
    assert summary["issues"]["error"] == 0
    assert {Path(path).name for path in summary["files"]} == {"plan.gpkg", "map.html", "report.html", "store.sqlite"}
    assert all(Path(path).stat().st_size > 0 for path in summary["files"])
    assert (tmp_path / "demo" / "map.html").stat().st_size < 5_000_000
    assert "gg_" not in result.output  # tokens are for the links of a demo that is served


def wait_for(url: str) -> None:
    """Wait until somebody listens there."""
    host, port = url.split("/")[2].split(":")
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=1):
            return
        time.sleep(0.1)
    pytest.fail(f"nobody listens at {url}")


def summary_grid(connection: http.client.HTTPConnection, file: Path) -> Any:
    """Ask the service for the grid of a point inside one, and return the answer."""
    plan = read_plan(file)
    grid = plan.grids.iloc[0]
    (place,) = gpd.GeoSeries([grid.geometry.representative_point()], crs=plan.grids.crs).to_crs(4326)
    connection.request("GET", f"/api/lookup?lon={place.x}&lat={place.y}")
    answer = json.loads(connection.getresponse().read())
    assert answer["grid"]["code"] == grid["code"]
    return answer


def test_demo_serves_its_map_and_answers(tmp_path: Path) -> None:
    running = start("demo", "--port", 0, "--out", "demo", "--json", folder=tmp_path)
    try:
        assert running.stdout is not None
        summary = json.loads(running.stdout.readline())
        wait_for(summary["url"])
        connection = http.client.HTTPConnection(summary["url"].split("/")[2], timeout=10)
        for path, shown in (("/map.html", b"gisGrid"), ("/", b"planner"), ("/my", b"my-grid")):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert answer.status == 200
            assert shown in answer.read()
        for link, asked in (("planner", "/api/plans"), ("field", "/api/me/grids")):
            secret = summary[link].partition("#token=")[2]
            connection.request("GET", asked, headers={"Authorization": f"Bearer {secret}"})
            assert json.loads(connection.getresponse().read())[asked.rsplit("/", 1)[1]]
        grid = summary_grid(connection, tmp_path / "demo" / "plan.gpkg")
        assert grid["people"]
        connection.close()
    finally:
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=30)
    assert running.returncode == 0


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        result = run("demo", "--port", taken.getsockname()[1], "--out", tmp_path / "demo")
    assert result.exit_code == 2
    assert "--port" in result.stderr


def test_output_to_a_closed_pipe_makes_no_traceback(plan_file: Path) -> None:
    command = f"{sys.executable} -m gis_grid.cli describe {plan_file} | head -c 1"
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, env=os.environ, check=False)
    assert "Traceback" not in done.stderr


def test_tiles_are_written_and_said(plan_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.pmtiles"
    done = run("tiles", plan_file, "--out", out, "--json")
    assert done.exit_code == 0
    said = json.loads(done.output)
    assert said["bytes"] == out.stat().st_size
    assert said["counts"] == "all"
    assert {"grids", "blocks", "borders", "labels", "communities"} <= set(said["layers"])
    assert "tiles of zooms 12–13" in run("tiles", plan_file, "--out", out, "--suppress", "--zooms", "12-13").output


def test_tiles_refuse_what_cannot_be_and_leave_the_old_file(plan_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "plan.pmtiles"
    out.write_bytes(b"before")
    for words in (
        ("tiles", plan_file, "--out", out, "--zooms", "16-11"),
        ("tiles", plan_file, "--out", out, "--zooms", "near"),
        ("tiles", tmp_path / "nowhere.gpkg", "--out", out),
        ("tiles", plan_file, "--out", tmp_path / "plan.zip"),
    ):
        done = run(*words)
        assert done.exit_code == 2
        assert "→" in done.output
        assert "Traceback" not in done.output
    assert out.read_bytes() == b"before"
