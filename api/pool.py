"""Work that would hold up the service, in a few processes that stay: suggestions, rules, comparisons, tiles."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures import TimeoutError as OutOfTimeError
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from api.errors import Problem
from api.leaving import end_with_parent
from api.safety import SAFE_READING
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from gis_grid.store import Store

Result = TypeVar("Result")

#: what a process of the pool holds: its own connection to the store
_HELD: dict[str, Any] = {}


class Pool:
    """Run functions that take a store first, in processes; they are started when the first is needed.

    Parameters
    ----------
    store
        The store that the processes open for themselves.
    processes
        How many there are; no more than twice as many requests may wait for them.
    seconds
        How long a request waits for its answer.
    """

    def __init__(self, store: Store, *, processes: int, seconds: float = 60.0) -> None:
        self._address = store.engine.url.render_as_string(hide_password=False)
        self._processes = processes
        self._seconds = seconds
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()
        self._over = False
        self._places = threading.BoundedSemaphore(8 * processes)

    def call(self, work: Callable[..., Result], *given: Any, seconds: float | None = None) -> Result:
        """Return what a function answers for the store and some arguments; what it refuses is raised here.

        Raises
        ------
        Problem
            503 if there is too much to do, it takes too long, or the process has ended, as the service may have.
        """
        if not self._places.acquire(blocking=False):
            raise Problem(503, "busy", "too much is being worked out just now", headers={"Retry-After": "2"})
        future: Future[Result | _Refused] | None = None
        try:
            pool = self._started()
            future = pool.submit(_do, work, given)
            found = future.result(seconds or self._seconds)
        except OutOfTimeError as caught:
            raise Problem(503, "busy", "this takes too long; ask for less at once") from caught
        except CancelledError as caught:
            raise Problem(503, "busy", "the service is ending") from caught
        except BrokenProcessPool as caught:
            self._drop(pool)
            raise Problem(503, "busy", "the process that worked this out has ended; ask again") from caught
        finally:
            if future is None or future.done() or future.cancel():
                self._places.release()
            else:
                future.add_done_callback(lambda _: self._places.release())
        if isinstance(found, _Refused):
            raise found.kind(found.faults)
        return found

    def begin(self, work: Callable[[Store], Result]) -> Future[Result | _Refused]:
        """Let the first process begin with something, without waiting for it."""
        return self._started().submit(_do, work, ())

    def stop(self) -> None:
        """End the processes."""
        with self._lock:
            pool, self._pool, self._over = self._pool, None, True
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)

    def _started(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._over:
                raise CancelledError
            if self._pool is None:
                context = multiprocessing.get_context("spawn")
                self._pool = ProcessPoolExecutor(self._processes, context, _begin, (self._address,))
            return self._pool

    def _drop(self, broken: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False)


@dataclass(frozen=True)
class _Refused:
    """An error with its faults: an exception that is sent from one process to another loses them."""

    kind: type[InputError]
    faults: tuple[Fault, ...]


def _begin(address: str) -> None:
    import signal

    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the service, which then ends its processes
    os.environ.update(SAFE_READING)
    # read once at the start, and not by whoever asks first
    import api.shapes
    import api.tables  # noqa: F401
    import gis_grid.store.draft_plans
    import gis_grid.store.plans  # noqa: F401
    from gis_grid.store import open_store

    _HELD["store"] = open_store(address)
    gc.freeze()  # what was loaded stays: it need not be looked through whenever many shapes are made


def _do(work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    try:
        return work(_HELD["store"], *given)
    except InputError as caught:
        return _Refused(type(caught), caught.faults)
