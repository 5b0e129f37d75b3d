"""A published town served as a process, and planners who look at drafts of it in Chromium."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from town_in_force import Town, put_in_force

from api.pages import BUILT
from gis_grid.plan import Plan
from gis_grid.store import open_store
from gis_grid.store.access import LOCAL
from gis_grid.store.setup import init
from gis_grid.store.tokens import create_token
from on_the_map import BORDERS, FRONT, PAIRS, SPOT, WIDE

ROOT = Path(__file__).resolve().parents[3]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: what renders WebGL without a graphics card, also as root, and calls nobody
FLAGS = (
    "--no-sandbox --disable-quic --no-first-run --disable-background-networking --disable-component-update "
    "--disable-sync --use-angle=swiftshader --enable-unsafe-swiftshader --ignore-gpu-blocklist"
).split()
SERVE = "from gis_grid.cli import main; from api.command import serve; main.add_command(serve); main()"
PEOPLE = {"lin": "planner", "wang": "planner", "zhao": "approver"}

#: rules that the page answers itself
RULES = ("inside-parent", "no-gap", "contiguous", "barrier", "band")


@dataclass
class Office:
    """A service on a published town, with the tokens of people."""

    url: str
    town: Town
    tokens: dict[str, str]

    def api(self, who: str, method: str, path: str, **options: Any) -> Any:
        """Ask the service as somebody, and return the answer's JSON."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"}
        answer = httpx.request(method, f"{self.url}/api{path}", headers=headers, timeout=60, **options)
        assert answer.is_success, answer.text
        return answer.json()

    def draft(self) -> str:
        """Open a draft of the published plan."""
        return str(self.api("lin", "POST", f"/plans/{self.town.plan_id}/drafts", json={"name": "城东"})["id"])

    def journal(self, draft: str, since: int = 0) -> list[dict[str, Any]]:
        """Return the entries of a draft's journal after a revision."""
        path = f"/drafts/{draft}/journal?since={since}"
        entries: list[dict[str, Any]] = self.api("lin", "GET", path)["entries"]
        return entries

    def withdraw(self, plan: str) -> None:
        """Take a publication back, so that other tests publish what follows from the first plan."""
        self.api("zhao", "POST", f"/plans/{plan}/withdraw", json={"comment": ""})

    def holds(self, draft: str) -> dict[str, str]:
        """Return which grid each block of a draft is in, as the store has it."""
        table = self.api("lin", "GET", f"/drafts/{draft}/table")
        grids = table["grids"]["id"]
        return {
            block: grids[row] if row >= 0 else ""
            for block, row in zip(table["blocks"]["id"], table["blocks"]["grid"], strict=True)
        }


