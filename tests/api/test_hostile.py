"""Whatever is sent to the service as a process: an answer, no fault of its own, nothing told of its inside, no growth.

GIS_GRID_FUZZ says how many requests of each kind are made up (60 if it is not set; thousands for the record).
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPResponse
from urllib.parse import urlsplit

import hostile
import orjson
import psutil
import pytest
from hostile import Sent
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from process import ROOT, Served, running
from town_in_force import CODE, put_in_force

from gis_grid.plan import Plan
from gis_grid.store import models, open_store
from gis_grid.store.access import LOCAL
from gis_grid.store.drafts import open_draft
from gis_grid.store.setup import init

EXAMPLES = int(os.environ.get("GIS_GRID_FUZZ", "60"))
#: the longest that an answer may take on a busy machine (seconds), and by how much the service may grow (bytes)
LONGEST_S, GROWTH = 45.0, 1_000_000_000
#: what no answer may tell
INSIDE = ("Traceback", 'File "/', "sqlalchemy", "sqlite3.", "psycopg", ROOT, "site-packages")
MANY = {
    f"GIS_GRID_{name}_RATE": "1000000/minute" for name in ("LOOKUP", "BATCH", "WRITE", "UNKNOWN")
} | {"GIS_GRID_UPLOAD_COUNT": "1000000", "GIS_GRID_UPLOAD_MB": "5", "GIS_GRID_JOB_WORKERS": "1"}  # fmt: skip


@dataclass
class Victim:
    """The service, what it was sent, what came of it, and the most memory that it took."""

    served: Served
    token: str
    draft: str
    plan: str
    good: dict[str, bytes]
    counts: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    base: int = 0
    most: int = 0

    def send(self, sent: Sent) -> None:
        """Send a request and look at the answer."""
        begun = time.monotonic()
        status, kind, text = self._answered(sent)
        self.slowest = max(self.slowest, time.monotonic() - begun)
        self.counts[status] += 1
        assert status < 500, (status, text[:500])
        if status >= 400 and sent.method != "HEAD":
            self.harmless(text)
            assert kind in ("application/problem+json", "text/plain; charset=utf-8"), (kind, text[:200])
            if kind == "application/problem+json":
                assert orjson.loads(text)["status"] == status
        self.look()

    def _answered(self, sent: Sent) -> tuple[int, str, str]:
        """Send a request to the byte as it is, which clients would refuse to do, and return the answer."""
        given = {name for name, _ in sent.headers}
        own = (
            (b"host", b"127.0.0.1"),
            (b"authorization", f"Bearer {self.token}".encode()),
            (b"content-length", b"%d" % len(sent.content)),
            (b"connection", b"close"),
        )
        lines = [b"%s: %s" % one for one in (*(one for one in own if one[0] not in given), *sent.headers)]
        data = b"\r\n".join([f"{sent.method} {sent.path} HTTP/1.1".encode("ascii"), *lines, b"", sent.content])
        with self._line() as line:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # answered before all was sent
                line.sendall(data)
            answer = HTTPResponse(line, method=sent.method)
            answer.begin()
            return answer.status, answer.headers.get("content-type", ""), answer.read().decode("utf-8", "replace")

    def _line(self) -> socket.socket:
        place = urlsplit(self.served.url)
        return socket.create_connection((str(place.hostname), place.port or 80), timeout=LONGEST_S)

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, wait a moment for what comes, and cut the connection."""
        with self._line() as line:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError, TimeoutError):
                line.sendall(data.replace(b"TOKEN", b"Authorization: Bearer " + self.token.encode()))
                line.settimeout(0.3)
                answer = line.recv(65536)
                if answer:
                    assert not answer.startswith(b"HTTP/1.1 5"), answer
                    self.harmless(answer.decode("latin-1"))
            self.counts[0] += 1
        self.look()

    def harmless(self, text: str) -> None:
        """See that an answer tells nothing of the inside of the service."""
        told = [word for word in (*INSIDE, str(self.served.log.parent)) if word in text]
        assert told == [], text[:500]

    def look(self) -> None:
        """Note now and then how much memory the service takes with all its processes."""
        if sum(self.counts.values()) % 20 == 0:
            self.most = max(self.most, self.memory())

    def memory(self) -> int:
        """Return how much memory the service takes with all its processes (bytes)."""
        own = psutil.Process(self.served.process.pid)
        taken = 0
        for one in (own, *own.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                taken += one.memory_info().rss
        return taken


def _named(sent: Sent, name: bytes) -> bool:
    return any(given == name for given, _ in sent.headers)


@pytest.fixture(scope="module")
def victim(town: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Victim]:
    """Run the service of the made-up town, and say at the end what it came through."""
    folder = tmp_path_factory.mktemp("hostile")
    with open_store(folder / "store.sqlite") as store:
        init(store)
        published = put_in_force(store, str(folder / "store.sqlite"), town)
        token = published.token("administrator")
        with store.writing() as session:
            draft = open_draft(session, published.plan_id, name="x", actor=LOCAL)
    (folder / "files").mkdir()
    good = hostile.files(town, folder / "files")
    with running(str(folder / "store.sqlite"), folder, GIS_GRID_FOLDER=str(folder / "service"), **MANY) as served:
        found = Victim(served, token, draft, published.plan_id, good)
        for path in ("style.json", f"drafts/{draft}/table", f"tiles/{draft}/12/0/0.mvt", "ogc/collections"):
            found.send(Sent("GET", f"/api/{path}"))  # what is loaded once
        found.send(Sent("POST", "/api/files?name=a.gpkg", good["a.gpkg"]))
        found.base = found.memory()
        yield found
        sys.stdout.write(
            f"\n{sum(found.counts.values())} requests, answers {dict(sorted(found.counts.items()))} (0: raw bytes), "
            f"slowest {found.slowest:.1f} s, memory {found.base / 1e6:.0f} → {found.most / 1e6:.0f} MB\n"
        )


def _each(victim: Victim, requests: st.SearchStrategy[Sent]) -> None:
    """Send many requests of a kind."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(sent=requests)
    def sends(sent: Sent) -> None:
        victim.send(sent)

    sends()


def test_files(victim: Victim) -> None:
    _each(victim, hostile.uploads(victim.good))
    outside = [path for path in victim.served.log.parent.rglob("outside*") if "service" not in path.parts]
    assert outside == []


def test_batches(victim: Victim) -> None:
    _each(victim, hostile.batches(victim.good))


def test_bodies(victim: Victim) -> None:
    _each(victim, hostile.bodies(victim.draft, victim.plan))


def test_questions(victim: Victim) -> None:
    _each(victim, hostile.questions(victim.draft, victim.plan, f"grids-{CODE}"))


def test_bytes(victim: Victim) -> None:
    for data in hostile.RAW:
        victim.send_raw(data)


def test_nothing_is_left_of_it(victim: Victim) -> None:
    """After all that the service answers, its tables are there, it has logged no fault, and it has not grown."""
    for path in ("health", "ready", "plans", f"drafts/{victim.draft}", "ogc/collections"):
        victim.send(Sent("GET", f"/api/{path}"))
    with open_store(victim.served.log.parent / "store.sqlite") as store, store.reading() as session:
        assert session.query(models.Plan).count() >= 1
        assert session.query(models.Draft).count() >= 1
    said = victim.served.said
    assert "Traceback" not in said, said[said.index("Traceback") :][:3000]
    assert victim.most - victim.base < GROWTH
