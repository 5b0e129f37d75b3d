"""Files of points or addresses answered row by row, as a stream: every row is answered, and none stops the others."""

from __future__ import annotations

import csv
import io
import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
import orjson

from gis_grid.crs import WGS84, parse_crs, transform_points
from gis_grid.errors import CrsError, InputError
from gis_grid.lookup import reading
from gis_grid.lookup.addressed import addressed_rows
from gis_grid.lookup.answers import SAME_AS_WGS84
from gis_grid.lookup.many import Many, locate_many

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from numpy.typing import NDArray

    from gis_grid.lookup.answers import Answers
    from gis_grid.lookup.found import Standing
    from gis_grid.lookup.towers import Tower

Floats: TypeAlias = "NDArray[np.float64]"

#: So many coordinate systems may stand in the rows of a file, under names made of these characters.
_MOST_SYSTEMS: Final = 50
_SYSTEM: Final = re.compile(r"[\w:\- ]{1,40}")
#: What is added to every row.
RESULTS: Final = (
    "grid_code",
    "grid_name",
    "community_code",
    "people",
    "distance_m",
    "level",
    "score",
    "status",
    "reason",
)
#: What `status` says: the place lies in a grid, in none, there is none in the row, the row is wrong, the address is
#: refused: it is not known, or may lie in several grids; or only the stairwell of a building can tell the grid.
OK, OUTSIDE, NO_POINT, WRONG, REFUSED, STAIRWELL = "ok", "outside", "no point", "error", "refused", "which-stairwell"
#: Stands before the name of a result where the file has a column of that name already.
_PREFIX: Final = "lookup_"


@dataclass(frozen=True)
class BatchOptions:
    """Say how a file of points is to be answered.

    `form` is `csv`, `jsonl` or `auto`; `crs` holds for rows that name none; `lon` and `lat` name the columns, which are
    guessed without them. `on` and `tier` are as in `Answers.at`. With `line` only who handles that service line is
    named. After `most_rows` the rest is left out.
    """

    form: str = "auto"
    crs: str = "wgs84"
    lon: str = ""
    lat: str = ""
    on: date | None = None
    tier: str | None = None
    line: str | None = None
    chunk_rows: int = 10_000
    most_rows: int | None = None


@dataclass
class BatchSummary:
    """Count what was answered so far; `columns` says which columns were taken for what."""

    rows: int = 0
    by_status: Counter[str] = field(default_factory=Counter)
    form: str = ""
    encoding: str = ""
    separator: str = ""
    columns: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


class Result(NamedTuple):
    """What is added to one row, in the order of `RESULTS`."""

    grid_code: str
    grid_name: str
    community_code: str
    people: str
    distance_m: float | None
    level: str
    score: float | None
    status: str
    reason: str


