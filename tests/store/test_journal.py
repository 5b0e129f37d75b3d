"""The journal is the truth: whatever happened to a draft, by whomever, it can be made again from its entries."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.assignment import Move, apply, make_assignment, rebase
from gis_grid.errors import ClashError, InputError, MoveError
from gis_grid.store import Store, open_store
from gis_grid.store.access import Actor
from gis_grid.store.drafts import assignment_of, cut, draft, journal, load_draft, open_draft, patch, rebuild, undo
from gis_grid.store.models import DraftAssignment, JournalEntry
from gis_grid.store.setup import init
from townlet import LIN, WANG, kept, squares

GRIDS = ["g0001", "g0002", "g0003", "new"]
WHO = [LIN, WANG, Actor("Chen", "planner")]
PLAN = squares(6, 2, side=2)

steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("patch"),
            st.integers(0, 2),
            st.integers(0, 4),
            st.lists(st.tuples(st.integers(0, 11), st.sampled_from(GRIDS)), max_size=4),
        ),
        st.tuples(st.just("undo"), st.integers(0, 2), st.integers(0, 4), st.one_of(st.none(), st.integers(1, 8))),
        st.tuples(st.just("cut"), st.integers(0, 2), st.integers(0, 3), st.booleans()),
    ),
    max_size=12,
)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Return a store that many drafts are tried in, and a plan in it."""
    file = tmp_path_factory.mktemp("journal") / "store.sqlite"
    with open_store(file) as store:
        init(store)
        yield store, kept(store, PLAN)


@settings(max_examples=25, deadline=None)
@given(steps)
def test_a_draft_made_from_its_journal_is_the_draft(one: Any, todo: list[tuple[Any, ...]]) -> None:
    store, plan_id = one
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="x", actor=LIN)
        past = [assignment_of(session, draft_id)]
        for kind, who, *rest in todo:
            try:
                _take(session, draft_id, kind, WHO[who], rest, past)
            except (InputError, MoveError):
                continue
            finally:
                while len(past) <= draft(session, draft_id).revision:
                    past.append(assignment_of(session, draft_id))
        for revision, then in enumerate(past):
            assert assignment_of(session, draft_id, revision=revision).equals(then)
        assert rebuild(session, draft_id).equals(past[-1])
        home = make_assignment(PLAN.assignment)
        away = session.execute(
            sa.select(DraftAssignment.block_id, DraftAssignment.grid_id).where(DraftAssignment.draft_id == draft_id)
        ).all()
        assert all(home.get(block) != grid for block, grid in away)
        assert set(load_draft(session, draft_id, checked=False).blocks.index) == set(past[-1].index)


def _take(session: Any, draft_id: str, kind: str, who: Actor, rest: list[Any], past: list[Any]) -> None:
    revision = max(0, len(past) - 1 - rest[0]) if kind != "cut" else len(past) - 1
    then = past[revision]
    if kind == "undo":
        undo(session, draft_id, revision=revision, actor=who, entry=rest[1])
    elif kind == "cut":
        block = then.index[rest[0] % len(then)]
        shapes = load_draft(session, draft_id, checked=False).blocks.geometry
        west, south, east, north = shapes.loc[[block]].to_crs(4326).total_bounds
        across = [[west - 1e-4, (south + north) / 2], [east + 1e-4, (south + north) / 2]]
        down = [[(west + east) / 2, south - 1e-4], [(west + east) / 2, north + 1e-4]]
        cut(session, draft_id, revision=revision, block_id=block, line=across if rest[1] else down, actor=who)
    else:
        moves = [Move(then.index[n % len(then)], then.iloc[n % len(then)], grid) for n, grid in rest[1]]
        found = patch(session, draft_id, revision=revision, moves=moves, why="", actor=who)
        assert {clash.block for clash in found.clashes}.isdisjoint({move.block for move in found.accepted})


