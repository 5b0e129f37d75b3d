"""A plan changed by hand is finished the way a build is."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from gis_grid.assignment import Move, apply
from gis_grid.finish import checked, described, redrawn
from gis_grid.plan import Plan
from gis_grid.rules import check
from gis_grid.scheme import Scheme
from townlet import COMMUNITY, squares


@pytest.fixture
def tiered() -> Plan:
    """Return a plan with two courtyards in each of two grids, one of four blocks and one of twelve."""
    plan = squares(8, 4)
    scheme = Scheme.load("huangmen")
    code = plan.assignment.map(plan.grids["code"])
    first = pd.Series([n % 4 == 0 for n in range(32)], index=plan.blocks.index)
    units = code + "Y" + first.map({True: "01", False: "02"})
    return replace(plan, scheme=scheme, blocks=plan.blocks.assign(courtyard_code=units))


def test_what_did_not_change_is_made_anew_as_it_was(town: Plan) -> None:
    again = described(checked(redrawn(town, town)))
    columns = [name for name in town.grids if name in again.grids]
    assert set(town.grids.columns) == set(columns)
    assert_frame_equal(again.grids[columns], town.grids[columns])
    assert_frame_equal(again.issues, town.issues)
    assert_frame_equal(again.blocks, town.blocks)


def test_units_of_lower_tiers_follow_their_grid(tiered: Plan) -> None:
    assert_frame_equal(redrawn(tiered, tiered).blocks, tiered.blocks)
    moves = [Move(block, "g0001", "g0002") for block in ("b00003", "b00000")]
    after = redrawn(replace(tiered, assignment=apply(tiered.assignment, moves)), tiered)
    changed = after.blocks["courtyard_code"][after.blocks["courtyard_code"] != tiered.blocks["courtyard_code"]]
    assert changed.to_dict() == {"b00000": f"{COMMUNITY}002Y03", "b00003": f"{COMMUNITY}002Y04"}
    parents = after.blocks.index.map(after.assignment).map(after.grids["code"])
    assert all(unit.startswith(grid) for unit, grid in zip(after.blocks["courtyard_code"], parents, strict=True))
    assert not [issue for issue in check(after) if issue.rule == "inside-parent"]


def test_own_codes_stay_unless_somebody_had_them() -> None:
    plan = squares(8, 4)
    assert redrawn(plan, None).grids["code"].tolist() == [f"{COMMUNITY}001", f"{COMMUNITY}002"]
    found = redrawn(plan, None, given=[f"{COMMUNITY}001", f"{COMMUNITY}007"])
    assert found.grids["code"].tolist() == [f"{COMMUNITY}002", f"{COMMUNITY}008"]
    odd = replace(plan, grids=plan.grids.assign(code=["A1", f"{COMMUNITY}002"]))
    assert redrawn(odd, None).grids["code"].tolist() == [f"{COMMUNITY}002", f"{COMMUNITY}003"]
