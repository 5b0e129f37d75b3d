"""Two plans of one district → what moved: blocks, households, grids, and whose grids they are."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.blocks.match import SAME_M2, homes
from gis_grid.codes import pair_grids, succession
from gis_grid.plan import Plan

Ints = NDArray[np.int64]

#: a block stands for an earlier one if it covers at least this share of its own ground with it
_LEAST_OVERLAP = 0.5


@dataclass(frozen=True)
class Comparison:
    """Hold what moved from one plan to another.

    `totals` counts: `blocks`, `blocks_moved`, `blocks_new`, `blocks_gone`, `households`, `households_moved`,
    `share_moved` (of the households of blocks found in both plans), `grids_before`, `grids_after`, `grids_same`,
    `grids_kept`, `grids_retired`, `grids_new`. `blocks` has a row for each block of the later plan, index `block_id`:
    `block_before`, `grid_before`, `grid_after` (codes), `households`, `matched` (`id`, `overlap` or `new`), `moved`.
    `concordance` has a row for each pair of grids that share a block: `grid_before`, `grid_after`, `blocks`,
    `households`, `share_before`, `share_after`. `grids` has a row for each pair of grids that are the same one, and
    for each grid without such a partner: `grid_before`, `grid_after`, `event` (`same`, `redrawn`, `split`, `merged`,
    `retired`, `new`), `households_before`, `households_after`, `gained`, `lost` (households). `staff` are the rows of
    the earlier roster whose grid lost or gained a block or is no more, with `event`.
    """

    totals: dict[str, float]
    blocks: pd.DataFrame
    concordance: pd.DataFrame
    grids: pd.DataFrame
    staff: pd.DataFrame


def compare(before: Plan, after: Plan) -> Comparison:
    """Say what moved between two plans.

    Blocks are the same if they have the same id and lie on one another, or else if they overlap by half. Grids are
    paired so that as many households as possible stay in the grid they were in: a grid that only got another id or
    code has not moved, and a block has moved if its grid is not the partner of the grid it was in.
    """
    blocks = _match_blocks(before.blocks, after.blocks)
    code_before, code_after = _codes(before), _codes(after)
    grid_before = before.assignment.reindex(blocks["block_before"]).to_numpy(dtype=object)
    grid_after = after.assignment.reindex(blocks.index).to_numpy(dtype=object)
    found = (blocks["matched"] != "new").to_numpy()
    households = after.blocks["households"].reindex(blocks.index).to_numpy(dtype=np.int64)
    # grids go by their codes, so that on a tie those of one code are paired
    old = pd.Series(grid_before).map(code_before)
    new = pd.Series(grid_after).map(code_after)
    held = found & old.notna().to_numpy() & new.notna().to_numpy()
    partner = pair_grids(old[held], new[held], pd.Series(households)[held])
    moved = found & (old.map(partner) != new).to_numpy()
    blocks = blocks.assign(
        grid_before=old.fillna("").to_numpy(),
        grid_after=new.fillna("").to_numpy(),
        households=households,
        moved=moved,
    )[["block_before", "grid_before", "grid_after", "households", "matched", "moved"]]
    concordance = _concordance(blocks[found])
    grids = _grid_rows(before, after, blocks, partner)
    gone = before.blocks.index.difference(pd.Index(blocks["block_before"]))
    totals = _totals(blocks, grids, len(gone), len(code_before), len(code_after))
    return Comparison(totals, blocks, concordance, grids, _staff(before, grids))


def concordance(before: Plan, after: Plan) -> pd.DataFrame:
    """Say which grid of an earlier plan became which, in one row for each pair of an old and a new code.

    Columns `old_code`, `new_code` ("" where there is none), `relation`, `households_before` and `households_after` of
    the two grids, and of today's households `households_kept` (in both), `households_in` (in the new grid, from
    elsewhere) and `households_out` (of the old grid, now elsewhere). A relation is `same` (code and shape are what they
    were), `changed` (the code goes on, the shape does not), `split`, `merged` (both codes end), `retired` or `new`
    (without such a partner). Each block counts for the grid that most of it lay in.
    """
    code_before, code_after = _codes(before), _codes(after)
    home = homes(before.blocks, before.assignment, after.blocks)
    old, new = home.map(code_before).fillna(""), after.assignment.reindex(home.index).map(code_after)
    households = after.blocks["households"]
    codes = pd.Series(list(code_before.values()), index=list(code_before.values()), dtype=str)
    pairs = succession(old[old != ""], codes, new, households).lineage
    goes_on = (pairs["event"] == "kept") & (pairs["old_code"] == pairs["grid_id"])
    pairs = pairs.assign(relation=np.where(goes_on, "changed", pairs["event"]))
    pairs = pairs[pairs["relation"].isin(["changed", "split", "merged"])].rename(columns={"grid_id": "new_code"})
    rows = pairs[["old_code", "new_code", "relation", "households"]]
    gone = sorted(set(code_before.values()) - set(rows["old_code"]))
    fresh = sorted(set(code_after.values()) - set(rows["new_code"]))
    alone = [(code, "", "retired", 0) for code in gone] + [("", code, "new", 0) for code in fresh]
    table = pd.concat([rows, pd.DataFrame(alone, columns=rows.columns)], ignore_index=True)
    held, holds = households.groupby(old).sum(), households.groupby(new).sum()
    counted = before.blocks["households"].groupby(before.assignment.map(code_before)).sum()
    kept = table["households"].astype("int64")
    table = table.assign(
        relation=table["relation"].where(~_unchanged(before, after, table), "same"),
        households_before=table["old_code"].map(counted).fillna(0).astype("int64"),
        households_after=table["new_code"].map(holds).fillna(0).astype("int64"),
        households_kept=kept,
        households_in=table["new_code"].map(holds).fillna(0).astype("int64") - kept,
        households_out=table["old_code"].map(held).fillna(0).astype("int64") - kept,
    )
    return table.drop(columns="households").sort_values(["old_code", "new_code"], ignore_index=True)


def _unchanged(before: Plan, after: Plan, table: pd.DataFrame) -> pd.Series:
    """Mark the rows whose two grids have one code and cover the same ground."""
    shapes = [
        plan.grids.geometry.set_axis([codes[str(grid)] for grid in plan.grids.index])
        for plan, codes in ((before, _codes(before)), (after, _codes(after)))
    ]
    same = table["old_code"] == table["new_code"]
    pairs = [frame.reindex(table.loc[same, "old_code"]).to_numpy() for frame in shapes]
    apart = shapely.area(shapely.symmetric_difference(*pairs))
    found = same.copy()
    found[same] = apart < SAME_M2
    return found


def _codes(plan: Plan) -> dict[str, str]:
    """Return the code of every grid, or its id where it has none."""
    codes = plan.grids["code"].astype(str) if "code" in plan.grids else pd.Series("", index=plan.grids.index)
    return {str(grid): code or str(grid) for grid, code in codes.items()}


def _match_blocks(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return for every later block the earlier one it stands for, and how that was told."""
    known = after.index.isin(before.index)
    old = before.geometry.reindex(after.index[known])
    new = after.geometry[known]
    on_another = shapely.intersects(old.to_numpy(), shapely.point_on_surface(new.to_numpy()))
    on_another |= shapely.intersects(new.to_numpy(), shapely.point_on_surface(old.to_numpy()))
    same = pd.Series(False, index=after.index)
    same[known] = on_another
    block = pd.Series(after.index.astype(str).where(same.to_numpy(), ""), index=after.index, dtype=str)
    matched = pd.Series(np.where(same, "id", "new"), index=after.index, dtype=str)
    rest = np.flatnonzero(~same.to_numpy())
    if len(rest) and len(before):
        shapes, earlier = after.geometry.to_numpy()[rest], before.geometry.to_numpy()
        one, other = shapely.STRtree(earlier).query(shapes, predicate="intersects")
        shared = shapely.area(shapely.intersection(shapes[one], earlier[other]))
        order = np.lexsort((other, -shared, one))
        first = order[np.unique(one[order], return_index=True)[1]]
        good = first[shared[first] >= _LEAST_OVERLAP * shapely.area(shapes[one[first]])]
        rows = rest[one[good]]
        block.iloc[rows] = before.index.astype(str).to_numpy()[other[good]]
        matched.iloc[rows] = "overlap"
    return pd.DataFrame({"block_before": block, "matched": matched}, index=after.index)


