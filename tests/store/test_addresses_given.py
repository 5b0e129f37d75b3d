"""`--addresses` and `--street-numbers` of `import` and `publish`: taken up, in the CRS they are in, or one message."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pyproj import Transformer

from commands import done, run
from gis_grid.lookup import Answers
from gis_grid.planfile import read_plan, write_plan
from gis_grid.store import open_store
from gis_grid.store.editions import read_editions
from small import CRS, EAST, NORTH, small_plan

DISTRICT = ("--district", "420199", "--name", "样例区")
TO_DEGREES = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True)


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


@pytest.fixture
def old_names(tmp_path: Path) -> Path:
    path = tmp_path / "aliases.csv"
    path.write_text("名称,旧名,备注\n新华路,胜利路,1998年更名\n", encoding="gb18030")
    return path


def test_an_old_name_leads_to_the_place_and_is_said(
    store_address: str, plan_file: Path, doors: Path, old_names: Path, tmp_path: Path
) -> None:
    given = ("--addresses", doors, "--crs", "wgs84", "--aliases", old_names, "--allow-errors")
    there = ("--effective", "2026-01-01", "--store", store_address)
    plan = done("publish", plan_file, *DISTRICT, *given, *there)["plan"]
    with open_store(store_address) as store:
        found = Answers(read_editions(store)[0]).address("胜利路12号")
    assert found.grid is not None, found.reason
    assert found.grid.code == small_plan().grids.sort_index()["code"].iloc[0]
    assert [tuple(one) for one in found.renamed] == [("胜利路", "新华路", "1998年更名")]
    done("export", plan, "--out", tmp_path / "out.gpkg", "--store", store_address)
    kept = read_plan(tmp_path / "out.gpkg").aliases
    assert kept is not None
    assert kept.to_numpy().tolist() == [["胜利路", "新华路", "1998年更名"]]
    said = run("lookup", tmp_path / "out.gpkg", "--address", "胜利路12号")
    assert said.exit_code == 0, said.output
    assert "胜利路 是 新华路 的旧名" in said.output
    assert "old or other name of 新华路 (1998年更名)" in said.output
    asked = run("lookup", tmp_path / "out.gpkg", "--address", "新华路12号", "--json")
    assert json.loads(asked.stdout)["renamed"] == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("name,alias\n新华路,\n,甲路\n", ["row 1", "row 2", "alias", "name", "empty"]),
        ("name,alias\n新华路,甲路\n环城路,甲路\n", ["row 2", "stands for '新华路' and for '环城路'"]),
        ("name,alias\n没有路,甲路\n新华路,环城路\n", ["row 1", "没有路", "row 2", "a name of its own"]),
        ("name,alias\n新华路,新华路\n", ["row 1", "stands for itself"]),
        ("name,other\n新华路,甲路\n", ["alias", "旧名", "its columns are: name, other"]),
    ],
)
def test_aliases_that_cannot_be_used_are_all_named(
    plan_file: Path, doors: Path, tmp_path: Path, rows: str, said: list[str]
) -> None:
    place, table = tmp_path / "s.sqlite", tmp_path / "aliases.csv"
    table.write_text(rows, encoding="utf-8")
    doors.write_text(doors.read_text(encoding="utf-8-sig").replace("新华路121", "环城路121"), encoding="utf-8-sig")
    assert run("init", "--store", place).exit_code == 0
    given = ("--addresses", doors, "--crs", "wgs84", "--aliases", table)
    result = run("import", plan_file, *DISTRICT, *given, "--store", place)
    assert result.exit_code == 2
    for word in ["aliases.csv", *said]:
        assert word in result.output, result.output
    assert json.loads(run("export", "--list", "--json", "--store", place).stdout) == []
