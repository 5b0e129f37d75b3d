"""The commands of the store, from an empty folder to a plan that came through a backup."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pandas as pd
import pytest

from commands import done, run
from gis_grid.planfile import read_plan, write_plan
from gis_grid.staffing import with_assignments
from gis_grid.store import open_store
from gis_grid.store.audit import entries
from gis_grid.store.columns import now
from gis_grid.store.tokens import actor_of
from small import CODES, small_plan


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    staff = pd.DataFrame({"name": ["林"], "post": ["站长"], "community_code": [CODES[0]], "home_address": ["secret"]})
    return write_plan(dataclasses.replace(small_plan(), staff=staff), tmp_path / "plan.gpkg")


def test_a_plan_goes_in_and_out_and_through_a_backup(store_address: str, plan_file: Path, tmp_path: Path) -> None:
    there = ("--store", store_address)
    first = ("import", plan_file, "--district", "420199", *there)
    taken = done(*first, "--name", "样例区", "--under", "42=湖北省", "--under", "4201=武汉市")
    assert taken["communities"] == {"same": 0, "begun": 2, "ended": 0, "provisional": 0}
    assert taken["people"] == {"posts": 8, "people": 1, "vacant": 7}
    assert taken["notes"] == ["columns of the roster that nobody needs were left out: home_address"]
    again = done(*first)
    assert (again["communities"], again["people"]) == ({"same": 2, "begun": 0, "ended": 0, "provisional": 0}, None)
    assert done(*first, "--roster")["people"] == {"posts": 8, "people": 1, "vacant": 7}
    done("backup", tmp_path / "a.backup", *there)
    back = tmp_path / "back.sqlite"
    done("restore", tmp_path / "a.backup", "--store", back)
    done("export", taken["plan"], "--out", tmp_path / "out.gpkg", "--store", back)
    plan = read_plan(plan_file)
    expected = with_assignments(dataclasses.replace(plan, staff=plan.staff.drop(columns="home_address")))
    same = write_plan(expected, tmp_path / "same.gpkg")
    assert (tmp_path / "out.gpkg").read_bytes() == same.read_bytes()
    listed = run("export", "--list", "--store", back).stdout
    assert listed.count("样例区") == 3
    with open_store(store_address) as store, store.reading() as session:
        said = [entry.action for entry in entries(session)]
    assert said == ["backup", "import", "import", "import", "add_area", "add_area", "add_area"]


def test_a_store_is_made_where_one_stands_or_where_the_variable_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GIS_GRID_STORE", raising=False)
    assert "gis-grid.sqlite: made" in run("init").stdout
    assert "is up to date" in run("init").stdout
    assert "named.sqlite: made" in run("init", GIS_GRID_STORE=str(tmp_path / "named.sqlite")).stdout


def test_a_secret_is_shown_once_and_opens_until_it_is_revoked(store_address: str, plan_file: Path) -> None:
    there = ("--store", store_address)
    done("import", plan_file, "--district", "420199", "--name", "样例区", *there)
    made = run("token", "create", "--name", "林", "--role", "field", "--area", "420199", "--staff", "s00001", *there)
    secret = made.stdout.strip()
    assert secret.startswith("gg_")
    assert "not shown again" in made.stderr
    with open_store(store_address) as store, store.reading() as session:
        actor = actor_of(session, secret, at=now())
        assert actor is not None
        assert (actor.name, actor.role, actor.path, actor.staff_id) == ("林", "field", "/420199/", 1)
    listed = run("token", "list", *there).stdout
    assert "live" in listed
    assert secret not in listed
    (row,) = json.loads(run("token", "list", "--json", *there).stdout)
    assert "gives" not in row
    assert not any(secret in str(value) for value in row.values())
    assert run("token", "revoke", row["id"], *there).exit_code == 0
    assert "revoked" in run("token", "list", *there).stdout
    with open_store(store_address) as store, store.reading() as session:
        assert actor_of(session, secret, at=now()) is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "PLAN", "--district", "1"), "--name 江汉区"),
        (("import", "PLAN", "--district", "1", "--name", "x", "--under", "4201"), "--under 4201=武汉市"),
        (("import", "PLAN", "--district", "1", "--name", "x", *("--under", "1=a") * 3), "no more"),
        (("import", "PLAN", "--district", "1/2", "--name", "x", "--timezone", "Mars"), "2 faults"),
        (("import", "none.gpkg", "--district", "1"), "none.gpkg"),
        (("import", "PLAN"), "--district"),
        (("export", "p1", "--out", "x.gpkg"), "there is no plan p1"),
        (("export", "p1", "--out", "nowhere/x.gpkg"), "folder"),
        (("export",), "--list"),
        (("token", "create", "--name", "x", "--role", "king"), "king"),
        (("token", "create", "--name", "x", "--role", "guest", "--days", "0"), "0 days"),
        (("token", "create", "--name", "x", "--role", "guest", "--area", "9"), "there is no area 9"),
        (("token", "create", "--name", "x", "--role", "field", "--staff", "s1"), "--area"),
        (("token", "revoke", "t1"), "gis-grid token list"),
        (("backup", "nowhere/x"), "no folder"),
        (("restore", "none"), "no such file"),
    ],
)
def test_what_cannot_be_is_one_message(
    words: tuple[str, ...], said: str, plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("init", "--store", "s.sqlite").exit_code == 0
    result = run(*(plan_file if word == "PLAN" else word for word in words), "--store", "s.sqlite")
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
    with open_store("s.sqlite") as store, store.reading() as session:
        assert entries(session) == []


@pytest.mark.parametrize(
    "words",
    [
        ("import", "PLAN", "--district", "1", "--name", "x"),
        ("export", "--list"),
        ("token", "list"),
        ("backup", "x.backup"),
    ],
)
def test_where_no_store_is_how_to_make_one_is_said(
    words: tuple[str, ...], plan_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*(plan_file if word == "PLAN" else word for word in words), "--store", "none.sqlite")
    assert result.exit_code == 2
    assert "gis-grid init" in result.output
    unreachable = run(*(plan_file if word == "PLAN" else word for word in words), "--store", "postgresql://h.invalid/x")
    assert unreachable.exit_code == 2
    assert "cannot be used" in unreachable.output


@pytest.mark.postgis
def test_qgis_finds_the_shapes_with_their_kind_and_crs(postgis: object, plan_file: Path) -> None:
    assert callable(postgis)
    address = postgis()
    done("import", plan_file, "--district", "420199", "--name", "样例区", "--store", address)
    with open_store(address) as store, store.engine.connect() as connection:
        query = "SELECT f_table_name, f_geometry_column, srid, type FROM geometry_columns ORDER BY 1"
        rows = [tuple(row) for row in connection.exec_driver_sql(query)]
        assert rows == [(table, "geom", 4326, "MULTIPOLYGON") for table in ("areas", "blocks", "grids")]
        # what a client asks for before it draws: an integer key, an extent, valid shapes, and shapes in a window
        extent = connection.exec_driver_sql("SELECT ST_AsText(ST_Extent(geom)) FROM grids").scalar_one()
        assert extent.startswith("POLYGON((114.")
        assert connection.exec_driver_sql("SELECT bool_and(ST_IsValid(geom)) FROM blocks").scalar_one()
        window = "SELECT count(*) FROM grids WHERE geom && ST_MakeEnvelope(114, 30, 115, 31, 4326)"
        assert connection.exec_driver_sql(window).scalar_one() == 4
