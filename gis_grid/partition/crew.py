"""Work handed to processes: the results do not depend on how many there are, or on which of them is quicker.

A search is told to stop here too: by `first_interrupt_stops` in the process that was started, by an event in workers.
"""

from __future__ import annotations

import itertools
import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

#: Seconds between two looks at whether the search was told to stop, while workers are busy.
_LOOK = 0.1
#: Tasks handed over for each worker: enough that none is idle, few enough that watching them takes no time.
_AHEAD = 4
#: Workers nobody waits for: one that only just starts needs what it was started with.
_LEFT: list[tuple[ProcessPoolExecutor, Event]] = []
#: Seconds that tasks under way have to end once there is enough: a worker looks at the clock more often than that.
_GRACE = 0.5


@dataclass
class _Stop:
    """Hold what tells this process to wind up: Ctrl-C where it is `heard`, or the event of a worker."""

    heard: bool = False
    asked: bool = False
    event: Event | None = None


_STOP = _Stop()


def stop_asked() -> bool:
    """Tell whether this process was told to wind up its work."""
    return _STOP.asked or (_STOP.event is not None and _STOP.event.is_set())


@contextmanager
def first_interrupt_stops() -> Iterator[None]:
    """Let the first Ctrl-C end every search begun in this block with the best so far; the second interrupts as ever.

    Only the main thread hears Ctrl-C; elsewhere, and where the process ignores it, nothing changes.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before in (signal.SIG_IGN, None):
        yield
        return

    def stop(*_: object) -> None:
        if _STOP.asked:
            raise KeyboardInterrupt
        _STOP.asked = True

    signal.signal(signal.SIGINT, stop)
    _STOP.heard = True
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        _STOP.heard = _STOP.asked = False


@contextmanager
def _later_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back: a process that starts meanwhile never hears it, this one hears it afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # not on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _begin(stop: Event) -> None:
    """Prepare a worker: Ctrl-C is for the process that started it, which then asks its workers to stop."""
    _STOP.event = stop
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class Crew:
    """Run tasks on several processes, or here if one is enough; to be used in a `with` block.

    Processes are spawned, so only what is sent reaches them. Should they fail to start (a script without
    `if __name__ == "__main__":`, a sandbox), the work is done here, with the same result.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._stop: Event | None = None

    def __enter__(self) -> Self:
        if self.workers > 1:
            context = multiprocessing.get_context("spawn")
            with _later_interrupts():  # the process that keeps track of semaphores starts here
                self._stop = context.Event()
            self._pool = ProcessPoolExecutor(self.workers, context, initializer=_begin, initargs=(self._stop,))
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is not None and self._stop is not None:
            self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(
        self, work: Callable[[Task], Result], tasks: Sequence[Task], *, enough: Callable[[], bool] = lambda: False
    ) -> Iterator[tuple[int, Result]]:
        """Yield the number and the result of every task as it gets done; the heaviest tasks should stand first.

        Once there is `enough`, tasks not begun are left out, and those under way that do not end at once.
        """
        left = dict(enumerate(tasks))
        if self._pool is not None and len(tasks) > 1:
            try:
                for number, result in self._together(work, left, enough):
                    del left[number]
                    yield number, result
            except BrokenProcessPool:
                self._leave()
        for number, task in left.items():
            if enough():
                return
            yield number, work(task)

    def _leave(self) -> None:
        """Do without the workers from here on; they end by themselves, and nobody waits for that."""
        assert self._pool is not None
        assert self._stop is not None
        self._stop.set()
        _LEFT.append((self._pool, self._stop))
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = None

    def _together(
        self, work: Callable[[Task], Result], tasks: dict[int, Task], enough: Callable[[], bool]
    ) -> Iterator[tuple[int, Result]]:
        assert self._pool is not None
        assert self._stop is not None
        running: dict[Future[Result], int] = {}
        waiting = iter(list(tasks.items()))
        while not enough():
            with _later_interrupts():
                for number, task in itertools.islice(waiting, _AHEAD * self.workers - len(running)):
                    running[self._pool.submit(work, task)] = number
            if not running:
                return
            done, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
            if _STOP.asked:
                self._stop.set()
            for number, future in sorted((running.pop(future), future) for future in done):
                yield number, future.result()
        begun = {future: number for future, number in running.items() if not future.cancel()}
        done, late = wait(begun, timeout=_GRACE)
        for number, future in sorted((begun[future], future) for future in done):
            yield number, future.result()
        if late:  # a worker that only just starts
            self._leave()
