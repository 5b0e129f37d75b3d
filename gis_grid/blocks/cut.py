"""Cut one block along a line that a planner drew: blocks in, blocks out.

The parts meet their neighbours vertex to vertex: where the line crosses the block's rim, the block across the street
gets that vertex too. Nothing else changes.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.blocks.counts import block_of, count_points, totals
from gis_grid.blocks.ids import part_ids
from gis_grid.coverage import Bools, Floats, Geometries, Ints, coverage_segments, widths
from gis_grid.errors import Fault, InputError

#: A line that ends this close to the rim (metres) was meant to reach it.
REACH_M = 3.0
#: A line that passes a corner this close (metres) goes through it.
CORNER_M = 0.01
#: No part may be narrower.
LEAST_WIDTH_M = 2.0
#: A vertex this close to another block's rim lies on it.
ON_M = 1e-4
#: Columns that count something, and are shared out among the parts.
COUNTS = ("households", "shops")


def cut_block(
    blocks: gpd.GeoDataFrame,
    block_id: str,
    line: shapely.LineString,
    *,
    households: gpd.GeoDataFrame | None = None,
    taken: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Return the blocks with one of them cut along a line, its parts where it stood.

    `line` is in the CRS of the blocks. See `parts_of` for what the parts are.

    Raises
    ------
    InputError
        If there is no such block, or the line does not cut it; all faults at once.

    Examples
    --------
    >>> columns = {"parent_block_id": "", "atom": "face", "community_code": "1", "households": [90, 10]}
    >>> squares = [shapely.box(0, 0, 30, 10), shapely.box(0, 10, 30, 20)]
    >>> blocks = gpd.GeoDataFrame(columns, geometry=squares, index=["p", "q"], crs=32650)
    >>> after = cut_block(blocks, "p", shapely.LineString([(20, -1), (20, 11)]))
    >>> after["households"].to_dict()
    {'p-1': 60, 'p-2': 30, 'q': 10}
    >>> bool(shapely.coverage_is_valid(after.geometry.to_numpy()))
    True
    """
    after = put_in_place(blocks, block_id, parts_of(blocks, block_id, line, households=households, taken=taken))
    if _meets(blocks, blocks.geometry.loc[block_id]) and not _meets(after, blocks.geometry.loc[block_id]):
        said = f"the line touches the rim of the block {block_id} where it bends"
        raise InputError(Fault(said, column="line", remedy="move that bend away from the rim", code="line-bend"))
    return after


def _meets(blocks: gpd.GeoDataFrame, place: shapely.Geometry) -> bool:
    """Tell whether blocks meet vertex to vertex around a place."""
    shapes = blocks.geometry.to_numpy()
    return bool(shapely.coverage_is_valid(shapes[shapely.dwithin(shapes, place, ON_M)]))


def parts_of(
    blocks: gpd.GeoDataFrame,
    block_id: str,
    line: shapely.LineString,
    *,
    households: gpd.GeoDataFrame | None = None,
    taken: Collection[str] = (),
) -> gpd.GeoDataFrame:
    """Return the parts into which a line cuts a block, as rows like those of the blocks.

    A part is called by the block's id and a number, from north-west to south-east, and by none of the ids in `taken`.
    Its `parent_block_id` is the face that it is a part of: that of the block, else the block. Households are shared out
    by the points of `households` (column `households`) that lie in the block, else by area; their sum stays.

    Raises
    ------
    InputError
        If there is no such block, or the line is none, crosses itself, misses the block, ends in it, or would leave a
        sliver; all faults at once.
    """
    if block_id not in blocks.index:
        raise InputError(Fault(f"there is no block {block_id}", column="block_id"))
    row = blocks.loc[[block_id]]
    shape = row.geometry.iloc[0]
    shapes = _divided(shape, line, block_id)
    ids = _free_ids(block_id, shapes, {*map(str, blocks.index), *taken})
    parent = str(row["parent_block_id"].iloc[0]) or block_id
    weights = _weights(shapes, shape, households)
    parts = row.loc[[block_id] * len(shapes)].assign(atom="cut", parent_block_id=parent)
    for column in COUNTS:
        if column in parts:
            parts[column] = shared_out(int(row[column].iloc[0]), weights)
    parts.index = pd.Index(ids, name=blocks.index.name)
    return parts.set_geometry(gpd.GeoSeries(shapes, index=parts.index, crs=blocks.crs)).sort_index()


