"""Things that take long to make and are asked for again: the last few are kept."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, TypeVar

Kept = TypeVar("Kept")


class Shelf(Generic[Kept]):
    """Keep the things asked for last; each is made once, however many ask for it at the same moment."""

    def __init__(self, most: int, drop: Callable[[Kept], None] | None = None) -> None:
        self._most, self._drop = most, drop
        self._kept: OrderedDict[Any, Kept] = OrderedDict()
        self._lock = threading.Lock()
        self._making: dict[Any, threading.Lock] = {}

    def get(self, key: Any, make: Callable[[], Kept]) -> Kept:
        """Return the thing of a key, made if it is not here."""
        found = self._found(key)
        if found is not None:
            return found
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._found(key)
            if found is None:
                try:
                    found = make()
                    self._put(key, found)
                finally:
                    with self._lock:
                        self._making.pop(key, None)
        return found

    def clear(self) -> None:
        """Let everything go."""
        with self._lock:
            for one in self._kept.values():
                if self._drop is not None:
                    self._drop(one)
            self._kept.clear()

    def _found(self, key: Any) -> Kept | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _put(self, key: Any, made: Kept) -> None:
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)  # not closed: somebody may be reading it; its last reader frees it
