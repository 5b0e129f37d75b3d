"""A backup is whole or not there, and comes back the same into either database."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import shapely
from sqlalchemy import func, select, text

import gis_grid as gg
from gis_grid.errors import ClashError, OutputError, RightsError, StoreError
from gis_grid.plan import Plan
from gis_grid.store import Store, open_store
from gis_grid.store.access import LOCAL, Actor
from gis_grid.store.areas import add_area
from gis_grid.store.audit import entries, record
from gis_grid.store.backup import backup, restore
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.models import Area, AuditEntry, Base, Staff
from gis_grid.store.plans import list_plans, load_plan
from gis_grid.store.setup import init, revision_of
from gis_grid.store.tokens import create_token
from rows import fill
from small import small_plan

Make = Callable[[], Store]
OF_BACKUPS = ("backup", "restore")


@pytest.fixture(params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Return a store to restore into, of each of the two databases in turn."""
    if request.param == "sqlite":
        return open_store(tmp_path / "another.sqlite")
    create: Callable[[], str] = request.getfixturevalue("postgis")
    return open_store(create())


def plain(value: Any) -> Any:
    return shapely.to_wkb(value) if isinstance(value, shapely.Geometry) else value


def content(store: Store) -> dict[str, list[Any]]:
    """Return every row of every table, without what backups themselves wrote into the record."""
    found = {}
    with store.reading() as session:
        for table in Base.metadata.sorted_tables:
            rows = [tuple(map(plain, row)) for row in session.execute(select(table).order_by(*table.primary_key))]
            found[table.name] = [row for row in rows if table.name != "audit" or row[4] not in OF_BACKUPS]
    return found


def test_every_table_comes_back_the_same_into_either_database(store: Store, another: Store, tmp_path: Path) -> None:
    with store.writing() as session:
        fill(session)
    before = content(store)
    assert all(before.values()), "a table without rows proves nothing"
    done = backup(store, tmp_path / "a.backup")
    with another:
        restore(done.path, another)
        assert content(another) == before
        again = backup(another, tmp_path / "b.backup")
    with open_store(tmp_path / "third.sqlite") as third:
        restore(again.path, third)
        assert content(third) == before
        # ids go on after those that came
        with third.writing() as session:
            area = add_area(session, code="new", level="district", name="新区")
            assert area.id == max(row[0] for row in before["areas"]) + 1


def test_ids_go_on_after_those_that_came(store: Store, another: Store, tmp_path: Path) -> None:
    with store.writing() as session:
        last = [add_area(session, code=str(n), level="district", name="x").id for n in range(3)][-1]
    backup(store, tmp_path / "a.backup")
    with another:
        restore(tmp_path / "a.backup", another)
        with another.writing() as session:
            assert add_area(session, code="new", level="district", name="新区").id == last + 1


def test_a_plan_comes_back_byte_for_byte(store: Store, another: Store, town: Plan, tmp_path: Path) -> None:
    with store.writing() as session:
        taken = take_in(session, town, district=DistrictOptions("980101", "样例区"), title="first")
    backup(store, tmp_path / "a.backup")
    with another:
        restore(tmp_path / "a.backup", another)
        with another.reading() as session:
            back = gg.write_plan(load_plan(session, taken.plan_id), tmp_path / "out.gpkg")
    assert back.read_bytes() == gg.write_plan(town, tmp_path / "in.gpkg").read_bytes()


def test_a_store_that_is_not_empty_is_left_alone_unless_told(store: Store, tmp_path: Path) -> None:
    with store.writing() as session:
        add_area(session, code="1", level="district", name="旧区")
    backup(store, tmp_path / "a.backup")
    with store.writing() as session:
        add_area(session, code="2", level="district", name="新区")
    with pytest.raises(ClashError, match="not empty"):
        restore(tmp_path / "a.backup", store)
    with store.reading() as session:
        assert session.execute(select(func.count()).select_from(Area)).scalar_one() == 2
    restore(tmp_path / "a.backup", store, replace=True)
    with store.writing() as session:
        assert list(session.execute(select(Area.name)).scalars()) == ["旧区"]
        assert [entry.action for entry in entries(session)] == ["restore", "add_area"]
        # the record is written once, as before
        with pytest.raises(Exception, match="never altered"):
            session.execute(AuditEntry.__table__.delete())


def test_only_administrators_of_everything_back_up(store: Store, tmp_path: Path) -> None:
    for actor in (Actor("x", "approver"), Actor("x", "administrator", "/42/")):
        with pytest.raises(RightsError):
            backup(store, tmp_path / "a.backup", actor=actor)
        with pytest.raises(RightsError):
            restore(tmp_path / "a.backup", store, actor=actor)
    assert list(tmp_path.glob("*.backup")) == []


def test_only_its_owner_may_read_a_backup(store: Store, tmp_path: Path) -> None:
    assert backup(store, tmp_path / "a.backup").path.stat().st_mode & 0o777 == 0o600


def test_a_backup_is_one_moment_while_others_write(store: Store, tmp_path: Path) -> None:
    """Each transaction adds two rows; a backup that holds half of one would have an odd number."""
    stop = Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            with store.writing() as session:
                for _ in range(2):
                    number += 1
                    record(session, LOCAL, "import", f"p{number}")

    writer = Thread(target=write)
    writer.start()
    try:
        files = [backup(store, tmp_path / f"{n}.backup").path for n in range(6)]
    finally:
        stop.set()
        writer.join()
    counts = []
    for n, file in enumerate(files):
        with closing(sqlite3.connect(file)) as opened:
            (count,) = opened.execute("SELECT count(*) FROM audit WHERE action = 'import'").fetchone()
        with open_store(tmp_path / f"{n}.sqlite") as target:
            restore(file, target)
        counts.append(count)
    assert all(count % 2 == 0 for count in counts)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]


