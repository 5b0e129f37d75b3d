"""The ground a remedy is tried on: the blocks to be divided anew, and what is proved around them and stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import sparse

from gis_grid.rules.cuts import Effort, Ground, cut
from gis_grid.rules.findings import Finding
from gis_grid.rules.parts import Flags, Ints
from gis_grid.rules.proofs import Proofs

#: up to how many blocks a piece is divided anew as a whole, with and without the grids of a plan
_WHOLE, _MOST = 120, 400


class Case(NamedTuple):
    """Hold a finding while remedies are tried for it: its blocks, the piece they lie in, and what may be spent."""

    finding: Finding
    blocks: Ints
    piece: Ints
    effort: Effort

    @property
    def is_whole(self) -> bool:
        """Whether the finding is about all blocks of its piece."""
        return len(self.blocks) == len(self.piece)


class _Known(NamedTuple):
    """Hold what is proved about a community: the first block of each finding, its piece (-1: oversize), all blocks."""

    findings: list[Finding]
    first: Ints
    piece: Ints
    blocks: Ints


class Fields:
    """Tell which blocks a change makes divide anew; `labels` are the numbers of the plan's grids, if there is one.

    A large piece is divided anew only in the grids around the change; all other grids stand as they are.
    """

    def __init__(self, proofs: Proofs, labels: Ints | None = None) -> None:
        self.proofs, self.parts, self.band, self.called = proofs, proofs.parts, proofs.band, proofs.called
        self._labels = labels
        self._looked_up: dict[str, _Known] = {}
        self._place = {str(block): n for n, block in enumerate(self.parts.ids)}

    def case(self, finding: Finding, effort: Effort) -> Case:
        """Lay out a finding by positions."""
        blocks = self.at(finding)
        piece = blocks if finding.cause == "oversize" else self.piece(int(blocks[0]))
        return Case(finding, blocks, piece, effort)

    def at(self, finding: Finding) -> Ints:
        """Return the positions of the blocks of a finding."""
        return np.array(sorted(self._place[block] for block in finding.block_ids), dtype=np.int64)

    def piece(self, block: int) -> Ints:
        """Return the blocks of the piece that a block within the band lies in."""
        return np.flatnonzero(self.parts.rest == self.parts.rest[block])

    def about(self, community: str, pieces: Iterable[int]) -> list[Finding]:
        """Return what is proved about some pieces of a community, oversize blocks apart."""
        known = self._known(community)
        wanted = np.isin(known.piece, [piece for piece in pieces if piece >= 0])
        return [known.findings[n] for n in np.flatnonzero(wanted)]

    def about_block(self, block: int) -> list[Finding]:
        """Return what is proved about a block that is above the band."""
        known = self._known(str(self.parts.community[block]))
        return [known.findings[n] for n in np.flatnonzero(known.first == block) if self.parts.oversize[block]]

    def others(self, communities: Iterable[str], solved: Sequence[Finding]) -> tuple[Flags, int]:
        """Mark the blocks of all else that is proved in some communities; count the exceptions that these make."""
        spared, left = np.zeros(len(self.parts.load), dtype=bool), 0
        for code in sorted(set(communities)):
            known = self._known(code)
            spared[known.blocks] = True
            left += sum(one.least for one in known.findings)
        for one in solved:
            spared[self.at(one)] = False
        return spared, left - sum(one.least for one in solved)

    def _known(self, community: str) -> _Known:
        if community not in self._looked_up:
            findings = self.proofs.of(community)
            at = [self.at(one) for one in findings]
            first = np.array([blocks[0] for blocks in at], dtype=np.int64)
            blocks = np.concatenate([*at, first[:0]])
            self._looked_up[community] = _Known(findings, first, self.parts.rest[first], blocks)
        return self._looked_up[community]

    def field(self, members: Ints, seeds: Ints, spared: Flags) -> Ints | None:
        """Return which of some blocks to divide anew after a change at the seeds; None if they are too many."""
        if len(members) <= _WHOLE or self._labels is None:
            return members[~spared[members]] if len(members) <= _MOST else None
        chosen = members[np.isin(self._labels[members], self._labels[np.intersect1d(self.around(seeds), members)])]
        for _ in range(2):
            grids = np.unique(self._labels[np.intersect1d(self.around(chosen), members)])
            wider = members[np.isin(self._labels[members], grids)]
            if len(wider) > _WHOLE:
                break
            chosen = wider
        return chosen[~spared[chosen]]

    def around(self, blocks: Ints) -> Ints:
        """Return some blocks and all their neighbours, also across a community line."""
        links = self.parts.open_links
        return np.union1d(blocks, links[blocks].indices).astype(np.int64)

    def divided(self, members: Ints, links: sparse.csr_array, effort: Effort) -> tuple[int, ...] | None:
        """Return the households of the grids in band that some blocks were found to make, most first."""
        return self.loads(Ground(self.parts.load[members], links[members][:, members].tocsr()), effort)

    def loads(self, ground: Ground, effort: Effort) -> tuple[int, ...] | None:
        """Return the households of the grids in band that a ground was found to make, most first."""
        grids = cut(ground, self.band, effort)
        if grids is None:
            return None
        return tuple(sorted((int(ground.load[grid].sum()) for grid in grids), reverse=True))
