"""Measure the service over HTTP beside two others, with wrk: point lookups in turns, then a batch of 100,000 points.

Run it from the repository (``python benchmarks/over_http.py [PLAN.gpkg]``); without a plan the made-up town is divided.
The others are a FastAPI route with an STRtree (`http_peers.py`) and TiPg on PostGIS, started with pg_virtualenv.
TiPg answers a small box around each point without people, and with a box in place of each geometry: with no geometry
at all (``geom-column=none``) it leaves the box out of the query and answers ten grids from anywhere. All servers must
name the same grids before they are measured. Everything listens on 127.0.0.1, and each server has one process. Servers
take turns, so that whatever else the machine does meets all of them.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import importlib.util
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import geopandas as gpd
import numpy as np
import shapely

HERE = Path(__file__).resolve().parent
POINTS = 2_000
#: half the side of TiPg's box, in degrees: about a metre
BOX = 5e-6


class Served(NamedTuple):
    """A server that runs: its name, its address, its process, the wrk script that asks it."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    script: Path


class Seen(NamedTuple):
    """What wrk saw: requests a second, the 99th percentile in milliseconds, answers that were no success."""

    rate: float
    p99_ms: float
    failed: int


def main() -> None:
    wanted = _arguments()
    _need("wrk", "wrk is not installed (apt-get install wrk), and nothing was measured")
    if not wanted.no_tipg and "PGHOST" not in os.environ:
        _need("pg_virtualenv", "pg_virtualenv is not installed (apt-get install postgresql-15-postgis-3); or --no-tipg")
        os.execvp("pg_virtualenv", ["pg_virtualenv", "-t", "-v", "15", sys.executable, *sys.argv])
    folder = HERE.parent / "build" / "bench" / "http"
    folder.mkdir(parents=True, exist_ok=True)
    plan = wanted.plan or _sample(folder / "town.gpkg")
    points = _points(plan)
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(_ours(plan, folder, points)), stack.enter_context(_peer(plan, folder, points))]
        if not wanted.no_tipg:
            servers.append(stack.enter_context(_tipg(plan, folder, points, wanted.tipg_python)))
        _agree(servers)
        _compare(servers, rounds=wanted.rounds, seconds=wanted.seconds)
        _batch(servers[0], points, folder)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("plan", nargs="?", type=Path, help="a plan file; else the made-up town")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--no-tipg", action="store_true", help="leave TiPg and PostGIS out")
    parser.add_argument("--tipg-python", default=sys.executable, help="the Python that has TiPg")
    return parser.parse_args()


def _need(command: str, message: str) -> None:
    if shutil.which(command) is None:
        raise SystemExit(message)


def _sample(path: Path) -> Path:
    import gis_grid as gg

    return path if path.exists() else gg.write_plan(gg.build_from(gg.sample_frames()), path)


def _points(plan: Path) -> np.ndarray:
    """Return points in WGS 84 scattered over the grids of a plan: a row a point."""
    grids = gpd.read_file(plan, layer="grids")
    area = shapely.union_all(grids.geometry.to_numpy())
    rng = np.random.default_rng(0)
    west, south, east, north = area.bounds
    tried = shapely.points(rng.uniform(west, east, 10 * POINTS), rng.uniform(south, north, 10 * POINTS))
    shapely.prepare(area)
    inside = tried[shapely.contains_properly(area, tried)][:POINTS]
    return shapely.get_coordinates(gpd.GeoSeries(inside, crs=grids.crs).to_crs(4326).to_numpy())


def _store(place: str, plan: Path) -> str:
    """Publish a plan in a store, and return the secret of a token for the field."""
    from stored import publish_file

    from gis_grid.store import open_store
    from gis_grid.store.access import LOCAL
    from gis_grid.store.setup import init
    from gis_grid.store.tokens import create_token

    with open_store(place) as store:
        init(store)
        publish_file(store, plan)
        with store.writing() as session:
            return create_token(session, name="wrk", role="field", days=1, actor=LOCAL)[1]


