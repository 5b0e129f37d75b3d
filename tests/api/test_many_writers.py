"""Many clients change one draft at the same time over HTTP, and nothing is lost, doubled or told wrongly.

GIS_GRID_WRITING_SECONDS says how long they write (4 if it is not set; 60 for the record).
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from process import Served, running

from gis_grid.assignment import Move
from gis_grid.store import Store
from gis_grid.store.access import LOCAL
from gis_grid.store.drafts import assignment_of, draft, journal, open_draft, rebuild
from gis_grid.store.plans import import_plan
from gis_grid.store.tokens import create_token
from townlet import district, squares

SECONDS = float(os.environ.get("GIS_GRID_WRITING_SECONDS", "4"))
CLIENTS = 8
#: the one client that looks at the draft as it was long ago, and how many changes it enters before it looks again
STALE, STALE_CHANGES = 7, 25
#: so many blocks are fought over; the rest is moved by chance
HOT = 12


@dataclass
class Client:
    """A planner: knows the draft at a revision, sends changes, and keeps every question with its answer."""

    number: int
    http: httpx.Client
    draft: str
    grids: list[str]
    known: dict[str, str]
    revision: int = 0
    asked: list[tuple[dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)

    @property
    def name(self) -> str:
        """What the journal calls the planner."""
        return f"planner-{self.number}"

    def work(self, until: float, failures: list[BaseException]) -> None:
        """Change the draft until a moment."""
        dice = random.Random(self.number)
        try:
            count = 0
            while time.monotonic() < until:
                if self.number != STALE or count % STALE_CHANGES == 0:
                    self.look()
                (self.undo if dice.random() < 0.15 else self.patch)(dice, f"{self.name}/{count}")
                count += 1
        except BaseException as caught:  # noqa: BLE001 - told by the test itself, not by its thread
            failures.append(caught)
        finally:
            self.http.close()

    def look(self) -> None:
        """Take in what was entered since."""
        more = True
        while more:
            answer = self.http.get(f"/api/drafts/{self.draft}/journal", params={"since": self.revision})
            assert answer.status_code == 200, answer.text
            for entry in answer.json()["entries"]:
                self.known |= {move["block"]: move["new"] for move in entry["moves"]}
                self.revision = entry["revision"]
            more = answer.json()["more"]

    def patch(self, dice: random.Random, why: str) -> None:
        """Send some blocks elsewhere; now and then the same request twice, as after a lost answer."""
        blocks = sorted(self.known)
        chosen = {dice.choice(blocks[:HOT]), *dice.sample(blocks, dice.randint(1, 5))}
        moves = [
            {"block": block, "old": self.known[block], "new": dice.choice([*set(self.grids) - {self.known[block]}])}
            for block in sorted(chosen)
        ]
        headers = {"Idempotency-Key": why} if dice.random() < 0.3 else {}
        wish = {"revision": self.revision, "moves": moves, "why": why}
        answer = self.http.patch(f"/api/drafts/{self.draft}", json=wish, headers=headers)
        self.note({"kind": "moves", **wish}, answer)
        if headers and dice.random() < 0.5:
            again = self.http.patch(f"/api/drafts/{self.draft}", json=wish, headers=headers)
            first, second = answer.json(), again.json()
            assert second.pop("repeated") is True
            assert not first.pop("repeated")
            assert second == first

    def undo(self, _dice: random.Random, why: str) -> None:
        """Take back the planner's own last change."""
        wish = {"revision": self.revision, "why": why}
        self.note({"kind": "undo", **wish}, self.http.post(f"/api/drafts/{self.draft}/undo", json=wish))

    def note(self, wish: dict[str, Any], answer: httpx.Response) -> None:
        """Keep a question and its answer."""
        if answer.status_code == 409 and wish["kind"] == "undo":  # nothing to take back, which is an answer
            self.refused[409] += 1
            return
        assert answer.status_code == 200, (wish, answer.status_code, answer.text)
        self.asked.append((wish, answer.json()))


def _clients(store: Store, served: Served, draft_id: str, home: int) -> list[Client]:
    with store.reading() as session:
        start = assignment_of(session, draft_id)
    grids = sorted(set(start))
    made = []
    for number in range(CLIENTS):
        with store.writing() as session:
            name = f"planner-{number}"
            _, secret = create_token(session, name=name, role="planner", days=1, actor=LOCAL, area=home)
        made.append(Client(number, served.client(secret), draft_id, grids, dict(start)))
    return made


