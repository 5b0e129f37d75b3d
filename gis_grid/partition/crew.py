"""Work handed to processes: the results do not depend on how many there are, or on which of them is quicker."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.synchronize import Event
from types import TracebackType
from typing import Self, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_stop: Event | None = None


def stop_asked() -> bool:
    """Tell whether this process was told to wind up its work."""
    return _stop is not None and _stop.is_set()


def _begin(stop: Event) -> None:
    """Prepare a worker: Ctrl-C is for the process that started it, which then asks its workers to stop."""
    global _stop  # noqa: PLW0603 - a process of its own, set once
    _stop = stop
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
            self._stop = context.Event()
            self._pool = ProcessPoolExecutor(self.workers, context, initializer=_begin, initargs=(self._stop,))
        return self

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is not None and self._stop is not None:
            self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def each(self, work: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[tuple[int, Result]]:
        """Yield the number and the result of every task as it gets done; the heaviest tasks should stand first."""
        left = dict(enumerate(tasks))
        if self._pool is not None and len(tasks) > 1:
            try:
                for number, result in self._together(work, left):
                    del left[number]
                    yield number, result
            except BrokenProcessPool:
                self._pool.shutdown(wait=False, cancel_futures=True)
                self._pool = None
        for number, task in left.items():
            yield number, work(task)

    def _together(self, work: Callable[[Task], Result], tasks: dict[int, Task]) -> Iterator[tuple[int, Result]]:
        assert self._pool is not None
        running: dict[Future[Result], int] = {self._pool.submit(work, task): n for n, task in tasks.items()}
        while running:
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for number, future in sorted((running.pop(future), future) for future in done):
                yield number, future.result()
