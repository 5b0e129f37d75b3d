"""`--addresses` and `--street-numbers` of `import` and `publish`: taken up, in the CRS they are in, or one message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyproj import Transformer

from gis_grid.cli import main
from gis_grid.lookup import Answers
from gis_grid.planfile import write_plan
from gis_grid.store import open_store
from gis_grid.store.editions import read_editions
from small import CRS, EAST, NORTH, small_plan

DISTRICT = ("--district", "420199", "--name", "样例区")
TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


def run(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def done(*words: object) -> dict[str, object]:
    result = run(*words, "--json")
    assert result.exit_code == 0, result.output
    found: dict[str, object] = json.loads(result.stdout)
    return found


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    return write_plan(small_plan(), tmp_path / "plan.gpkg")


@pytest.fixture
def doors(tmp_path: Path) -> Path:
    """One door in the middle of each of two rows of blocks, which are grids of their own."""
    rows = ["地址,经度,纬度"]
    for number, north in (("12", 50.0), ("121", 350.0)):
        lon, lat = TO_DEGREES.transform(EAST + 250, NORTH + north)
        rows.append(f"新华路{number}号3栋501室,{lon:.8f},{lat:.8f}")
    path = tmp_path / "doors.csv"
    path.write_text("\n".join(rows), encoding="utf-8-sig")
    return path


def grid_of(address: str, text: str) -> str:
    with open_store(address) as store:
        found = Answers(read_editions(store)[0]).address(text)
    assert found.grid is not None, found.reason
    return found.grid.code


@pytest.mark.parametrize("declared", ["option", "suffix"])
def test_doors_come_with_a_publication(store_address: str, plan_file: Path, doors: Path, declared: str) -> None:
    there = ("--store", store_address)
    given = (doors, "--crs", "wgs84") if declared == "option" else (f"{doors}|crs=wgs84",)
    done("publish", plan_file, *DISTRICT, "--addresses", *given, "--effective", "2026-01-01", "--allow-errors", *there)
    codes = small_plan().grids.sort_index()["code"].tolist()
    assert grid_of(store_address, "新华路12号") == codes[0]
    assert grid_of(store_address, "新华路121号3栋") == codes[3]


def test_doors_come_with_an_import_and_go_out_again(
    store_address: str, plan_file: Path, doors: Path, tmp_path: Path
) -> None:
    there = ("--store", store_address)
    taken = done("import", plan_file, *DISTRICT, "--addresses", doors, "--crs", "gcj02", *there)
    done("export", taken["plan"], "--out", tmp_path / "out.gpkg", *there)
    from gis_grid.planfile import read_plan

    kept = read_plan(tmp_path / "out.gpkg").addresses
    assert kept is not None
    assert kept["number"].tolist() == ["12", "121"]
    assert kept["building"].tolist() == ["3", "3"]
    assert "501" not in str(kept.drop(columns="geometry").to_numpy().tolist())
    moved = kept.distance(kept.geometry.iloc[0]).max()
    assert moved == pytest.approx(300, abs=1), "both were carried over alike"
    away = abs(kept.geometry.x.iloc[0] - (EAST + 250))
    assert away > 100, "GCJ-02 lies some hundred metres away"


@pytest.mark.parametrize("command", ["import", "publish"])
@pytest.mark.parametrize("option", ["--addresses", "--street-numbers"])
def test_a_file_without_crs_is_one_kind_message(
    plan_file: Path, doors: Path, tmp_path: Path, command: str, option: str
) -> None:
    place = tmp_path / "s.sqlite"
    assert run("init", "--store", place).exit_code == 0
    result = run(command, plan_file, *DISTRICT, option, doors, "--store", place)
    assert result.exit_code == 2
    assert "doors.csv" in result.output
    assert "has no CRS" in result.output
    assert "--crs EPSG:4326" in result.output
    assert "|crs=" in result.output
    assert "Traceback" not in result.output
    assert json.loads(run("export", "--list", "--json", "--store", place).stdout) == [], "nothing was kept"