def test_what_is_accepted_is_what_the_rule_says(store: Store) -> None:
    plan_id = kept(store, PLAN)
    rng = random.Random(4)
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="x", actor=LIN)
        start = assignment_of(session, draft_id)
        mine, theirs = (
            [Move(b, start[b], g) for b in rng.sample(list(start.index), 8) if (g := rng.choice(GRIDS[:3])) != start[b]]
            for _ in range(2)
        )
        patch(session, draft_id, revision=0, moves=theirs, why="", actor=WANG)
        found = patch(session, draft_id, revision=0, moves=mine, why="", actor=LIN)
        wanted = rebase(mine, theirs)
        assert (found.accepted, found.clashes) == (wanted.accepted, wanted.clashes)
        assert assignment_of(session, draft_id).equals(apply(apply(start, theirs), wanted.accepted))


def test_an_entry_is_never_altered(store: Store) -> None:
    plan_id = kept(store, PLAN)
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="x", actor=LIN)
        patch(session, draft_id, revision=0, moves=[Move("b00000", "g0001", "new")], why="", actor=LIN)
    with pytest.raises(sa.exc.DBAPIError, match="never altered"), store.writing() as session:
        session.execute(sa.update(JournalEntry).values(who="nobody"))


def work(address: str, draft_id: str, number: int, until: float, told: dict[str, tuple[str, str, int]]) -> int:
    """Patch a draft at random until a moment; keep for each key sent what was answered."""
    rng, me, done = random.Random(number), Actor(f"planner {number}", "planner"), 0
    with open_store(address) as store:
        seen: list[Any] = []
        while time.monotonic() < until:
            if not seen or rng.random() < 0.4:
                with store.reading() as session:
                    seen = [draft(session, draft_id).revision, assignment_of(session, draft_id)]
            revision, then = seen
            key = f"{number}-{done}"
            with store.writing() as session:
                if rng.random() < 0.15:
                    try:
                        found = undo(session, draft_id, revision=revision, actor=me, key=key)
                    except ClashError:
                        continue
                else:
                    chosen = rng.sample(list(then.index), rng.randint(1, 5))
                    moves = [Move(b, then[b], g) for b in chosen if (g := rng.choice(GRIDS)) != then[b]]
                    found = patch(session, draft_id, revision=revision, moves=moves, why="", actor=me, key=key)
            done += 1
            told[key] = (me.name, str(found.accepted), found.revision)
    return done


@pytest.mark.slow
def test_of_many_who_write_at_once_nobody_loses_anything(store: Store, store_address: str) -> None:
    plan_id = kept(store, PLAN)
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="x", actor=LIN)
    until, told, failed = time.monotonic() + 3, {}, []

    def run(number: int) -> None:
        try:
            work(store_address, draft_id, number, until, told)
        except BaseException as caught:
            failed.append(caught)
            raise

    threads = [threading.Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    with store.reading() as session:
        assert rebuild(session, draft_id).equals(assignment_of(session, draft_id))
        entries = journal(session, draft_id)
        assert [entry.revision for entry in entries] == list(range(1, draft(session, draft_id).revision + 1))
    # what was acknowledged stands in the journal, once and as it was told
    entered = {(entry.who, str(list(entry.moves)), entry.revision) for entry in entries}
    accepted = [answer for answer in told.values() if answer[1] != "[]"]
    assert set(accepted) <= entered
    assert len(set(accepted)) == len(accepted) == len(entered)
    assert len({entry.who for entry in entries}) > 1


def main(arguments: list[str]) -> None:
    """Run one of the writers of a test in a process of its own."""
    address, draft_id, number, seconds = arguments
    sys.stdout.write(str(work(address, draft_id, int(number), time.monotonic() + float(seconds), {})))


@pytest.mark.slow
def test_writers_in_processes_of_their_own_lose_nothing(store: Store, store_address: str) -> None:
    plan_id = kept(store, PLAN)
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="x", actor=LIN)
    path = Path(__file__).parents[1]
    code = f"import sys; sys.path.insert(0, {str(path)!r}); sys.path.insert(0, {str(path / 'store')!r}); "
    code += "import test_journal; test_journal.main(sys.argv[1:])"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, store_address, draft_id, str(number), "2"], stdout=subprocess.PIPE, text=True
        )
        for number in range(4)
    ]
    counts = [int(process.communicate(timeout=120)[0]) for process in running]
    with store.reading() as session:
        assert rebuild(session, draft_id).equals(assignment_of(session, draft_id))
        assert 0 < draft(session, draft_id).revision <= sum(counts)
