"""What no division can meet, and why: proofs from the blocks and their borders alone, before anything is searched.

A connected part of H households can be cut into grids within [min, max] only if some number k of grids has
k·min ≤ H ≤ k·max. Four things can make a grid out of band unavoidable, and each is a `Finding`:

- *oversize*: a block alone exceeds the band. Whatever grid it lies in does too, so it is set aside.
- *arithmetic*: a whole community has a number of households that no k fits.
- *detached*: the same for a piece of a community cut off by a barrier, or lying apart.
- *trapped*: the blocks left beside an oversize block, or blocks among heavy neighbours, cannot be completed to a grid
  within the band, or a few blocks cannot all be, whatever is done around them; shown by arithmetic, or by looking at
  every connected set of a few blocks.

A finding says: at least `least` grids that hold blocks of mine are out of band, and miss it by `least_households` in
sum. It claims nothing that is not proved, and names no remedy that has not been tried.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import geopandas as gpd

from gis_grid.rules import words
from gis_grid.rules.findings import CAUSES, Finding, Remedy
from gis_grid.rules.parts import cut_into_parts
from gis_grid.rules.proofs import Proofs
from gis_grid.rules.remedies import try_remedies
from gis_grid.scheme import Band

__all__ = ["CAUSES", "Finding", "Remedy", "explain", "least_households_out_of_band", "least_out_of_band"]


def explain(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    band: Band,
    *,
    communities: Mapping[str, str] | None = None,
    only: Collection[str] | None = None,
    remedies: bool = True,
) -> list[Finding]:
    """Prove where grids out of band cannot be avoided, block by block and part by part, with remedies that were tried.

    `communities` maps community codes to names for the messages; `only` names the communities to look at. Findings
    come in the order of the community codes, the heaviest first inside each. Without `remedies`, which take most of
    the time, the proofs come alone.

    Examples
    --------
    >>> import pandas as pd
    >>> index = pd.Index(["b1", "b2"], name="block_id")
    >>> blocks = gpd.GeoDataFrame({"community_code": "1", "households": [290, 284]}, index=index, geometry=[None, None])
    >>> columns = {"a": ["b1"], "b": ["b2"], "barrier": [False], "street_name": [""]}
    >>> found = explain(blocks, gpd.GeoDataFrame(columns, geometry=[None]), Band(300, 500, 400))
    >>> print(found[0].message_en)
    community 1 holds 574 households: one grid is at most 500, two need at least 600
    >>> found[0].least, found[0].least_households
    (1, 74)
    """
    blocks = blocks.sort_index()
    parts = cut_into_parts(blocks, borders, band)
    proofs = Proofs(parts, borders, band, words.Names(blocks, communities or {}))
    wanted = [code for code in proofs.communities if only is None or code in only]
    found = [finding for code in wanted for finding in proofs.of(code)]
    if not remedies:
        return found
    tried = try_remedies(proofs, found)
    return [replace(finding, tried=cures) for finding, cures in zip(found, tried, strict=True)]


def least_out_of_band(findings: Iterable[Finding]) -> int:
    """Return how many grids must be out of band, a grid that answers to two findings counting for both.

    A plan is as good as can be proved when every finding is answered by exactly `least` grids and all other grids are
    in band; `gis_grid.rules.check` calls every grid beyond that an error.
    """
    return sum(finding.least for finding in findings)


def least_households_out_of_band(findings: Iterable[Finding]) -> int:
    """Return by how many households grids must miss the band in sum, where no more of them do than must."""
    return sum(finding.least_households for finding in findings)
