"""A plan written as one PMTiles file: all zooms, all layers, the same bytes for the same plan."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from gis_grid.crs import transform_geometries
from gis_grid.errors import Fault, InputError, OutputError
from gis_grid.grids import dissolve
from gis_grid.palette import colour_numbers, neighbour_pairs
from gis_grid.places import check_place, whole_file
from gis_grid.tiles.drafts import Counts, Division, DraftTiles, described, told
from gis_grid.tiles.encoder import POLYGON, Properties, layer, zipped
from gis_grid.tiles.lines import Labels, Streets, StreetsAt
from gis_grid.tiles.mercator import MERCATOR, tile_range

if TYPE_CHECKING:
    from gis_grid.plan import Plan

Ints = NDArray[np.int64]
Progress = Callable[[str, float], None]

#: Nobody means to write more tiles than this for one plan.
TOO_MANY = 50_000


@dataclass(frozen=True)
class TileOptions:
    """Choose what a pyramid holds.

    `counts`: "all", or "suppressed" to leave counts below 10 out (for guests); `zooms`: first and last zoom, chosen
    from the district's extent if not given; `streets`: whether the base map's streets are in it.
    """

    counts: Counts = "all"
    zooms: tuple[int, int] | None = None
    streets: bool = True


class Pyramid:
    """Encode any tile of a published plan, with all its layers."""

    def __init__(self, plan: Plan, options: TileOptions | None = None) -> None:
        self.options = options or TileOptions()
        self.plan = plan
        self.draft = DraftTiles(
            plan.blocks, borders=plan.borders, zooms=self.options.zooms, counts=self.options.counts, keep=1
        )
        grids = _described(plan)
        self.division: Division = self.draft.division(plan.assignment, grids)
        self._labels = _labels(plan, self.options.counts)
        self._community, self._communities = _communities(plan, self.options.counts)
        lined = self.options.streets and plan.streets is not None and len(plan.streets)
        self._streets = Streets.of(plan.streets) if lined and plan.streets is not None else None
        self._street_zoom: tuple[int, StreetsAt] | None = None

    @property
    def zooms(self) -> tuple[int, int]:
        """First and last zoom."""
        return self.draft.zooms

    @property
    def count(self) -> int:
        """How many tiles the district lies in, over all zooms."""
        ranges = [tile_range(self.draft.extent, z) for z in range(self.zooms[0], self.zooms[1] + 1)]
        return sum((east - west + 1) * (south - north + 1) for west, east, north, south in ranges)

    def tile(self, z: int, x: int, y: int) -> bytes:
        """Return one tile, not compressed, the layers from the ground up; empty where nothing is."""
        streets = self._street_layer(z, x, y)
        moving = self.draft.tile(z, x, y, self.division)
        if not streets and not moving:
            return b""
        rows, shapes = self.draft.ground_of(z, x, y).polygons(self._community)
        communities = layer("communities", POLYGON, rows, shapes, self._communities)
        return b"".join((communities, streets, moving, self._labels.tile(z, x, y)))

    def tiles(self, progress: Progress | None = None) -> Iterator[tuple[int, bytes]]:
        """Yield the number of every tile that holds something, in the order of the archive, with its bytes."""
        wanted = []
        for z in range(self.zooms[0], self.zooms[1] + 1):
            west, east, north, south = tile_range(self.draft.extent, z)
            squares = [(z, x, y) for x in range(west, east + 1) for y in range(north, south + 1)]
            wanted += [(zxy_to_tileid(*square), square) for square in squares]
        for done, (number, square) in enumerate(sorted(wanted)):
            if data := self.tile(*square):
                yield number, data
            if progress is not None:
                progress("tiles", (done + 1) / len(wanted))

    def vector_layers(self) -> list[dict[str, Any]]:
        """Return the layers as TileJSON describes them."""
        first, last = self.zooms
        layers = [described("communities", self._communities.fields, first, last)]
        if self._streets is not None:
            layers.append(described("streets", self._streets.properties.fields, first, last))
        grids = described("grids", self.division.properties.fields, first, last)
        rest = [one for one in self.draft.vector_layers() if one["id"] != "grids"]
        return [*layers, grids, *rest, described("labels", self._labels.properties.fields, first, last)]

    def _street_layer(self, z: int, x: int, y: int) -> bytes:
        if self._streets is None or not self.zooms[0] <= z <= self.zooms[1]:
            return b""
        if self._street_zoom is None or self._street_zoom[0] != z:
            self._street_zoom = z, self._streets.at(z)
        return self._street_zoom[1].tile(x, y)


def write_tiles(
    plan: Plan, path: str | Path, options: TileOptions | None = None, *, progress: Progress | None = None
) -> Path:
    """Write a plan as a PMTiles file and return its path.

    The file is written beside its place, flushed to the disk and then renamed. Equal plans and options give equal
    bytes. `progress` is told the stage and the share of it that is done.

    Raises
    ------
    InputError
        If the zooms asked for would need too many tiles.
    OutputError
        If the name does not end in .pmtiles, the plan has no blocks, or the file cannot be written; what stood there
        is untouched.
    """
    path = check_tiles_place(path)
    if not len(plan.blocks):
        raise OutputError(f"{path}: the plan has no blocks, so there is nothing to draw → build it first")
    archive: Any = Writer  # it has no types
    pyramid = Pyramid(plan, options)
    if pyramid.count > TOO_MANY:
        remedy = "end at a coarser zoom"
        raise InputError(Fault(f"zooms {pyramid.zooms} would need {pyramid.count:,} tiles", remedy=remedy))
    with whole_file(path) as part, part.open("wb") as file:
        writer = archive(file)
        for number, tile in pyramid.tiles(progress):
            writer.write_tile(number, zipped(tile))
        writer.finalize(_header(pyramid), _about(pyramid))
        file.flush()
    return path


def check_tiles_place(path: str | Path) -> Path:
    """Return the path if tiles can stand there, so that long work need not start in vain; faults as `check_place`."""
    return check_place(path, ".pmtiles", what="tiles are written as PMTiles")


def _header(pyramid: Pyramid) -> dict[str, Any]:
    west, south, east, north = (round(degrees * 1e7) for degrees in pyramid.draft.bounds)
    return {
        "tile_compression": Compression.GZIP,
        "tile_type": TileType.MVT,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": pyramid.zooms[0],
        "center_lon_e7": round((west + east) / 2),
        "center_lat_e7": round((south + north) / 2),
    }


def _about(pyramid: Pyramid) -> dict[str, Any]:
    scheme = pyramid.plan.scheme
    return {
        "name": scheme.title_zh,
        "description": scheme.title_en,
        "format": "pbf",
        "type": "overlay",
        "counts": pyramid.options.counts,
        "vector_layers": pyramid.vector_layers(),
    }


def _described(plan: Plan) -> pd.DataFrame:
    """Return the grids with what is said of them in tiles: code, name, community and colour."""
    pairs = neighbour_pairs(plan.borders, plan.assignment, plan.grids.index)
    shown = [name for name in ("code", "name", "community_code") if name in plan.grids]
    return pd.DataFrame(plan.grids[shown]).assign(colour=colour_numbers(pairs, len(plan.grids)))


def _labels(plan: Plan, counts: Counts) -> Labels:
    """Put a label at the centre of the largest circle inside each grid that has blocks."""
    number = plan.grids.index.get_indexer(plan.assignment.reindex(plan.blocks.index)).astype(np.int64)
    shapes = dissolve(plan.blocks.geometry.to_numpy()[number >= 0], number[number >= 0], len(plan.grids))
    rows = np.flatnonzero(~shapely.is_empty(shapes))
    centres = shapely.get_point(shapely.maximum_inscribed_circle(shapes[rows], tolerance=2.0), 0)
    at = shapely.get_coordinates(transform_geometries(centres, plan.blocks.crs, MERCATOR))
    grids = plan.grids.iloc[rows]
    columns = {name: grids[name] for name in ("code", "name") if name in grids}
    columns |= told(grids["households"].to_numpy(np.int64), counts)
    return Labels(at, Properties.of(columns, rows + 1))


def _communities(plan: Plan, counts: Counts) -> tuple[Ints, Properties]:
    """Return the community of each block by number, and what is said of communities."""
    codes, number = np.unique(plan.blocks["community_code"].to_numpy(dtype=object).astype(str), return_inverse=True)
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    households = np.bincount(number, plan.blocks["households"], len(codes)).astype(np.int64)
    columns = {"code": codes, "name": [names.get(code) or None for code in codes], **told(households, counts)}
    return number.astype(np.int64), Properties.of(columns, np.arange(1, len(codes) + 1))
