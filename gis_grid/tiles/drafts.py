"""Tiles of a draft, encoded when they are asked for: only what an edit has touched costs anything again."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.crs import transform_geometries
from gis_grid.errors import Fault, FrameError
from gis_grid.tiles.encoder import LINE, POLYGON, Properties, layer
from gis_grid.tiles.ground import Ground, Grounds, TileGround
from gis_grid.tiles.mercator import MERCATOR, check_tile, lonlat_bounds, zoom_range
from gis_grid.tiles.outlines import Outlines

Ints = NDArray[np.int64]
Counts = Literal["all", "suppressed"]

#: Counts below this are not told to guests.
SMALL = 10
#: Blocks are drawn at this many zooms, the finest.
BLOCK_ZOOMS = 4
#: What is said of a grid besides its counts, where the frame of grids has it.
GRID_COLUMNS = ("code", "name", "community_code", "colour")
COUNT_FIELDS = {"households": "Number", "few": "Boolean"}


@dataclass(frozen=True)
class Division:
    """Hold which grid each block belongs to, by position (-1: none), and what tiles say of the grids.

    `order` names the grids, the first `listed` of them whether they have blocks or not. `signature` (a row a grid)
    changes whenever anything that is said of a grid does. `lasting` is what no move of a block changes.
    """

    number: Ints
    properties: Properties
    signature: NDArray[Any]
    order: pd.Index
    listed: int
    households: Ints
    blocks: Ints
    lasting: Properties


@dataclass
class _Seen:
    """Hold what is kept of a tile: its ground, its layer of blocks, and the last encoding with its key."""

    ground: TileGround
    blocks: bytes
    rows: Ints
    last: tuple[str, bytes] = ("", b"")  # in one piece, so that no thread sees the key of one and the bytes of another


class DraftTiles:
    """Encode tiles of the blocks of a plan for any assignment of blocks to grids.

    Made once for the blocks of a draft; threads may share it. Features of the layer `blocks` are numbered from 1 in the
    order of the frame, those of `grids` in the order of the grids handed to `division`. Borders are simplified for each
    zoom all at once and snapped so that neighbours share every point and every feature is valid; what is narrower than
    a unit of the tile is left out.

    Parameters
    ----------
    blocks
        Blocks with `households` (and `community_code`) in any CRS; their order numbers the features.
    borders
        What borders between blocks follow: columns `a`, `b`, `street_class`, `street_name`, `barrier`.
    zooms
        First and last zoom; chosen from the extent if not given.
    counts
        With "suppressed", counts below 10 are left out and the feature says `few`.
    keep
        How many tiles keep their ground and last encoding in memory (some 50 kB each).

    Raises
    ------
    FrameError
        If blocks have no CRS.

    Examples
    --------
    >>> squares = [shapely.box(x, 0, x + 400, 400) for x in (0, 400, 800)]
    >>> blocks = gpd.GeoDataFrame({"households": [9, 200, 250]}, geometry=squares, index=list("abc"), crs="EPSG:3857")
    >>> tiles = DraftTiles(blocks)
    >>> division = tiles.division(pd.Series({"a": "g1", "b": "g1", "c": "g2"}))
    >>> len(tiles.tile(15, 16384, 16383, division)) > 100
    True
    """

    def __init__(
        self,
        blocks: gpd.GeoDataFrame,
        *,
        borders: pd.DataFrame | None = None,
        zooms: tuple[int, int] | None = None,
        counts: Counts = "all",
        keep: int = 1024,
    ) -> None:
        if blocks.crs is None:
            raise FrameError(Fault("the frame has no CRS", "blocks", remedy="declare one (set_crs)"))
        shapes = transform_geometries(blocks.geometry.to_numpy(), blocks.crs, MERCATOR)
        self.extent = np.asarray(shapely.total_bounds(shapes)) if len(blocks) else np.zeros(4)
        self.zooms = zooms or zoom_range(self.extent)
        self.bounds = lonlat_bounds(self.extent)
        self.counts = counts
        self._index = blocks.index
        self._households = blocks["households"].to_numpy(np.int64)
        self._said = Properties.of(told(self._households, counts), _from_one(len(blocks)))
        self._outlines = Outlines.of(blocks, borders)
        self._grounds = Grounds(shapes, self.zooms[1])
        self._seen: OrderedDict[tuple[int, int, int], _Seen] = OrderedDict()
        self._keep = keep
        self._lock, self._making = threading.Lock(), threading.Lock()

    @property
    def block_zoom(self) -> int:
        """The first zoom at which blocks are drawn."""
        return max(self.zooms[0], self.zooms[1] - BLOCK_ZOOMS + 1)

    def division(self, assignment: pd.Series, grids: pd.DataFrame | None = None) -> Division:
        """Prepare an assignment (block_id → grid_id) for tiles; blocks it does not name are in no grid.

        `grids` (index grid_id) numbers the features in its order and lends `code`, `name`, `community_code` and
        `colour` where it has them; without it grids are numbered in the order of their ids. Households and blocks of
        a grid are counted from its blocks. Grids that `grids` does not know follow those it does.
        """
        of_block = assignment.reindex(self._index)
        listed = pd.Index([]) if grids is None else grids.index
        used = pd.Index(np.unique(of_block.dropna().to_numpy(dtype=object).astype(str)), dtype=object)
        order = listed.astype(object).append(used.difference(listed))
        number = order.get_indexer(pd.Index(of_block)).astype(np.int64)
        inside = number >= 0
        columns: dict[str, Any] = {"grid_id": [str(one) for one in order]}
        for name in GRID_COLUMNS:
            if grids is not None and name in grids:
                columns[name] = grids[name].reindex(order)
        frame = pd.DataFrame({name: np.asarray(column, dtype=object) for name, column in columns.items()})
        lasting = Properties.of(columns, _from_one(len(order)))
        signature = pd.util.hash_pandas_object(frame.astype(str), index=True).to_numpy().astype(np.uint64)[:, None]
        households = np.bincount(number[inside], self._households[inside], len(order)).astype(np.int64)
        counts = np.bincount(number[inside], minlength=len(order)).astype(np.int64)
        return self._counted(Division(number, lasting, signature, order, len(listed), households, counts, lasting))

    def moved(self, division: Division, moves: Mapping[str, str]) -> Division | None:
        """Return a division after blocks have moved (block_id → grid_id), without going through all blocks again.

        It equals what `division` makes of the new assignment. None where it takes `division`: a block is unknown, or
        there are other grids than before.
        """
        rows = self._index.get_indexer(pd.Index(list(moves)))
        to = division.order.get_indexer(pd.Index(list(moves.values()), dtype=object))
        if (rows < 0).any() or (to < 0).any():
            return None
        number, households, blocks = division.number.copy(), division.households.copy(), division.blocks.copy()
        was = number[rows]
        inside = was >= 0
        np.subtract.at(households, was[inside], self._households[rows[inside]])
        np.subtract.at(blocks, was[inside], 1)
        np.add.at(households, to, self._households[rows])
        np.add.at(blocks, to, 1)
        if (blocks[division.listed :] == 0).any():
            return None
        number[rows] = to
        return self._counted(replace(division, number=number, households=households, blocks=blocks))

    def _counted(self, division: Division) -> Division:
        """Return a division that says the counts that it holds."""
        columns = {**told(division.households, self.counts), "blocks": division.blocks}
        properties = division.lasting.beside(Properties.of(columns, division.lasting.ids))
        lasting = division.signature[:, :1]
        counts = np.stack([division.households, division.blocks], axis=1).astype(np.uint64)
        return replace(division, properties=properties, signature=np.hstack([lasting, counts]))

    def tile(self, z: int, x: int, y: int, division: Division | pd.Series) -> bytes:
        """Return a tile with the layers `grids`, `blocks` and `borders` as MVT, not compressed; empty where nothing is.

        Zooms outside `zooms` are empty. `blocks` begin at `block_zoom`; `borders` are those between grids and along
        the outside.

        Raises
        ------
        InputError
            If there is no such tile in the world.
        """
        check_tile(z, x, y)
        if not self.zooms[0] <= z <= self.zooms[1]:
            return b""
        if not isinstance(division, Division):
            division = self.division(division)
        seen = self._tile(z, x, y)
        key = _key(seen, division)
        known, data = seen.last
        if known != key:
            data = self._encoded(seen, division)
            seen.last = key, data
        return data

    def etag(self, z: int, x: int, y: int, division: Division) -> str:
        """Return a strong entity tag of a tile, quoted, without encoding it: equal tags mean equal bytes."""
        check_tile(z, x, y)
        inside = self.zooms[0] <= z <= self.zooms[1]
        return f'"{_key(self._tile(z, x, y), division)}"' if inside else '"0"'

    def ground_of(self, z: int, x: int, y: int) -> TileGround:
        """Return the blocks of a tile on its units."""
        return self._tile(z, x, y).ground

    def vector_layers(self) -> list[dict[str, Any]]:
        """Return the layers as TileJSON describes them."""
        first, last = self.zooms
        grids = {"grid_id": "String", "code": "String", "name": "String", "community_code": "String"}
        grids |= {"colour": "Number", **COUNT_FIELDS, "blocks": "Number"}
        return [
            described("grids", grids, first, last),
            described("blocks", COUNT_FIELDS, self.block_zoom, last),
            described("borders", self._outlines.properties.fields, first, last),
        ]

    def _encoded(self, seen: _Seen, division: Division) -> bytes:
        ground, number = seen.ground, division.number
        rows, shapes = ground.polygons(number)
        sides = np.append(number, -2)[ground.edges[:, 2:]]
        drawn = np.where(sides[:, 0] != sides[:, 1], seen.rows, -1)
        borders, lines = ground.lines(drawn)
        return b"".join(
            (
                layer("grids", POLYGON, rows, shapes, division.properties),
                seen.blocks,
                layer("borders", LINE, borders, lines, self._outlines.properties),
            )
        )

    def ground(self, z: int) -> Ground:
        """Return the blocks simplified for a zoom; made when first asked for."""
        with self._making:
            return self._grounds.at(z)

    def _tile(self, z: int, x: int, y: int) -> _Seen:
        with self._lock:
            seen = self._seen.get((z, x, y))
            if seen is not None:
                self._seen.move_to_end((z, x, y))
                return seen
        ground = self.ground(z).tile(x, y)
        blocks = b""
        if z >= self.block_zoom:
            blocks = layer("blocks", POLYGON, *ground.polygons(_upto(len(self._index))), self._said)
        seen = _Seen(ground, blocks, self._outlines.of_edges(ground))
        with self._lock:
            self._seen[z, x, y] = seen
            while len(self._seen) > self._keep:
                self._seen.popitem(last=False)
        return seen


def described(name: str, fields: Mapping[str, str], first: int, last: int) -> dict[str, Any]:
    """Return what TileJSON says of one layer."""
    return {"id": name, "fields": dict(fields), "minzoom": first, "maxzoom": last}


def told(households: Ints, counts: Counts) -> Mapping[str, Any]:
    """Return the columns that tell counts: `households`, or nothing but `few` where small counts are suppressed.

    >>> {name: list(column) for name, column in told(np.array([9, 10]), "suppressed").items()}
    {'households': [None, 10], 'few': [True, None]}
    """
    if counts == "all":
        return {"households": households}
    few = pd.Series(households < SMALL)
    shown = pd.Series(households, dtype=object).mask(few, None)
    return {"households": shown, "few": few.astype(object).where(few, None)}


def _key(seen: _Seen, division: Division) -> str:
    """Digest what the encoding of a tile depends on: its ground, and the grids of the blocks in it."""
    present = seen.ground.present
    number = division.number[present]
    digest = hashlib.blake2b(seen.ground.digest, digest_size=16)
    digest.update(number.tobytes())
    digest.update(division.signature[np.flatnonzero(np.bincount(number + 1)[1:])].tobytes())
    return digest.hexdigest()


def _from_one(count: int) -> Ints:
    return np.arange(1, count + 1, dtype=np.int64)


def _upto(count: int) -> Ints:
    return np.arange(count, dtype=np.int64)
