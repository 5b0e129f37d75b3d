"""What changes hands when a plan is redrawn: doors that one person gives to another, block by block and in sum."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from gis_grid.blocks.match import homes
from gis_grid.staffing.moving import moved
from gis_grid.staffing.people import Crew, crew_of, told_of
from gis_grid.staffing.units import DISTRICT, unit_of

if TYPE_CHECKING:
    from gis_grid.plan import Plan


class HandOver(NamedTuple):
    """Hold what changes hands, by block and in sum.

    `blocks` has a row for each role and block of the later plan that changes hands: `block_id`, `role`, `from_person`,
    `to_person` (names; "" where the post is vacant), `from_code`, `to_code` (units), `households` and `addresses`
    (counts). `totals` adds these up for each role, giver and taker: `blocks`, `households`, `addresses`.
    """

    blocks: pd.DataFrame
    totals: pd.DataFrame


_KEYS = ["role", "from_person", "to_person", "from_code", "to_code"]


def handover(
    before: Plan,
    after: Plan,
    *,
    crews: tuple[Crew, Crew] | None = None,
    addresses: pd.Series | None = None,
) -> HandOver:
    """Say which doors one person gives to another when a plan takes the place of an earlier one.

    `crews` are the people of both plans. Without them the roster of the earlier plan is put on the posts of the later
    one (`gis_grid.staffing.moved`), unless that has a roster of its own which differs. `addresses` counts
    the addresses in each block of the later plan (0 without it). A block that keeps its people is not listed; a block
    counts as coming from the unit that most of it lay in.
    """
    one, other = crews or _crews(before, after)
    roles = dict.fromkeys([*one.posts["role"], *other.posts["role"]])
    parts = []
    for role in roles:
        old, new = _holders(before, one, role), _holders(after, other, role)
        came = homes(before.blocks, old["code"], after.blocks)
        held = old.drop_duplicates("code").set_index("code")["person"]
        rows = pd.DataFrame({"from_code": came, "to_code": new["code"].reindex(came.index)})
        rows = rows.assign(role=role, from_person=rows["from_code"].map(held).fillna(""), to_person=new["person"])
        parts.append(rows[rows["from_person"] != rows["to_person"].fillna("")])
    changed = pd.concat(parts) if parts else pd.DataFrame(columns=_KEYS)
    counts = {"households": after.blocks["households"], "addresses": addresses}
    for name, counted in counts.items():
        found = pd.Series(0, index=changed.index) if counted is None else counted.reindex(changed.index).fillna(0)
        changed = changed.assign(**{name: found.astype("int64")})
    blocks = changed.rename_axis("block_id").reset_index()[["block_id", *_KEYS, "households", "addresses"]]
    blocks = blocks.fillna("").sort_values(["role", "from_person", "to_person", "block_id"], ignore_index=True)
    return HandOver(blocks, _totals(blocks))


def _totals(blocks: pd.DataFrame) -> pd.DataFrame:
    keys = ["role", "from_person", "to_person"]
    summed = blocks.assign(blocks=1).groupby(keys, as_index=False)[["blocks", "households", "addresses"]].sum()
    return summed.sort_values([*keys], ignore_index=True)


def _crews(before: Plan, after: Plan) -> tuple[Crew, Crew]:
    one = crew_of(before, strict=False)
    own = after.staff is not None and (before.staff is None or not after.staff.equals(before.staff))
    return one, crew_of(after, strict=False) if own else moved(one, before, after).crew


def _holders(plan: Plan, crew: Crew, role: str) -> pd.DataFrame:
    """Return for each block the unit (`code`) whose post of a role it belongs to, and the names of who has it."""
    mine = crew.posts.assign(name=told_of(crew, "name"))
    mine = mine[mine["role"] == role]
    frame = pd.DataFrame({"code": "", "person": ""}, index=plan.blocks.index)
    for tier in mine["tier"].unique():
        some = mine[mine["tier"] == tier].explode("codes").groupby("codes")["name"]
        each = some.agg(lambda held: "、".join(sorted(set(held) - {""})))
        unit = unit_of(plan, tier)
        there = unit.isin(each.index) & ((unit != "") | (tier == DISTRICT)) & (frame["code"] == "")
        frame.loc[there, "code"] = unit[there]
        frame.loc[there, "person"] = unit[there].map(each)
    return frame
