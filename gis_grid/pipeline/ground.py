"""The ground a plan is made on: communities that tile the district, blocks, and blocks divided further."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely

from gis_grid import rules
from gis_grid.blocks import BlockOptions, build_blocks, fit_communities, refine_blocks
from gis_grid.blocks.counts import block_of
from gis_grid.errors import Fault, InputError
from gis_grid.frames import check_frame
from gis_grid.pipeline import update
from gis_grid.pipeline.district import District, Progress
from gis_grid.plan import Plan
from gis_grid.scheme import Scheme

#: The community of a district that came without any.
WHOLE_DISTRICT = "000000000001"


def communities_of(district: District) -> gpd.GeoDataFrame:
    """Return the communities made to tile the district, or the whole district as one provisional community."""
    whole = shapely.union_all(district.boundary.geometry.to_numpy())
    if district.communities is None:
        columns = {"community_code": [WHOLE_DISTRICT], "name": [""]}
        return gpd.GeoDataFrame(columns, geometry=[whole], crs=district.boundary.crs)
    drawn = district.communities
    fitted = drawn.set_geometry(fit_communities(whole, drawn.geometry.to_numpy()), crs=drawn.crs)
    left = fitted[~fitted.is_empty].reset_index(drop=True)
    if left.empty:
        remedy = "check the CRS of both files"
        raise InputError(Fault("no community lies inside the boundary", "communities", remedy=remedy))
    return left


def blocks_of(
    district: District, communities: gpd.GeoDataFrame, scheme: Scheme, options: BlockOptions, progress: Progress
) -> gpd.GeoDataFrame:
    """Return ready-made blocks with their communities, or blocks made from streets."""
    if district.blocks is not None:
        inside = shapely.point_on_surface(district.blocks.geometry.to_numpy())
        at = block_of(inside, communities.geometry.to_numpy())
        if (at < 0).any():
            rows = district.blocks.index[at < 0]
            faults = [Fault("the block lies in no community", "blocks", row=str(r), remedy="extend one") for r in rows]
            raise InputError(faults)
        codes = communities["community_code"].to_numpy(dtype=object)[at]
        return check_frame(district.blocks.assign(community_code=codes).sort_index(), "blocks")
    if district.streets is None or district.households is None:
        raise InputError(Fault("streets and households are missing", remedy="pass them, or ready-made blocks"))
    steps = {"faces": 0.1, "dividing": 0.6, "counting": 0.9}
    made = build_blocks(
        district.boundary,
        district.streets,
        district.households,
        communities=communities,
        compounds=district.compounds,
        buildings=district.buildings,
        band=scheme.finest,
        options=options,
        progress=lambda step: progress("blocks", steps[step]),
    )
    return made if district.previous is None else update.as_before(made, district.previous, district.households, scheme)


def as_held(communities: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the communities as the ground of their blocks, which ready-made blocks decide."""
    geometry, codes = blocks.geometry.to_numpy(), blocks["community_code"].to_numpy()
    held = communities[communities["community_code"].isin(codes)].reset_index(drop=True)
    ground = [shapely.coverage_union_all(geometry[codes == code]) for code in held["community_code"]]
    return held.set_geometry(np.array(ground, dtype=object), crs=communities.crs)


def stuck(plan: Plan, previous: Plan | None) -> set[str]:
    """Return the blocks whose size keeps grids out of the band: those of such grids, and those beside them.

    What an earlier plan took as an exception stays one.
    """
    off = plan.issues[plan.issues["rule"] == "band"]
    if previous is not None:
        off = off[~off["grid_id"].isin(update.exceptions(previous)) | (off["severity"] == "error")]
    named = {block for ids in off["block_ids"] for block in ids.split(",") if block}
    named |= set(plan.assignment.index[plan.assignment.isin(off["grid_id"])])
    near = plan.borders["a"].isin(named) | plan.borders["b"].isin(named)
    named |= set(plan.borders.loc[near, "a"]) | set(plan.borders.loc[near, "b"])
    band = plan.scheme.finest
    # where the sum itself fits no number of grids, dividing blocks changes nothing
    proofs = rules.explain(plan.blocks, plan.borders, band, remedies=False)
    named -= {block for proof in proofs if proof.cause in ("arithmetic", "detached") for block in proof.block_ids}
    held = plan.blocks["households"].reindex(sorted(named))
    return set(held.index[held > (band.max - band.min) // 2])


def refined(
    district: District, blocks: gpd.GeoDataFrame, chosen: set[str], scheme: Scheme, options: BlockOptions
) -> gpd.GeoDataFrame:
    """Return the blocks with the chosen ones divided further."""
    assert district.streets is not None
    assert district.households is not None
    return refine_blocks(
        blocks,
        chosen,
        district.streets,
        district.households,
        compounds=district.compounds,
        buildings=district.buildings,
        band=scheme.finest,
        options=options,
    )


def shown(frame: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame | None:
    """Return what a plan keeps of compounds or buildings, to be seen on maps; None where there are none.

    >>> yards = gpd.GeoDataFrame({"name": ["东苑"], "gate": [1]}, geometry=[shapely.box(0, 0, 9, 9)], crs=4547)
    >>> list(shown(yards))
    ['name', 'geometry']
    """
    if frame is None or frame.empty:
        return None
    kept = [name for name in ("name", "storeys") if name in frame]
    return gpd.GeoDataFrame(frame[kept].reset_index(drop=True), geometry=frame.geometry.to_numpy(), crs=frame.crs)
