"""What a planner may do about a grid that cannot be in band: divide a block, or hand blocks over a community line.

Every transfer named here has been checked: afterwards both pieces hang together, some number of grids fits the
households of each, and where blocks are few (`search.MOST_BLOCKS`) a division in band is known to exist.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gis_grid.rules import search, words
from gis_grid.rules.parts import Ints, Parts, connected
from gis_grid.scheme import Band

#: how many candidates are looked at for each kind of transfer, lightest first
_TRIES = 12


def divide(called: words.Names, block: int) -> str:
    """Return the remedy of dividing one block, by what it is made of."""
    zh, en = called.block(block)
    ways = {
        "compound": ("沿内部道路划分", "along an inner road"),
        "building": ("按单元划分", "by stairwells"),
        "stairwell": ("按楼层划分", "by floors"),
    }
    way_zh, way_en = ways.get(called.atom(block), ("沿内部道路或楼间划分", "along an inner road or between buildings"))
    return words.joined(f"将{zh}{way_zh}", f"divide {en} {way_en}")


def transfers(parts: Parts, chosen: Ints, band: Band, called: words.Names) -> tuple[str, ...]:
    """Return the transfers across a community line after which both sides can be met, fewest households first.

    `chosen` is a connected piece that cannot be met: one of its border blocks may go, one from across the line may
    come, or, where it holds less than a grid, all of it may go.
    """
    best: dict[str, tuple[int, str]] = {}

    def consider(kind: str, moving: Ints, towards: int, sides: tuple[Ints, Ints]) -> None:
        weight = int(parts.load[moving].sum())
        if kind not in best and weight > 0 and all(_can_be_met(parts, side, band) for side in sides):
            best[kind] = weight, _hand_over(called, moving, towards, weight)

    for mine, theirs in _doors(parts, chosen):
        near = _piece_of(parts, theirs)
        consider("give", np.array([mine]), theirs, (chosen[chosen != mine], np.append(near, mine)))
        consider("take", np.array([theirs]), mine, (np.append(chosen, theirs), near[near != theirs]))
        if parts.load[chosen].sum() < band.min:
            consider("all", chosen, theirs, (near, np.append(near, chosen)))
    return tuple(text for _, text in sorted(best.values()))


def hand_over_all(parts: Parts, cluster: Ints, chosen: Ints, band: Band, called: words.Names) -> tuple[str, ...]:
    """Return the transfer of some blocks of a piece to a neighbouring community, where both can then be met."""
    remaining = np.setdiff1d(chosen, cluster)
    for _, theirs in _doors(parts, cluster):
        sides = remaining, np.append(_piece_of(parts, theirs), cluster)
        if all(_can_be_met(parts, side, band) for side in sides):
            return (_hand_over(called, cluster, theirs, int(parts.load[cluster].sum())),)
    return ()


def _can_be_met(parts: Parts, members: Ints, band: Band) -> bool:
    """Tell whether blocks hang together and can be cut into grids in band, exactly where they are few."""
    if not len(members) or not len(band.feasible_counts(int(parts.load[members].sum()))):
        return False
    if connected(parts.open_links[members][:, members]).max() > 0:
        return False
    if len(members) > search.MOST_BLOCKS:
        return True
    order = search.in_order(parts.open_links, np.sort(members))
    around = search.masks_of(parts.open_links, order)
    return search.can_be_cut(around, parts.load[order].tolist(), band) is not False


def _doors(parts: Parts, chosen: Ints) -> Iterator[tuple[int, int]]:
    """Yield pairs of a block of mine and a neighbour across a community line, the lightest first."""
    mine = np.isin(parts.doors, chosen)
    pairs = np.concatenate([parts.doors[mine[:, 0]], parts.doors[mine[:, 1]][:, ::-1]])
    pairs = pairs[~parts.oversize[pairs[:, 1]]]
    weight = parts.load[pairs].min(axis=1) if len(pairs) else np.empty(0)
    order = np.lexsort((pairs[:, 1], pairs[:, 0], weight)) if len(pairs) else np.empty(0, dtype=np.int64)
    yield from ((int(a), int(b)) for a, b in pairs[order][:_TRIES])


def _piece_of(parts: Parts, block: int) -> Ints:
    return np.flatnonzero(parts.rest == parts.rest[block])


def _hand_over(called: words.Names, moving: Ints, towards: int, total: int) -> str:
    which_zh, which_en = called.blocks(moving)
    to_zh, to_en = called.community_of(towards)
    return words.joined(
        f"将{which_zh.rstrip()}（{total} 户）划入{to_zh}", f"hand {which_en} ({total} households) to {to_en}"
    )
