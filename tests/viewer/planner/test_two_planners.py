"""Two browsers at one draft, random gestures, one of them without a network at times: all three end with one plan.

``GIS_GRID_GESTURE_SECONDS=300`` makes it five minutes; as a test it takes some twenty seconds. Gestures are made with
the mouse and the keyboard: borders that are dragged, also while the other's changes arrive, the brush,
rectangles sent into new grids, undo and redo, clashes that are answered either way, pages that are loaded anew.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gis_grid.assignment import Move, apply, make_assignment

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SECONDS = float(os.environ.get("GIS_GRID_GESTURE_SECONDS", "20"))
#: how many of the borders on the screen they pull at: few enough to get into each other's way
BORDERS = 8
LOADED = "gisGrid.desk() != null && document.documentElement.dataset.ready === 'true'"
COUNTS = """() => { const { plan } = gisGrid.desk().session, loads = plan.loads.map(() => 0);
  let loose = 0;
  plan.grid.forEach((grid, block) => grid < 0 ? loose++ : loads[grid] += plan.households[block]);
  return [loads.every((load, grid) => load === plan.loads[grid]), loose === plan.unassigned,
    new Set(plan.gridIds).size === plan.gridIds.length]; }"""


class Hands:
    """What one planner does at random."""

    def __init__(self, desk: Any, dice: random.Random, done: Counter[str]) -> None:
        self.desk, self.dice, self.done = desk, dice, done
        self.holding = self.offline = False

    def act(self) -> None:
        """Make one gesture; what is held is let go first."""
        if self.holding:
            return self.let_go()
        kinds = {"border": 8, "hold": 4, "brush": 2, "split": 1, "undo": 2, "redo": 1, "answer": 2}
        if not self.offline:
            kinds["reload"] = 1
        kind = self.dice.choices(list(kinds), list(kinds.values()))[0]
        getattr(self, kind)()
        self.done[kind] += 1
        return None

    def place(self) -> dict[str, Any] | None:
        """Return a border to pull at."""
        self.desk.wait(lambda: self.desk.page.evaluate(LOADED), 60)
        self.desk.page.keyboard.press("v")
        found = self.desk.borders()[:BORDERS]
        return self.dice.choice(found) if found else None

    def border(self) -> None:
        if border := self.place():
            self.desk.drag(border)

    def hold(self) -> None:
        if border := self.place():
            self.desk.drag(border, release=False)
            self.holding = True

    def let_go(self) -> None:
        """Keep what is held, or put it back."""
        if self.dice.random() < 0.3:
            self.desk.page.keyboard.press("Escape")
        self.desk.page.mouse.up()
        self.holding = False

    def brush(self) -> None:
        if border := self.place():
            self.desk.page.keyboard.press("b")
            self.desk.page.mouse.move(*border["from"])
            self.desk.page.mouse.down()
            self.desk.page.mouse.move(*border["to"], steps=4)
            self.desk.page.mouse.up()

    def split(self) -> None:
        if border := self.place():
            page, (x, y) = self.desk.page, border["from"]
            page.keyboard.press("r")
            page.mouse.move(x - 6, y - 6)
            page.mouse.down()
            page.mouse.move(x + 6, y + 6, steps=3)
            page.mouse.up()
            page.wait_for_timeout(50)
            button = page.get_by_role("button", name="划为新网格")
            if button.count():
                button.click()

    def undo(self) -> None:
        self.desk.page.keyboard.press("Control+z")

    def redo(self) -> None:
        self.desk.page.keyboard.press("Control+Shift+z")

    def answer(self) -> None:
        """Settle a clash, if there is one."""
        found = self.desk.page.locator(".clashes p")
        if found.count():
            name = self.dice.choice(("用我的", "用对方的"))
            found.first.get_by_role("button", name=name).click()
            self.done[name] += 1

    def reload(self) -> None:
        self.desk.page.reload()
        self.desk.wait(lambda: self.desk.page.evaluate(LOADED), 60)

    def network(self, on: bool) -> None:
        self.desk.page.context.set_offline(not on)
        self.offline = not on


def settled(hands: Hands) -> None:
    """Wait until everything is sent, and answer every clash."""
    if hands.holding:
        hands.let_go()
    hands.desk.wait(lambda: hands.desk.page.evaluate(f"{LOADED} && gisGrid.desk().session.sync.queue.length === 0"), 40)
    while hands.desk.page.locator(".clashes p").count():
        hands.answer()
        hands.desk.page.wait_for_timeout(50)
    hands.desk.saved()


def test_two_browsers_and_the_store_end_with_one_plan(office: Any, sit: Callable[..., Any]) -> None:
    draft = office.draft()
    start = office.holds(draft)
    dice, done = random.Random(int(os.environ.get("GIS_GRID_GESTURE_SEED", "7"))), Counter[str]()
    both = [Hands(sit(draft, who), dice, done) for who in ("lin", "wang")]
    away, end = both[1], time.monotonic() + SECONDS
    turned = time.monotonic()
    while time.monotonic() < end:
        dice.choice(both).act()
        if time.monotonic() - turned > min(15.0, SECONDS / 5):
            away.network(away.offline)
            done["network"] += 1
            turned = time.monotonic()
    away.network(True)
    for hands in (*both, *both):
        settled(hands)
    held = office.holds(draft)
    for hands in both:
        hands.desk.wait(lambda desk=hands.desk: desk.holds() == held)
        assert hands.desk.page.evaluate(COUNTS) == [True, True, True]
    entries = all_entries(office, draft)
    assert [entry["revision"] for entry in entries] == list(range(1, len(entries) + 1))
    assert {entry["who"] for entry in entries} == {"lin", "wang"}
    moves = [Move(move["block"], move["old"], move["new"]) for entry in entries for move in entry["moves"]]
    replayed = apply(make_assignment({block: grid for block, grid in start.items() if grid}), moves)
    assert replayed.to_dict() == {block: grid for block, grid in held.items() if grid}
    logging.getLogger(__name__).info("%s: %d entries, %d moves", dict(done), len(entries), len(moves))


def all_entries(office: Any, draft: str) -> list[dict[str, Any]]:
    """Return the whole journal, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        since = found[-1]["revision"] if found else 0
        page = office.api("lin", "GET", f"/drafts/{draft}/journal", params={"since": since})
        found += page["entries"]
        if not page["more"]:
            return found