def put_in_place(blocks: gpd.GeoDataFrame, block_id: str, parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the blocks with parts where a block stood, parts and neighbours meeting vertex to vertex."""
    at = int(blocks.index.get_indexer([block_id])[0])
    frame = pd.concat([blocks.iloc[:at], parts[blocks.columns], blocks.iloc[at + 1 :]])
    shapes = frame.geometry.to_numpy().copy()
    new = np.arange(at, at + len(parts))
    near = np.unique(shapely.STRtree(shapes).query(shapes[new], predicate="dwithin", distance=ON_M)[1])
    around = np.setdiff1d(near, new)
    inner, outer = _rim(shapes[new]), _rim(shapes[around])
    for these, points in ((around, inner), (new, outer)):
        shapes[these] = [_with_vertices(shape, points) for shape in shapes[these]]
    return gpd.GeoDataFrame(frame, crs=blocks.crs).set_geometry(gpd.GeoSeries(shapes, frame.index, crs=blocks.crs))


def shared_out(total: int, weights: Floats) -> Ints:
    """Share a whole number out in proportion to weights; what rounding leaves goes to the largest remainders.

    >>> shared_out(10, np.array([1.0, 1.0, 1.0])).tolist()
    [4, 3, 3]
    """
    exact = total * weights / weights.sum()
    out: Ints = np.floor(exact).astype(np.int64)
    rest = np.lexsort((np.arange(len(weights)), -(exact - out)))
    out[rest[: total - int(out.sum())]] += 1
    return out


def _weights(shapes: Geometries, whole: shapely.Geometry, households: gpd.GeoDataFrame | None) -> Floats:
    area: Floats = shapely.area(shapes)
    if households is None or households.empty:
        return area
    points = count_points(households.geometry.to_numpy())
    inside = shapely.intersects(points, whole)
    counts = households["households"].to_numpy()[inside]
    held = totals(block_of(points[inside], shapes), counts, len(shapes))
    return held.astype(float) if held.sum() > 0 else area


def _free_ids(block_id: str, shapes: Geometries, taken: set[str]) -> list[str]:
    """Return ids of parts that nothing has or had."""
    numbers = [int(name.rpartition("-")[2]) for name in part_ids([block_id] * len(shapes), shapes)]
    first = 0
    while any(f"{block_id}-{first + n}" in taken for n in numbers):
        first += 1
    return [f"{block_id}-{first + n}" for n in numbers]


def _divided(shape: shapely.Geometry, line: shapely.LineString, block_id: str) -> Geometries:
    """Return the polygons into which a line cuts a shape."""
    fault = _fault_of_line(shape, line, block_id)
    if fault is None:
        drawn = _reaching(line, shape)
        edges: Any = shapely.union_all([shapely.boundary(shape), drawn])
        faces = shapely.get_parts(shapely.polygonize(list(shapely.get_parts(edges))))
        shapes: Geometries = faces[shapely.intersects(shape, shapely.point_on_surface(faces))]
        fault = _fault_of_parts(shapes, shape, drawn, block_id)
    if fault is not None:
        raise InputError(fault)
    return shapes


def _fault_of_line(shape: shapely.Geometry, line: shapely.LineString, block_id: str) -> Fault | None:
    remedy = "draw a line of two or more points from one side of the block to the other"
    if line.geom_type != "LineString" or line.is_empty or not np.isfinite(shapely.get_coordinates(line)).all():
        return Fault("this is no line", column="line", remedy=remedy, code="line")
    if line.length == 0:
        return Fault("the line has no length", column="line", remedy=remedy, code="line")
    if not line.is_simple or line.is_closed:
        return Fault("the line crosses itself", column="line", remedy="draw it without a loop", code="line-loop")
    if not line.intersects(shape):
        away = f"by {line.distance(shape):,.0f} m"
        return Fault(f"the line misses the block {block_id} {away}", column="line", remedy=remedy, code="line-across")
    return None


def _reaching(line: shapely.LineString, shape: shapely.Geometry) -> shapely.LineString:
    """Return the line, carried on to the rim where it ends just short of it, and through corners that it all but meets.

    A crossing a hair's breadth from a corner would be a vertex that rounding cannot tell from it.
    """
    xy = shapely.get_coordinates(shapely.remove_repeated_points(line))
    rim = shapely.boundary(shape)
    for _ in range(2):  # the end, then, the line turned round, its beginning
        end, way = xy[-1], xy[-1] - xy[-2]
        gap = float(rim.distance(shapely.Point(end)))
        if gap <= CORNER_M:
            xy[-1] = end + way / np.hypot(*way) * 2 * CORNER_M
        elif gap <= REACH_M and shapely.contains(shape, shapely.Point(end)):
            foot = shapely.get_coordinates(shapely.shortest_line(shapely.Point(end), rim))[1]
            xy = np.concatenate([xy, [foot + (foot - end) / gap * CORNER_M]])
        xy = xy[::-1].copy()
    return shapely.snap(shapely.LineString(xy), shapely.MultiPoint(shapely.get_coordinates(shape)), CORNER_M)


def _fault_of_parts(
    shapes: Geometries, shape: shapely.Geometry, drawn: shapely.LineString, block_id: str
) -> Fault | None:
    if len(shapes) <= shapely.get_num_geometries(shape):
        ends = shapely.contains(shape, shapely.points([drawn.coords[0], drawn.coords[-1]]))
        said = "ends inside" if ends.any() else "does not cross"
        remedy = "draw it from one side of the block to the other, and a little beyond"
        return Fault(f"the line {said} the block {block_id}", column="line", remedy=remedy, code="line-across")
    narrow = widths(shapes, below=LEAST_WIDTH_M)
    if narrow.min() < LEAST_WIDTH_M:
        said = f"a part of the block {block_id} would be only {narrow.min():.1f} m wide"
        return Fault(said, column="line", remedy="draw the line farther from the rim of the block", code="line-narrow")
    return None


def _rim(shapes: Geometries) -> Floats:
    """Return the vertices of the outer rim of shapes that meet vertex to vertex."""
    segments = coverage_segments(shapes)
    ends = segments.take(segments.a < 0)
    rim: Floats = segments.xy[np.union1d(ends.u, ends.v)]
    return rim


def _with_vertices(shape: shapely.Geometry, points: Floats) -> shapely.Geometry:
    """Return a shape with the points that lie on its rim as vertices."""
    own = shapely.get_coordinates(shape)
    missing = points[~np.isin(_numbers(points), _numbers(own))]
    on = shapely.dwithin(shapely.boundary(shape), shapely.points(missing), ON_M)
    missing = np.unique(missing[on], axis=0)
    if not len(missing):
        return shape
    parts = shapely.get_parts(shape)
    rings, part = shapely.get_rings(parts, return_index=True)
    noded = [_inserted(shapely.get_coordinates(ring), missing) for ring in rings]
    mine = [np.flatnonzero(part == p) for p in range(len(parts))]
    made = [shapely.Polygon(noded[own[0]], [noded[hole] for hole in own[1:]]) for own in mine]
    return made[0] if shapely.get_type_id(shape) == 3 else shapely.MultiPolygon(made)


def _inserted(ring: Floats, points: Floats) -> Floats:
    """Return the coordinates of a ring with the points that lie on it put between its vertices."""
    start, step = ring[:-1], np.diff(ring, axis=0)
    gap = points[:, None, :] - start[None, :, :]
    share = np.clip((gap * step).sum(axis=2) / np.maximum((step**2).sum(axis=1), 1e-18), 0.0, 1.0)
    distance = np.hypot(*np.moveaxis(gap - share[..., None] * step, 2, 0))
    segment = distance.argmin(axis=1)
    every = np.arange(len(points))
    on: Bools = distance[every, segment] <= ON_M
    order = np.flatnonzero(on)[np.lexsort((share[every, segment][on], segment[on]))]
    out: Floats = np.insert(ring, segment[order] + 1, points[order], axis=0)
    return out


def _numbers(points: Floats) -> np.ndarray[Any, Any]:
    """Return each point as one number, so that equal points can be found."""
    return np.ascontiguousarray(points).view(np.complex128).ravel()
