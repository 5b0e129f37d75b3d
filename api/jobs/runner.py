"""The thread that runs jobs: claims what waits, starts a process for each, and ends it when it is no longer wanted."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from api.leaving import let_go, scratch, sweep
from gis_grid.errors import StoreError
from gis_grid.store import jobs
from gis_grid.store.jobs import Terms

if TYPE_CHECKING:
    from pathlib import Path

    from api.metrics import Metrics
    from gis_grid.store import Store

#: how often the thread looks round, and how often it writes down how far a job is, in seconds
LOOK_S, BEAT_S = 0.25, 1.0
#: the longest line that is read from a process
LINE = 64_000

_log = structlog.get_logger("api.jobs")


@dataclass
class _Run:
    """One attempt at a job: its process, and what that said last."""

    job_id: str
    attempt: int
    process: subprocess.Popen[bytes]
    folder: Path
    held: int | None
    stage: str = "starting"
    share: float = 0.0
    told: float = 0.0
    listener: threading.Thread | None = None

    def listen(self) -> None:
        """Take in how far the process is, until it ends."""
        out = self.process.stdout
        assert out is not None
        with out:
            for line in iter(lambda: out.readline(LINE), b""):
                with contextlib.suppress(orjson.JSONDecodeError, KeyError, TypeError, ValueError):
                    said = orjson.loads(line)
                    self.stage, self.share = str(said["stage"])[:100], float(said["share"])

    def end(self) -> None:
        """End the process and everything that it started or put aside, at once, in the middle of whatever it does."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        if self.listener is not None:
            self.listener.join(1.0)
        shutil.rmtree(self.folder, ignore_errors=True)
        let_go(self.held)


class Runner:
    """Run the jobs of a store, beside other runners on the same store if there are any.

    A process that is killed, or whose service is, leaves its job `running` without a word; after `terms.patience_s` any
    runner queues it again. Results are kept by the job's process in one transaction with the job's end, so half of one
    is never seen.

    Parameters
    ----------
    store
        The store with the jobs.
    files
        The folder of uploaded files.
    terms
        How many at once, and how often one is tried.
    metrics
        Where to count jobs.
    """

    def __init__(
        self, store: Store, files: Path, terms: Terms | None = None, *, metrics: Metrics | None = None
    ) -> None:
        self.terms = terms or Terms()
        self._metrics = metrics
        self._store = store
        self._files = files
        self._runs: list[_Run] = []
        self._wake = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to run jobs, once what killed services left behind is removed."""
        sweep()
        self._thread = threading.Thread(target=self._work, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look round at once: there is a new job, or one was cancelled."""
        self._wake.set()

    def stop(self) -> None:
        """End the processes of running jobs, whose jobs wait for another runner, and the thread."""
        self._ended.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        for run in self._runs:
            run.end()
            with contextlib.suppress(StoreError), self._store.writing() as session:
                jobs.let_go(session, run.job_id, run.attempt)
        self._runs.clear()

    def _work(self) -> None:
        idle = LOOK_S
        while not self._ended.is_set():
            try:
                self._look()
                idle = LOOK_S if self._runs else min(2.0, idle * 1.5)
            except StoreError as caught:  # the database is away: what runs goes on, and is looked at later
                _log.warning("jobs wait for the store", reason=type(caught).__name__)
                idle = 2.0
            except Exception as caught:  # noqa: BLE001 - the thread must outlive what nobody has foreseen
                _log.error("jobs", exc_info=caught)
                idle = 2.0
            if self._wake.wait(idle):
                idle = LOOK_S
            self._wake.clear()

    def _look(self) -> None:
        """Attend to what runs, then take up what waits."""
        for run in list(self._runs):
            if run.process.poll() is not None or not self._wanted(run):
                self._runs.remove(run)
                self._gone(run)
        while len(self._runs) < self.terms.at_once and self._waiting():
            with self._store.writing() as session:
                claimed = jobs.claim(session, terms=self.terms)
            if claimed is None:
                break
            self._begin(*claimed)

    def _waiting(self) -> bool:
        """Whether a job may have to be taken up, asked without holding up writers."""
        with self._store.reading() as session:
            return jobs.some_wait(session, terms=self.terms)

    def _begin(self, job_id: str, attempt: int) -> None:
        folder, held = scratch()
        process = subprocess.Popen(
            [sys.executable, "-m", "api.jobs.work"],
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        address = self._store.engine.url.render_as_string(hide_password=False)
        told: dict[str, Any] = {"store": address, "files": str(self._files), "job": job_id, "attempt": attempt}
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(orjson.dumps(told) + b"\n")
            process.stdin.flush()
        run = _Run(job_id, attempt, process, folder, held)
        run.listener = threading.Thread(target=run.listen, name=job_id, daemon=True)
        run.listener.start()
        self._runs.append(run)
        if self._metrics is not None:
            self._metrics.running.set(len(self._runs))
        _log.info("job begun", job=job_id, attempt=attempt)

    def _wanted(self, run: _Run) -> bool:
        """Say that a job is alive, now and then, and whether it is still wanted, each time."""
        moment = time.monotonic()
        if moment - run.told < BEAT_S:
            with self._store.reading() as session:
                return jobs.is_running(session, run.job_id, run.attempt)
        run.told = moment
        with self._store.writing() as session:
            return jobs.beat(session, run.job_id, run.attempt, stage=run.stage, share=run.share)

    def _gone(self, run: _Run) -> None:
        """End what is left of a process; if it did not say how it ended, its job is tried again."""
        run.end()
        with self._store.writing() as session:
            lost = jobs.lost(session, run.job_id, run.attempt, terms=self.terms)
            kind, state = jobs.outcome(session, run.job_id)
        _log.info("job ended", job=run.job_id, state=state, lost=lost)
        if self._metrics is not None:
            self._metrics.running.set(len(self._runs))
            if state in jobs.ENDED:
                self._metrics.jobs.labels(kind, state).inc()
