"""Make the proofs of one district, piece by piece, each once: what cannot be in band, and by how much it is missed."""

from __future__ import annotations

from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.rules import cuts, pockets, search, words
from gis_grid.rules.findings import Finding
from gis_grid.rules.parts import Flags, Ints, Parts
from gis_grid.scheme import Band

#: up to how many blocks a piece is tried to be cut along trees as a whole before blocks are looked at one by one
_MOST_BLOCKS = 400
#: how many blocks of trees are worked through for one piece
_EFFORT = 6_000
#: around how many blocks of one piece pockets are looked for when a plan has grids out of band there
_MOST_SEEDS = 60


class Proofs:
    """Hold what is proved about the communities of a district; each is looked at when it is first asked for."""

    def __init__(self, parts: Parts, borders: gpd.GeoDataFrame, band: Band, called: words.Names) -> None:
        self.parts, self.borders, self.band, self.called = parts, borders, band, called
        self._known: dict[str, list[Finding]] = {}
        self._unsettled: set[int] = set()
        order = np.argsort(parts.rest, kind="stable")
        order = order[parts.rest[order] >= 0]
        starts = np.flatnonzero(np.diff(parts.rest[order], prepend=-1))
        self.pieces = [piece for piece in np.split(order, starts[1:]) if len(piece)]
        self._pieces_of: dict[str, list[Ints]] = {}
        for piece in self.pieces:
            self._pieces_of.setdefault(str(parts.community[piece[0]]), []).append(piece)
        self._big_of: dict[str, list[int]] = {}
        for block in np.flatnonzero(parts.oversize).tolist():
            self._big_of.setdefault(str(parts.community[block]), []).append(block)

    @property
    def communities(self) -> list[str]:
        """The codes of all communities, sorted."""
        return sorted({*self._pieces_of, *self._big_of})

    def of(self, community: str) -> list[Finding]:
        """Return what is proved about one community, the heaviest finding first."""
        if community not in self._known:
            found = [self._oversize(block) for block in self._big_of.get(community, [])]
            for piece in self._pieces_of.get(community, []):
                found += self._unmet(piece)
            self._known[community] = sorted(found, key=_heaviest_first)
        return self._known[community]

    def _oversize(self, block: int) -> Finding:
        total = int(self.parts.load[block])
        said = words.oversize(self.called, block, total, self.band)
        return self._finding("oversize", np.array([block]), said, search.Shortfall(1, total - self.band.max))

    def _unmet(self, chosen: Ints) -> list[Finding]:
        """Return what is proved about one piece: nothing, one finding about all of it, or some about a few blocks."""
        parts, band = self.parts, self.band
        total = int(parts.load[chosen].sum())
        whole = np.flatnonzero(parts.part == parts.part[chosen[0]])
        beside = whole[parts.oversize[whole]]
        if not len(band.feasible_counts(total)):
            if total == 0 and len(beside):
                return []  # empty blocks may join the oversize block beside them
            return [self._no_count_fits(chosen, beside)]
        can_be_cut = self._can_be_cut(chosen)
        if can_be_cut:
            return []
        found = list(self._trapped(chosen))
        if can_be_cut is None:
            self._unsettled.add(int(parts.rest[chosen[0]]))
            seeds = pockets.heavy_spots(parts, chosen, band) if len(chosen) <= _MOST_BLOCKS else chosen[:0]
            return found + self._pockets(chosen, seeds, found)
        if found and self._suffices(chosen, beside, found):
            return found
        short = self._shortfall(chosen, beside)
        said = words.cannot_be_cut(self.called, chosen, total, band)
        return [self._finding("trapped", chosen, said, short)]

    def look_closer(self, blocks: Ints) -> bool:
        """Look for pockets around some blocks of pieces that could not be settled; tell whether any was found."""
        parts, any_found = self.parts, False
        for number in np.intersect1d(parts.rest[blocks], sorted(self._unsettled)).tolist():
            chosen = np.flatnonzero(parts.rest == number)
            code = str(parts.community[chosen[0]])
            seeds = np.unique(blocks[parts.rest[blocks] == number])[:_MOST_SEEDS]
            found = self._pockets(chosen, seeds, self.of(code))
            self._known[code] = sorted([*self.of(code), *found], key=_heaviest_first)
            any_found |= bool(found)
        return any_found

    def _pockets(self, chosen: Ints, seeds: Ints, found: list[Finding]) -> list[Finding]:
        """Return findings about pockets around some blocks of a piece, beside what was found about it."""
        named = {block for one in found for block in one.block_ids}
        taken = np.isin(self.parts.ids.astype(str), sorted(named))
        closed = pockets.pockets(self.parts, chosen, self.band, seeds.tolist(), taken)
        made = []
        for number, pocket in enumerate(closed):
            said = words.pocket(self.called, pocket, int(self.parts.load[pocket].sum()), self.band)
            # another finding may be answered by the same grid: then no household more is proved
            short = search.Shortfall(1, int(number == 0 and not found))
            made.append(self._finding("trapped", pocket, said, short))
        return made

    def _can_be_cut(self, chosen: Ints) -> bool | None:
        """Tell whether a piece can be cut into grids within the band; None where that is not settled."""
        parts, band = self.parts, self.band
        if len(chosen) <= _MOST_BLOCKS:
            ground = cuts.ground_of(parts.load, parts.links, chosen)
            if cuts.cut(ground, band, cuts.Effort(_EFFORT)) is not None:
                return True
        if len(chosen) > search.MOST_BLOCKS:
            return None
        order = search.in_order(parts.links, chosen)
        settled = search.division(search.masks_of(parts.links, order), parts.load[order].tolist(), band)
        return None if settled is None else bool(settled)

    def _shortfall(self, chosen: Ints, beside: Ints) -> search.Shortfall:
        """Return what a piece that cannot be met misses the band by; oversize blocks beside it may take some."""
        parts, band = self.parts, self.band
        order = search.in_order(parts.links, chosen)
        around = search.masks_of(parts.links, order)
        touching = _mask(np.isin(order, parts.links[beside].indices))
        return search.shortfall(around, parts.load[order].tolist(), band, beside=touching)

    def _suffices(self, chosen: Ints, beside: Ints, found: list[Finding]) -> bool:
        """Tell whether the rest of a piece can be in band if the blocks of some findings are not."""
        parts, named = self.parts, {block for one in found for block in one.block_ids}
        order = search.in_order(parts.links, chosen)
        around = search.masks_of(parts.links, order)
        some = _mask(np.isin(parts.ids[order].astype(str), sorted(named)))
        touching = _mask(np.isin(order, parts.links[beside].indices))
        return search.suffices(around, parts.load[order].tolist(), self.band, some, len(found), beside=touching)

    def _no_count_fits(self, chosen: Ints, beside: Ints) -> Finding:
        parts, called, band = self.parts, self.called, self.band
        total = int(parts.load[chosen].sum())
        community = parts.community[chosen[0]]
        others = np.flatnonzero((parts.community == community) & (parts.part != parts.part[chosen[0]]))
        if len(beside):
            cause, said = "trapped", words.left_beside(called, chosen, beside, total, band)
        elif len(others) and self._is_lesser(chosen, others):
            touching = np.isin(parts.walls, chosen).any(axis=1)
            walls = self.borders.iloc[parts.wall_rows[touching]]
            cause, said = "detached", words.detached(called, chosen, total, walls, band)
        else:
            cause, said = "arithmetic", words.no_count_fits(called, community, total, band, alone=not len(others))
        return self._finding(cause, chosen, said, self._shortfall(chosen, beside))

    def _is_lesser(self, chosen: Ints, others: Ints) -> bool:
        """Tell whether another part of the community holds more households (or is listed earlier with as many)."""
        tally = pd.Series(self.parts.load[others]).groupby(self.parts.part[others]).sum()
        return bool((tally >= self.parts.load[chosen].sum()).any())

    def _trapped(self, chosen: Ints) -> Iterator[Finding]:
        parts = self.parts
        missed = search.trapped_blocks(parts, chosen, self.band)
        kept = (missed > 0) & (parts.load[chosen] > 0)
        marked, missed = chosen[kept], missed[kept]
        pieces = parts.pieces(marked)
        clusters = [marked[pieces == number] for number in range(int(pieces.max()) + 1 if len(pieces) else 0)]
        sharing = self._sharing(chosen, clusters)
        for number, cluster in enumerate(clusters):
            near = np.unique(np.concatenate([parts.neighbours(int(block)) for block in cluster]))
            said = words.among_heavy(self.called, cluster, np.setdiff1d(near, cluster), self.band)
            # several clusters may lie in one grid; what it misses the band by is then shared out among them
            short = int(missed[pieces == number].max()) // sharing[number]
            yield self._finding("trapped", cluster, said, search.Shortfall(1, short))

    def _sharing(self, chosen: Ints, clusters: list[Ints]) -> list[int]:
        """Return for each cluster how many, itself among them, a grid of less than `min + max` could hold with it."""
        if len(clusters) < 2:
            return [1] * len(clusters)
        inside = np.zeros(len(self.parts.load), dtype=bool)
        inside[chosen] = True
        most = self.band.min + self.band.max - 1
        own = np.full(len(inside), -1)
        for number, cluster in enumerate(clusters):
            own[cluster] = number
        met = []
        for number, cluster in enumerate(clusters):
            near = np.concatenate([search.reach(self.parts, int(block), inside, most) for block in cluster])
            met.append(len(np.union1d(own[near][own[near] >= 0], [number])))
        return met

    def _finding(self, cause: str, chosen: Ints, said: tuple[str, str], short: search.Shortfall) -> Finding:
        return Finding(
            cause=cause,
            community_code=str(self.parts.community[chosen[0]]),
            block_ids=tuple(sorted(str(block) for block in self.parts.ids[chosen])),
            households=int(self.parts.load[chosen].sum()),
            message_zh=said[0].strip(),
            message_en=said[1],
            least=short.grids,
            least_households=short.households,
        )


def _heaviest_first(finding: Finding) -> tuple[int, tuple[str, ...]]:
    return -finding.households, finding.block_ids


def _mask(chosen: Flags) -> int:
    return sum(1 << bit for bit in np.flatnonzero(chosen).tolist())
