"""What a phone carries to answer without a network: the grids of one community and those around it, whole."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from gis_grid.lookup import kernels
from gis_grid.lookup.publications import grid_told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from gis_grid.lookup.answers import Answers
    from gis_grid.lookup.found import Standing
    from gis_grid.lookup.publications import Layer, Published

    Seen = Callable[[Published, str], bool]

#: grids of other communities are carried as far as this from the own one (metres)
REACH_M = 300.0
_DEGREE_M = 111_000.0
#: two areas whose outlines share a line, not only a corner; two that share ground, as a campus and the grid around it
_SHARE_A_LINE, _SHARE_GROUND = "****1****", "T********"


class Sight(NamedTuple):
    """What a caller may see of a grid, by publication and code: the grid at all, and a small count of it."""

    grid: Seen
    small: Seen


def holders(answers: Answers, community: str, *, district: str | None = None, on: date | None = None) -> list[Standing]:
    """Return what is in force in the districts that have grids of a community on a day (today there, without one)."""
    return [
        one
        for one in answers.in_force(on)
        if district in (None, one.published.district)
        and any(fact["community_code"] == community for fact in one.layer.facts)
    ]


def carried(answers: Answers, standing: Standing, community: str, *, sight: Sight) -> dict[str, Any] | None:
    """Return the grids of a community and those around it, with their people and exact outlines, as plain values.

    `editions` holds the plan in force and, if one is published already, the next. Their grids stand in the order in
    which they own a common border, and `slack` and `gap_m` say what rounding is let off, so that who carries the file
    finds the same owner for every point as `LookupIndex`. A ring is a flat list of longitudes and latitudes in WGS 84,
    its first corner not repeated. `towers` are the buildings that several of the grids share, with the grid of each
    stairwell: a point there cannot say which one.

    Returns
    -------
    dict or None
        None if the caller may see no grid of the community.
    """
    layer = standing.layer
    mine = [
        position
        for position, fact in enumerate(layer.facts)
        if fact["community_code"] == community and sight.grid(standing.published, layer.codes[position])
    ]
    if not mine:
        return None
    home = shapely.union_all(_shapes(layer)[mine])
    published = standing.published
    later = [
        one for one in answers.publications if one.district == published.district and one.valid_from > standing.day
    ]
    editions = [_edition(layer, published, standing.day, home, community, sight)]
    for following in sorted(later, key=lambda one: one.valid_from)[:1]:
        editions.append(_edition(answers.layer(following), following, following.valid_from, home, community, sight))
    return {
        "community": community,
        "name": layer.facts[mine[0]]["community"],
        "district": published.district,
        "district_name": published.name,
        "timezone": published.timezone,
        "as_of": standing.day.isoformat(),
        "reach_m": REACH_M,
        "editions": editions,
    }


def _edition(layer: Layer, published: Published, day: date, home: Any, community: str, sight: Sight) -> dict[str, Any]:
    shapes = _shapes(layer)
    ints, floats = layer.index.raster.ints, layer.index.raster.floats
    ranks = ints[ints[kernels.RANKS] : ints[kernels.RANKS] + len(layer.codes)]
    near = [n for n in np.flatnonzero(_near(shapes, home)).tolist() if sight.grid(published, layer.codes[n])]
    chosen = sorted(near, key=lambda position: int(ranks[position]))
    beside = _beside(shapes[chosen])
    grids = []
    for place, position in enumerate(chosen):
        fact, code = layer.facts[position], layer.codes[position]
        told = grid_told(fact, small=sight.small(published, code))
        own = {"people": published.roster.people(code, day.toordinal()), "own": fact["community_code"] == community}
        neighbours = sorted(layer.codes[chosen[other]] for other in beside[place])
        grids.append(told | own | {"neighbours": neighbours, "shape": list(_rings(shapes[position]))})
    return {
        "plan": published.plan,
        "valid_from": None if published.valid_from == date.min else published.valid_from.isoformat(),
        "valid_to": published.valid_to.isoformat() if published.valid_to else None,
        "slack": float(floats[kernels.SLACK]),
        "gap_m": float(floats[kernels.GAP_M]),
        "grids": grids,
        "towers": list(_towers(layer, chosen)),
    }


def _towers(layer: Layer, chosen: list[int]) -> Iterator[dict[str, Any]]:
    """Yield the buildings that several grids share, where one of these is carried: the stairwells in grids that are."""
    for tower in dict.fromkeys(tower for position in chosen for tower in layer.towers.get(position, ())):
        stairwells = [{"stairwell": name, "code": layer.codes[n]} for name, n in tower.stairwells if n in chosen]
        yield {"label": tower.label, "stairwells": stairwells, "shape": list(_rings(tower.shape))}


def _shapes(layer: Layer) -> NDArray[Any]:
    assert layer.index.grids is not None
    shapes: NDArray[Any] = layer.index.grids.geometry.to_numpy()
    return shapes


def _near(shapes: NDArray[Any], home: Any) -> NDArray[np.bool_]:
    """Say which areas come near another one; degrees of longitude are shortened to those of latitude."""
    scale = np.array([np.cos(np.radians(shapely.get_coordinates(home)[:, 1].mean())), 1.0])

    def turned(points: NDArray[np.float64]) -> NDArray[np.float64]:
        scaled: NDArray[np.float64] = points * scale
        return scaled

    found: NDArray[np.bool_] = shapely.dwithin(
        shapely.transform(shapes, turned), shapely.transform(home, turned), REACH_M / _DEGREE_M
    )
    return found


def _beside(shapes: NDArray[Any]) -> list[list[int]]:
    """List for each area the others that share a line of its outline, or ground."""
    one, other = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    one, other = one[one != other], other[one != other]
    share = shapely.relate_pattern(shapes[one], shapes[other], _SHARE_A_LINE)
    share |= shapely.relate_pattern(shapes[one], shapes[other], _SHARE_GROUND)
    return [other[share & (one == place)].tolist() for place in range(len(shapes))]


def _rings(shape: Any) -> Iterator[list[float]]:
    """Yield the rings of an area; which of them are holes does not matter to who counts crossings."""
    for ring in shapely.get_rings(shapely.get_parts(shape)):
        yield shapely.get_coordinates(ring)[:-1].ravel().tolist()
