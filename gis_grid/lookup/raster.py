"""A raster over grids: one owner in plain cells, candidates with their exact edges in cells where borders run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import shapely

from gis_grid.lookup import kernels
from gis_grid.lookup.marking import MARGIN, columns_of_edges, fill, rows_of_edges, spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

Floats: TypeAlias = "NDArray[np.float64]"
Ints: TypeAlias = "NDArray[np.int32]"
Longs: TypeAlias = "NDArray[np.int64]"

#: Cells for each edge: so fine that few edges share a cell, so coarse that the raster stays in the processor's cache.
CELLS_PER_EDGE = 32
LEAST_CELLS, MOST_CELLS = 65_536, 2_000_000
#: Entries of edges in rows and cells for each edge, above which cells are made larger.
MOST_PER_EDGE = 40
#: Gaps up to this wide between two grids belong to the nearer one.
GAP_M = 0.01
#: How many ulp of the largest coordinate a point may lie outside and still be on the border.
_SLACK_ULP = 16


@dataclass(frozen=True)
class Raster:
    """Hold the two arrays that `gis_grid.lookup.kernels` describes; neither can be written to."""

    ints: Ints
    floats: Floats

    def __post_init__(self) -> None:
        self.ints.setflags(write=False)
        self.floats.setflags(write=False)

    def __reduce__(self) -> tuple[type[Raster], tuple[Ints, Floats]]:
        return Raster, (self.ints, self.floats)

    @property
    def nbytes(self) -> int:
        """Bytes of memory that the arrays take."""
        return int(self.ints.nbytes + self.floats.nbytes)


class _Frame(NamedTuple):
    """Where the cells lie: the south-west corner, and the size of the cells and their number on each axis."""

    corner: Floats
    size: Floats
    shape: tuple[int, int]


class _Entries(NamedTuple):
    """Edges in the rows they run through, in groups: those of one grid in one row."""

    edge: Longs
    row: Longs
    rank: Longs
    first: Longs
    last: Longs
    start: Longs


def make_raster(shapes: NDArray[Any], order: Longs, *, geographic: bool) -> Raster:
    """Make the raster of areas.

    `order` lists positions in `shapes`, the one that goes before the others first; `geographic` says that coordinates
    are degrees. Areas that are missing or empty have no cells.
    """
    edges, rank = _edges(shapes[order])
    if not len(edges):
        return _empty(len(order), order, geographic=geographic)
    frame = _frame(edges, geographic=geographic)
    origin = np.concatenate([frame.corner, frame.corner])
    local = (edges - origin) / np.concatenate([frame.size, frame.size])
    entries = _entries(local, rank, frame.shape, len(order))
    keys, touched, raster = _cells(local, entries, frame.shape, len(order))
    cell = keys // len(order)
    mixed, first = np.unique(cell, return_index=True)
    raster[mixed] = -2 - np.arange(len(mixed))
    slices = np.tile([0, kernels.WHOLE], (len(keys), 1))
    slices[touched] = _slices(edges, entries, keys[touched], frame, len(order))
    candidates = np.column_stack([order[keys % len(order)], slices])
    pointers = np.append(first, len(keys))
    edged = np.zeros(len(raster), bool)
    edged[cell[touched]] = True
    rings = _rings(edged.reshape(frame.shape[::-1]))
    ints = _packed(frame.shape, raster, pointers, candidates, rings, order)
    slack = _SLACK_ULP * np.spacing(np.abs(edges).max())
    # no wider than the margin within which every edge is listed
    gap = min(GAP_M, MARGIN * float((frame.size * _metres(edges, geographic=geographic)).min()))
    head = np.zeros(kernels.EDGES)
    head[: kernels.GEOGRAPHIC + 1] = [*frame.corner, *(1.0 / frame.size), gap, slack, geographic]
    return Raster(ints, np.concatenate([head, edges[entries.edge].ravel()]))


def _empty(count: int, order: Longs, *, geographic: bool) -> Raster:
    nothing = np.zeros((0, 3), np.int64)
    ints = _packed((1, 1), np.full(1, -1), np.zeros(1, np.int64), nothing, np.full(1, 2), order[:count])
    head = np.zeros(kernels.EDGES)
    head[[kernels.PER_X, kernels.PER_Y, kernels.GEOGRAPHIC]] = 1.0, 1.0, geographic
    return Raster(ints, head)


def _edges(shapes: NDArray[Any]) -> tuple[Floats, Longs]:
    """Return the edges of all rings as rows of x, y, x, y, lower end first, and the rank of the area of each."""
    parts, part_of = shapely.get_parts(shapes, return_index=True)
    areal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, part_of = parts[areal], part_of[areal]
    rings, ring_of = shapely.get_rings(parts, return_index=True)
    points, point_of = shapely.get_coordinates(rings, return_index=True)
    inside = point_of[1:] == point_of[:-1]
    start, end = points[:-1][inside], points[1:][inside]
    rank = part_of[ring_of[point_of[:-1][inside]]].astype(np.int64)
    down = (start[:, 1] > end[:, 1]) | ((start[:, 1] == end[:, 1]) & (start[:, 0] > end[:, 0]))
    edges = np.where(down[:, None], np.hstack([end, start]), np.hstack([start, end]))
    kept = (start != end).any(axis=1) & np.isfinite(edges).all(axis=1)
    return np.ascontiguousarray(edges[kept]), rank[kept]


def _metres(edges: Floats, *, geographic: bool) -> Floats:
    """Return about how many metres a unit of x and of y is."""
    if not geographic:
        return np.ones(2)
    middle = np.clip((edges[:, 1].min() + edges[:, 3].max()) / 2, -85, 85)
    return np.array([np.cos(np.radians(middle)), 1.0]) * 111_195.0


def _frame(edges: Floats, *, geographic: bool) -> _Frame:
    """Choose cells, about square on the ground, by the number of edges; bounded whatever the shape."""
    low = np.minimum(edges[:, :2], edges[:, 2:]).min(axis=0)
    high = np.maximum(edges[:, :2], edges[:, 2:]).max(axis=0)
    scale = _metres(edges, geographic=geographic)
    extent = np.maximum((high - low) * scale, 1e-300)
    wanted = float(np.clip(CELLS_PER_EDGE * len(edges), LEAST_CELLS, MOST_CELLS / 4))
    # a cell is never so small that coordinates cannot tell its parts apart
    least = float((np.abs(edges).max() * scale).max()) * 2.0**-36
    side = max(np.sqrt(extent[0] * extent[1] / wanted), float(extent.max()) / (wanted / 4), least)
    rise, run = (edges[:, 3] - edges[:, 1]) * scale[1], np.abs(edges[:, 2] - edges[:, 0]) * scale[0]
    while len(edges) * 3 + (rise.sum() + run.sum()) / side > MOST_PER_EDGE * len(edges) + 4096:
        side *= 2.0
    size = side / scale
    corner = low - size / 2
    columns, rows = (int(n) for n in np.floor((high - corner) / size) + 1)
    return _Frame(corner, size, (columns + 1, rows + 1))


def _entries(local: Floats, rank: Longs, shape: tuple[int, int], ranks: int) -> _Entries:
    first = np.clip(np.floor(local[:, 1] - MARGIN), 0, shape[1] - 1).astype(np.int64)
    last = np.clip(np.floor(local[:, 3] + MARGIN), 0, shape[1] - 1).astype(np.int64)
    edge, row = rows_of_edges(first, last)
    # within a group those that reach furthest east come first, so that a cell's edges are the first so many
    sorting = np.lexsort((edge, -np.maximum(local[edge, 0], local[edge, 2]), row * ranks + rank[edge]))
    edge, row = edge[sorting], row[sorting]
    west, east = columns_of_edges(local, edge, row, shape[0])
    group = row * ranks + rank[edge]
    start = np.append(np.flatnonzero(np.diff(group, prepend=-1)), len(group))
    return _Entries(edge, row, rank[edge], west, east, start.astype(np.int64))


def _cells(
    local: Floats, entries: _Entries, shape: tuple[int, int], ranks: int
) -> tuple[Longs, NDArray[np.bool_], Longs]:
    """Return the candidates of mixed cells and the rank of the owner of every other cell.

    Candidates are cell × ranks + rank, sorted; with them comes whether an edge of theirs runs through the cell.
    """
    columns = shape[0]
    group = np.repeat(np.arange(len(entries.start) - 1), np.diff(entries.start))
    entry, column = rows_of_edges(entries.first, entries.last)
    touched = np.unique(group[entry] * columns + column)
    first_of = entries.start[:-1]
    row, rank = entries.row[first_of], entries.rank[first_of]
    touched_at = np.searchsorted(touched // columns, np.arange(len(first_of) + 1))
    in_group, column = touched // columns, touched % columns
    keys = (row[in_group] * columns + column) * ranks + rank[in_group]
    pointer, crossing = spans(local, entries.edge, entries.row, entries.start)
    count = columns * shape[1]
    cover, owner = np.zeros(count, np.int32), np.full(count, -1, np.int32)
    mixed = np.zeros(count, bool)
    groups = (pointer, crossing, row, rank, touched_at, column)
    fill(*groups, cover, owner, columns, mixed, np.empty(0, np.int64), ranks)
    mixed[keys // ranks] = True
    mixed |= cover > 1
    whole = np.empty(int(cover[mixed].sum()), np.int64)
    fill(*groups, cover.copy(), owner.copy(), columns, mixed, whole, ranks)
    every = np.concatenate([keys, whole])
    sorting = np.argsort(every)
    return every[sorting], sorting < len(keys), owner.astype(np.int64)


def _slices(edges: Floats, entries: _Entries, keys: Longs, frame: _Frame, ranks: int) -> Longs:
    """Return for each candidate with edges in its cell where its edges start and how many they are."""
    columns = frame.shape[0]
    cell, rank = keys // ranks, keys % ranks
    row, column = cell // columns, cell % columns
    first_of = entries.start[:-1]
    group = np.searchsorted(entries.row[first_of] * ranks + entries.rank[first_of], row * ranks + rank)
    reach = (np.maximum(edges[:, 0], edges[:, 2]) - frame.corner[0]) / frame.size[0]
    # one sorted key for all groups: the group, then how far east an edge reaches, the furthest first
    number = np.repeat(np.arange(len(first_of)), np.diff(entries.start))
    along = number + (columns + 1.0 - np.minimum(reach[entries.edge], columns)) / (columns + 2.0)
    wanted = group + (columns + 1.0 - (column - 2 * MARGIN)) / (columns + 2.0)
    start, end = entries.start[group], entries.start[group + 1]
    return np.column_stack([start, np.minimum(np.searchsorted(along, wanted, side="right"), end) - start])


def _rings(edged: NDArray[np.bool_]) -> Ints:
    """Return for every cell how many rings of cells it is from the nearest one with an edge in it."""
    from scipy.ndimage import distance_transform_cdt

    out: Ints = distance_transform_cdt(~edged, metric="chessboard").astype(np.int32)
    return out


def _packed(
    shape: tuple[int, int], raster: Longs, pointers: Longs, candidates: Longs, rings: NDArray[Any], order: Longs
) -> Ints:
    """Put everything into one array, with the places of its parts in the head."""
    ranks = np.empty(len(order), np.int64)
    ranks[order] = np.arange(len(order))
    plain = np.append(order, -1)[np.where(raster >= 0, raster, -1)]
    parts = [np.where(raster >= -1, plain, raster), pointers, candidates.ravel(), rings.ravel(), ranks]
    at = kernels.RASTER + np.cumsum([0, *map(len, parts)])
    head = [*shape, at[1], at[2], at[3], at[4], len(order), 0]
    return np.concatenate([np.asarray(part) for part in (head, *parts)]).astype(np.int32)
