"""A draft as a plan: its blocks with the cuts in them, and everything that follows from where the blocks are now."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from sqlalchemy import select

from gis_grid import finish
from gis_grid.adjacency import around
from gis_grid.assignment import Move
from gis_grid.blocks.cut import COUNTS, cut_block, put_in_place
from gis_grid.errors import ClashError, Fault, InputError
from gis_grid.store import journal as book
from gis_grid.store.journal import Change, Opened
from gis_grid.store.models import DraftBlock, GridCode, JournalEntry
from gis_grid.store.plans import WGS84, load_plan
from gis_grid.store.requests import Patched, once

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan
    from gis_grid.store.access import Actor

#: points of a line that cuts a block, at most
MOST_POINTS = 1_000


@dataclass(frozen=True)
class Divided:
    """What became of a cut: the draft's revision now, and the parts that stand where the block stood."""

    revision: int
    block: str
    parts: list[str]
    repeated: bool = False


def load_draft(session: Session, draft_id: str, *, checked: bool = True, before: Plan | None = None) -> Plan:
    """Return a draft as a whole plan.

    Its grids have the codes that they would be published under if nothing else were published before. Without
    `checked` it is not put to the rules and its bounds are not said in words, which is most of the work; issues are
    then none. `before` is the plan that the draft began as, from whoever has read it.

    Raises
    ------
    AbsentError
        If there is no such draft.
    """
    found = book.opened(session, draft_id)
    before = load_plan(session, found.plan.id) if before is None else before
    plan = _with_cuts(session, draft_id, before)
    grid_of = pd.Series(book.standing(session, found), dtype="str").reindex(plan.blocks.index)
    grid_of = grid_of.rename("grid_id").rename_axis("block_id")
    given = select(GridCode.code).where(GridCode.district_id == found.plan.district_id)
    plan = replace(plan, assignment=grid_of, grids=before.grids.drop(columns="code"), issues=before.issues.iloc[:0])
    whole = finish.redrawn(plan, before, given=session.execute(given).scalars().all())
    return finish.described(finish.checked(whole)) if checked else whole


def cut(
    session: Session,
    draft_id: str,
    *,
    revision: int,
    block_id: str,
    line: shapely.LineString | Sequence[Sequence[float]],
    actor: Actor,
    why: str = "",
    key: str | None = None,
) -> Divided:
    """Cut one block of a draft along a line, and enter that as one change; the parts stay in the block's grid.

    `line` is in degrees of WGS 84 (longitude, latitude). Households are shared out by the addresses of the district
    that lie in the block, else by area. See `gis_grid.blocks.cut` for what a line must be like. `key` is as for
    `patch`.

    Raises
    ------
    InputError
        If the line does not cut the block, or there is no such block.
    ClashError
        If somebody has moved or cut the block since that revision, the draft is not open or has not reached that
        revision, or `key` named another request.
    AbsentError
        If there is no such draft.
    RightsError
        If the actor may not draft in the district.
    """
    xy = [[float(part) for part in point] for point in (line.coords if hasattr(line, "coords") else line)]
    asked = {"cut": [revision, block_id, xy, why]}

    def carry_out(found: Opened) -> Patched:
        book.require_open(found.draft, revision)
        _require_untouched(session, found, block_id, revision)
        moves, told = _cut(session, found, block_id, xy)
        book.enter(session, found, Change("cut", moves, why, cut=told), actor)
        return Patched(found.draft.revision, moves, [])

    done = once(session, draft_id, actor, key, asked, carry_out)
    return Divided(done.revision, block_id, [move.block for move in done.accepted if not move.old], done.repeated)


def _require_untouched(session: Session, found: Opened, block_id: str, revision: int) -> None:
    for move in book.moves_since(session, found.draft.id, revision):
        if move.block == block_id:
            said = f"the block {block_id} was " + (f"moved to {move.new}" if move.new else "cut") + " by somebody else"
            raise ClashError(Fault(said, column="block_id", remedy="load the draft again", code="block-touched"))