def test_damage_is_found_and_changes_nothing(store: Store, tmp_path: Path) -> None:
    with store.writing() as session:
        add_area(session, code="1", level="district", name="区")
        create_token(session, name="Lin", role="planner", days=3, actor=LOCAL)
    whole = backup(store, tmp_path / "a.backup").path.read_bytes()
    target = open_store(tmp_path / "t.sqlite")
    cases = {
        "cut": whole[: len(whole) // 2],
        "empty": b"",
        "text": b"hello" * 1000,
        "turned": whole.replace("区".encode(), "县".encode()),
        "given_away": whole.replace(b"planner", b"guestxx"),
    }
    for name, raw in cases.items():
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(StoreError, match=r"damaged|no backup"):
            restore(tmp_path / name, target)
    for other in (tmp_path / "none", tmp_path):
        with pytest.raises(StoreError, match="no such file"):
            restore(other, target)
    with open_store(tmp_path / "plain.sqlite") as plain_store:
        init(plain_store)
    with pytest.raises(StoreError, match="no backup"):
        restore(tmp_path / "plain.sqlite", target)
    target.close()
    assert not (tmp_path / "t.sqlite").exists()


def test_a_backup_of_a_newer_version_is_refused(store: Store, tmp_path: Path) -> None:
    from gis_grid.store.content import add_sums

    path = backup(store, tmp_path / "a.backup").path
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        add_sums(file, {})
    with pytest.raises(StoreError, match="newer gis-grid"):
        restore(path, store, replace=True)


def test_where_no_backup_can_be_is_said(store: Store, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="no folder"):
        backup(store, tmp_path / "nowhere" / "a.backup")
    with pytest.raises(OutputError, match="a folder"):
        backup(store, tmp_path)
    with open_store(tmp_path / "none.sqlite") as none, pytest.raises(StoreError, match="gis-grid init"):
        backup(none, tmp_path / "a.backup")
    assert not (tmp_path / "none.sqlite").exists()


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounts a small disk")
def test_a_full_disk_leaves_what_stood_there(store: Store, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        backup(store, disk / "a.backup")
        before = (disk / "a.backup").read_bytes()
        with store.writing() as session:
            for number in range(300):
                record(session, LOCAL, "import", "p", detail={"long": "x" * 10_000, "n": number})
        with pytest.raises(OutputError, match=r"full|untouched"):
            backup(store, disk / "a.backup")
        assert [path.name for path in disk.iterdir()] == ["a.backup"]
        assert (disk / "a.backup").read_bytes() == before
    finally:
        subprocess.run(["umount", disk], check=True)


KILLED = """
import sys
from gis_grid.store import open_store
from gis_grid.store.backup import backup, restore
from gis_grid.store.columns import now
print("ready", flush=True)
with open_store(sys.argv[2]) as store:
    if sys.argv[1] == "backup":
        while True:
            backup(store, sys.argv[3])
    restore(sys.argv[3], store)
"""


def cut_off(*words: object, after: float) -> None:
    """Kill a process (-9) so many seconds after it has begun its work."""
    started = subprocess.Popen([sys.executable, "-c", KILLED, *map(str, words)], stdout=subprocess.PIPE)
    assert started.stdout is not None
    started.stdout.readline()
    time.sleep(after)
    started.send_signal(signal.SIGKILL)
    started.wait()
    started.stdout.close()


def test_a_backup_that_is_killed_leaves_no_half_file(store_address: str, tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    folder.mkdir()
    with open_store(store_address) as store:
        with store.writing() as session:
            take_in(session, small_plan(), district=DistrictOptions("420199", "样例区"), title="x")
        for number in range(6):
            cut_off("backup", store_address, folder / "a.backup", after=0.05 + 0.11 * number)
            if (folder / "a.backup").exists():
                with open_store(tmp_path / f"{number}.sqlite") as target:
                    restore(folder / "a.backup", target)
        backup(store, folder / "a.backup")
    assert [path.name for path in folder.iterdir()] == ["a.backup"]


def _areas(store: Store) -> int:
    """Count the areas of a store; before its tables are there, there are none."""
    if revision_of(store) is None:
        return 0
    with store.reading() as session:
        if store.dialect == "sqlite":
            assert session.execute(text("PRAGMA integrity_check")).scalar_one() == "ok"
        return session.execute(select(func.count()).select_from(Area)).scalar_one()


def test_a_restore_that_is_killed_leaves_all_or_nothing(another: Store, tmp_path: Path) -> None:
    with open_store(tmp_path / "source.sqlite") as source:
        init(source)
        with source.writing() as session:
            for number in range(2_000):
                session.add(Area(code=str(number), level="district", name="x", path=f"/{number}/"))
        backup(source, tmp_path / "a.backup")
    address = str(another.file or another.engine.url.render_as_string(hide_password=False))
    seen = set()
    for number in range(8):
        cut_off("restore", address, tmp_path / "a.backup", after=0.06 * number)
        seen.add(_areas(another))
    assert seen <= {0, 2_000}
    assert 0 in seen
    restore(tmp_path / "a.backup", another, replace=True)
    with another.reading() as session:
        assert session.execute(select(func.count()).select_from(Area)).scalar_one() == 2_000
        assert list_plans(session) == []
        assert session.execute(select(Staff)).first() is None
    another.close()
