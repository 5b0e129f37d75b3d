"""The example in the docs on drafts runs, and the command publishes."""

from __future__ import annotations

import doctest
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

import gis_grid as gg
from gis_grid.cli import main
from gis_grid.store import Store, models, open_store
from gis_grid.store.audit import entries
from gis_grid.store.setup import init
from townlet import LIN, WANG, kept, squares

PAGE = Path(__file__).parents[2] / "docs" / "drafts.md"


def test_the_example_of_drafts_runs(store: Store) -> None:
    plan_id = kept(store, squares(8, 8, households=28))
    names = {"store": store, "plan_id": plan_id, "lin": LIN, "wang": WANG}
    text = PAGE.read_text(encoding="utf-8").replace("```", "")
    test = doctest.DocTestParser().get_doctest(text, names, PAGE.name, str(PAGE), 0)
    assert len(test.examples) > 8
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    assert runner.run(test).failed == 0


@pytest.fixture
def place(tmp_path: Path) -> str:
    with open_store(tmp_path / "s.sqlite") as store:
        init(store)
    return str(tmp_path / "s.sqlite")


def run(place: str, *words: str) -> tuple[int, str]:
    found = CliRunner().invoke(main, ["publish", *words, "--store", place])
    return found.exit_code, found.output


def test_a_plan_file_is_published_by_one_command(place: str, tmp_path: Path) -> None:
    file = str(gg.write_plan(squares(8, 8, households=28), tmp_path / "plan.gpkg"))
    assert run(place, file)[0] == 2
    district = ("--district", "420103", "--name", "江汉区")
    code, said = run(place, file, *district, "--effective", "2026-01-01", "--json")
    assert code == 0, said
    first = json.loads(said.splitlines()[-1])
    assert (first["grids"], first["effective"], first["issues"]) == (4, "2026-01-01", {})
    code, said = run(place, file, "--district", "420103", "--effective", "2999-01-01", "--json")
    second = json.loads(said.splitlines()[-1])
    assert second["relations"] == {"same": 4}
    assert run(place, "--list")[1].count("420103") == 2
    assert run(place, first["plan"], "--withdraw")[0] == 2
    assert run(place, second["plan"], "--withdraw")[0] == 0
    assert run(place, "--list")[1].count("420103") == 1
    assert run(place)[0] == 2
    assert "no plan p0" in run(place, "p0")[1]
    with open_store(place) as store, store.reading() as session:
        steps = [entry.action for entry in entries(session) if entry.subject == first["plan"]]
    assert steps == ["publish", "approve", "submit", "import"]


def test_tiles_are_kept_with_what_is_published_and_a_refused_plan_is_not(place: str, tmp_path: Path) -> None:
    file = str(gg.write_plan(squares(8, 8, households=28), tmp_path / "plan.gpkg"))
    first = json.loads(run(place, file, "--district", "420103", "--name", "江汉区", "--json")[1].splitlines()[-1])
    code, said = run(place, file, "--district", "420103")  # the same day once more
    assert code == 2
    assert "choose a later day" in said
    with open_store(place) as store, store.reading() as session:
        assert session.execute(select(models.Plan.id)).scalars().all() == [first["plan"]]
        kept = session.execute(select(models.Tileset.plan_id, models.Tileset.audience)).all()
    assert sorted(map(tuple, kept)) == [(first["plan"], "all"), (first["plan"], "suppressed")]


def test_a_store_is_for_its_owner_only(tmp_path: Path) -> None:
    with open_store(tmp_path / "new.sqlite") as store:
        init(store)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}


def test_errors_are_named_and_nothing_is_kept(place: str, tmp_path: Path) -> None:
    file = str(gg.write_plan(squares(8, 8, households=50), tmp_path / "plan.gpkg"))
    district = ("--district", "420103", "--name", "江汉区")
    code, said = run(place, file, *district)
    assert code == 2
    assert "800 households" in said
    assert run(place, "--list")[1].count("420103") == 0
    assert run(place, file, *district, "--allow-errors")[0] == 0