@pytest.fixture(scope="session", params=["sqlite", pytest.param("postgis", marks=pytest.mark.postgis)])
def office(request: pytest.FixtureRequest, town: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Return the town served from each of the two databases."""
    if request.param == "postgis":
        address = request.getfixturevalue("postgis")()
    else:
        address = str(tmp_path_factory.mktemp("planner") / "store.sqlite")
    with open_store(address) as store:
        init(store)
        held = put_in_force(store, address, town)
        with store.writing() as session:
            tokens = {
                name: create_token(session, name=name, role=role, days=1, actor=LOCAL, area=held.district)[1]
                for name, role in PEOPLE.items()
            }
        variables = {"PYTHONPATH": str(ROOT), "GIS_GRID_LOG_LEVEL": "error", "GIS_GRID_WRITE_RATE": "100000/minute"}
        command = [sys.executable, "-c", SERVE, "serve", "--store", address, "--port", "0"]
        with subprocess.Popen(command, env=os.environ | variables, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr is not None
                found = re.search(r"http://127\.0\.0\.1:\d+", process.stderr.readline())
                assert found is not None
                with httpx.Client(base_url=found[0], transport=httpx.HTTPTransport(retries=8), timeout=60) as client:
                    for _ in range(300):
                        if client.get("/api/ready").status_code == 200:
                            break
                        time.sleep(0.1)
                yield Office(found[0], held, tokens)
            finally:
                process.terminate()


class Desk:
    """One planner's browser with a draft on the screen."""

    def __init__(self, page: Any, office: Office, draft: str) -> None:
        self.page, self.office, self.draft = page, office, draft
        self.begun = 0

    def fresh(self) -> Desk:
        """Put away whatever is in hand, and look at the whole draft; what is entered from now on is `entered`."""
        self.page.evaluate("document.activeElement.blur()")
        self.page.get_by_role("tab", name="网格").click()
        for key in ("Escape", "Escape", "v", "0"):
            self.page.keyboard.press(key)
        self.saved()
        self.begun = self.revision()
        return self

    def entered(self, count: int = 1) -> list[dict[str, Any]]:
        """Wait until the journal has so many entries more, and return them; page and store have one plan then."""
        self.wait(lambda: len(self.office.journal(self.draft, self.begun)) >= count)
        found = self.office.journal(self.draft, self.begun)
        assert len(found) == count
        assert self.wait(lambda: self.office.holds(self.draft) == self.holds())
        return found

    def reach(self, wanted: Any, most: int = 400) -> None:
        """Press Tab until something has the focus."""
        wanted.first.wait_for(timeout=30_000)
        for _ in range(most):
            if wanted.first.evaluate("element => element === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail(f"Tab does not lead to {wanted}")

    def use(self, wanted: Any) -> None:
        """Go to a button by Tab, and press it."""
        self.reach(wanted)
        self.page.keyboard.press("Enter")

    def wait(self, what: Callable[[], Any], seconds: float = 15) -> Any:
        """Wait until something holds, and return it."""
        for _ in range(int(seconds * 10)):
            found = what()
            if found:
                return found
            self.page.wait_for_timeout(100)
        pytest.fail("it did not come about")

    def borders(self) -> list[dict[str, Any]]:
        """Return borders that can be taken hold of."""
        found: list[dict[str, Any]] = self.page.evaluate(BORDERS)
        return found

    def front(self) -> tuple[dict[str, Any], list[str]]:
        """Return the border where most blocks face the other grid across one street, and these blocks."""
        found = [(border, self.page.evaluate(FRONT, [border["a"], border["b"]])) for border in self.borders()]
        return max(found, key=lambda one: len(one[1]))

    def wide(self) -> dict[str, Any]:
        """Return a block that can be cut, `from` above it and `to` below."""
        found: dict[str, Any] = self.page.evaluate(WIDE)
        return found

    def handed_in(self) -> str:
        """Change the draft, hand it in, and return the plan that it became."""
        self.drag(self.borders()[0])
        self.saved()
        body = {"draft": self.draft, "revision": self.revision(), "comment": ""}
        return str(self.office.api("lin", "POST", f"/plans/{self.office.town.plan_id}/submit", json=body)["plan"])

    def drag(self, border: dict[str, Any], *, release: bool = True) -> None:
        """Take hold of a border and drag it into the middle of the block beyond."""
        (x, y), (to_x, to_y) = border["at"], border["to"]
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        for step in range(1, 13):
            self.page.mouse.move(x + (to_x - x) * step / 12, y + (to_y - y) * step / 12)
        if release:
            self.page.mouse.up()

    def revision(self) -> int:
        """Return the revision that the page has."""
        return int(self.page.evaluate("gisGrid.desk().session.sync.revision"))

    def holds(self) -> dict[str, str]:
        """Return which grid each block is in, as the page has it; nothing while it loads the draft again."""
        script = (
            "() => { const plan = gisGrid.desk()?.session.plan; if (!plan) return {}; "
            "return Object.fromEntries(plan.blockIds.map((id, n) => [id, plan.gridId(plan.grid[n])])) }"
        )
        found: dict[str, str] = self.page.evaluate(script)
        return found

    def pairs(self) -> list[dict[str, Any]]:
        """Return pairs of neighbouring blocks of two grids, with a straight way from one into the other."""
        found: list[dict[str, Any]] = self.page.evaluate(PAIRS)
        return found

    def pair(self, **wanted: Any) -> dict[str, Any]:
        """Return the first pair that is as wanted."""
        return next(one for one in self.pairs() if all(one[name] == value for name, value in wanted.items()))

    def stroke(self, places: list[list[float]], *, steps: int = 10) -> None:
        """Press at the first place, move to the others, and let go."""
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=steps)
        self.page.mouse.up()

    def pencil(self, key: str) -> None:
        """Take up a tool that is read when it is wanted."""
        self.page.keyboard.press(key)
        self.page.locator(f"#map[data-pencil={'lasso' if key == 'o' else 'cut'}]").wait_for()

    def choose(self, grid: str) -> None:
        """Choose a grid by its id, as a click on it does."""
        place = self.page.evaluate(SPOT, grid)
        self.page.get_by_role("tab", name="网格").click()
        self.page.keyboard.press("v")
        self.page.mouse.click(*place)
        self.wait(lambda: self.page.locator(f".row.chosen:has-text('{self.called(grid)}')").count())

    def called(self, grid: str) -> str:
        """Return what the page calls a grid."""
        script = "(id) => { const { plan } = gisGrid.desk().session; return plan.called(plan.gridIds.indexOf(id)) }"
        return str(self.page.evaluate(script, grid))

    def rules(self) -> set[tuple[str, str]]:
        """Return what breaks a rule, and where, as the page lists it."""
        script = """() => { const { session } = gisGrid.desk();
            return [...session.problems.values()].flat().map(({ rule, grid }) => [rule, session.plan.gridId(grid)]) }"""
        return {(rule, grid) for rule, grid in self.page.evaluate(script)}

    def agreed(self) -> set[tuple[str, str]]:
        """Wait until all is saved; the service finds the same as the page, which is returned."""
        self.saved()
        told = self.office.api("lin", "GET", f"/drafts/{self.draft}/issues")["issues"]
        found = {(one["rule"], one["grid_id"]) for one in told if one["rule"] in RULES and one["severity"] != "warning"}
        assert self.rules() == found
        assert self.office.holds(self.draft) == self.holds()
        return found

    def saved(self) -> None:
        """Wait until nothing waits any more."""
        self.wait(lambda: self.page.evaluate("gisGrid.desk().session.sync.queue.length") == 0)


@pytest.fixture(scope="module")  # its loop runs as long as it is there, and others want one of their own
def browser() -> Iterator[Any]:
    """Return Chromium."""
    if CHROMIUM is None or not BUILT.exists():
        reason = "no Chromium (apt-get install chromium), or the pages are not built (make setup)"
        if "browser" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def refused(answer: Any, faults: list[str]) -> None:
    """Note what the service said to a change that it refused, and what it was asked."""
    if answer.status == 422 and answer.request.method == "PATCH":
        faults.append(f"{answer.request.post_data} -> {answer.text()}")


def opener(browser: Any, office: Office) -> Iterator[Callable[..., Desk]]:
    """Make a function that opens a draft as somebody; whatever goes wrong on a page fails the test."""
    contexts, faults = [], []

    def watch(page: Any, excused: tuple[str, ...]) -> None:
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: (
                faults.append(said.text)
                if said.type == "error" and not any(one in said.text for one in excused)
                else None
            ),
        )
        page.on("response", lambda answer: refused(answer, faults))
        page.on(
            "request",
            lambda asked: None if asked.url.startswith((office.url, "data:", "blob:")) else faults.append(asked.url),
        )

    def open_(draft: str, who: str = "lin", *, refuses: bool = False, **options: Any) -> Desk:
        """Open a draft; without one, what the page begins with. With `refuses` the service may refuse something."""
        excused = ("ERR_INTERNET", "the server responded with a status of 4") if refuses else ("ERR_INTERNET",)
        context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True, **options)
        contexts.append(context)
        context.on("page", lambda page: watch(page, excused))
        page = context.new_page()
        page.goto(f"{office.url}/{f'?draft={draft}' if draft else ''}#token={office.tokens[who]}")
        page.wait_for_selector("html[data-ready]", timeout=60_000)
        assert office.tokens[who] not in page.url
        return Desk(page, office, draft)

    yield open_
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture
def sit(browser: Any, office: Office) -> Iterator[Callable[..., Desk]]:
    """Return a function that opens a draft as somebody."""
    yield from opener(browser, office)


@pytest.fixture(scope="module")
def seat(browser: Any, office: Office) -> Iterator[Desk]:
    """Return one desk for all tests of a module."""
    for open_ in opener(browser, office):
        yield open_(office.draft(), reduced_motion="reduce")
