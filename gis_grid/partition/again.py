"""Divide anew only where blocks have changed, and keep the rest of an earlier division."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from gis_grid.partition import PartitionOptions, PartitionResult, Progress, bound_of, partition
from gis_grid.partition.cells import cell_graph
from gis_grid.partition.cost import terms

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.scheme import Scheme


def partition_again(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    scheme: Scheme,
    before: PartitionResult,
    *,
    options: PartitionOptions | None = None,
    progress: Progress | None = None,
) -> PartitionResult:
    """Divide the communities that hold blocks an earlier result does not know, and keep the others as they were.

    No grid reaches across communities, so the others are as good as before.
    """
    code = blocks["community_code"]
    changed = code.isin(code[~blocks.index.isin(before.assignment.index)])
    touched = set(blocks.index[changed])
    inner = borders[borders["a"].isin(touched) & borders["b"].isin(touched)]
    found = partition(blocks[changed], inner, scheme, options=options, progress=progress)
    kept = before.assignment[before.assignment.index.isin(blocks.index[~changed])]
    parts = before.parts[~before.parts["community_code"].isin(code[changed])]
    drawn = pd.concat(["kept " + kept, "new " + found.assignment]).reindex(blocks.index)
    # numbered by communities and first blocks, as `partition` does
    order = pd.DataFrame({"code": code, "id": blocks.index}, index=blocks.index).sort_values(["code", "id"]).index
    number, _ = pd.factorize(drawn[order])
    names = pd.Series([f"g{n + 1:04d}" for n in number], index=order, name="grid_id", dtype="str")
    assignment = names.reindex(blocks.index).rename_axis("block_id")
    graph, ids, _ = cell_graph(blocks, borders, scheme.cost, scheme.main.band)
    labels, _ = pd.factorize(assignment.reindex(ids))
    cost = terms(graph, labels, scheme.main.band, scheme.cost)
    table = pd.concat([parts, found.parts]).sort_values("community_code", kind="stable", ignore_index=True)
    return PartitionResult(
        assignment=assignment,
        cost=cost,
        parts=table,
        stopped_early=before.stopped_early or found.stopped_early,
        bound=bound_of(table, cost["total"]),
    )