def _concordance(blocks: pd.DataFrame) -> pd.DataFrame:
    keys = ["grid_before", "grid_after"]
    table = blocks.assign(blocks=1).groupby(keys, as_index=False)[["blocks", "households"]].sum()
    for column, key in (("share_before", "grid_before"), ("share_after", "grid_after")):
        total = table.groupby(key)["households"].transform("sum")
        table[column] = np.divide(
            table["households"].to_numpy(dtype=float), total, out=np.zeros(len(table)), where=total.to_numpy() > 0
        )
    return table


def _grid_rows(before: Plan, after: Plan, blocks: pd.DataFrame, partner: dict[str, str]) -> pd.DataFrame:
    """Return one row for each pair of grids, and for each grid without a partner, with what became of it."""
    before_of, after_of = _codes(before), _codes(after)
    earlier = blocks["grid_before"][blocks["grid_before"] != ""]
    codes = pd.Series({code: code for code in before_of.values()})
    told = succession(earlier, codes, blocks["grid_after"], blocks["households"]).lineage
    told = told[told["event"].isin(["split", "merged"])]
    event_of = dict(zip(told["old_code"], told["event"], strict=True))
    event_of_new = dict(zip(told["grid_id"], told["event"], strict=True))
    moved = blocks[blocks["moved"]]
    lost = moved.groupby("grid_before")["households"].sum()
    gained = moved.groupby("grid_after")["households"].sum()
    held_before = before.blocks["households"].groupby(before.assignment.map(before_of)).sum()
    held_after = after.blocks["households"].groupby(after.assignment.map(after_of)).sum()
    frame = pd.DataFrame(
        [
            *partner.items(),
            *((code, "") for code in before_of.values() if code not in partner),
            *(("", code) for code in sorted(set(after_of.values()) - set(partner.values()))),
        ],
        columns=["grid_before", "grid_after"],
        dtype=str,
    )
    old, new = frame["grid_before"], frame["grid_after"]
    touched = old.isin(set(moved["grid_before"])) | new.isin(set(moved["grid_after"]))
    event = np.select([old == "", new == "", touched], ["new", "retired", "redrawn"], "same")
    special = old.map(event_of).fillna(new.map(event_of_new))
    frame["event"] = special.where(special.notna() & (event != "same"), pd.Series(event)).astype(str)
    frame["households_before"] = old.map(held_before).fillna(0).astype("int64")
    frame["households_after"] = new.map(held_after).fillna(0).astype("int64")
    frame["gained"] = new.map(gained).fillna(0).astype("int64")
    frame["lost"] = old.map(lost).fillna(0).astype("int64")
    return frame.sort_values(["grid_before", "grid_after"], ignore_index=True)