class Batch:
    r"""Answer a file of points; iterating yields the answered file in pieces of bytes.

    CSV (UTF-8 with or without a mark, GB18030, UTF-16; comma, tab, semicolon or bar) and JSON lines are told apart by
    their beginning. Rows keep their order and their own columns; `RESULTS` are added behind them. The answer is
    written in the encoding of the file (UTF-16 becomes UTF-8 with a mark). Memory does not grow with the file.

    Parameters
    ----------
    source
        A binary file, or an iterator of bytes.
    answers
        What is asked.
    options
        See `BatchOptions`.

    Raises
    ------
    InputError
        At once, if the source is no text, has no header or no columns of points; CrsError for an unknown system.

    Examples
    --------
    >>> import geopandas as gpd
    >>> import shapely
    >>> from gis_grid.lookup import Answers, Published
    >>> square = gpd.GeoDataFrame({"code": ["g1"]}, geometry=[shapely.box(114, 30, 115, 31)], crs=4326)
    >>> answers = Answers([Published("p1", "420103", "Jianghan", square)])
    >>> batch = Batch([b"id,lon,lat\n7,114.5,30.5\n8,east,30\n"], answers)
    >>> print(b"".join(batch).decode().replace("\r", ""))
    id,lon,lat,grid_code,grid_name,community_code,people,distance_m,level,score,status,reason
    7,114.5,30.5,g1,,,,47999.5,,,ok,
    8,east,30,,,,,,,,error,lon 'east' is no number
    <BLANKLINE>
    >>> batch.summary.by_status["ok"]
    1
    """

    def __init__(self, source: Any, answers: Answers, options: BatchOptions | None = None) -> None:
        self.options = options or BatchOptions()
        self.answers = answers
        answers.check_tier(self.options.tier)
        parse_crs(self.options.crs)
        self._systems: dict[str, str] = {}
        sample, blocks = reading.sampled(reading.blocks_of(source))
        form = reading.form_of(sample, self.options.form)
        self._decoder = reading.Decoder(form.encoding)
        self.summary = BatchSummary(form=form.kind, encoding=form.encoding, separator=form.separator)
        lines = reading.lines_of(blocks, self._decoder, form.end)
        self._writer: _Csv | _JsonLines = (
            _Csv(lines, form.separator, self.options) if form.kind == "csv" else _JsonLines(lines, self.options)
        )
        found = self._writer.columns
        self.summary.columns = {kind: name for kind, name in vars(found).items() if name}

    @property
    def media_type(self) -> str:
        """The media type of the answered file."""
        return "text/csv" if self.summary.form == "csv" else "application/x-ndjson"

    def __iter__(self) -> Iterator[bytes]:
        """Yield the answered file piece by piece."""
        first = True
        rows = iter(self._writer.rows)
        while chunk := list(itertools.islice(rows, self._room())):
            results = self._answered(chunk)
            yield self._encoded(self._writer.written(chunk, results, head=first), first=first)
            first = False
        if first:
            yield self._encoded(self._writer.written([], [], head=True), first=True)
        if next(rows, None) is not None:
            self.summary.notes.append(f"more than {self.options.most_rows:,} rows: the rest was left out")
        if self._decoder.broken:
            self.summary.notes.append(f"some characters cannot be read as {self._decoder.encoding}")
        self.summary.encoding = self._decoder.encoding

    def _room(self) -> int:
        most, chunk = self.options.most_rows, self.options.chunk_rows
        return chunk if most is None else min(chunk, most - self.summary.rows)

    def _encoded(self, text: str, *, first: bool) -> bytes:
        encoding = {"utf-16": "utf-8-sig"}.get(self._decoder.encoding, self._decoder.encoding)
        if encoding == "utf-8-sig" and not first:
            encoding = "utf-8"
        return text.encode(encoding, errors="replace")

    def _answered(self, chunk: list[Any]) -> list[Result]:
        """Answer so many rows."""
        results = [_place(row, self._writer) for row in chunk]
        by_crs: dict[str, list[tuple[int, _Point]]] = {}
        for n, one in enumerate(results):
            if isinstance(one, _Point):
                by_crs.setdefault(one.crs or self.options.crs, []).append((n, one))
        for crs, asked in by_crs.items():
            x = np.array([point.x for _, point in asked])
            y = np.array([point.y for _, point in asked])
            for (n, _), result in zip(asked, self._located(x, y, crs), strict=True):
                results[n] = result
        asked_by_name = [(n, one.text) for n, one in enumerate(results) if isinstance(one, _Address)]
        texts, options = [text for _, text in asked_by_name], self.options
        told = addressed_rows(self.answers, texts, on=options.on, tier=options.tier, line=options.line)
        for (n, _), row in zip(asked_by_name, told, strict=True):
            results[n] = Result(*row)
        done = [result for result in results if isinstance(result, Result)]
        self.summary.rows += len(done)
        self.summary.by_status.update(result.status for result in done)
        return done

    def _located(self, x: Floats, y: Floats, crs: str) -> Iterator[Result]:
        problem = self._systems.get(crs)
        if problem is None:
            problem = self._systems[crs] = self._refused(crs)
        if problem:
            return iter([_wrong(problem)] * len(x))
        lon, lat = _turned(x, y, crs)
        there = (np.abs(lon) <= 180) & (np.abs(lat) <= 90)
        found = locate_many(self.answers, lon[there], lat[there], on=self.options.on, tier=self.options.tier)
        told = _told(found, self.options.line)
        rows = zip(there.tolist(), x.tolist(), y.tolist(), strict=True)
        return (next(told) if ok else _no_place(a, b, crs) for ok, a, b in rows)

    def _refused(self, crs: str) -> str:
        """Say what is wrong with a coordinate system, nothing if it can be used."""
        if len(self._systems) >= _MOST_SYSTEMS:
            return f"there are more than {_MOST_SYSTEMS} coordinate systems in the file"
        if crs != self.options.crs and not _SYSTEM.fullmatch(crs):
            return f"{crs!r} is no coordinate system"
        try:
            parse_crs(crs)
        except CrsError as caught:
            return "; ".join(map(str, caught.faults))
        return ""


def _told(found: Many, line: str | None) -> Iterator[Result]:
    """Yield what is added to each row of points."""
    cells: dict[tuple[int, int], tuple[str, str, str, str]] = {}
    rows = zip(found.which.tolist(), found.position.tolist(), found.inside.tolist(), found.metres.tolist(), strict=True)
    for row, (which, position, inside, metres) in enumerate(rows):
        if row in found.towers:
            yield _which_stairwell(found.towers[row], found.standing[which], metres)
            continue
        if which < 0:
            yield Result("", "", "", "", None, "", None, OUTSIDE, "no plan is in force")
            continue
        cell = cells.get((which, position))
        if cell is None:
            published, layer, day = found.standing[which]
            fact = layer.facts[position]
            people = published.roster.text(fact["code"], day.toordinal(), line)
            cell = cells[which, position] = fact["code"], fact["name"], fact["community_code"], people
        if inside:
            yield Result(*cell, round(metres, 1), "", None, OK, "")
        else:
            reason = f"the nearest grid is {cell[0]} {cell[1]}".rstrip()
            yield Result("", "", "", "", round(metres, 1), "", None, OUTSIDE, reason)