def _cut(session: Session, found: Opened, block_id: str, xy: list[list[float]]) -> tuple[list[Move], dict[str, Any]]:
    """Return the moves of a cut, and what it takes to do it again."""
    points = np.array([point[:2] for point in xy]) if all(len(point) >= 2 for point in xy) else np.empty((0, 2))
    inside = (np.abs(points) <= (180, 90)).all()
    if not (2 <= len(points) <= MOST_POINTS and inside):
        problem = f"a line has 2 to {MOST_POINTS:,} points of longitude and latitude"
        raise InputError(Fault(problem, column="line", remedy="send it in degrees of WGS 84", code="line"))
    plan = _with_cuts(session, found.draft.id, load_plan(session, found.plan.id))
    blocks = plan.blocks
    drawn = gpd.GeoSeries([shapely.LineString(points)], crs=WGS84).to_crs(blocks.crs)
    grid = book.standing(session, found, [block_id]).get(block_id, "")
    # a door weighs as much as any other: what is counted at buildings is not kept door by door
    homes = None if plan.addresses is None else plan.addresses.assign(households=1)
    after = cut_block(blocks, block_id, drawn.iloc[0], households=homes, taken=_names(session, found.draft.id))
    parts = after.loc[after.index.difference(blocks.index)]
    moves = [Move(block_id, grid, ""), *(Move(str(part), "", grid) for part in parts.index)]
    told = {
        "block": block_id,
        "parent": str(parts["parent_block_id"].iloc[0]),
        "line": xy,
        "parts": [
            {"block_id": str(part), "counts": held, "shape": shapely.to_wkb(shape, hex=True)}
            for part, held, shape in zip(parts.index, _counts(parts), parts.geometry, strict=True)
        ],
    }
    return moves, told


def _counts(parts: gpd.GeoDataFrame) -> list[dict[str, int]]:
    frame = parts[[name for name in COUNTS if name in parts]]
    return [{str(name): int(held) for name, held in row.items()} for row in frame.to_dict("records")]


def _names(session: Session, draft_id: str) -> set[str]:
    """Return the ids of all parts that a draft has or had."""
    query = select(JournalEntry.cut).where(JournalEntry.draft_id == draft_id, JournalEntry.kind == "cut")
    cuts: list[Mapping[str, Any] | None] = list(session.execute(query).scalars())
    return {part["block_id"] for one in cuts if one for part in one["parts"]}


def _with_cuts(session: Session, draft_id: str, plan: Plan) -> Plan:
    """Return the plan of a draft with the parts of cut blocks where those stood, borders derived anew around them."""
    query = select(DraftBlock).where(DraftBlock.draft_id == draft_id).order_by(DraftBlock.revision, DraftBlock.block_id)
    rows = list(session.execute(query).scalars())
    if not rows:
        return plan
    blocks, edges, rim = plan.blocks, plan.borders, plan.outline
    for block in dict.fromkeys(row.cut_from for row in rows):
        mine = [row for row in rows if row.cut_from == block]
        parts = blocks.loc[[block] * len(mine)].assign(atom="cut", parent_block_id=mine[0].parent_block_id)
        for name in mine[0].counts:
            parts[name] = [row.counts[name] for row in mine]
        parts.index = pd.Index([row.block_id for row in mine], name=blocks.index.name)
        shapes = shapely.from_wkb([row.shape for row in mine])
        parts = parts.set_geometry(gpd.GeoSeries(shapes, index=parts.index, crs=blocks.crs))
        blocks = put_in_place(blocks, block, parts)
        edges, rim = around(blocks, [block], list(parts.index), edges, rim, plan.streets)
    return replace(plan, blocks=blocks.astype(plan.blocks.dtypes.drop("geometry")), borders=edges, outline=rim)
