"""The desk that holds the current answers, and looks every few seconds whether they still hold."""

from __future__ import annotations

import asyncio
import gc
import math
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import structlog

from gis_grid.errors import GridError
from gis_grid.lookup import Answers
from gis_grid.store.access import WHOLE
from gis_grid.store.editions import Edition, mark, read_editions

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from api.metrics import Metrics
    from gis_grid.store import Store
    from gis_grid.store.access import Actor

#: answers for so many parts of the tree are kept ready
PARTS = 16
_log = structlog.get_logger("api")


@dataclass(frozen=True)
class Current:
    """The answers of now, with everybody who answers today; until a day begins in one of the districts."""

    answers: Answers
    expires: float = 0.0
    mark: tuple[object, ...] = ()

    def over(self) -> bool:
        """Say whether a day has begun since."""
        return time.time() >= self.expires


class Desk:
    """Hold the answers of this process; a request takes `current` once, and it is swapped whole."""

    def __init__(self, store: Store, metrics: Metrics) -> None:
        self._store = store
        self._metrics = metrics
        self._alone = threading.Lock()
        self.current = Current(Answers(()))
        self.looked = False
        self._parts: OrderedDict[tuple[object, ...], Answers] = OrderedDict()

    def renew(self, *, always: bool = True) -> Current:
        """Read what is published; without `always` only if something was published or a day has begun."""
        with self._alone:
            if always or self._stale():
                self.current = self._read()
                self.looked = True
                count = len(self.current.answers.publications)
                self._metrics.publications.set(count)
                _log.info("publications", count=count)
        return self.current

    def within(self, actor: Actor, *, whole: bool) -> Answers:
        """Return answers that know only the grids of an actor's part of the tree; all of them with `whole`."""
        current = self.current
        if whole or actor.reaches(WHOLE):
            return current.answers
        key = current.mark, actor.path, actor.also
        with self._alone:
            found = self._parts.get(key)
            if found is None:
                parts = [_part(one, actor) for one in current.answers.publications if isinstance(one, Edition)]
                found = self._parts[key] = Answers([one for one in parts if len(one.grids)])
                while len(self._parts) > PARTS:
                    self._parts.popitem(last=False)
        return found

    def _read(self) -> Current:
        before = self.current.answers
        known = {one.plan: one for one in before.publications if isinstance(one, Edition)}
        editions, seen = read_editions(self._store, before=known)
        anew = any(one.plan in known and known[one.plan].at != one.at for one in editions)
        answers = Answers(editions, before=None if anew else before)
        now = datetime.now(UTC)
        for standing in answers.in_force():
            answers.matcher(standing)  # reads the addresses
            standing.published.roster.json("", standing.day.toordinal())  # reads the day
        expires = min((_midnight(now, edition.zone) for edition in editions), default=math.inf)
        gc.unfreeze()
        gc.collect()
        gc.freeze()  # what was read stays: later collections need not look at it
        return Current(answers, expires, seen)

    def _stale(self) -> bool:
        if self.current.over():
            return True
        with self._store.reading() as session:
            return mark(session) != self.current.mark

    async def keep(self, seconds: float, over: asyncio.Event) -> None:
        """Look again and again, until it is over; a store that cannot be read leaves the answers as they are."""
        while not over.is_set():
            try:
                await asyncio.to_thread(self.renew, always=False)
            except GridError as caught:
                _log.warning("publications", error=type(caught).__name__)
            except Exception as caught:  # noqa: BLE001 - whatever it was, the next look may go better
                _log.error("publications", exc_info=caught)
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), seconds)


def _part(edition: Edition, actor: Actor) -> Edition:
    reached = [actor.may("lookup", path) for path in edition.grids["path"]]
    return replace(edition, grids=edition.grids[reached].reset_index(drop=True))


def _midnight(now: datetime, zone: ZoneInfo) -> float:
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=zone).timestamp()
