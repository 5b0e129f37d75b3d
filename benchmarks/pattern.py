"""Make up districts of any size: a ground cut over and over along straight lines, wide streets first.

Every cut is a street whose class falls with the size of what it cuts – main streets, secondary streets, lanes, lines
between parcels – so that the borders of blocks have the hierarchy of a grown town. Communities are whole sides of cuts.
Everything is done level by level on arrays: 200,000 blocks take seconds.
"""

from __future__ import annotations

from typing import NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

CRS = "EPSG:4547"
EAST, NORTH = 500_000.0, 3_400_000.0
#: Ground of one block on average (square metres).
_GROUND_M2 = 7_200.0
#: A piece above so many square metres is cut by a street of that class, a smaller one by a line between parcels.
_STREETS = ((1_600_000.0, "primary"), (250_000.0, "tertiary"), (30_000.0, "residential"), (0.0, ""))
#: Shorter contact is a corner (metres).
_CORNER_M = 1.0

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class Pattern(NamedTuple):
    """Hold a made-up district as the frames that `partition` takes."""

    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame


class _Ground(NamedTuple):
    """Hold pieces of ground: west, south, east, north of each, and the class of every cut on the way to it."""

    box: Floats
    path: list[Ints]


def pattern(
    blocks: int,
    *,
    seed: int = 0,
    households: float = 40.0,
    heavy: float = 0.0,
    community: int = 3_000,
    ground_m2: float = _GROUND_M2,
) -> Pattern:
    """Make up a district of so many blocks, with about so many `households` in a block that has any.

    Counts follow a lognormal law (15 % of the blocks are empty, none holds more than seven times the mean); a share
    `heavy` of the blocks holds 501 to 900. A community is the largest side of a cut with at most 4/3 of `community`
    households; 0 makes one of everything. The same arguments make the same district.
    """
    rng = np.random.default_rng(seed)
    ground = _cut(blocks, rng, ground_m2)
    counts = np.minimum(rng.lognormal(np.log(households) - 0.5, 1.0, blocks), 7.0 * households).round().astype(np.int64)
    counts[rng.random(blocks) < 0.15] = 0
    over = rng.random(blocks) < heavy
    counts[over] = rng.integers(501, 901, int(over.sum()))
    sides = _sides(ground)
    ids = np.array([f"b{number:06d}" for number in range(blocks)], dtype=object)
    west, south, east, north = ground.box.T
    frame = gpd.GeoDataFrame(
        {
            "parent_block_id": "",
            "atom": "face",
            "community_code": _communities(sides, counts, community),
            "households": counts,
        },
        geometry=shapely.box(west, south, east, north),
        index=pd.Index(ids, name="block_id"),
        crs=CRS,
    )
    return Pattern(frame, _borders(ground, sides, ids))


def _cut(count: int, rng: np.random.Generator, ground_m2: float) -> _Ground:
    """Cut the ground until there are so many pieces, in every round all that are larger than half the largest."""
    height = np.sqrt(count * ground_m2 * 8 / 9)
    box = np.array([[EAST, NORTH, EAST + height * 9 / 8, NORTH + height]])
    path: list[Ints] = [np.zeros(1, dtype=np.int64)]  # in every round: 0 not cut, 1 the first side, 2 the second
    while len(box) < count:
        wide, high = box[:, 2] - box[:, 0], box[:, 3] - box[:, 1]
        size = wide * high * rng.uniform(0.7, 1.3, len(box))
        chosen = size >= size.max() / 2
        spare = len(box) + int(chosen.sum()) - count
        if spare > 0:
            chosen[np.flatnonzero(chosen)[np.argsort(size[chosen], kind="stable")[:spare]]] = False
        upright = wide > high * rng.uniform(0.8, 1.25, len(box))
        share = rng.uniform(0.35, 0.65, len(box))
        at = np.where(upright, box[:, 0] + wide * share, box[:, 1] + high * share).round(2)
        one, other = box.copy(), box.copy()
        along, across = chosen & upright, chosen & ~upright
        one[along, 2], one[across, 3] = at[along], at[across]
        other[along, 0], other[across, 1] = at[along], at[across]
        both = np.concatenate([one, other[chosen]])
        step = np.concatenate([chosen.astype(np.int64), np.full(int(chosen.sum()), 2)])
        path = [np.concatenate([taken, taken[chosen]]) for taken in path] + [step]
        box = both
    order = np.lexsort((box[:, 0], -box[:, 3]))
    return _Ground(box[order], [taken[order] for taken in path])


def _sides(ground: _Ground) -> list[Ints]:
    """Return for each round the number of the piece that each block lay in (all in piece 0 at first)."""
    number = np.zeros(len(ground.box), dtype=np.int64)
    sides = [number]
    for taken in ground.path[1:]:
        _, number = np.unique(number * 3 + taken, return_inverse=True)
        sides.append(number)
    return sides


def _communities(sides: list[Ints], counts: Ints, wanted: int) -> NDArray[np.object_]:
    """Return the code of the largest side of a cut around each block that holds no more than 4/3 of `wanted`."""
    code = np.full(len(counts), -1, dtype=np.int64)
    limit = wanted * 4 / 3 if wanted else np.inf
    for depth, number in enumerate(sides):
        fits = np.bincount(number, counts)[number] <= limit
        fits |= depth == len(sides) - 1
        fresh = fits & (code < 0)
        code[fresh] = depth * len(counts) + number[fresh]
    _, place = np.unique(code, return_inverse=True)
    return np.array([f"4201990{n + 1:05d}" for n in range(int(place.max()) + 1)], dtype=object)[place]


def _borders(ground: _Ground, sides: list[Ints], ids: NDArray[np.object_]) -> gpd.GeoDataFrame:
    box = ground.box
    shapes = shapely.box(*box.T)
    i, j = shapely.STRtree(shapes).query(shapes, predicate="touches")
    i, j = i[i < j], j[i < j]
    low, high = np.maximum(box[i, :2], box[j, :2]), np.minimum(box[i, 2:], box[j, 2:])
    metres = (high - low).sum(axis=1)
    kept = metres > _CORNER_M
    i, j, low, high, metres = i[kept], j[kept], low[kept], high[kept], metres[kept]
    ends = np.stack([low, high], axis=1)
    columns = {
        "a": ids[i],
        "b": ids[j],
        "shared_m": metres,
        "street_name": "",
        "street_class": _classes(ground, sides, i, j),
        "barrier": np.zeros(len(i), dtype=bool),
    }
    frame = gpd.GeoDataFrame(columns, geometry=shapely.linestrings(ends), crs=CRS)
    return frame.sort_values(["a", "b"], ignore_index=True)


def _classes(ground: _Ground, sides: list[Ints], i: Ints, j: Ints) -> NDArray[np.object_]:
    """Return the class of the cut that parted two blocks, from the size of the piece that was cut."""
    area = (ground.box[:, 2] - ground.box[:, 0]) * (ground.box[:, 3] - ground.box[:, 1])
    size = np.zeros(len(i))
    for number in sides:  # the last round in which both lay in one piece decides
        together = number[i] == number[j]
        size[together] = np.bincount(number, area)[number[i[together]]]
    at = np.argmax(size[:, None] > np.array([least for least, _ in _STREETS]), axis=1)
    return np.array([name for _, name in _STREETS], dtype=object)[at]
