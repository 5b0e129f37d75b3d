"""`gis-grid lookup --batch`: a file answered whole, or nothing written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gis_grid.cli import main
from gis_grid.crs import transform_points
from gis_grid.planfile import write_plan
from small import CRS, EAST, NORTH, small_plan


@pytest.fixture(scope="module")
def plan_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(small_plan(), tmp_path_factory.mktemp("plan") / "plan.gpkg")


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def test_a_file_is_answered_and_the_summary_says_how_it_was_read(plan_file: Path, tmp_path: Path) -> None:
    lon, lat = transform_points([EAST + 250], [NORTH + 50], CRS, 4326)
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text(f"编号,经度,纬度\n1,{lon[0]},{lat[0]}\n2,,\n", encoding="gb18030")
    result = run("lookup", plan_file, "--batch", source, "--out", out, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["by_status"], told["encoding"]) == ({"no point": 1, "ok": 1}, "gb18030")
    rows = out.read_text(encoding="gb18030").splitlines()
    assert rows[1].split(",")[3:5] == ["420199001001001", "新华1网格"]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("raw", [None, b"a,b\n1,2\n"])
def test_a_file_that_cannot_be_used_leaves_what_stood_there(plan_file: Path, tmp_path: Path, raw: bytes | None) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    if raw is not None:
        source.write_bytes(raw)
    result = run("lookup", plan_file, "--batch", source, "--out", out)
    assert result.exit_code == 2
    assert "in.csv" in result.stderr
    assert out.read_text(encoding="utf-8") == "old"


@pytest.mark.parametrize("words", [("--batch", "x.csv"), ("--out", "x.csv"), ("--point", "1,2", "--batch", "x.csv")])
def test_what_does_not_go_together_is_refused(plan_file: Path, words: tuple[str, ...]) -> None:
    assert run("lookup", plan_file, *words).exit_code == 2
