"""Back a store up while it runs, into one portable file, and restore it into either database."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import text

from gis_grid import __version__
from gis_grid.errors import ClashError, Fault, OutputError, StoreError
from gis_grid.places import beside, check_place, whole_file
from gis_grid.store.access import LOCAL
from gis_grid.store.audit import record
from gis_grid.store.columns import now
from gis_grid.store.content import add_sums, copy_rows, has_rows, rows_in, wrong_sums
from gis_grid.store.db import open_store
from gis_grid.store.models import Base
from gis_grid.store.setup import init, newest, revision_of, upgrade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

    from gis_grid.store.access import Actor
    from gis_grid.store.db import Store

    Watch = Callable[[str, float], None]

WRITTEN_ONCE = ("journal", "approvals", "audit", "comments")


@dataclass(frozen=True)
class Backup:
    """Say what a backup holds: its file, the revision of its tables, rows in all of them, and its size."""

    path: Path
    revision: str
    rows: int
    bytes: int


def backup(store: Store, path: str | Path, *, actor: Actor = LOCAL, watch: Watch | None = None) -> Backup:
    """Write all of a store, as it was at one moment, into one file, while others go on reading and writing.

    The file is itself a store in SQLite, whatever database it came from, with a checksum of every table beside the
    tables. It is written beside its place, checked, flushed to the disk and then renamed: a file that stands there is
    a whole one. It holds hashes of tokens and the work phones of staff, so only its owner may read it.

    Raises
    ------
    StoreError
        If the store cannot be read, or PostgreSQL holds tables of another revision than this gis-grid writes.
    OutputError
        If the file cannot be written; what stood there is untouched.
    RightsError
        If the actor may not take backups.
    """
    actor.require("backup")
    watch = watch or (lambda _stage, _share: None)
    path = check_place(path)
    revision = revision_of(store)
    if revision is None:
        place = store.engine.url.render_as_string(hide_password=True)
        raise StoreError(Fault("this is no store yet", place, remedy="make it one with: gis-grid init"))
    with _roomy(path), whole_file(path, faults=(sqlite3.Error,), mode=0o600) as part:
        if store.dialect == "sqlite":
            _copy_pages(store, part, watch)
        else:
            _copy_tables(store, part, revision, watch)
        with closing(sqlite3.connect(part)) as file:
            watch("checksums", 0.0)
            file.execute("PRAGMA journal_mode = DELETE")
            notes = {"taken_at": now().isoformat(), "from": store.dialect, "gis_grid": __version__}
            rows = add_sums(file, notes | {"revision": revision})
        watch("checksums", 1.0)
        part.chmod(0o600)
    done = Backup(path, revision, rows, path.stat().st_size)
    with store.writing() as session:
        record(session, actor, "backup", path.name, detail={"rows": rows})
    return done


def restore(
    path: str | Path, store: Store, *, replace: bool = False, actor: Actor = LOCAL, watch: Watch | None = None
) -> Backup:
    """Put a backup into a store, all of it or nothing, and bring its tables up to date.

    The store may be of the other database. It must be empty, unless `replace` says that what it holds may go.

    Raises
    ------
    StoreError
        If the file is no backup, is damaged, or a newer gis-grid has written it; nothing has been changed then.
    ClashError
        If the store is not empty.
    RightsError
        If the actor may not restore backups.
    """
    actor.require("backup")
    watch = watch or (lambda _stage, _share: None)
    path = Path(path)
    revision = _check_backup(path, watch)
    if not replace and _is_full(store):
        place = store.engine.url.render_as_string(hide_password=True)
        remedy = "restore into an empty store, or say that what it holds may go: --replace"
        raise ClashError(Fault("the store is not empty", place, remedy=remedy))
    target = store.file or path
    copy = target.with_name(f"{target.name}.restored")
    with _roomy(copy), beside(copy, faults=(sqlite3.Error,), mode=0o600) as part:
        shutil.copyfile(path, part)
        with closing(sqlite3.connect(part)) as file:
            for table in ("backup_sums", "backup_notes"):
                file.execute(f"DROP TABLE {table}")
            file.commit()
        with open_store(part) as source:
            watch("upgrading", 0.0)
            init(source)
            if store.dialect == "postgresql":
                _put_tables(source, store, replace, watch)
        if store.dialect == "sqlite":
            _put_pages(part, store, watch)
    rows = rows_in(store)
    with store.writing() as session:
        record(session, actor, "restore", path.name, detail={"rows": rows})
    return Backup(path, revision, rows, path.stat().st_size)


@contextmanager
def _roomy(path: Path) -> Iterator[None]:
    """Say that the disk is full where that is why the store in a hidden file beside a place cannot be written."""
    try:
        yield
    except StoreError as caught:
        if "full" in str(caught) and f".{path.stem}." in str(caught):
            raise OutputError(f"{path}: the disk is full; what stood there is untouched → make room") from caught
        raise


def _copy_pages(store: Store, part: Path, watch: Watch) -> None:
    with store.engine.connect() as connection, closing(sqlite3.connect(part)) as file:
        source = connection.connection.driver_connection
        assert isinstance(source, sqlite3.Connection)
        source.backup(file, pages=-1, progress=lambda _status, left, total: watch("copying", 1 - left / max(total, 1)))


def _copy_tables(store: Store, part: Path, revision: str, watch: Watch) -> None:
    if revision != newest():
        remedy = "bring it up to date with gis-grid init, or back it up with the version that wrote it"
        raise StoreError(Fault(f"the tables are of revision {revision}, not {newest()}", remedy=remedy))
    with open_store(part) as target:
        init(target)
        with store.reading() as reading, target.writing() as writing:
            copy_rows(reading.connection(), writing.connection(), watch=lambda share: watch("copying", share))


def _check_backup(path: Path, watch: Watch) -> str:
    """Return the revision of a backup that is whole."""
    if not path.is_file():
        raise StoreError(Fault("there is no such file", str(path), remedy="check the path"))
    watch("checking", 0.0)
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as file:
            names = {name for (name,) in file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "backup_sums" not in names:
                raise StoreError(Fault("this is no backup", str(path), remedy="pass a file that gis-grid backup wrote"))
            faults = wrong_sums(file)
            (revision,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError) as caught:
        raise StoreError(
            Fault(f"this is no backup, or damaged ({caught})", str(path), remedy="use another")
        ) from caught
    watch("checking", 1.0)
    if faults:
        raise StoreError(Fault(f"table {name} is damaged", str(path), remedy="use another backup") for name in faults)
    return str(revision)


def _is_full(store: Store) -> bool:
    if store.file is not None and not store.file.exists():
        return False
    with store.engine.connect() as connection:
        return has_rows(connection)


def _put_pages(part: Path, store: Store, watch: Watch) -> None:
    """Write all pages of a file into a SQLite store in one transaction of its own: readers see the old or the new."""
    with closing(sqlite3.connect(part)) as file:
        file.execute("PRAGMA journal_mode = DELETE")
        with store.engine.connect() as connection:
            target = connection.connection.driver_connection
            assert isinstance(target, sqlite3.Connection)
            target.rollback()
            file.backup(target, pages=-1)
    watch("restoring", 1.0)
    store.engine.dispose()


def _put_tables(source: Store, store: Store, replace: bool, watch: Watch) -> None:
    with source.reading() as reading, store.changing_tables() as connection:
        if replace:
            drop_everything(connection)
        elif has_rows(connection):
            raise ClashError(Fault("the store is not empty", remedy="restore into an empty store"))
        upgrade(connection)
        copy_rows(reading.connection(), connection, watch=lambda share: watch("restoring", share))


#: tables that stores of earlier revisions have
FORMER = ("addresses",)


def drop_everything(connection: Connection) -> None:
    """Drop all tables of a store in PostgreSQL, within a transaction that somebody else keeps."""
    for name in (*FORMER, *(table.name for table in reversed(Base.metadata.sorted_tables))):
        connection.execute(text(f"DROP TABLE IF EXISTS {name} CASCADE"))
    for name in WRITTEN_ONCE:
        connection.execute(text(f"DROP FUNCTION IF EXISTS {name}_is_written_once CASCADE"))
    connection.execute(text("DROP TABLE IF EXISTS alembic_version"))
