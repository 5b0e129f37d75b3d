"""Published grids and communities as collections of features (OGC API – Features – Part 1: Core, OGC 17-069r4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely
from sqlalchemy import select

from api.errors import Problem
from api.shelf import Shelf
from gis_grid.errors import AbsentError, Fault, InputError
from gis_grid.store.models import Area, Grid
from gis_grid.store.plans import GRID_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.store import Store
    from gis_grid.store.catalogue import InForce

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CONFORMS = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
)
#: counts below this are told to planners only
SMALL = 10
#: decimals of coordinates: a millimetre or so, and what two grids share stays shared
DECIMALS = 8
KINDS = {"grids": "网格 / grids", "communities": "社区 / communities"}
#: what features can be asked for by
QUERYABLES = {"code": "Code", "name": "Name", "community_code": "Code of the community"}
#: plans whose features one process keeps
KEPT = 32

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Features:
    """The features of a collection as one plan has them, in the order of their codes."""

    codes: list[str]
    properties: list[dict[str, Any]]
    shapes: np.ndarray[Any, Any]
    told: list[bytes]
    tree: shapely.STRtree

    @property
    def bounds(self) -> list[float]:
        """West, south, east, north."""
        return [round(float(edge), DECIMALS) for edge in shapely.total_bounds(self.shapes)]

    def chosen(self, box: Box | None, wanted: Mapping[str, str]) -> list[int]:
        """Return the places of the features that meet a box and have what is wanted of their properties."""
        places = range(len(self.codes)) if box is None else self._meeting(box)
        return [at for at in places if all(self.properties[at].get(name) == text for name, text in wanted.items())]

    def _meeting(self, box: Box) -> list[int]:
        west, south, east, north = box
        # a box whose west lies east of its east crosses the line of dates
        parts = (
            [(west, south, east, north)] if west <= east else [(west, south, 180, north), (-180, south, east, north)]
        )
        found = [self.tree.query(shapely.box(*part), predicate="intersects") for part in parts]
        return sorted({int(at) for one in found for at in one})

    def feature(self, at: int, also: Mapping[str, Any], *, small: bool) -> bytes:
        """Return one feature as GeoJSON; a small count only to those who may know it."""
        said = self.properties[at]
        few = said["households"] < SMALL and not small
        said = {**said, **also, "households": None if few else said["households"]}
        key = orjson.dumps(self.codes[at])
        return b'{"type":"Feature","id":%b,"properties":%b,"geometry":%b}' % (key, orjson.dumps(said), self.told[at])


class Collections:
    """Keep the features of the plans that were asked for last; a publication never changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: Shelf[Features] = Shelf(KEPT)

    def features(self, kind: str, held: InForce) -> Features:
        """Return the features of a kind in a district, as the plan in force has them."""
        return self._kept.get((kind, held.plan_id, held.version), lambda: self._read(kind, held))

    def _read(self, kind: str, held: InForce) -> Features:
        columns = GRID_COLUMNS[1:]
        query = select(*(getattr(Grid, name) for name in columns), Grid.geom).where(Grid.plan_id == held.plan_id)
        with self._store.reading() as session:
            rows = session.execute(query.order_by(Grid.code)).all()
            names = select(Area.code, Area.name).where(Area.level == "community", Area.path.startswith(held.path))
            name_of = dict(session.execute(names.order_by(Area.valid_from)).all())
        said = [dict(zip(columns, row[:-1], strict=True)) for row in rows]
        shapes = np.array([row[-1] for row in rows], dtype=object)
        if kind == "communities":
            said, shapes = _communities(said, shapes, name_of)
        return _features(said, shapes)


def _communities(
    grids: list[dict[str, Any]], shapes: np.ndarray[Any, Any], name_of: Mapping[str, str]
) -> tuple[list[dict[str, Any]], np.ndarray[Any, Any]]:
    """Put the grids of each community together."""
    members: dict[str, list[int]] = {}
    for at, grid in enumerate(grids):
        members.setdefault(grid["community_code"], []).append(at)
    said, whole = [], []
    for code in sorted(code for code in members if code):
        inside = members[code]
        households = sum(grids[at]["households"] for at in inside)
        counts = {"households": households, "grids": len(inside)}
        said.append({"code": code, "name": name_of.get(code, ""), "community_code": code} | counts)
        whole.append(shapely.union_all(shapes[inside]))
    return said, np.array(whole, dtype=object)


def _features(said: list[dict[str, Any]], shapes: np.ndarray[Any, Any]) -> Features:
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, DECIMALS))
    told = [str(text).encode() for text in shapely.to_geojson(shapely.orient_polygons(rounded))]
    return Features([one["code"] for one in said], said, shapes, told, shapely.STRtree(shapes))


def box_of(text: str | None) -> Box | None:
    """Return a box that is asked for: four numbers, or six with heights, which say nothing here.

    >>> box_of("114.2,30.5,114.3,30.6"), box_of("0,0,-5,1,1,5")
    ((114.2, 30.5, 114.3, 30.6), (0.0, 0.0, 1.0, 1.0))

    Raises
    ------
    InputError
        If it is no box.
    """
    if text is None:
        return None
    remedy = "give west,south,east,north in degrees"
    try:
        edges = [float(part) for part in text.split(",")]
    except ValueError as caught:
        raise InputError(Fault("this is no box", column="bbox", remedy=remedy)) from caught
    if len(edges) == 6:
        edges = [*edges[:2], *edges[3:5]]
    if len(edges) != 4 or not np.isfinite(edges).all() or edges[1] > edges[3] or max(map(abs, edges)) > 1e6:
        raise InputError(Fault("this is no box", column="bbox", remedy=remedy))
    west, south, east, north = edges
    return west, south, east, north


def day_of(text: str | None) -> date | None:
    """Return the day that a moment or a stretch of time asks about: the last of a stretch; None is today.

    >>> day_of("2026-03-01"), day_of("2026-01-01T00:00:00Z/2026-03-01T12:00:00Z"), day_of("2026-01-01/..")
    (datetime.date(2026, 3, 1), datetime.date(2026, 3, 1), None)

    Raises
    ------
    InputError
        If it is neither.
    """
    if text is None:
        return None
    begin, between, end = text.partition("/")
    chosen = end if between else begin
    if between:
        _moment(begin)
    return _moment(chosen)


def _moment(text: str) -> date | None:
    if text in ("", ".."):
        return None
    try:
        return datetime.fromisoformat(text).date() if "T" in text.upper() else date.fromisoformat(text)
    except ValueError as caught:
        raise InputError(Fault("this is no moment", column="datetime", remedy="use 2026-03-01")) from caught


def parts_of(collection: str) -> tuple[str, str]:
    """Return the kind and the code of the district that a collection's id names.

    >>> parts_of("grids-420103")
    ('grids', '420103')

    Raises
    ------
    AbsentError
        If it names none.
    """
    kind, _, code = collection.partition("-")
    if kind not in KINDS or not code:
        raise absent(collection)
    return kind, code


def absent(collection: str) -> AbsentError:
    """Return the error of a collection that is not there."""
    return AbsentError(Fault(f"there is no collection {collection[:80]}", remedy="see /api/ogc/collections"))


def refuse_unknown(given: Mapping[str, str], known: frozenset[str]) -> None:
    """Refuse parameters that nobody knows, as the standard asks (7.15.1 of part 1).

    Raises
    ------
    Problem
        400 if there are any.
    """
    unknown = sorted(set(given) - known)
    if unknown:
        raise Problem(400, "invalid", f"there is no parameter {', '.join(name[:40] for name in unknown[:5])}")
