"""A plan carried over to a district that has changed: few households move, and codes say what became of each grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gis_grid.adjacency import mended
from gis_grid.assignment import next_grid_id
from gis_grid.blocks.match import divided_as_before, homes
from gis_grid.codes import succession
from gis_grid.compare import concordance
from gis_grid.errors import Fault, InputError
from gis_grid.partition import PartitionResult
from gis_grid.partition.update import UpdateOptions, UpdateResult, update_partition
from gis_grid.plan import Plan
from gis_grid.scheme import Scheme


@dataclass(frozen=True)
class Carried(PartitionResult):
    """Hold a division that follows from an earlier plan.

    `kept` maps grids that go on to their codes, `retired` are codes that must never be given again, and `update`
    says how many households moved. `home` is the earlier grid of each block.
    """

    kept: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    retired: tuple[str, ...] = ()
    home: pd.Series | None = None
    update: UpdateResult | None = None


def refuse_tiers(scheme: Scheme) -> None:
    """Refuse a scheme whose other tiers would have to be carried over as well.

    Raises
    ------
    InputError
        If the scheme divides more than grids of households.
    """
    if not scheme.is_plain:
        said = f"a plan of the scheme '{scheme.name}' cannot be updated: it divides more than grids of households"
        remedy = "build it anew without --previous, or give a scheme that divides grids alone (--scheme qinzhou)"
        raise InputError(Fault(said, "previous", remedy=remedy))


def as_before(
    blocks: gpd.GeoDataFrame, previous: Plan, households: gpd.GeoDataFrame, scheme: Scheme
) -> gpd.GeoDataFrame:
    """Return blocks divided the way the earlier plan divided them where that still serves, meeting vertex to vertex."""
    found = divided_as_before(blocks, previous.blocks, households, scheme.main.band.max)
    return found if shapely.coverage_is_valid(found.geometry.to_numpy()) else mended(found)


def carried(
    blocks: gpd.GeoDataFrame, edges: gpd.GeoDataFrame, scheme: Scheme, previous: Plan, options: UpdateOptions
) -> Carried:
    """Carry the division of an earlier plan over to new blocks, and decide which grids go on under their code.

    A grid that goes on keeps its id and its code. Both end where a grid was split or merged; the ids and codes of what
    came of it are new ones above all that were ever used, as `gis_grid.codes.succession` says.
    """
    home = homes(previous.blocks, previous.assignment, blocks)
    found = update_partition(blocks, edges, scheme, home, options=options)
    codes = previous.grids["code"].astype(str)
    follow = succession(home[home != ""], codes, found.assignment, blocks["households"])
    community = blocks["community_code"].groupby(found.assignment).first().astype(str)
    goes_on = {grid: code for grid, code in follow.kept.items() if code.startswith(community[grid])}
    id_of = dict(zip(codes, codes.index.astype(str), strict=True))
    names = {grid: id_of[code] for grid, code in goes_on.items()}
    first = int(next_grid_id(pd.concat([previous.assignment, found.assignment]).dropna().astype(str))[1:])
    fresh = [grid for grid in found.assignment.unique() if grid not in names]
    names |= {grid: f"g{first + n:04d}" for n, grid in enumerate(fresh)}
    gone = set(previous.metadata.get("retired_codes", "").split(",")) | set(codes) - set(goes_on.values())
    return Carried(
        assignment=found.assignment.map(names).astype(str).rename("grid_id"),
        cost=found.cost,
        parts=pd.DataFrame(),
        stopped_early=found.stopped_early,
        kept={names[grid]: code for grid, code in goes_on.items()},
        retired=tuple(sorted(gone - {""})),
        home=home[home != ""],
        update=found,
    )


def with_concordance(plan: Plan, previous: Plan) -> Plan:
    """Return the plan with the table that says which grid of the earlier plan became which."""
    return replace(plan, concordance=concordance(previous, plan))


def told(result: Carried, plan: Plan, max_moved: float | None) -> dict[str, object]:
    """Return what the plan's metadata say about the update: retired codes, households moved, and where a bound cut."""
    update, table = result.update, plan.concordance
    assert update is not None
    assert table is not None
    relations = table["relation"].value_counts()
    facts = {
        "households": update.households,
        "moved": update.moved,
        "share_moved": round(update.share_moved, 6),
        "needed": update.needed,
        "share_needed": round(update.share_needed, 6),
        "max_moved": max_moved,
        "relations": {str(name): int(count) for name, count in sorted(relations.items())},
    }
    return {"update": facts, "retired_codes": ",".join(result.retired)}


def note(result: Carried, max_moved: float | None) -> str:
    """Say where the bound on households moved kept the plan from being as legal as it could be."""
    update = result.update
    if update is None or max_moved is None or update.needed <= max_moved * update.households:
        return ""
    said = f"a plan as legal as can be needs {update.share_needed:.1%} of the households to move, allowed are"
    return f"warning: {said} {max_moved:.1%}; {update.share_moved:.1%} moved and {update.errors} grids stay out of band"


def codes_to_keep(result: PartitionResult) -> dict[str, Any]:
    """Return what the numbering of grids has to respect: codes that go on, and codes that must never be given again."""
    return {"previous": result.kept, "retired": result.retired} if isinstance(result, Carried) else {}


def exceptions(plan: Plan) -> set[str]:
    """Return the grids out of band that a plan takes as exceptions."""
    chosen = (plan.issues["rule"] == "band") & (plan.issues["severity"] == "exception")
    return set(plan.issues.loc[chosen, "grid_id"])
