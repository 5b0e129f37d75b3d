"""A gazetteer that changes in place: entries come and go, names change, blocks change grids."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import shapely
from rtree import index

from gis_grid.addresses import numbers
from gis_grid.addresses.entries import COLUMNS, base_of
from gis_grid.addresses.names import NameBook
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import geopandas as gpd
    from numpy.typing import NDArray

    from gis_grid.addresses.entries import Layout
    from gis_grid.addresses.gazetteer import Gazetteer
    from gis_grid.addresses.ground import Ground

    #: west, south, east, north in degrees
    Box = tuple[float, float, float, float]
    Longs = NDArray[np.int64]

#: what is worked out from all entries, and anew when it is asked for after a change
_DERIVED: Final = ("_matcher", "errors", "suggester")


class Places:
    """Where the entries of a gazetteer lie: an R-tree in which single entries come and go.

    Parameters
    ----------
    gazetteer
        Its entries are taken in, also those that come later.
    """

    def __init__(self, gazetteer: Gazetteer) -> None:
        rows = np.flatnonzero(gazetteer.held)
        xy = np.column_stack([gazetteer.lon[rows], gazetteer.lat[rows]])
        self._tree = index.Index((rows, xy, xy)) if len(rows) else index.Index()

    def within(self, west: float, south: float, east: float, north: float) -> Longs:
        """Return the rows of entries in a box in degrees, in their order."""
        return np.sort(np.fromiter(self._tree.intersection((west, south, east, north)), dtype=np.int64))

    def nearest(self, lon: float, lat: float, most: int = 1) -> Longs:
        """Return the rows of the nearest entries, the nearest first, and all that lie as near as the last."""
        return np.fromiter(self._tree.nearest((lon, lat, lon, lat), most), dtype=np.int64)

    def insert(self, row: int, lon: float, lat: float) -> None:
        """Take an entry in."""
        self._tree.insert(row, (lon, lat, lon, lat))

    def delete(self, row: int, lon: float, lat: float) -> None:
        """Take an entry out."""
        self._tree.delete(row, (lon, lat, lon, lat))


def add(gazetteer: Gazetteer, entries: gpd.GeoDataFrame) -> Longs:
    """Append entries (points in degrees) and return their rows."""
    first = len(gazetteer.lon)
    rows = np.arange(first, first + len(entries))
    xy = shapely.get_coordinates(entries.geometry.to_numpy())
    gazetteer.lon, gazetteer.lat = np.append(gazetteer.lon, xy[:, 0]), np.append(gazetteer.lat, xy[:, 1])
    for name in COLUMNS:
        values = entries[name].astype(object).fillna("").to_numpy(dtype=object)
        gazetteer.columns[name] = np.append(gazetteer.columns[name], values)
    spots = [numbers.spot(key) for key in gazetteer.columns["number"][rows].tolist()]
    gazetteer.spots = np.append(gazetteer.spots, spots)
    gazetteer.held = np.append(gazetteer.held, np.ones(len(rows), dtype=bool))
    for layout, key, of_key in _keyed(gazetteer, rows):
        layout.put(key, of_key)
    if "places" in vars(gazetteer):
        for row in rows.tolist():
            gazetteer.places.insert(row, gazetteer.lon[row], gazetteer.lat[row])
    _follow(gazetteer)
    return rows


def remove(gazetteer: Gazetteer, rows: Iterable[int]) -> None:
    """Take entries out; those that are out already are left alone."""
    gone = np.unique(np.fromiter(rows, dtype=np.int64))
    gone = gone[gazetteer.held[gone]]
    for layout, key, of_key in _keyed(gazetteer, gone):
        layout.drop(key, of_key)
    if "places" in vars(gazetteer):
        for row in gone.tolist():
            gazetteer.places.delete(row, gazetteer.lon[row], gazetteer.lat[row])
    gazetteer.held[gone] = False
    _follow(gazetteer)


def rename(gazetteer: Gazetteer, old: str, new: str) -> int:
    """Give a road with its lanes, or a compound, a new name, and keep the old one as another name for it.

    Raises
    ------
    InputError
        If nothing has that name.
    """
    found = 0
    for name in ("road", "compound"):
        column = gazetteer.columns[name]
        same = np.array([one == old or (name == "road" and base_of(one) == old) for one in column.tolist()], dtype=bool)
        rows = np.flatnonzero(same & gazetteer.held)
        if not len(rows):
            continue
        for layout, key, of_key in _keyed(gazetteer, rows):
            layout.drop(key, of_key)
        column[rows] = [new + one.removeprefix(old) for one in column[rows].tolist()]
        for layout, key, of_key in _keyed(gazetteer, rows):
            layout.put(key, of_key)
        found += len(rows)
    if not found:
        problem, remedy = f"no road or compound is called {old}", "write it as it stands in the addresses"
        raise InputError(Fault(problem, remedy=remedy))
    gazetteer.aliases = {**{alias: new if one == old else one for alias, one in gazetteer.aliases.items()}, old: new}
    gazetteer.aliases.pop(new, None)
    _follow(gazetteer)
    return found


def located_anew(gazetteer: Gazetteer, areas: Longs, ground: Ground | None, boxes: Sequence[Box]) -> tuple[Longs, int]:
    """Return the areas of all entries, those added and those in boxes looked up anew, and how many that were."""
    new = np.arange(len(areas), len(gazetteer.lon))
    rows = np.unique(np.concatenate([*(gazetteer.places.within(*box) for box in boxes), new])).astype(np.int64)
    out = np.append(areas, np.zeros(len(new), dtype=np.int64))
    if ground is not None and len(rows):
        out[rows] = ground.locate(gazetteer.lon[rows], gazetteer.lat[rows])
    return out, len(rows)


def _keyed(gazetteer: Gazetteer, rows: Longs) -> Iterator[tuple[Layout, str, list[int]]]:
    """Return under which keys of which layout rows stand."""
    at: dict[tuple[int, str], list[int]] = defaultdict(list)
    layouts: Any = (gazetteer.roads, gazetteer.compounds)
    for row in rows.tolist():
        road, number, compound = (gazetteer.columns[name][row] for name in ("road", "number", "compound"))
        for which, key in ((0, road), (0, road and f"{road}|{number}"), (1, compound)):
            if key:
                at[which, key].append(row)
    for (which, key), of_key in at.items():
        yield layouts[which], key, of_key


def _follow(gazetteer: Gazetteer) -> None:
    """Let go of what was worked out from the entries, and read the names anew if they have changed."""
    for name in _DERIVED:
        vars(gazetteer).pop(name, None)
    gazetteer.street.cache_clear()
    kinds = gazetteer.kinds()
    if kinds != gazetteer.book.kinds or gazetteer.aliases != gazetteer.book.given:
        gazetteer.book = NameBook(kinds, gazetteer.aliases)