@contextlib.contextmanager
def _ours(plan: Path, folder: Path, points: np.ndarray) -> Iterator[Served]:
    store = folder / "town.sqlite"
    for file in folder.glob("town.sqlite*"):
        file.unlink()
    secret = _store(str(store), plan)
    (folder / "secret").write_text(secret, encoding="utf-8")
    port = _port()
    settings = {"GIS_GRID_LOOKUP_RATE": "100000000/minute", "GIS_GRID_BATCH_RATE": "1000/minute"}
    command = [sys.executable, "-m", "gis_grid.cli", "serve", "--store", str(store), "--port", str(port)]
    paths = [f"/api/lookup?lon={x:.7f}&lat={y:.7f}" for x, y in points]
    script = _script(folder / "ours.lua", paths, {"Authorization": f"Bearer {secret}"})
    with _running(command, settings, port, folder / "ours.log", "/api/ready") as process:
        yield Served("gis-grid", port, process, script)


@contextlib.contextmanager
def _peer(plan: Path, folder: Path, points: np.ndarray) -> Iterator[Served]:
    port = _port()
    command = [*_uvicorn(sys.executable), "http_peers:app", "--app-dir", str(HERE), "--port", str(port)]
    script = _script(folder / "peer.lua", [f"/api/lookup?lon={x:.7f}&lat={y:.7f}" for x, y in points], {})
    with _running(command, {"BENCH_PLAN": str(plan)}, port, folder / "peer.log", "/openapi.json") as process:
        yield Served("FastAPI + STRtree", port, process, script)


@contextlib.contextmanager
def _tipg(plan: Path, folder: Path, points: np.ndarray, python: str) -> Iterator[Served]:
    if python == sys.executable and importlib.util.find_spec("tipg") is None:
        raise SystemExit("TiPg is not installed (make bench does); name a Python that has it with --tipg-python")
    place = "postgresql://{PGUSER}:{PGPASSWORD}@{PGHOST}:{PGPORT}/postgres".format(**os.environ)
    _store(place, plan)
    port = _port()
    command = [*_uvicorn(python), "tipg.main:app", "--port", str(port)]
    asked = "bbox-only=true&properties=code,name,kind,community_code,households,bounds_zh,bounds_en&f=geojson"
    paths = [
        f"/collections/public.grids/items?bbox={x - BOX:.7f},{y - BOX:.7f},{x + BOX:.7f},{y + BOX:.7f}&{asked}"
        for x, y in points
    ]
    script = _script(folder / "tipg.lua", paths, {})
    with _running(command, {"DATABASE_URL": place}, port, folder / "tipg.log", "/healthz") as process:
        yield Served("TiPg on PostGIS", port, process, script)


def _uvicorn(python: str) -> list[str]:
    return [
        python,
        "-m",
        "uvicorn",
        "--http",
        "httptools",
        "--loop",
        "uvloop",
        "--no-access-log",
        "--log-level",
        "warning",
    ]


@contextlib.contextmanager
def _running(
    command: list[str], variables: dict[str, str], port: int, log: Path, ready: str
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as out:
        process = subprocess.Popen(command, env={**os.environ, **variables}, stdout=out, stderr=out)
        try:
            _await(process, port, ready, log)
            yield process
        finally:
            process.terminate()
            process.wait(20)


def _await(process: subprocess.Popen[bytes], port: int, path: str, log: Path) -> None:
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5):
            return
        time.sleep(0.2)
    raise SystemExit(f"a server did not start:\n{log.read_text(encoding='utf-8')[-2000:]}")


def _port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _script(path: Path, paths: list[str], headers: dict[str, str]) -> Path:
    """Write a script by which wrk asks for one path after another, in an order of its own."""
    listed = ",\n".join(f'"{one}"' for one in paths)
    told = "".join(f'wrk.headers["{name}"] = "{value}"\n' for name, value in headers.items())
    body = f"{told}local paths = {{\n{listed}\n}}\nlocal n = 0\nrequest = function()\n  n = n % #paths + 1\n"
    path.write_text(f'{body}  return wrk.format("GET", paths[n])\nend\n', encoding="utf-8")
    return path