def _which_stairwell(tower: Tower, standing: Standing, metres: float) -> Result:
    """Return what is added to a row at a building that several grids share: no grid, but all that it may be."""
    codes = standing.layer.codes
    parts = ", ".join(f"{name}单元 {codes[n]}" if name else codes[n] for name, n in tower.stairwells)
    reason = f"哪个单元? which stairwell? {tower.label}: {parts}"
    return Result("", "", "", "", round(metres, 1), "", None, STAIRWELL, reason)


def _wrong(reason: str) -> Result:
    return Result("", "", "", "", None, "", None, WRONG, reason)


def _no_place(x: float, y: float, crs: str) -> Result:
    swapped = abs(x) <= 90 < abs(y) <= 180
    return _wrong(f"{x:g},{y:g} is no place in {crs}" + ("; latitude stands first" if swapped else ""))


class _Point(NamedTuple):
    """Coordinates of a row, in its own system or that of the file."""

    x: float
    y: float
    crs: str


class _Address(NamedTuple):
    """The address of a row that has no coordinates."""

    text: str


def _place(row: Any, writer: _Csv | _JsonLines) -> Result | _Point | _Address:
    """Return the point or the address of a row, or what is to be said instead."""
    if isinstance(row, str):
        return _wrong(row)
    lon, lat, crs, address = writer.cells(row)
    if _blank(lon) and _blank(lat):
        if not _blank(address):
            return _Address(str(address))
        return Result("", "", "", "", None, "", None, NO_POINT, "there is neither a point nor an address in the row")
    x, y = reading.number_of(lon), reading.number_of(lat)
    if x is None or y is None:
        name, value = (writer.columns.lon, lon) if x is None else (writer.columns.lat, lat)
        return _wrong(f"{name} {value!r:.60} is no number" if not _blank(value) else f"{name} is empty")
    if not (math.isfinite(x) and math.isfinite(y)):
        return _wrong("the coordinates are not finite")
    return _Point(x, y, "" if _blank(crs) else str(crs).strip()[:60])


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _turned(x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats]:
    """Return points in WGS 84; those that do not exist there are not finite."""
    return (x, y) if crs in SAME_AS_WGS84 else transform_points(x, y, crs, WGS84)


class _Csv:
    """Read rows of a CSV and write them again with results behind them."""

    def __init__(self, lines: Iterator[str], separator: str, options: BatchOptions) -> None:
        rows = reading.csv_rows(lines, separator)
        self.rows: Iterable[Any] = rows
        self._names = reading.header_of(next(rows, "there is no header"))
        self._separator = separator
        self.columns = reading.columns_of(self._names, lon=options.lon, lat=options.lat)
        self._at = [self._names.index(name) if name else -1 for name in vars(self.columns).values()]

    def cells(self, row: list[str]) -> list[str]:
        """Return longitude, latitude, coordinate system and address of a row."""
        return [row[at] if 0 <= at < len(row) else "" for at in self._at]

    def written(self, rows: list[Any], results: list[Result], *, head: bool) -> str:
        """Return rows with their results as text."""
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self._separator)
        if head:
            writer.writerow([*self._names, *(_PREFIX * (name in self._names) + name for name in RESULTS)])
        width = len(self._names)
        blank = [""] * width
        for row, result in zip(rows, results, strict=True):
            own = blank if isinstance(row, str) else row
            if len(own) == width:
                writer.writerow([*own, *result])
            else:  # cells too many stand behind the results, so that these stay in their columns
                writer.writerow([*own[:width], *blank[len(own) :], *result, *own[width:]])
        return out.getvalue()


class _JsonLines:
    """Read objects, one a line, and write them again with results in them."""

    def __init__(self, lines: Iterator[str], options: BatchOptions) -> None:
        rows = reading.json_rows(lines)
        head = list(itertools.islice(rows, 1))
        self.rows: Iterable[Any] = itertools.chain(head, rows)
        named = [row for row in head if isinstance(row, dict)]
        self._chosen = options
        self.columns = reading.columns_of(named[0], lon=options.lon, lat=options.lat) if named else reading.Columns()
        self._known: dict[tuple[str, ...], reading.Columns] = {}

    def cells(self, row: dict[str, Any]) -> list[Any]:
        """Return longitude, latitude, coordinate system and address of a row, which has names of its own."""
        names = tuple(row)
        found = self._known.get(names)
        if found is None:
            try:
                found = reading.columns_of(names, lon=self._chosen.lon, lat=self._chosen.lat)
            except InputError:
                found = reading.Columns()
            if len(self._known) < 100:
                self._known[names] = found
        return [row[name] if name else None for name in vars(found).values()]

    def written(self, rows: list[Any], results: list[Result], *, head: bool) -> str:
        """Return objects with their results as text."""
        del head
        out = []
        for row, result in zip(rows, results, strict=True):
            own = {} if isinstance(row, str) else row
            added = {_PREFIX * (name in own) + name: value for name, value in zip(RESULTS, result, strict=True)}
            try:
                out.append(orjson.dumps(own | added, option=orjson.OPT_APPEND_NEWLINE))
            except orjson.JSONEncodeError:  # what can be read but not written, such as 300 brackets in one another
                out.append(orjson.dumps(added, option=orjson.OPT_APPEND_NEWLINE))
        return b"".join(out).decode()