@pytest.mark.parametrize("workers", ["1", "2"])
def test_nothing_is_lost_where_eight_clients_change_one_draft(
    store: Store, store_address: str, tmp_path: Path, workers: str
) -> None:
    home = district(store)
    with store.writing() as session:
        plan_id = import_plan(session, squares(20, 10), district=home, name="first", who="tester")
        draft_id = open_draft(session, plan_id, name="draft", actor=LOCAL)
        start = dict(assignment_of(session, draft_id))
    rates = {"GIS_GRID_WRITE_RATE": "1000000/minute", "GIS_GRID_FOLDER": str(tmp_path / "folder")}
    with running(store_address, tmp_path, "--workers", workers, **rates) as served:
        clients = _clients(store, served, draft_id, home)
        failures: list[BaseException] = []
        until = time.monotonic() + SECONDS
        threads = [threading.Thread(target=client.work, args=(until, failures)) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
    with store.reading() as session:
        now = assignment_of(session, draft_id)
        assert now.equals(rebuild(session, draft_id))
        revision = draft(session, draft_id).revision
    told = History.of(store, draft_id, start)
    assert told.states[-1] == dict(now)
    assert len(told.entries) == revision
    _each_accepted_change_is_one_entry(clients, told)
    for client in clients:
        for wish, answer in client.asked:
            _is_truthful(client, wish, answer, told)
    _say(clients, told, store)


@dataclass
class History:
    """The journal as it was read at the end: entry n leads from state n - 1 to state n."""

    entries: list[dict[str, Any]]
    states: list[dict[str, str]]

    @classmethod
    def of(cls, store: Store, draft_id: str, start: dict[str, str]) -> History:
        """Read the journal, and follow it from the plan: every move starts where the one before left its block."""
        with store.reading() as session:
            found = journal(session, draft_id)
        states, entries = [start], []
        for number, entry in enumerate(found, start=1):
            assert entry.revision == number
            state = dict(states[-1])
            for move in entry.moves:
                assert state[move.block] == move.old, entry
                state[move.block] = move.new
            states.append(state)
            moves = {move.block: (move.old, move.new) for move in entry.moves}
            entries.append(
                {"who": entry.who, "why": entry.why, "kind": entry.kind, "moves": moves, "undoes": entry.undoes}
            )
        return cls(entries, states)


def _each_accepted_change_is_one_entry(clients: list[Client], told: History) -> None:
    """Let every change that was answered as accepted stand in the journal once, and nothing else stand there."""
    accepted = {}
    for client in clients:
        for wish, answer in client.asked:
            if answer["accepted"]:
                assert answer["revision"] not in accepted, "two changes were told the same revision"
                moves = {move["block"]: (move["old"], move["new"]) for move in answer["accepted"]}
                accepted[answer["revision"]] = (client.name, wish["why"], wish["kind"], moves)
    entries = {
        number: (entry["who"], entry["why"], entry["kind"], entry["moves"])
        for number, entry in enumerate(told.entries, start=1)
    }
    assert accepted == entries


def _is_truthful(client: Client, wish: dict[str, Any], answer: dict[str, Any], told: History) -> None:
    """See that what an answer says of each block is what the journal says."""
    if wish["kind"] == "undo":
        taken_back = told.entries[answer["entry"] - 1]
        assert taken_back["who"] == client.name
        seen, wanted = answer["entry"], {block: (new, old) for block, (old, new) in taken_back["moves"].items()}
    else:
        seen, wanted = wish["revision"], {move["block"]: (move["old"], move["new"]) for move in wish["moves"]}
    accepted = {move["block"]: (move["old"], move["new"]) for move in answer["accepted"]}
    clashes = {clash["block"]: clash for clash in answer["clashes"]}
    before = told.states[answer["revision"] - 1 if accepted else answer["revision"]]
    assert not accepted.keys() & clashes.keys()
    assert accepted.keys() | clashes.keys() <= wanted.keys()
    for block, (old, new) in wanted.items():
        if block in accepted:  # nobody's move is overwritten that the planner had not seen
            assert accepted[block] == (old, new)
            assert before[block] == told.states[seen][block] == old
        elif block in clashes:
            clash = clashes[block]
            assert Move(**clash["mine"]) == Move(block, old, new)
            assert Move(**clash["theirs"]) == Move(block, old, before[block])
            assert before[block] not in (old, new)
            by = [entry["who"] for entry in told.entries[seen : answer["revision"]] if _sent(entry, block, before)]
            assert clash["who"] == by[-1]
        else:  # done already
            assert before[block] == new


def _sent(entry: dict[str, Any], block: str, state: dict[str, str]) -> bool:
    return block in entry["moves"] and entry["moves"][block][1] == state[block]


def _say(clients: list[Client], told: History, store: Store) -> None:
    """Tell the figures to whoever runs this with -s."""
    asked = [one for client in clients for one in client.asked]
    clashes = sum(len(answer["clashes"]) for _, answer in asked)
    clashing = sum(bool(answer["clashes"]) for _, answer in asked)
    kinds = Counter(entry["kind"] for entry in told.entries)
    stale = sum(len(answer["clashes"]) for _, answer in clients[STALE].asked)
    refused = sum(client.refused[409] for client in clients)
    sys.stdout.write(
        f"\n{store.dialect}: {SECONDS:.0f} s, {CLIENTS} clients, {len(asked)} changes answered, "
        f"{len(told.entries)} entries ({dict(kinds)}, {len(told.entries) / SECONDS:.0f}/s), {clashes} clashes in "
        f"{clashing} answers ({stale} of them to the stale client), {refused} undos with nothing to take back\n"
    )
    assert kinds["moves"]
    assert kinds["undo"]
    assert clashes
