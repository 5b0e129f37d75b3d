"""A published town served as a process, with a plan to come, and a phone that looks at it in Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest
import shapely
from next_plan import publish_later, token_of
from sqlalchemy import select
from town_in_force import Town, put_in_force

from api.pages import BUILT
from gis_grid.plan import Plan
from gis_grid.store import open_store
from gis_grid.store.models import PostUnit, Staff, StaffAssignment
from gis_grid.store.setup import init

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: what renders WebGL without a graphics card, also as root, and calls nobody
FLAGS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist"
).split()
SERVE = "from gis_grid.cli import main; from api.command import serve; main.add_command(serve); main()"
Point = tuple[float, float]


@dataclass(frozen=True)
class Served:
    """A service, its town, the grids on both sides of the line that moves, and where to stand."""

    url: str
    town: Town
    old: str
    new: str
    day: str
    inside: Point
    border: Point
    moving: Point
    names: dict[str, str]
    token: str


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def each(request: pytest.FixtureRequest, town: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the town served from each of the two databases."""
    if request.param == "postgis":
        address = request.getfixturevalue("postgis")()
    else:
        address = str(tmp_path_factory.mktemp("phone") / "store.sqlite")
    yield from _serve(town, address)


@pytest.fixture(scope="session")
def served(town: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the town served from a file."""
    yield from _serve(town, str(tmp_path_factory.mktemp("phone") / "store.sqlite"))


def _serve(plan: Plan, address: str) -> Iterator[Served]:
    assert plan.addresses is not None
    old_names = pd.DataFrame({"alias": ["老正街"], "name": [plan.addresses["road"].iloc[40]], "note": [""]})
    with open_store(address) as store:
        init(store)
        town = put_in_force(store, address, replace(plan, aliases=old_names))
        block, old, new, day = publish_later(town)
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "GIS_GRID_PUBLIC_LOOKUP": "true"}
        environment["GIS_GRID_LOG_LEVEL"] = "error"  # nobody empties the pipe
        command = [sys.executable, "-c", SERVE, "serve", "--store", address, "--port", "0"]
        with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
                assert found is not None
                _wait(found[0])
                grids = town.plan.grids.to_crs(4326).set_index("code")
                shape = grids.geometry[old]
                yield Served(
                    found[0],
                    town,
                    old,
                    new,
                    str(day),
                    _at(shape.representative_point()),
                    _at(_middle(shape, grids.geometry[new])),
                    _at(town.plan.blocks.to_crs(4326).geometry[block].representative_point()),
                    grids["name"].to_dict(),
                    token_of(town, _answers_for(town, old)),
                )
            finally:
                process.terminate()


def _wait(url: str) -> None:
    """Wait until the service has read what is published: before that it says 503."""
    with httpx.Client(base_url=url, transport=httpx.HTTPTransport(retries=8), timeout=60) as client:
        for _ in range(300):
            if client.get("/api/ready").status_code == 200:
                return
            time.sleep(0.1)
    pytest.fail("the service does not become ready")


def _at(point: Any) -> Point:
    return point.x, point.y


def _middle(one: Any, other: Any) -> Any:
    """Return the middle of the longest stretch of a common border."""
    line = shapely.line_merge(shapely.intersection(one, other))
    return max(shapely.get_parts(line), key=shapely.length).interpolate(0.5, normalized=True)


def _answers_for(town: Town, code: str) -> str:
    """Return the number of somebody on the roster who answers for a grid, or for its community."""
    query = (
        select(Staff.number)
        .join(StaffAssignment, StaffAssignment.staff_id == Staff.id)
        .join(PostUnit, PostUnit.post_id == StaffAssignment.post_id)
        .where(PostUnit.code.in_((code, code[:12])))
        .order_by(PostUnit.code.desc(), Staff.number)
    )
    with town.store.reading() as session:
        return str(session.execute(query).scalars().first())


@dataclass
class Phone:
    """A page on a phone, and what went wrong on it."""

    page: Any
    context: Any
    faults: list[str] = field(default_factory=list)

    def stand(self, point: Point, accuracy: float = 5) -> None:
        """Stand somewhere."""
        place = {"longitude": point[0], "latitude": point[1], "accuracy": accuracy}
        self.context.set_geolocation(place)

    def locate(self) -> None:
        """Tap *My location*, and wait for what comes of it."""
        self.page.evaluate("document.getElementById('result').replaceChildren()")
        self.page.locator("#locate").click()
        self.page.wait_for_selector("#result > *")

    def text(self, selector: str = "#result") -> str:
        """Return what stands somewhere."""
        return str(self.page.locator(selector).inner_text())


@pytest.fixture(scope="module")  # its loop runs as long as it is there, and others want one of their own
def browser() -> Iterator[Any]:
    """Return Chromium."""
    missing = "Chromium is not installed (apt-get install chromium)" if CHROMIUM is None else ""
    missing = missing or ("" if BUILT.exists() else "the pages are not built (make setup)")
    if missing:
        if "browser" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail(missing)
        pytest.skip(missing)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def phone(browser: Any) -> Iterator[Callable[..., Phone]]:
    """Return a function that opens the page on a phone; without `at` the position is not permitted."""
    contexts = []

    def opened(
        served: Served,
        path: str = "/my",
        *,
        at: Point | None = None,
        accuracy: float = 5,
        size: tuple[int, int] = (390, 844),
        **options: Any,
    ) -> Phone:
        wanted: dict[str, Any] = {"viewport": {"width": size[0], "height": size[1]}, "locale": "zh-CN", **options}
        if at is not None:
            place = {"longitude": at[0], "latitude": at[1], "accuracy": accuracy}
            wanted |= {"geolocation": place, "permissions": ["geolocation"]}
        context = browser.new_context(**wanted)
        contexts.append(context)
        context.set_default_timeout(30_000)
        found = Phone(context.new_page(), context)
        found.page.on("pageerror", lambda error: found.faults.append(str(error)))
        found.page.on("request", lambda asked: _same(served, asked.url) or found.faults.append(asked.url))
        found.page.goto(served.url + path)
        found.page.wait_for_selector("#locate")
        return found

    yield opened
    for context in contexts:
        context.close()


def _same(served: Served, url: str) -> bool:
    return url.startswith((served.url, "data:", "blob:"))
