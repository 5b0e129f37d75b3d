"""How often a caller may ask: counted by token, or by address where there is none."""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING

from limits import RateLimitItem, parse_many
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from api.errors import Problem

if TYPE_CHECKING:
    from api.settings import Settings

#: so many counts are held before those that have run out are dropped
SWEPT = 10_000


class Counts(Storage):
    """Keep counts in the memory of this process, without the threads that the library's own storage starts.

    Those threads, started anew every few milliseconds and going through every key, take turns with the event loop and
    halve what a process answers. Here what has run out is dropped as new callers come.

    >>> counts = Counts()
    >>> counts.incr("a", 60), counts.incr("a", 60), counts.get("b")
    (1, 2, 0)
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, tuple[int, float]] = {}
        self._sweep_at = SWEPT
        self._alone = threading.Lock()

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong: nothing of its own."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count, and return the count of the window, which begins with the first one."""
        now = time.time()
        with self._alone:
            count, end = self._held.get(key, (0, 0.0))
            count, end = (count, end) if now < end else (0, now + expiry)
            self._held[key] = count + amount, end
            if len(self._held) > self._sweep_at:
                self._held = {key: held for key, held in self._held.items() if now < held[1]}
                self._sweep_at = max(SWEPT, 2 * len(self._held))
        return count + amount

    def get(self, key: str) -> int:
        """Return the count of the window."""
        count, end = self._held.get(key, (0, 0.0))
        return count if time.time() < end else 0

    def get_expiry(self, key: str) -> float:
        """Return when the window ends, in seconds since 1970."""
        return self._held.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        """Say that it works."""
        return True

    def reset(self) -> int:
        """Forget all counts, and return how many there were."""
        count = len(self._held)
        self._held = {}
        return count

    def clear(self, key: str) -> None:
        """Forget a count."""
        self._held.pop(key, None)


class Rates:
    """Count requests of each caller in fixed windows, in the memory of one process.

    >>> from api.settings import Settings
    >>> rates = Rates(Settings(lookup_rate="1/minute"))
    >>> rates.take("lookup", "me")
    >>> rates.take("lookup", "me")
    Traceback (most recent call last):
    api.errors.Problem: 429: ...
    """

    def __init__(self, settings: Settings) -> None:
        self._limiter = FixedWindowRateLimiter(Counts())
        self._items: dict[str, list[RateLimitItem]] = {
            "lookup": parse_many(settings.lookup_rate),
            "batch": parse_many(settings.batch_rate),
            "write": parse_many(settings.write_rate),
            "report": parse_many(settings.report_rate),
            "unknown": parse_many(settings.unknown_rate),
        }

    def take(self, kind: str, who: str) -> None:
        """Count one request.

        Raises
        ------
        Problem
            429 with `Retry-After` if the caller has asked too often.
        """
        for item in self._items[kind]:
            if not self._limiter.hit(item, kind, who):
                raise self._too_often(item, kind, who)

    def spare(self, kind: str, who: str) -> None:
        """Refuse, as `take` would, without counting.

        Raises
        ------
        Problem
            429 with `Retry-After` if the caller has asked too often.
        """
        for item in self._items[kind]:
            if not self._limiter.test(item, kind, who):
                raise self._too_often(item, kind, who)

    def _too_often(self, item: RateLimitItem, kind: str, who: str) -> Problem:
        reset = self._limiter.get_window_stats(item, kind, who).reset_time
        seconds = max(1, math.ceil(reset - time.time()))
        detail = f"more than {item} for this caller; ask again in {seconds} s"
        return Problem(429, "too-often", detail, headers={"Retry-After": str(seconds)})
