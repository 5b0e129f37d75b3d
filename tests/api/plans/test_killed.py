"""A service that is killed with all that it is doing leaves nothing behind, and the next one goes on with its jobs."""

from __future__ import annotations

import os
import socket
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psutil
import pytest
from process import Served, running

from api import leaving
from gis_grid.store import Store
from gis_grid.store.access import LOCAL
from gis_grid.store.plans import import_plan, load_plan
from gis_grid.store.tokens import create_token
from townlet import district, squares

CODE = "420103"


@pytest.fixture
def place(store: Store) -> tuple[str, str]:
    """Return a token and the id of a plan."""
    home = district(store, CODE)
    with store.writing() as session:
        plan_id = import_plan(session, squares(60, 50), district=home, name="first", who="tester")
        return create_token(session, name="lin", role="planner", days=1, actor=LOCAL, area=home)[1], plan_id


def test_a_killed_service_leaves_no_process_and_no_file_and_its_job_is_done_by_the_next(
    store: Store, store_address: str, place: tuple[str, str], tmp_path: Path
) -> None:
    token, plan_id = place
    folder, temporary = tmp_path / "folder", tmp_path / "tmp"
    temporary.mkdir()
    variables = {"GIS_GRID_FOLDER": str(folder), "TMPDIR": str(temporary)}
    with running(store_address, tmp_path, **variables) as served:
        with served.client(token) as client:
            job = _begin(client)
            assert client.get(f"/api/plans/{plan_id}/table").status_code == 200  # starts a process of the pool
            with _half_a_file(served, token):
                _until(client, job, "running", "done")
                _until_there(folder / "files")
                family = _family(served, job)
                served.process.kill()
        _, alive = psutil.wait_procs(family, timeout=20)
        assert alive == []
    with running(store_address, tmp_path, **variables) as served, served.client(token) as client:
        done = _until(client, job, "done", "failed", seconds=120)
        assert done["state"] == "done", done
        assert done["attempts"] == 2
        assert client.get("/api/files").json()["files"]  # a file that was whole is still there
        assert not list((folder / "files").glob("*.part"))
    assert not list(temporary.glob(f"{leaving.PREFIX}*"))
    with store.reading() as session:
        assert len(load_plan(session, done["result"]["plan"]).blocks) == 60 * 50


def _begin(client: httpx.Client) -> str:
    frame = squares(60, 50).blocks.reset_index()[["block_id", "households", "geometry"]]
    content = frame.to_crs(4326).to_json().encode()
    file = client.post("/api/files", params={"name": "blocks.geojson"}, content=content)
    assert file.status_code == 201, file.text
    wish = {"kind": "build", "district": CODE, "inputs": {"blocks": file.json()["id"]}, "count_column": "households"}
    asked = client.post("/api/jobs", json={**wish, "name": "b"})
    assert asked.status_code == 202, asked.text
    return str(asked.json()["id"])


def _half_a_file(served: Served, token: str) -> socket.socket:
    """Begin to hand in a file, and stop halfway."""
    address = urlsplit(served.url)
    assert address.hostname
    assert address.port
    sending = socket.create_connection((address.hostname, address.port))
    head = f"POST /api/files?name=a.csv HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
    sending.sendall(f"{head}Content-Length: 1000000\r\n\r\nlon,lat\r\n".encode())
    return sending


def _until(client: httpx.Client, job: str, *states: str, seconds: float = 60) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found: dict[str, Any] = client.get(f"/api/jobs/{job}").json()
        if found["state"] in states:
            return found
        time.sleep(0.05)
    raise AssertionError(found)


def _until_there(files: Path) -> None:
    end = time.monotonic() + 60
    while not list(files.glob("*.part/*")):
        assert time.monotonic() < end
        time.sleep(0.02)


def _family(served: Served, job: str) -> list[psutil.Process]:
    """Return the processes of the service, once the one of its job is among them."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        family = psutil.Process(served.process.pid).children(recursive=True)
        if any("api.jobs.work" in " ".join(one.cmdline()) for one in family):
            return family
        time.sleep(0.05)
    raise AssertionError(f"{job} does not run")


def test_what_is_held_is_not_swept_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept, held = leaving.scratch()
    left, dropped = leaving.scratch()
    leaving.let_go(dropped)
    for folder in (kept, left):
        os.utime(folder, (0, 0))
    leaving.sweep()
    assert (kept.exists(), left.exists()) == (True, False)
    leaving.let_go(held)
    leaving.sweep()
    assert not kept.exists()
