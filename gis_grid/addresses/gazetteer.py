"""The gazetteer of a district: what its addresses are called and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Self

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.addresses import changes, latin, numbers, ranges
from gis_grid.addresses.entries import COLUMNS, Layout, areas_stated, base_of, read_entries, written
from gis_grid.addresses.errors import Errors, learned
from gis_grid.addresses.interpolate import DEGREE_M, Street
from gis_grid.addresses.names import AREA, COMMUNITY, COMPOUND, ROAD, NameBook, kinds_of
from gis_grid.addresses.normalise import fold_all, is_chinese
from gis_grid.crs import WGS84, transform_geometries, transform_points
from gis_grid.errors import Fault, FrameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Longs = NDArray[np.int64]

#: under this key a plan notes which districts its addresses say they lie in
DISTRICTS: Final = "address_districts"


class Gazetteer:
    """Hold the addresses of a district, from roads and compounds down to stairwells, and where each lies.

    Nothing below a stairwell is kept: no floor, no room, nothing about people.

    Parameters
    ----------
    entries
        Frame of points with the columns `road`, `number`, `compound`, `building` and `stairwell` (texts, folded).
    streets
        Lines with `road` and number ranges (`gis_grid.addresses.ranges.COLUMNS`), where there are any.
    names
        Further names: what each is (`COMMUNITY`, `AREA`, `ROAD`, `COMPOUND`).
    aliases
        Other and old names, with the name that each stands for.

    Raises
    ------
    FrameError
        If columns or the CRS are missing; all faults at once.

    Examples
    --------
    >>> spots = gpd.GeoDataFrame(
    ...     {"address": ["青禾区东湖路247号玉兰家园1栋1单元", "青禾区东湖路249号"]},
    ...     geometry=gpd.points_from_xy([114.2701, 114.2705], [30.6, 30.6]),
    ...     crs=4326,
    ... )
    >>> gazetteer = Gazetteer.from_frames(spots)
    >>> gazetteer.entries["number"].tolist()
    ['247', '249']
    >>> gazetteer.match("玉兰家园一栋").label
    '东湖路247号玉兰家园1栋'
    """

    def __init__(
        self,
        entries: gpd.GeoDataFrame,
        *,
        streets: gpd.GeoDataFrame | None = None,
        names: Mapping[str, int] | None = None,
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        spots = _checked(entries)
        xy = shapely.get_coordinates(spots.geometry.to_numpy())
        self.lon, self.lat = xy[:, 0].copy(), xy[:, 1].copy()
        table = pd.DataFrame({name: spots[name].astype(object).fillna("").to_numpy() for name in COLUMNS})
        #: where each number stands in its row, -1 where there is none
        self.spots: Floats = _spots(table["number"])
        table["value"] = np.floor(self.spots)
        by_road = ["road", "value", "number", "building", "stairwell"]
        self.roads = Layout(table, by_road, [["road"], ["road", "number"]])
        self.compounds = Layout(table, ["compound", "building", "stairwell"], [["compound"]])
        self.columns = {name: table[name].to_numpy(dtype=object) for name in COLUMNS}
        #: whether each entry still is one
        self.held = np.ones(len(table), dtype=bool)
        self.streets = in_degrees(streets) if streets is not None and len(streets) else None
        self.ranges = ranges.Ranges(self.streets) if self.streets is not None else None
        self.further = dict(names or {})
        self.aliases = dict(aliases or {})
        self.book = NameBook(self.kinds(), self.aliases)
        self.street = lru_cache(maxsize=50_000)(self._street)

    @classmethod
    def from_frames(
        cls,
        addresses: gpd.GeoDataFrame,
        *,
        streets: gpd.GeoDataFrame | None = None,
        communities: pd.DataFrame | None = None,
        areas: Iterable[str] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> Self:
        """Build a gazetteer from address points or buildings, streets and communities as they come.

        `addresses` needs `address`, or columns of road and number (`gis_grid.addresses.entries.SPELLINGS`); areas are
        taken by a point inside them. Of `streets` names are taken, and number ranges where they have them. `areas`
        are names of what the district lies in and consists of, the district's own among them.
        """
        known = _further(streets, communities, areas)
        book = NameBook(known, aliases)
        texts = pd.DataFrame(addresses.drop(columns=addresses.geometry.name))
        known |= dict.fromkeys(areas_stated(texts, book), AREA)
        found = read_entries(texts, book)
        shapes = in_degrees(addresses[[addresses.geometry.name]]).geometry.to_numpy()
        points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
        entries = gpd.GeoDataFrame(found[list(COLUMNS)], geometry=points[found["at"].to_numpy()], crs=WGS84)
        entries = entries[~(entries.geometry.isna() | entries.geometry.is_empty)]
        entries = entries.drop_duplicates([*COLUMNS, "geometry"]).reset_index(drop=True)
        numbered = ranges.with_ranges(streets) if streets is not None else None
        if numbered is not None:
            numbered = numbered.assign(road=_road_keys(numbered))[["road", *ranges.COLUMNS, numbered.geometry.name]]
        return cls(entries, streets=numbered, names=known, aliases=aliases)

    @property
    def entries(self) -> gpd.GeoDataFrame:
        """The entries as a frame of points, without those that were removed."""
        held = {name: column[self.held] for name, column in self.columns.items()}
        points = shapely.points(self.lon[self.held], self.lat[self.held])
        return gpd.GeoDataFrame(held, geometry=points, crs=WGS84)

    def kinds(self) -> dict[str, int]:
        """Return what each name is that it knows."""
        roads = dict.fromkeys(self.columns["road"][self.held].tolist())
        pairs = [(base_of(road), ROAD) for road in dict.fromkeys(map(base_of, roads))]
        pairs += [(name, COMPOUND) for name in dict.fromkeys(self.columns["compound"][self.held].tolist())]
        if self.streets is not None:
            pairs += [(name, ROAD) for name in self.streets["road"].unique().tolist()]
        return kinds_of([*self.further.items(), *dict.fromkeys(pairs)])

    def _street(self, road: str) -> Street | None:
        """Return the numbered points of a road, None if there are none."""
        rows = self.roads.get(road)
        if rows is None:
            return None
        rows = rows[self.spots[rows] >= 0]
        return Street(self.spots[rows], self.lon[rows], self.lat[rows], rows, self.errors) if len(rows) else None

    @cached_property
    def errors(self) -> Errors:
        """How far its numbers lie from where their neighbours make them expected (`gis_grid.addresses.errors`)."""
        rows = np.flatnonzero(self.held & (self.spots >= 0) & (self.columns["road"] != ""))
        road = pd.factorize(self.columns["road"][rows])[0]
        value = self.spots[rows]
        group = road * 2 + np.floor(value).astype(np.int64) % 2
        order = np.lexsort((value, group))
        rows = rows[order]
        x = self.lon[rows] * DEGREE_M * np.cos(np.radians(self.lat[rows].mean() if len(rows) else 0.0))
        return learned(group[order], value[order], x, self.lat[rows] * DEGREE_M)

    @property
    def districts(self) -> list[str]:
        """The names of districts that its addresses say they lie in, and those that were given."""
        return sorted(name for name, kind in self.further.items() if kind & AREA and name.endswith(("区", "县", "市")))

    def add(self, entries: gpd.GeoDataFrame) -> Longs:
        """Take in further entries, in place, and return their rows (`gis_grid.addresses.changes`)."""
        return changes.add(self, _checked(entries))

    def remove(self, rows: Iterable[int]) -> None:
        """Take entries out, in place; the rows of others stay what they are."""
        changes.remove(self, rows)

    def rename(self, old: str, new: str) -> int:
        """Give a road or compound a new name, in place; the old one stays known. Returns how many entries it had."""
        return changes.rename(self, old, new)

    @cached_property
    def places(self) -> changes.Places:
        """Where its entries lie (`gis_grid.addresses.changes.Places`)."""
        return changes.Places(self)

    @cached_property
    def _matcher(self) -> Any:
        from gis_grid.addresses.match import Matcher

        return Matcher(self)

    def match(self, text: str) -> Any:
        """Return what an address is (`gis_grid.addresses.match.Match`), each place counting as an area of its own."""
        return self._matcher.match(text)

    @cached_property
    def suggester(self) -> Any:
        """What completes names and numbers as they are typed (`gis_grid.addresses.suggest.Suggester`)."""
        from gis_grid.addresses.suggest import Suggester

        return Suggester(self)

    def suggest(self, text: str, most: int = 10) -> list[Any]:
        """Return completions of what was typed, in characters or pinyin."""
        found: list[Any] = self.suggester.suggest(text, most)
        return found

    def label(self, row: int, *, level: str = "stairwell") -> str:
        """Return the address of a row as people write it, down to a level of `gis_grid.addresses.match.LEVELS`."""
        return written(*(self.columns[name][row] for name in COLUMNS), level=level)


def _checked(entries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    faults = [Fault("the column is missing", "addresses", name) for name in COLUMNS if name not in entries]
    if entries.crs is None:
        faults.append(Fault("the frame has no CRS", "addresses", remedy="declare one (set_crs)"))
    if faults:
        raise FrameError(faults)
    return in_degrees(entries)


def _spots(written_numbers: pd.Series) -> Floats:
    """Return where numbers stand in their rows; a city has many doors and few numbers."""
    which, keys = pd.factorize(written_numbers)
    found: Floats = np.array([numbers.spot(key) for key in keys], dtype=float)[which]
    return found


def in_degrees(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return a frame in degrees of WGS 84.

    Raises
    ------
    FrameError
        If it has no CRS.
    """
    if frame.crs is None:
        raise FrameError(Fault("the frame has no CRS", "addresses", remedy="declare one (set_crs)"))
    if frame.crs.is_geographic:
        return frame
    shapes = frame.geometry.to_numpy()
    if len(shapes) and (shapely.get_type_id(shapes) == 0).all() and not shapely.is_empty(shapes).any():
        # points alone, as addresses are, are moved as two columns: half the time
        shapes = shapely.points(*transform_points(shapely.get_x(shapes), shapely.get_y(shapes), frame.crs, WGS84))
    else:
        shapes = transform_geometries(shapes, frame.crs, WGS84)
    return frame.set_geometry(gpd.GeoSeries(shapes, index=frame.index, crs=WGS84))


