"""What no division can meet, and why: proofs from the blocks and their borders alone, before anything is searched.

A connected part of H households can be cut into grids within [min, max] only if some number k of grids has
k·min ≤ H ≤ k·max. Four things can make a grid out of band unavoidable, and each is a `Finding`:

- *oversize*: a block alone exceeds the band. Whatever grid it lies in does too, so it is set aside.
- *arithmetic*: a whole community has a number of households that no k fits.
- *detached*: the same for a piece of a community cut off by a barrier, or lying apart.
- *trapped*: the blocks left beside an oversize block, or blocks among heavy neighbours, cannot be completed to a grid
  within the band; shown by arithmetic, or by looking at every connected set of a few blocks.

A finding says: at least `least` grids that hold blocks of mine are out of band. It claims nothing that is not proved.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.rules import remedies, search, words
from gis_grid.rules.parts import Ints, Parts, cut_into_parts
from gis_grid.scheme import Band

#: The causes of grids that cannot be in band.
CAUSES = ("oversize", "arithmetic", "detached", "trapped")


@dataclass(frozen=True)
class Finding:
    """Prove that at least `least` grids holding some of these blocks are out of band, whoever divides.

    `block_ids` are the blocks the proof is about and `households` what they hold together. Remedies read
    "Chinese / English", best first.
    """

    cause: str
    community_code: str
    block_ids: tuple[str, ...]
    households: int
    message_zh: str
    message_en: str
    remedies: tuple[str, ...]
    least: int = 1


def explain(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    band: Band,
    *,
    communities: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
) -> list[Finding]:
    """Prove where grids out of band cannot be avoided, block by block and part by part, with remedies.

    `communities` maps community codes to names for the messages; `only` names the communities to look at. Findings
    come in the order of the community codes, the heaviest first inside each.

    Examples
    --------
    >>> index = pd.Index(["b1", "b2"], name="block_id")
    >>> blocks = gpd.GeoDataFrame({"community_code": "1", "households": [290, 284]}, index=index, geometry=[None, None])
    >>> columns = {"a": ["b1"], "b": ["b2"], "barrier": [False], "street_name": [""]}
    >>> found = explain(blocks, gpd.GeoDataFrame(columns, geometry=[None]), Band(300, 500, 400))
    >>> print(found[0].message_en)
    community 1 holds 574 households: one grid is at most 500, two need at least 600
    """
    parts = cut_into_parts(blocks, borders, band)
    called = words.Names(blocks, communities or {})
    wanted = np.ones(len(parts.ids), dtype=bool) if only is None else np.isin(parts.community, list(only))
    found = [*_oversize(parts, np.flatnonzero(parts.oversize & wanted), band, called)]
    for chosen in _rest_pieces(parts):
        if wanted[chosen[0]]:
            found += _unmet(parts, borders, chosen, band, called)
    return sorted(found, key=lambda one: (one.community_code, -one.households, one.block_ids))


def least_out_of_band(findings: Iterable[Finding]) -> int:
    """Return how many grids must be out of band, a grid that answers to two findings counting for both.

    A plan is as good as can be proved when every finding is answered by exactly `least` grids and all other grids are
    in band; `gis_grid.rules.check` calls every grid beyond that an error.
    """
    return sum(finding.least for finding in findings)


def _oversize(parts: Parts, heavy: Ints, band: Band, called: words.Names) -> Iterator[Finding]:
    for block in heavy:
        zh, en = words.oversize(called, int(block), int(parts.load[block]), band)
        cures = (remedies.divide(called, int(block)), words.ACCEPT)
        yield _finding("oversize", parts, np.array([block]), zh, en, cures)


def _rest_pieces(parts: Parts) -> Iterator[Ints]:
    """Yield the positions of the blocks of every piece that remains beside the oversize blocks."""
    order = np.argsort(parts.rest, kind="stable")
    order = order[parts.rest[order] >= 0]
    starts = np.flatnonzero(np.diff(parts.rest[order], prepend=-1))
    yield from (piece for piece in np.split(order, starts[1:]) if len(piece))


def _unmet(parts: Parts, borders: gpd.GeoDataFrame, chosen: Ints, band: Band, called: words.Names) -> list[Finding]:
    """Return what is proved about one piece: nothing, one finding about all of it, or findings about some blocks."""
    total = int(parts.load[chosen].sum())
    whole = np.flatnonzero(parts.part == parts.part[chosen[0]])
    beside = whole[parts.oversize[whole]]
    if not len(band.feasible_counts(total)):
        if total == 0 and len(beside):
            return []  # empty blocks may join the oversize block beside them
        return [_no_count_fits(parts, borders, chosen, beside, band, called)]
    feasible = None
    if len(chosen) <= search.MOST_BLOCKS:
        order = search.in_order(parts.links, chosen)
        around = search.masks_of(parts.links, order)
        feasible = search.can_be_cut(around, parts.load[order].tolist(), band)
    if feasible:
        return []
    found = list(_trapped(parts, chosen, band, called))
    if feasible is None:
        return found
    least = _least(parts, chosen, beside, band)
    return found if len(found) >= least else [_cannot_be_cut(parts, chosen, least, band, called)]


def _least(parts: Parts, chosen: Ints, beside: Ints, band: Band) -> int:
    """Return how many grids out of band a piece that cannot be met takes; beside an oversize block its grid may do."""
    if len(beside):
        return 1
    order = search.in_order(parts.links, chosen)
    return search.fewest_out_of_band(search.masks_of(parts.links, order), parts.load[order].tolist(), band)


def _cannot_be_cut(parts: Parts, chosen: Ints, least: int, band: Band, called: words.Names) -> Finding:
    zh, en = words.cannot_be_cut(called, chosen, int(parts.load[chosen].sum()), band)
    heaviest = int(chosen[np.argmax(parts.load[chosen])])
    cures = (remedies.divide(called, heaviest), *remedies.transfers(parts, chosen, band, called), words.ACCEPT)
    return _finding("trapped", parts, chosen, zh, en, cures, least)


def _no_count_fits(
    parts: Parts, borders: gpd.GeoDataFrame, chosen: Ints, beside: Ints, band: Band, called: words.Names
) -> Finding:
    total = int(parts.load[chosen].sum())
    cures = remedies.transfers(parts, chosen, band, called)
    community = parts.community[chosen[0]]
    others = np.flatnonzero((parts.community == community) & (parts.part != parts.part[chosen[0]]))
    if len(beside):
        zh, en = words.left_beside(called, chosen, beside, total, band)
        cures = (*(remedies.divide(called, int(block)) for block in beside[:2]), *cures)
        cause = "trapped"
    elif len(others) and _is_lesser(parts, chosen, others):
        touching = np.isin(parts.walls, chosen).any(axis=1)
        zh, en = words.detached(called, chosen, total, borders.iloc[parts.wall_rows[touching]], band)
        if touching.any():
            cures = (*cures, words.OPEN_BARRIER)
        cause = "detached"
    else:
        zh, en = words.no_count_fits(called, community, total, band, alone=not len(others))
        cause = "arithmetic"
    least = _least(parts, chosen, beside, band)
    return _finding(cause, parts, chosen, zh, en, (*cures, words.ACCEPT), least)


def _is_lesser(parts: Parts, chosen: Ints, others: Ints) -> bool:
    """Tell whether another part of the community holds more households (or lists earlier, when they hold as many)."""
    tally = pd.Series(parts.load[others]).groupby(parts.part[others]).sum()
    return bool((tally >= parts.load[chosen].sum()).any())


def _trapped(parts: Parts, chosen: Ints, band: Band, called: words.Names) -> Iterator[Finding]:
    marked = chosen[search.trapped_blocks(parts, chosen, band)]
    marked = marked[parts.load[marked] > 0]
    pieces = parts.pieces(marked)
    for number in range(int(pieces.max()) + 1 if len(pieces) else 0):
        cluster = marked[pieces == number]
        near = np.unique(np.concatenate([parts.neighbours(int(block)) for block in cluster]))
        near = np.setdiff1d(near, cluster)
        zh, en = words.among_heavy(called, cluster, near, band)
        heavy = near[np.argsort(-parts.load[near], kind="stable")][:1]
        cures = tuple(remedies.divide(called, int(block)) for block in heavy)
        cures = (*cures, *remedies.hand_over_all(parts, cluster, chosen, band, called), words.ACCEPT)
        yield _finding("trapped", parts, cluster, zh, en, cures)


def _finding(
    cause: str, parts: Parts, chosen: Ints, zh: str, en: str, cures: tuple[str, ...], least: int = 1
) -> Finding:
    ids = tuple(sorted(str(block) for block in parts.ids[chosen]))
    community = str(parts.community[chosen[0]])
    return Finding(cause, community, ids, int(parts.load[chosen].sum()), zh.strip(), en, cures, least)
