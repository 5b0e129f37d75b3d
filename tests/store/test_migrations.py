"""Stores of every revision come up to date with their rows, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.script import ScriptDirectory

import dumps
from gis_grid.store import Store, open_store
from gis_grid.store.backup import FORMER, backup, drop_everything, restore
from gis_grid.store.content import has_rows, rows_in
from gis_grid.store.models import Base
from gis_grid.store.setup import MIGRATIONS, init, newest, revision_of
from rows import fill

REVISIONS = [script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()]


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return a database without tables."""
    if request.param == "sqlite":
        return open_store(tmp_path / "bare.sqlite")
    create: Callable[[], str] = request.getfixturevalue("postgis")
    with open_store(create()) as store, store.changing_tables() as connection:
        drop_everything(connection)
    return store


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_store_of_a_revision_comes_up_to_date_with_its_rows(bare: Store, revision: str) -> None:
    with bare:
        dumps.load(bare, revision)
        kept = dumps.dump_file(revision, bare.dialect).read_text(encoding="utf-8").splitlines()
        before = sum(not line.startswith(tuple(f"INSERT INTO {name} " for name in FORMER)) for line in kept)
        assert revision_of(bare) == revision
        assert init(bare) == newest()
        with bare.reading() as session:
            # what is there is read through the models
            for table in Base.metadata.sorted_tables:
                session.execute(sa.select(table)).all()
        assert rows_in(bare) >= before > len(Base.metadata.tables)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_backup_of_a_revision_comes_up_to_date_when_it_is_restored(
    store: Store, revision: str, tmp_path: Path
) -> None:
    with open_store(tmp_path / "old.sqlite") as old:
        dumps.load(old, revision)
        backup(old, tmp_path / "old.backup")
        rows = rows_in(old)
    restore(tmp_path / "old.backup", store)
    assert revision_of(store) == newest()
    assert rows_in(store) >= rows


def test_a_table_that_went_is_there_no_more(bare: Store) -> None:
    with bare:
        dumps.load(bare, "0002")
        with bare.engine.connect() as connection:
            assert set(FORMER) <= set(sa.inspect(connection).get_table_names())
        init(bare)
        with bare.engine.connect() as connection:
            there = set(sa.inspect(connection).get_table_names())
    assert not there & set(FORMER)
    assert set(Base.metadata.tables) <= there


@pytest.mark.parametrize("bare", [pytest.param("postgis", marks=pytest.mark.postgis)], indirect=True)
def test_an_old_store_is_emptied_whole(bare: Store) -> None:
    with bare:
        dumps.load(bare, "0002")
        with bare.changing_tables() as connection:
            drop_everything(connection)
        assert init(bare) == newest()


def test_the_dump_of_the_newest_revision_is_what_its_tables_hold(store: Store) -> None:
    """If this fails: python tests/dumps.py, with the address of an empty PostgreSQL database for that one's."""
    with store.writing() as session:
        fill(session)
    assert dumps.dumped(store) == dumps.dump_file(newest(), store.dialect).read_text(encoding="utf-8")


def test_every_revision_has_a_dump_for_each_database() -> None:
    wanted = {dumps.dump_file(revision, dialect).name for revision in REVISIONS for dialect in ("sqlite", "postgresql")}
    assert {path.name for path in dumps.FOLDER.iterdir()} == wanted


def test_a_migration_that_fails_changes_nothing(bare: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    class BrokenError(Exception):
        pass

    def broken(_table: str) -> None:
        raise BrokenError

    first = "0001_first_tables"
    script = next(s for s in ScriptDirectory(str(MIGRATIONS)).walk_revisions() if s.path.endswith(f"{first}.py"))
    assert script.module is not None
    monkeypatch.setattr("gis_grid.store.migrations.operations.index_shapes", broken)
    with bare:
        with pytest.raises(BrokenError):
            init(bare)
        assert revision_of(bare) is None
        with bare.engine.connect() as connection:
            assert not set(sa.inspect(connection).get_table_names()) & set(Base.metadata.tables)
            assert not has_rows(connection)