def _road_keys(streets: gpd.GeoDataFrame) -> list[str]:
    plain = {str(name).lower(): name for name in streets.columns}
    column = next(plain[name] for name in ("name", "street", "label", "strname", "名称") if name in plain)
    texts = streets[column].astype("str").where(streets[column].notna(), "").tolist()
    folded = fold_all(texts) if texts else []
    return [text if is_chinese(text) else latin.street_key(text) for text in folded]


def _further(
    streets: gpd.GeoDataFrame | None, communities: pd.DataFrame | None, areas: Iterable[str]
) -> dict[str, int]:
    """Return the names that are known besides those of the addresses."""
    pairs: list[tuple[str, int]] = []
    if streets is not None:
        pairs += [(base_of(name), ROAD) for name in dict.fromkeys(_road_keys(streets)) if name]
    if communities is not None:
        named = [str(name) for name in communities["name"].dropna()]
        pairs += [(name, COMMUNITY) for name in fold_all(named) if name] if named else []
        if "office_name" in communities:
            offices = [str(name) for name in communities["office_name"].dropna().unique()]
            pairs += [(name, AREA) for name in fold_all(offices)] if offices else []
    names = [name for name in areas if name]
    pairs += [(name, AREA) for name in fold_all(names)] if names else []
    return kinds_of(dict.fromkeys(pairs))


