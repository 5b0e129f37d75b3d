"""`GET /api/lookup`, answered before routing: what is asked most is answered with the least ado.

The framework's own way through middleware, validation and a thread costs several times what the lookup itself does.
So this one route reads its query string, its token and its limits by itself, and answers bytes that were encoded
when the publication was loaded. It is described in OpenAPI like every other route (`api.routes.lookup`).
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_plus

import orjson
import structlog
from starlette.concurrency import run_in_threadpool

from api import logs
from api.auth import Caller, secret_in
from api.deps import address_of
from api.errors import MEDIA_TYPE, Problem, members_of, problem
from gis_grid.errors import GridError
from gis_grid.lookup.answering import with_handling
from gis_grid.store.access import NOBODY, WHOLE
from gis_grid.store.editions import Edition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope, Send

    from api.state import State
    from gis_grid.lookup import Answer, Answers, Found
    from gis_grid.store.access import Actor

PATH = "/api/lookup"
SYSTEMS = ("wgs84", "cgcs2000", "gcj02", "bd09")
#: the worst accuracy that is believed (metres)
WORST_M = 2_000.0
#: no address is longer (characters)
LONGEST = 300
#: nor the name of a service line
LONGEST_LINE = 60
_log = structlog.get_logger("api")
_NAMES = frozenset(("lon", "lat", "crs", "accuracy_m", "at", "tier", "address", "line"))


class Wish(NamedTuple):
    """What a lookup asks for."""

    lon: float
    lat: float
    crs: str = "wgs84"
    accuracy_m: float | None = None
    at: date | None = None
    tier: str | None = None
    address: str | None = None
    line: str | None = None


def read(query: bytes) -> Wish:
    """Read the query string of a lookup; every fault in it is named at once, and none repeats what was sent.

    >>> read(b"lon=114.27&lat=30.60&crs=gcj02")
    Wish(lon=114.27, lat=30.6, crs='gcj02', accuracy_m=None, at=None, tier=None, address=None, line=None)

    Raises
    ------
    Problem
        422 if something is missing or cannot be.
    """
    given: dict[str, str] = {}
    text = query.decode("latin-1")
    coded = "%" in text or "+" in text
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name in _NAMES:
            given[name] = unquote_plus(value, errors="replace") if coded else value
    faults: list[dict[str, str]] = []
    lon = lat = math.nan
    address = given.get("address") if "lon" not in given and "lat" not in given else None
    if address is None:
        lon = _number(given, "lon", -180, 180, faults)
        lat = _number(given, "lat", -90, 90, faults)
    elif len(address) > LONGEST:
        faults.append({"where": "query.address", "problem": f"longer than {LONGEST} characters"})
    crs = given.get("crs", "wgs84")
    if crs not in SYSTEMS:
        faults.append({"where": "query.crs", "problem": f"not one of {', '.join(SYSTEMS)}"})
    accuracy = _number(given, "accuracy_m", 0, WORST_M, faults) if "accuracy_m" in given else None
    at = None
    if given.get("at"):
        try:
            at = date.fromisoformat(given["at"])
        except ValueError:
            faults.append({"where": "query.at", "problem": "no day such as 2026-01-31"})
    if len(given.get("line", "")) > LONGEST_LINE:
        faults.append({"where": "query.line", "problem": f"longer than {LONGEST_LINE} characters"})
    if faults:
        raise Problem(422, "invalid", "the request does not fit", faults=faults)
    return Wish(lon, lat, crs, accuracy, at, given.get("tier") or None, address, given.get("line") or None)


def _number(given: Mapping[str, str], name: str, low: float, high: float, faults: list[dict[str, str]]) -> float:
    text = given.get(name)
    if text is None:
        faults.append({"where": f"query.{name}", "problem": "missing"})
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        faults.append({"where": f"query.{name}", "problem": f"no number from {low} to {high}"})
    return value


class Reply(NamedTuple):
    """A status, a body, and what the log and the figures say of it."""

    status: int
    body: bytes
    outcome: str
    grid: str = ""
    headers: tuple[tuple[bytes, bytes], ...] = ()


_PROBLEM = MEDIA_TYPE.encode()
_FAILED = Reply(500, orjson.dumps(problem(500, "the service could not do this; its log says why")), "failed")


class Front:
    """Answer lookups."""

    def __init__(self, state: State) -> None:
        self._state = state
        metrics = state.metrics
        self._seconds = metrics.seconds.labels(PATH)
        self.book = logs.Book(state.settings.log_level)
        self._counts: dict[tuple[int, str], tuple[Any, Any]] = {}

    async def __call__(self, scope: Scope, send: Send) -> None:
        """Answer one request."""
        begun = time.perf_counter()
        asked = scope["query_string"], _header(scope), address_of(scope)
        found = reply(self._state, *asked, quick=True)
        if found is None:
            found = await run_in_threadpool(reply, self._state, *asked) or _FAILED
        headers = [
            (b"content-type", b"application/json" if found.status == 200 else _PROBLEM),
            (b"content-length", b"%d" % len(found.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            *found.headers,
        ]
        await send({"type": "http.response.start", "status": found.status, "headers": headers})
        await send({"type": "http.response.body", "body": found.body})
        self._note(found, time.perf_counter() - begun)

    def _note(self, found: Reply, seconds: float) -> None:
        counts = self._counts.get((found.status, found.outcome))
        if counts is None:
            metrics = self._state.metrics
            requests = metrics.requests.labels("GET", PATH, str(found.status))
            counts = requests, metrics.lookups.labels("point", found.outcome)
            self._counts[found.status, found.outcome] = counts
        for count in counts:
            count.inc()
        self._seconds.observe(seconds)
        self.book.note(found.status, found.outcome, found.grid, seconds)


def reply(state: State, query: bytes, header: bytes | None, address: str, *, quick: bool = False) -> Reply | None:
    """Return the answer to a query string; with `quick` None, if it takes the store to find it."""
    try:
        caller = _caller(state, header, address, quick=quick)
        if caller is None:
            return None
        wish = read(query)
        current = state.desk.current
        if quick and (wish.at is not None or wish.address is not None or current.over()):
            return None
        state.rates.take("lookup", caller.key)
        if not quick and wish.at is None and current.over():
            current = state.desk.renew(always=False)
        found = answer if wish.address is None else answer_address
        return found(wish, caller, current.answers, whole=state.settings.public_lookup)
    except Problem as told:
        headers = tuple((name.lower().encode(), value.encode()) for name, value in (told.headers or {}).items())
        return Reply(told.status_code, orjson.dumps(told.content()), told.kind, headers=headers)
    except GridError as caught:
        members = members_of(caught)
        return Reply(members["status"], orjson.dumps(members), "refused")
    except Exception as caught:  # noqa: BLE001 - no traceback leaves
        _log.error("failed", route=PATH, exc_info=caught)
        return _FAILED


def _caller(state: State, header: bytes | None, address: str, *, quick: bool) -> Caller | None:
    secret = secret_in(header)
    if secret is not None:
        return state.gate.known(secret) if quick else state.gate.caller(secret, address=address)
    if not state.settings.public_lookup:
        raise Problem(401, "token", "lookups need a token here", headers={"WWW-Authenticate": "Bearer"})
    return Caller(NOBODY, address, 0.0)


def answer(wish: Wish, caller: Caller, answers: Answers, *, whole: bool) -> Reply:
    """Return the answer to a wish as a caller may see it.

    With `whole` everybody may look up everywhere, as guests do; without it only in their part of the tree.

    Raises
    ------
    Problem
        404 outside every grid, 403 in a grid of another part of the tree.
    """
    actor = caller.actor
    found = answers.at(wish.lon, wish.lat, crs=wish.crs, on=wish.at, tier=wish.tier)
    accuracy, metres = wish.accuracy_m, found.distance_to_border_m
    if accuracy is not None and (metres is None or metres <= accuracy):  # else no other grid is near enough
        found = answers.at(wish.lon, wish.lat, crs=wish.crs, accuracy_m=accuracy, on=wish.at, tier=wish.tier)
    if found.grid is None:
        raise _outside(found, actor, wish, whole=whole)
    path, code = path_of(found.grid), found.grid.code
    if not whole and not actor.may("lookup", path):
        raise Problem(403, "elsewhere", "the point lies outside your part of the administrative tree")
    if actor.path != WHOLE and (found.also_possible or found.building):
        found = _seen_by(actor, found, whole=whole)
    return Reply(
        200,
        found.json(small=actor.may("read_small_counts", path), line=wish.line),
        "inside" if found.building is None else "which-stairwell",
        code,
    )


def answer_address(wish: Wish, caller: Caller, answers: Answers, *, whole: bool) -> Reply:
    """Return the answer to an address as a caller may see it; the text itself goes nowhere else.

    Raises
    ------
    Problem
        404 where the address is refused, with the reason and the grids it may lie in; 403 in another part of the tree.
    """
    actor = caller.actor
    found = answers.address(wish.address or "", on=wish.at, tier=wish.tier)
    if found.grid is None:
        seen = [one for one in found.also_possible if whole or actor.may("lookup", path_of(one.found))]
        small = all(actor.may("read_small_counts", path_of(one.found)) for one in seen)
        told = replace(found, also_possible=tuple(seen)).told(small=small)
        told = told if wish.line is None else with_handling(told, wish.line)
        kept = ("reason", "reason_zh", "also_possible", "district", "plan", "as_of")
        raise Problem(404, "refused", found.reason_en, **{name: told[name] for name in kept})
    path = path_of(found.grid)
    if not whole and not actor.may("lookup", path):
        raise Problem(403, "elsewhere", "the address lies outside your part of the administrative tree")
    small = actor.may("read_small_counts", path)
    return Reply(200, found.json(small=small, line=wish.line), "address", found.grid.code)


def path_of(found: Found) -> str:
    """Return the path of rights of a grid that was found."""
    published = found.standing.published
    return published.paths.get(found.code, WHOLE) if isinstance(published, Edition) else WHOLE


def _seen_by(actor: Actor, found: Answer, *, whole: bool) -> Answer:
    """Leave out neighbours in other parts of the tree, where a caller may not look."""
    also = tuple(one for one in found.also_possible if whole or actor.may("lookup", path_of(one)))
    building = found.building
    if building is not None:
        seen = tuple(one for one in building.stairwells if whole or actor.may("lookup", path_of(one.found)))
        building = building._replace(stairwells=seen)
    return replace(found, also_possible=also, building=building)


def _outside(found: Answer, actor: Actor, wish: Wish, *, whole: bool) -> Problem:
    """Return the problem of a point outside every grid, with the nearest one if the caller may know it."""
    when = f" on {wish.at}" if wish.at is not None else ""
    nearest = found.nearest
    if nearest is None:
        return Problem(404, "outside", f"no plan is in force{when}", nearest=None)
    told = None
    if whole or actor.may("lookup", path_of(nearest)):
        told = nearest.told(small=actor.may("read_small_counts", path_of(nearest)))
        told = told if wish.line is None else with_handling(told, wish.line)
    detail = f"the point lies in no grid{when}"
    return Problem(404, "outside", detail, nearest=told, plan=found.plan, as_of=str(found.as_of))


def _header(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            found: bytes = value
            return found
    return None
