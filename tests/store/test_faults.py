"""A writer killed at any moment leaves a whole store: what it acknowledged is there, and nothing is half done.

GIS_GRID_KILLS says how many writers to kill on each database (12 if it is not set; 200 for the record).
"""

from __future__ import annotations

import contextlib
import dataclasses
import multiprocessing
import os
import random
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from gis_grid.assignment import Move
from gis_grid.errors import GridError
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan, write_plan
from gis_grid.store import models, open_store
from gis_grid.store.access import LOCAL, Actor
from gis_grid.store.areas import district_of, today
from gis_grid.store.backup import backup, restore
from gis_grid.store.drafts import assignment_of, draft, journal, open_draft, patch, rebuild
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.plans import load_plan
from gis_grid.store.publish import approve, publish, submit
from gis_grid.store.setup import init, newest
from small import small_plan

KILLS = int(os.environ.get("GIS_GRID_KILLS", "12"))
ACTS = ("patch", "publish", "import", "backup")
HOME = "980101"
OTHER = Actor("approver", "approver")
#: starts a fresh process in some hundredths of a second, with everything imported
START = multiprocessing.get_context("forkserver")
START.set_forkserver_preload([__name__])


def write(address: str, folder: str, seed: int, draft_id: str, acknowledged: Any) -> None:
    """Do one act after the other until killed; what is done is told through the pipe after its transaction."""
    dice = random.Random(seed)
    plan = read_plan(Path(folder) / "plan.gpkg")
    with open_store(address) as store:
        init(store)  # as every start does
        number = 0
        acknowledged.send(("ready", 0))
        while True:
            number += 1
            act = dice.choice(ACTS)
            with contextlib.suppress(GridError):  # two moves may meet; that is an answer
                acknowledged.send((act, DOES[act](store, folder, plan, draft_id, f"{seed}-{number}", dice)))


def _patch(store: Any, _folder: str, _plan: Plan, draft_id: str, key: str, dice: random.Random) -> Any:
    with store.reading() as session:
        now, revision = assignment_of(session, draft_id), draft(session, draft_id).revision
    grids = sorted(set(now))
    moves = []
    for block in dice.sample(sorted(now.index), 3):
        others = [grid for grid in grids if grid != now[block]]
        if others:
            moves.append(Move(str(block), str(now[block]), dice.choice(others)))
    with store.writing() as session:
        done = patch(session, draft_id, revision=revision, moves=moves, why=key, actor=LOCAL, key=key)
    return done.revision, key, [dataclasses.astuple(move) for move in done.accepted]


def _import(store: Any, _folder: str, plan: Plan, _draft: str, key: str, _dice: random.Random) -> Any:
    with store.writing() as session:
        return take_in(session, plan, district=DistrictOptions(HOME), title=key).plan_id


def _publish(store: Any, _folder: str, plan: Plan, _draft: str, key: str, _dice: random.Random) -> Any:
    with store.writing() as session:
        plan_id = take_in(session, plan, district=DistrictOptions(HOME), title=key).plan_id
        submit(session, plan_id, actor=LOCAL)
        approve(session, plan_id, actor=OTHER)
    with store.writing() as session:
        area = district_of(session, HOME)
        last = session.execute(select(func.max(models.Publication.effective))).scalar()
        day = max(today(area), last or today(area)) + timedelta(days=1)
        publish(
            session,
            plan_id,
            effective=day,
            actor=OTHER,
            allow_errors=True,
            allow_older=True,
            tiles={"all": b"x" * 50_000},
        )
    return plan_id


def _backup(store: Any, folder: str, _plan: Plan, _draft: str, key: str, _dice: random.Random) -> Any:
    return str(backup(store, Path(folder) / f"{key}.backup").path)


DOES = {"patch": _patch, "publish": _publish, "import": _import, "backup": _backup}


def _start(store_address: str, folder: Path) -> str:
    plan = small_plan()
    write_plan(plan, folder / "plan.gpkg")
    with open_store(store_address) as store, store.writing() as session:
        plan_id = take_in(
            session, plan, district=DistrictOptions(HOME, "样例区", above=(("980100", "样例市"),)), title="first"
        ).plan_id
        return open_draft(session, plan_id, name="draft", actor=LOCAL)


def _killed(store_address: str, folder: Path, draft_id: str, seed: int) -> list[tuple[str, Any]]:
    """Start a writer, kill it at a random moment of its work, and return what it had acknowledged.

    The moment lies within the act after the first few, however slow the machine is.
    """
    dice = random.Random(seed)
    here, there = START.Pipe(duplex=False)
    writer = START.Process(target=write, args=(store_address, str(folder), seed, draft_id, there), daemon=True)
    writer.start()
    there.close()
    told: list[tuple[str, Any]] = []
    began = time.perf_counter()
    for _ in range(1 + dice.randint(0, 4)):
        assert here.poll(60)
        told.append(here.recv())
        began, before = time.perf_counter(), began
    time.sleep(dice.random() * min(began - before, 1.0))
    writer.kill()
    writer.join()
    with contextlib.suppress(EOFError, OSError):  # what it said last
        while True:
            told.append(here.recv())
    assert told[0][0] == "ready"
    return told[1:]


def test_what_was_acknowledged_is_there_and_nothing_is_half_done(store_address: str, tmp_path: Path) -> None:
    draft_id = _start(store_address, tmp_path)
    told: dict[str, list[Any]] = {act: [] for act in ACTS}
    for seed in range(KILLS):
        for act, what in _killed(store_address, tmp_path, draft_id, seed):
            told[act].append(what)
        with open_store(store_address) as store:
            assert init(store) == newest()  # it starts again by itself
            _draft_is_whole(store, draft_id, told["patch"])
            _plans_are_whole(store, {*told["import"], *told["publish"]}, set(told["publish"]))
    assert all(told.values()) or KILLS < 12, "some acts were never finished"
    _backups_are_whole(tmp_path, told["backup"])


def _draft_is_whole(store: Any, draft_id: str, acknowledged: list[Any]) -> None:
    with store.reading() as session:
        entries = {entry.revision: entry for entry in journal(session, draft_id)}
        now = assignment_of(session, draft_id)
        assert now.equals(rebuild(session, draft_id))
        assert draft(session, draft_id).revision == len(entries) == max(entries, default=0)
    for revision, key, accepted in acknowledged:
        if accepted:
            assert [dataclasses.astuple(move) for move in entries[revision].moves] == accepted, key


def _plans_are_whole(store: Any, known: set[str], published: set[str]) -> None:
    with store.reading() as session:
        plans = set(session.execute(select(models.Plan.id)).scalars())
        assert known <= plans
        for table in (models.Grid, models.Assignment, models.PlanLayer):
            assert plans == set(session.execute(select(table.plan_id).distinct()).scalars()), table
        out = set(session.execute(select(models.Publication.plan_id)).scalars())
        assert published <= out
        assert out == set(session.execute(select(models.Tileset.plan_id).distinct()).scalars())
        states = {row.id: row.state for row in session.execute(select(models.Plan.id, models.Plan.state))}
        assert out == {plan for plan, state in states.items() if state == "published"}
        for plan_id in sorted(plans)[:3]:
            assert len(load_plan(session, plan_id).grids)


def _backups_are_whole(folder: Path, acknowledged: list[str]) -> None:
    files = {str(path) for path in folder.glob("*.backup") if not path.name.startswith(".")}  # what was begun is hidden
    assert set(acknowledged) <= files
    for number, file in enumerate(sorted(files)):
        with open_store(folder / f"restored-{number}.sqlite") as store:
            init(store)
            restore(file, store)
