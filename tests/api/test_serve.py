"""`gis-grid serve` as a process: it answers, streams, says what keeps it from starting, and ends when it is told to."""

from __future__ import annotations

import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from process import running, serve
from town_in_force import Town, put_in_force

from gis_grid.plan import Plan
from gis_grid.store import open_store
from gis_grid.store.setup import init


@pytest.fixture
def town_file(town: Plan, tmp_path: Path) -> Iterator[Town]:
    with open_store(tmp_path / "town.sqlite") as store:
        init(store)
        yield put_in_force(store, str(tmp_path / "town.sqlite"), town)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_answers_streams_and_ends_when_told(town_file: Town, workers: str) -> None:
    secret = town_file.token("field")
    point, code = town_file.inside()
    process = serve("--store", town_file.address, "--port", "0", "--workers", workers)
    try:
        assert process.stderr is not None
        found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
        assert found is not None
        with httpx.Client(
            base_url=found[0],
            headers={"Authorization": f"Bearer {secret}"},
        ) as client:
            for _ in range(200):
                if client.get("/api/ready", timeout=30).status_code == 200:
                    break
            assert client.get("/api/lookup", params=point).json()["grid"]["code"] == code
            rows = (f"{point['lon']},{point['lat']}\n".encode() * 500 for _ in range(20))
            body = iter([b"lon,lat\n", *rows])
            answer = client.post("/api/lookup/batch", content=body, headers={"Content-Type": "text/csv"}, timeout=60)
            assert answer.text.count(code) >= 10_000
            auditor = {"Authorization": f"Bearer {town_file.token('administrator')}"}
            assert "gis_grid_requests_total" in client.get("/api/metrics", headers=auditor).text
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=30)
        assert process.returncode == 0
        assert said.rstrip().endswith("ended")
        assert secret not in said
    finally:
        process.kill()
        process.wait()


def test_a_taken_port_is_said(town_file: Town) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = serve("--store", town_file.address, "--port", str(port))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in said
    assert "--port" in said


def test_a_store_that_is_none_is_said_and_not_made(tmp_path: Path) -> None:
    process = serve("--store", str(tmp_path / "none.sqlite"))
    _, said = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "gis-grid init" in said
    assert not (tmp_path / "none.sqlite").exists()


def test_processes_end_with_the_one_that_started_them(town_file: Town, tmp_path: Path) -> None:
    with running(town_file.address, tmp_path, "--workers", "2") as served:
        family = psutil.Process(served.process.pid).children(recursive=True)
        assert len(family) >= 2
        served.process.kill()
        _, alive = psutil.wait_procs(family, timeout=30)
        assert alive == []
