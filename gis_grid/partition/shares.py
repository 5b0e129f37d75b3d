"""How many units a tier is to have, and how they are shared out over the units above it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from gis_grid.partition.cells import Ints
    from gis_grid.scheme import Band, Scheme, Tier

#: A district up to a quarter smaller or larger than the place of a scheme keeps its numbers of units.
LIKE = 0.25


def wanted_count(tier: Tier, scheme: Scheme, load: int) -> int:
    """Return how many units a tier is to have over a load; 0: as many as the band makes.

    The scheme's `count` belongs to its place. A district like it has the same number; a smaller or larger one has
    fewer or more in proportion.

    >>> from gis_grid.scheme import Scheme
    >>> scheme = Scheme.load("shouguang")
    >>> [wanted_count(scheme.main, scheme, load) for load in (64_613, 60_000, 32_300)]
    [586, 586, 293]
    """
    joins = scheme.tier(tier.of)
    place = joins.count if joins is not None else scheme.place.load(tier.counted)
    if not tier.count or not place or abs(load / place - 1) <= LIKE:
        return tier.count
    return max(1, round(tier.count * load / place))


def share_out(total: int, load: Ints, band: Band, room: Ints) -> tuple[Ints, int]:
    """Share units out over parents so that all can be in band, as evenly as that allows.

    Returns how many units each parent gets, and by how many the sum misses the total where the band does not allow it.
    `room` is how many units a parent can be cut into at most (its blocks). Where no number fits a parent it gets
    the one that comes nearest. What is open goes where most load shares a unit (the method of Webster).

    >>> from gis_grid.scheme import Band
    >>> share_out(11, np.array([1600, 2000, 700]), Band(300, 500, 400), np.array([50, 50, 50]))
    (array([4, 5, 2]), 0)
    """
    if len(load) == 0:
        return np.zeros(0, dtype=np.int64), total
    fewest = np.maximum(1, -(-load // band.max))
    most = load // band.min if band.min else room
    fewest = np.minimum(fewest, room)
    most = np.minimum(np.maximum(most, 1), room)
    nearest = np.clip(np.rint(load / max(1, band.target)), 1, room).astype(np.int64)
    stuck = most < fewest
    fewest, most = (
        np.where(stuck, np.minimum(nearest, fewest), fewest),
        np.where(stuck, np.minimum(nearest, fewest), most),
    )
    share = fewest.astype(np.int64).copy()
    weight = load.astype(np.float64)
    for _ in range(max(0, total - int(share.sum()))):
        value = np.where(share < most, weight / (share + 0.5), -1.0)
        best = int(np.argmax(value))
        if value[best] < 0:
            break
        share[best] += 1
    return share, total - int(share.sum())