@dataclass(frozen=True, eq=False)
class AddressFrames:
    """Hold the frames of a gazetteer that is built when it is first asked.

    Parameters
    ----------
    addresses, numbers
        The layers of a plan: points with `entries.COLUMNS`, and pieces of streets with `road` and their numbers.
    streets, communities
        Frames whose `name` is known besides.
    areas
        Names of what the district lies in and consists of.
    aliases
        Other and old names: columns `alias`, `name` and `note`.
    """

    addresses: gpd.GeoDataFrame | None = None
    numbers: gpd.GeoDataFrame | None = None
    streets: gpd.GeoDataFrame | None = None
    communities: pd.DataFrame | None = None
    areas: tuple[str, ...] = ()
    aliases: pd.DataFrame | None = None

    @cached_property
    def former(self) -> dict[str, tuple[str, str, str]]:
        """What is said of each alias (folded): itself, the name it stands for, and a note, as they were written."""
        if self.aliases is None or not len(self.aliases):
            return {}
        rows = self.aliases[["alias", "name", "note"]].astype(object).fillna("").to_numpy().tolist()
        keys = fold_all([row[0] for row in rows])
        return {key: (str(row[0]), str(row[1]), str(row[2])) for key, row in zip(keys, rows, strict=True)}

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """The gazetteer of the frames."""
        entries = self.addresses
        if entries is None:
            entries = gpd.GeoDataFrame(dict.fromkeys(COLUMNS, ""), geometry=[], index=[], crs=WGS84)
        names = _further(self.streets, self.communities, self.areas)
        said = list(self.former.items())
        meant = fold_all([name for _, (_, name, _) in said]) if said else []
        aliases = {alias: name for (alias, _), name in zip(said, meant, strict=True)}
        return Gazetteer(entries, streets=self.numbers, names=names, aliases=aliases)