def _wrk(server: Served, seconds: int) -> Seen:
    command = ["wrk", "-t1", "-c16", f"-d{seconds}s", "--latency", "-s", str(server.script)]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{server.port}"], capture_output=True, text=True, check=True
    ).stdout
    found = re.search(r"99%\s+([\d.]+)(us|ms|s)", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None, said
    assert rate is not None, said
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    p99 = float(found[1]) * {"us": 0.001, "ms": 1, "s": 1000}[found[2]]
    return Seen(float(rate[1]), p99, int(failed[1]) if failed else 0)


def _agree(servers: list[Served]) -> None:
    """Refuse to measure servers that do not name the same grid first, for each of the first ten points."""
    named = []
    for server in servers:
        text = server.script.read_text(encoding="utf-8")
        paths = re.findall(r'^"(/[^"]+)"', text, flags=re.MULTILINE)[:10]
        headers = dict(re.findall(r'wrk\.headers\["([^"]+)"\] = "([^"]+)"', text))
        codes = []
        for path in paths:
            asked = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}", headers=headers)
            with urllib.request.urlopen(asked, timeout=30) as answer:
                found = re.search(r'"code": ?"(\w+)"', answer.read().decode())
            codes.append(found[1] if found else "")
        named.append(codes)
    if any(codes != named[0] for codes in named):
        raise SystemExit(f"the servers do not answer alike: {named}")


def _compare(servers: list[Served], *, rounds: int, seconds: int) -> None:
    """Let wrk ask every server in turns, and print rates, the worst 99th percentile, and ratios within a round."""
    for server in servers:
        _wrk(server, 1)
    seen: list[list[Seen]] = [[_wrk(server, seconds) for server in servers] for _ in range(rounds)]
    print("| server | lookups a second | p99, worst round (ms) | gis-grid is faster by | failed |")
    print("|---|---|---|---|---|")
    for k, server in enumerate(servers):
        mine = [one[k] for one in seen]
        rate = statistics.median(one.rate for one in mine)
        ratios = ", ".join(f"{one[0].rate / one[k].rate:.1f}" for one in seen)
        worst, failed = max(one.p99_ms for one in mine), sum(one.failed for one in mine)
        print(f"| {server.name} | {rate:,.0f} | {worst:.2f} | {ratios if k else ''} | {failed} |")


def _batch(server: Served, points: np.ndarray, folder: Path) -> None:
    """Send batches of 10,000 and 100,000 points, and print how long they take and what the process holds then."""
    secret = (folder / "secret").read_text(encoding="utf-8")
    rng = np.random.default_rng(1)
    for count in (10_000, 100_000, 100_000):
        rows = points[rng.integers(0, len(points), count)] + rng.normal(0, 1e-5, (count, 2))
        body = ("id,lon,lat\n" + "".join(f"{n},{x:.7f},{y:.7f}\n" for n, (x, y) in enumerate(rows))).encode()
        before = _memory(server.process.pid, reset=True)
        start = time.perf_counter()
        link = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        link.request(
            "POST", "/api/lookup/batch", body, {"Authorization": f"Bearer {secret}", "Content-Type": "text/csv"}
        )
        got = link.getresponse()
        answer = got.read()
        took, lines = time.perf_counter() - start, answer.count(b"\n") - 1
        held = _memory(server.process.pid)
        sizes = f"{len(body) / 1e6:.1f} MB in, {len(answer) / 1e6:.1f} MB out"
        print(
            f"batch of {count:,}: {got.status}, {lines:,} rows, {took:.2f} s, {sizes}, at most {held - before:+.0f} MB"
        )


def _memory(pid: int, *, reset: bool = False) -> float:
    """Return what a process held at most since the last reset, in MB (Linux)."""
    if reset:
        Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


if __name__ == "__main__":
    main()