def _totals(
    blocks: pd.DataFrame, grids: pd.DataFrame, gone: int, count_before: int, count_after: int
) -> dict[str, float]:
    found = blocks[blocks["matched"] != "new"]
    moved = int(found.loc[found["moved"], "households"].sum())
    total = int(found["households"].sum())
    paired = (grids["grid_before"] != "") & (grids["grid_after"] != "")
    return {
        "blocks": len(blocks),
        "blocks_moved": int(found["moved"].sum()),
        "blocks_new": len(blocks) - len(found),
        "blocks_gone": gone,
        "households": int(blocks["households"].sum()),
        "households_moved": moved,
        "share_moved": moved / total if total else 0.0,
        "grids_before": count_before,
        "grids_after": count_after,
        "grids_same": int((grids["event"] == "same").sum()),
        "grids_kept": int(paired.sum()),
        "grids_retired": int((grids["grid_after"] == "").sum()),
        "grids_new": int((grids["grid_before"] == "").sum()),
    }


def _staff(before: Plan, grids: pd.DataFrame) -> pd.DataFrame:
    """Return the people of the earlier roster whose grid is not what it was."""
    if before.staff is None:
        return pd.DataFrame(columns=["name", "post", "grid", "event"])
    changed = grids[(grids["grid_before"] != "") & (grids["event"] != "same")].set_index("grid_before")["event"]
    if "grid" not in before.staff:
        return before.staff.iloc[:0].assign(event="")
    names = before.grids["name"].astype(str) if "name" in before.grids else pd.Series(dtype=str)
    code_of = {str(name): _codes(before)[str(grid)] for grid, name in names.items()} | _codes(before)
    event = before.staff["grid"].astype(str).map(lambda grid: changed.get(code_of.get(grid, grid), ""))
    return before.staff.assign(event=event)[(event != "").to_numpy()]
