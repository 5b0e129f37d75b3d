"""How long the planner's page takes with 20,000 blocks in 1,000 grids: until it is ready, and a step of a drag.

    python benchmarks/viewer.py [--quick]

The page is opened in Chromium with a fresh profile (WebGL in software), against a service of its own. A step is what
happens when the pointer has moved: blocks change side, counts and quick rules of the grids touched, then the state of
the map and the names on it. `frame` is how long the map takes to draw it (processor, since there is no graphics card).
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from playwright.sync_api import Page, sync_playwright

from gis_grid.store import open_store
from gis_grid.store.access import LOCAL
from gis_grid.store.drafts import open_draft
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.setup import init
from gis_grid.store.tokens import create_token
from store import lattice_plan

ROOT = Path(__file__).resolve().parents[1]
BUILT = ROOT / "api" / "viewer" / "dist"
FLAGS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist"
).split()
SERVE = "from gis_grid.cli import main; from api.command import serve; main.add_command(serve); main()"
#: where borders are between two grids of a community, on the screen, and the middle of the block beyond
BORDERS = """() => {
  const { session, layers } = gisGrid.desk(), { plan } = session, { shapes } = layers, map = gisGrid.map();
  const box = map.getCanvas().getBoundingClientRect(), found = [];
  for (let line = 0; line < shapes.lineA.length; line++) {
    const a = shapes.lineA[line], b = shapes.lineB[line];
    if (b < 0 || plan.grid[a] === plan.grid[b] || plan.community[a] !== plan.community[b]) continue;
    const ends = shapes.line(line), middle = map.project(ends[Math.floor(ends.length / 2)]);
    const beyond = map.project([plan.lon[b], plan.lat[b]]);
    if (document.elementFromPoint(middle.x + box.x, middle.y + box.y) !== map.getCanvas()) continue;
    found.push([middle.x + box.x, middle.y + box.y, beyond.x + box.x, beyond.y + box.y]);
  }
  return found;
}"""
#: when what the page waits for was there, in milliseconds: its own marks, and answers of the service
MOMENTS = """() => [
  ...performance.getEntriesByType('mark').map((mark) => [mark.name, mark.startTime]),
  ...performance.getEntriesByType('resource').filter((one) => one.name.includes('/api/'))
    .map((one) => [new URL(one.name).pathname.split('/').pop(), one.responseEnd]),
].sort((one, other) => one[1] - other[1]).slice(0, 20)"""
ZOOM = "async (zoom) => { const map = gisGrid.map(); map.jumpTo({ zoom }); await map.once('idle'); }"
FRAMES = """() => { const map = gisGrid.map(); window.frames_ = [];
  let asked = 0;
  requestAnimationFrame(function each() { asked = performance.now(); requestAnimationFrame(each); });
  map.on('render', () => window.frames_.push(performance.now() - asked)); }"""


def prepared(folder: Path, rows: int, columns: int) -> tuple[str, str, str]:
    """Make a store with a plan and a draft of it; return its address, the draft's id, and a token."""
    address = str(folder / "store.sqlite")
    with open_store(address) as store:
        init(store)
        with store.writing() as session:
            district = DistrictOptions("420199", "district")
            taken = take_in(session, lattice_plan(rows, columns), district=district, title="measured")
            draft = open_draft(session, taken.plan_id, name="measured", actor=LOCAL)
            options: dict[str, Any] = {"days": 1, "actor": LOCAL, "area": taken.district.id}
            _, token = create_token(session, name="planner", role="planner", **options)
    return address, draft, token


