"""Try what a planner may do about a grid that cannot be in band, and name only what works, best first.

Divide a block, open a barrier, hand blocks over a community line, swap blocks across it: every change is made on the
arrays, the blocks it touches are divided anew (`gis_grid.rules.cuts`), and it is named only if that put them in band,
with the households of the grids found. How much is tried is counted in blocks, not seconds, to be the same everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from gis_grid.rules.cuts import Effort
from gis_grid.rules.dividing import divisions
from gis_grid.rules.fields import Case, Fields
from gis_grid.rules.findings import ACCEPT, Finding, Remedy
from gis_grid.rules.parts import Ints
from gis_grid.rules.proofs import Proofs
from gis_grid.rules.transfers import crossings, transfers

#: how many blocks of trees are worked through for one finding, for all of them, and for each of many
_EFFORT, _EFFORT_OF_ALL, _EFFORT_OF_MANY = 30_000, 600_000, 4_000
#: how many remedies are named for one finding beside accepting the exception
_NAMED = 4


def try_remedies(proofs: Proofs, findings: Sequence[Finding], labels: Ints | None = None) -> list[tuple[Remedy, ...]]:
    """Return the remedies of each of some findings, best first, every one of them tried; the last is to accept it.

    `labels` are the numbers of the grids of a plan by block; where a piece is large, remedies are then tried in the
    grids around, and without them not at all.
    """
    effort = min(_EFFORT, max(_EFFORT_OF_MANY, _EFFORT_OF_ALL // max(1, len(findings))))
    fields = Fields(proofs, labels)
    return [_ranked(fields, fields.case(finding, Effort(effort))) for finding in findings]


def _ranked(fields: Fields, case: Case) -> tuple[Remedy, ...]:
    found = list(divisions(fields, case))
    if case.finding.cause != "oversize":  # nothing but dividing it helps against a block above the band
        found += [*crossings(fields, case), *transfers(fields, case)]
    ranked = sorted(found, key=lambda remedy: (remedy.rank, remedy.blocks, remedy.to))
    return (*ranked[:_NAMED], ACCEPT)
