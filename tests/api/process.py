"""The service as a process of its own, as `gis-grid serve` runs it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

SERVE = [
    sys.executable,
    "-c",
    "from gis_grid.cli import main; from api.command import serve; main.add_command(serve); main()",
]
ROOT = str(Path(__file__).resolve().parents[2])
_URL = re.compile(r"http://127\.0\.0\.1:\d+")


def serve(*options: str, **variables: str) -> subprocess.Popen[str]:
    """Start the service; what it says is read from the process."""
    environment = {**os.environ, "PYTHONPATH": ROOT, **variables}
    return subprocess.Popen([*SERVE, "serve", *options], env=environment, stderr=subprocess.PIPE, text=True)


@dataclass
class Served:
    """A running service: its process, its address, and the file with what it says."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def client(self, token: str = "", *, timeout: float = 60.0) -> httpx.Client:
        """Return a client that sends a token along."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout)

    @property
    def said(self) -> str:
        """What it has said until now."""
        return self.log.read_text(errors="replace")


@contextmanager
def running(address: str, folder: Path, *options: str, **variables: str) -> Iterator[Served]:
    """Run the service of a store on a port that is free, and end it with all that it started.

    What it says goes to a file: a pipe that nobody reads would be full one day and hold it up.
    """
    log = folder / f"service-{time.monotonic_ns()}.log"
    command = [*SERVE, "serve", "--store", address, "--port", "0", *options]
    environment = {**os.environ, "PYTHONPATH": ROOT, **variables}
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stderr=said, stdout=said)
    try:
        served = Served(process, _url(process, log), log)
        _wait_until_ready(served)
        yield served
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(600):
        found = _URL.search(log.read_text(errors="replace"))
        if found is not None:
            return found[0]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise AssertionError(f"the service did not start: {log.read_text(errors='replace')}")


def _wait_until_ready(served: Served) -> None:
    with httpx.Client(base_url=served.url, timeout=120) as client:
        for _ in range(300):
            if client.get("/api/ready").status_code == 200:
                return
            time.sleep(0.1)
    raise AssertionError(f"the service did not get ready: {served.said}")