def measured(page: Page, url: str, draft: str, token: str, gestures: int) -> None:
    """Print the times of a page; without gestures only until it is ready."""
    page.goto(f"{url}/my#token={token}")
    page.evaluate("(token) => localStorage.setItem('gis-grid.token', token)", token)
    for visit in ("first visit", "second visit"):
        start = time.perf_counter()
        page.goto(f"{url}/?draft={draft}")
        page.wait_for_selector("html[data-ready]", timeout=120_000)
        ready = page.evaluate("performance.getEntriesByName('ready')[0].startTime")
        print(f"{visit}: ready after {ready / 1000:.2f} s of the page's clock ({time.perf_counter() - start:.2f} s)")
        print("    " + ", ".join(f"{name} {at / 1000:.2f}" for name, at in page.evaluate(MOMENTS)))
    if not gestures:
        return
    page.evaluate(ZOOM, 15.5)
    page.evaluate(FRAMES)
    dice = np.random.default_rng(0)
    for _ in range(gestures):
        places = page.evaluate(BORDERS)
        x, y, to_x, to_y = places[dice.integers(len(places))]
        page.mouse.move(x, y)
        page.mouse.down()
        for n in range(1, 25):
            share = 1.6 * n / 24
            page.mouse.move(x + (to_x - x) * share, y + (to_y - y) * share)
        page.mouse.up()
    for name, what in (("step", "computed"), ("step-drawn", "with the state of the map")):
        found = np.array(page.evaluate("(name) => performance.getEntriesByName(name).map((e) => e.duration)", name))
        long = found[found > 0.3]
        print(
            f"{what}: {len(found)} steps, p50 {np.median(found):.2f} ms, p95 {np.quantile(found, 0.95):.2f} ms, "
            f"worst {found.max():.2f} ms; p95 of the {len(long)} longer than 0.3 ms {np.quantile(long, 0.95):.2f} ms"
        )
    frames = np.array(page.evaluate("window.frames_"))
    print(f"frame: {len(frames)} frames, p50 {np.median(frames):.1f} ms, p95 {np.quantile(frames, 0.95):.1f} ms")
    sent = page.evaluate("gisGrid.desk().session.sync.queue.length")
    print(f"gestures that still wait: {sent}")


def weight() -> None:
    """Print how many bytes each page takes before and with its map."""
    for page in ("planner", "my-grid"):
        html = (BUILT / f"{page}.html").read_text(encoding="utf-8")
        names = re.findall(r"/(assets/[\w.-]+)", html)
        first = sum(len(gzip.compress((BUILT / name).read_bytes(), 6)) for name in names) + len(html)
        print(f"{page}: {first / 1000:.1f} kB compressed before the map's worker")
    every = {
        path.name: len(gzip.compress(path.read_bytes(), 6))
        for path in (BUILT / "assets").iterdir()
        if path.suffix != ".gz"
    }
    print("all parts: " + ", ".join(f"{name} {size / 1000:.1f} kB" for name, size in sorted(every.items())))


def main() -> None:
    """Measure."""
    quick = "--quick" in sys.argv
    weight()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as name:
        address, draft, token = prepared(Path(name), *((20, 25) if quick else (125, 160)))
        command = [sys.executable, "-c", SERVE, "serve", "--store", address, "--port", "0"]
        variables = {**os.environ, "PYTHONPATH": str(ROOT), "GIS_GRID_LOG_LEVEL": "error"}
        service = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables)
        try:
            assert service.stderr is not None
            found = re.search(r"http://127\.0\.0\.1:\d+", service.stderr.readline())
            assert found is not None
            with httpx.Client(transport=httpx.HTTPTransport(retries=8)) as client:
                client.get(f"{found[0]}/api/health", timeout=60)
            with sync_playwright() as playwright:
                for since, gestures in (("has just started", 0), ("runs", 5 if quick else 40)):
                    print(f"the service {since}, a fresh profile:")
                    profile, size = f"{name}/{gestures}", {"width": 1440, "height": 900}
                    context = playwright.chromium.launch_persistent_context(
                        profile, executable_path=chromium, args=FLAGS, viewport=size
                    )
                    measured(context.pages[0], found[0], draft, token, gestures)
                    context.close()
        finally:
            service.terminate()
            service.wait()


if __name__ == "__main__":
    main()
