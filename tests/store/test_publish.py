"""Plans come into force: agreed to by somebody else, codes for ever, one day after the other, all or nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import geopandas as gpd
import pandas as pd
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import gis_grid as gg
from gis_grid.assignment import Move
from gis_grid.errors import AbsentError, ClashError, RightsError
from gis_grid.plan import Plan
from gis_grid.store import Store
from gis_grid.store import publish as steps
from gis_grid.store.access import LOCAL, Actor
from gis_grid.store.catalogue import version_of
from gis_grid.store.drafts import cut, draft, open_draft, patch
from gis_grid.store.models import GridCode, Ground, Lineage, Tileset
from gis_grid.store.models import Plan as KeptPlan
from gis_grid.store.plans import import_plan, load_plan
from gis_grid.store.publish import (
    approve,
    give_back,
    in_force,
    publications,
    publish,
    put_into_force,
    submit,
    withdraw,
)
from townlet import COMMUNITY, HEAD, LIN, WANG, district, kept, squares

TODAY = datetime.now(ZoneInfo("Asia/Shanghai")).date()
DAY = timedelta(days=1)


def code(serial: int) -> str:
    return f"{COMMUNITY}{serial:03d}"


def agreed(store: Store, plan_id: str, *, draft_id: str | None = None) -> str:
    """Hand a plan or a draft in, and have it approved."""
    with store.writing() as session:
        made = submit(session, plan_id, draft=draft_id, actor=LIN)
        approve(session, made, actor=HEAD, comment="good")
    return made


def changed(store: Store, plan_id: str, moves: list[Move]) -> str:
    """Make the moves in a draft of the plan, hand it in, and have it approved."""
    with store.writing() as session:
        draft_id = open_draft(session, plan_id, name="changed", actor=LIN)
        patch(session, draft_id, revision=0, moves=moves, why="", actor=LIN)
    return agreed(store, plan_id, draft_id=draft_id)


@pytest.fixture
def first(store: Store) -> str:
    """Publish a plan of four grids a year ago and return its id."""
    plan_id = agreed(store, kept(store, squares(8, 8, households=28)))
    with store.writing() as session:
        publish(session, plan_id, effective=TODAY - 365 * DAY, actor=HEAD)
    return plan_id


MERGER = [Move(f"b{n:05d}", "g0002", "g0001") for row in range(4) for n in range(8 * row + 4, 8 * row + 8)]


def test_untouched_grids_keep_their_codes_and_merged_ones_get_a_new_one(store: Store, first: str) -> None:
    second = changed(store, first, MERGER)
    with store.writing() as session:
        publish(session, second, effective=TODAY + DAY, actor=HEAD, allow_errors=True)
    with store.reading() as session:
        before, after = load_plan(session, first), load_plan(session, second)
        assert after.grids["code"].to_dict() == {"g0001": code(5), "g0003": code(3), "g0004": code(4)}
        rows = session.execute(select(Lineage.old_code, Lineage.new_code, Lineage.relation, Lineage.households))
        assert set(rows.all()[4:]) == {
            (code(1), code(5), "merged", 448),
            (code(2), code(5), "merged", 448),
            (code(3), code(3), "same", 448),
            (code(4), code(4), "same", 448),
        }
        assert before.grids["valid_to"].tolist() == [str(TODAY + DAY)] * 2 + [""] * 2
        assert set(before.grids["valid_from"]) == {str(TODAY - 365 * DAY)}
        assert after.grids["valid_from"].to_dict()["g0001"] == str(TODAY + DAY)
        assert after.grids["valid_from"].to_dict()["g0003"] == str(TODAY - 365 * DAY)
        assert set(after.grids["status"]) == {"published"}
        assert [in_force(session, 1, on=TODAY + n * DAY) for n in (-366, -365, 0, 1, 9)] == [
            None,
            first,
            first,
            second,
            second,
        ]
        assert [(one.plan_id, one.until) for one in publications(session)] == [(first, TODAY + DAY), (second, None)]
        ended = dict(session.execute(select(GridCode.code, GridCode.retired_on)).all())
        assert ended == {code(1): TODAY + DAY, code(2): TODAY + DAY, code(3): None, code(4): None, code(5): None}


def test_retired_codes_never_come_again(store: Store, first: str) -> None:
    second = changed(store, first, MERGER)
    with store.writing() as session:
        publish(session, second, effective=TODAY + DAY, actor=HEAD, allow_errors=True)
    split = [Move(f"b{8 * row + n:05d}", "g0001", "g0002") for row in range(4) for n in range(4, 8)]
    third = changed(store, second, split)
    with store.writing() as session:
        found = publish(session, third, effective=TODAY + 2 * DAY, actor=HEAD)
    assert found.grids["code"].tolist() == [code(3), code(4), code(6), code(7)]


@pytest.mark.usefixtures("first")
def test_a_plan_built_anew_with_other_ids_follows_by_its_ground(store: Store) -> None:
    fresh = squares(8, 8, households=28)
    names = {grid: f"g{n + 70:04d}" for n, grid in enumerate(reversed(fresh.grids.index))}
    swapped = fresh.grids.assign(code=list(reversed(fresh.grids["code"].tolist()))).rename(index=names)
    rebuilt = replace(
        fresh,
        blocks=fresh.blocks.rename(index=lambda block: f"x{block}"),
        assignment=fresh.assignment.map(names).rename(index=lambda block: f"x{block}"),
        borders=fresh.borders.assign(a="x" + fresh.borders["a"], b="x" + fresh.borders["b"]),
        outline=fresh.outline.assign(block_id="x" + fresh.outline["block_id"]),
        grids=swapped,
    )
    with store.writing() as session:
        plan_id = import_plan(session, rebuilt, district=1, name="anew", who="tester")
    with store.writing() as session:
        submit(session, plan_id, actor=LIN)
        approve(session, plan_id, actor=HEAD)
        found = publish(session, plan_id, effective=TODAY, actor=HEAD)
        relations = session.execute(select(Lineage.relation).where(Lineage.plan_id == plan_id)).scalars().all()
    assert {names[grid]: one for grid, one in fresh.grids["code"].items()} == found.grids["code"].to_dict()
    assert set(relations) == {"same"}


def test_a_draft_with_a_cut_is_handed_in_on_a_new_ground(store: Store, first: str) -> None:
    with store.writing() as session:
        draft_id = open_draft(session, first, name="cut", actor=LIN)
        blocks = load_plan(session, first).blocks
        west, south, east, _ = blocks.geometry.loc["b00003"].bounds
        ends = gpd.GeoSeries.from_xy([west - 5, east + 5], [south + 50, south + 51], crs=blocks.crs).to_crs(4326)
        drawn = list(zip(ends.x, ends.y, strict=True))
        found = cut(session, draft_id, revision=0, block_id="b00003", line=drawn, actor=LIN)
        patch(session, draft_id, revision=1, moves=[Move(found.parts[0], "g0001", "g0002")], why="", actor=LIN)
    second = agreed(store, first, draft_id=draft_id)
    with store.writing() as session:
        publish(session, second, effective=TODAY, actor=HEAD)
    with store.reading() as session:
        after = load_plan(session, second)
        assert session.execute(select(func.count()).select_from(Ground)).scalar_one() == 2
        assert len(load_plan(session, first).blocks) == 64
        assert draft(session, draft_id).state == "submitted"
    assert len(after.blocks) == 65
    assert after.grids["households"].to_dict() == {"g0001": 434, "g0002": 462, "g0003": 448, "g0004": 448}
    assert after.grids["code"].tolist() == [code(n) for n in (1, 2, 3, 4)]
    assert not (after.issues["severity"] == "error").any()


def test_who_made_a_plan_does_not_approve_it(store: Store, first: str) -> None:
    with store.writing() as session:
        draft_id = open_draft(session, first, name="east", actor=LIN)
        patch(session, draft_id, revision=0, moves=[Move("b00003", "g0001", "g0002")], why="", actor=HEAD)
        plan_id = submit(session, first, draft=draft_id, actor=LIN)
        with pytest.raises(RightsError, match="entered changes"):
            approve(session, plan_id, actor=HEAD)
        with pytest.raises(RightsError, match="handed"):
            approve(session, plan_id, actor=Actor("Lin", "approver"))
        with pytest.raises(RightsError, match="may not approve"):
            approve(session, plan_id, actor=WANG)
        other = Actor("Sun", "approver")
        give_back(session, plan_id, actor=other, comment="the school")
        assert draft(session, draft_id).state == "open"
        again = submit(session, first, draft=draft_id, revision=1, actor=LOCAL)
        with pytest.raises(RightsError, match="handed"):
            approve(session, again, actor=LOCAL)
        with pytest.raises(RightsError, match="entered changes"):
            approve(session, again, actor=HEAD, alone=True)
        approve(session, again, actor=LOCAL, alone=True)
        assert session.get_one(KeptPlan, again).based_on == first


def test_steps_out_of_turn_are_refused(store: Store, first: str) -> None:
    with store.writing() as session:
        draft_id = open_draft(session, first, name="east", actor=LIN)
        patch(session, draft_id, revision=0, moves=[Move("b00003", "g0001", "g0002")], why="", actor=WANG)
        for wrong, said in (
            (lambda: submit(session, first, actor=LIN), "is published"),
            (lambda: submit(session, first, draft=draft_id, revision=0, actor=LIN), "you have seen 0"),
            (lambda: submit(session, first, draft=draft_id, revision=7, actor=LIN), "not yet at 7"),
            (lambda: approve(session, first, actor=HEAD), "is published"),
            (lambda: give_back(session, first, actor=HEAD, comment=""), "is published"),
            (lambda: publish(session, first, effective=TODAY, actor=HEAD), "is published"),
            (lambda: withdraw(session, first, actor=HEAD), "is in force since"),
        ):
            with pytest.raises(ClashError, match=said):
                wrong()
        with pytest.raises(AbsentError):
            publish(session, "p0", effective=TODAY, actor=HEAD)
        plan_id = submit(session, first, draft=draft_id, actor=LIN)
        with pytest.raises(ClashError, match="is submitted"):
            submit(session, first, draft=draft_id, actor=LIN)
        with pytest.raises(ClashError, match="is submitted"):
            publish(session, plan_id, effective=TODAY, actor=HEAD)


def test_days_go_forward(store: Store, first: str) -> None:
    second = changed(store, first, [Move("b00003", "g0001", "g0002")])
    with store.writing() as session:
        with pytest.raises(ClashError, match="is over"):
            publish(session, second, effective=TODAY - DAY, actor=HEAD)
        with pytest.raises(ClashError, match="is in force from"):
            publish(session, second, effective=TODAY - 365 * DAY, actor=HEAD)
        publish(session, second, effective=TODAY, actor=HEAD)


def test_a_plan_that_would_undo_another_is_refused(store: Store, first: str) -> None:
    one = changed(store, first, [Move("b00003", "g0001", "g0002")])
    other = changed(store, first, [Move("b00060", "g0004", "g0003")])
    with store.writing() as session:
        publish(session, one, effective=TODAY, actor=HEAD)
        with pytest.raises(ClashError, match=f"but {one} was published since"):
            publish(session, other, effective=TODAY + DAY, actor=HEAD)
        publish(session, other, effective=TODAY + DAY, actor=HEAD, allow_older=True)


def test_errors_are_published_only_on_purpose(store: Store, first: str) -> None:
    second = changed(store, first, MERGER)
    with store.writing() as session, pytest.raises(ClashError, match=r"896 households.*allow errors"):
        publish(session, second, effective=TODAY, actor=HEAD)
    with store.reading() as session:
        assert session.get_one(KeptPlan, second).state == "approved"
        assert len(publications(session)) == 1


def test_a_publication_to_come_can_be_withdrawn_and_leaves_no_trace(store: Store, first: str) -> None:
    second = changed(store, first, MERGER)
    with store.writing() as session:
        publish(session, second, effective=TODAY + DAY, actor=HEAD, allow_errors=True, tiles={"all": b"pm"})
        assert session.get_one(Tileset, (second, "all")).content == b"pm"
    with store.writing() as session:
        withdraw(session, second, actor=HEAD, comment="not yet")
        assert in_force(session, 1, on=TODAY + DAY) == first
        assert set(load_plan(session, first).grids["valid_to"]) == {""}
        assert session.execute(select(func.count()).select_from(Tileset)).scalar_one() == 0
    other = changed(store, first, [*MERGER[:15], Move("b00060", "g0004", "g0003")])
    with store.writing() as session:
        found = publish(session, other, effective=TODAY + DAY, actor=HEAD, allow_errors=True)
        assert code(5) not in set(found.grids["code"])
        withdraw(session, other, actor=HEAD)
        again = publish(session, second, effective=TODAY + 3 * DAY, actor=HEAD, allow_errors=True)
        assert again.grids["code"].tolist() == [code(3), code(4), code(5)]
        ended = dict(session.execute(select(GridCode.code, GridCode.retired_on)).all())
        assert ended[code(1)] == TODAY + 3 * DAY
        assert ended[code(5)] is None


def test_a_built_plan_is_published_as_it_was_built(store: Store, town: Plan, tmp_path: Path) -> None:
    file = gg.read_plan(gg.write_plan(town, tmp_path / "in.gpkg"))
    home = district(store)
    with store.writing() as session:
        plan_id = import_plan(session, file, district=home, name="town", who="tester")
    agreed(store, plan_id)
    with store.writing() as session:
        found = publish(session, plan_id, effective=TODAY, actor=HEAD)
    columns = [name for name in file.grids if name not in ("status", "valid_from")]
    gg_grids = found.grids[columns].sort_index()
    pd.testing.assert_frame_equal(gg_grids, file.grids[columns].sort_index(), check_dtype=False)
    assert set(found.grids["valid_from"]) == {str(TODAY)}
    pd.testing.assert_frame_equal(found.issues, file.issues, check_dtype=False)


def test_what_came_between_is_seen_though_the_plan_was_worked_out_before(
    store: Store, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    merging = changed(store, first, MERGER)
    splitting = changed(store, first, [Move(f"b{n:05d}", "g0004", "new") for n in range(60, 64)])
    settle = steps.settle

    def settle_and_be_overtaken(session: Session, plan_id: str) -> object:
        found = settle(session, plan_id)
        with store.writing() as other:
            publish(other, splitting, effective=TODAY + DAY, actor=HEAD, allow_errors=True)
        return found

    monkeypatch.setattr(steps, "settle", settle_and_be_overtaken)
    after, version = put_into_force(
        store, merging, effective=TODAY + 2 * DAY, actor=HEAD, allow_errors=True, allow_older=True
    )
    with store.reading() as session:
        assert version == version_of(session, merging)
        overtaking = load_plan(session, splitting)
        given = set(session.execute(select(GridCode.code)).scalars())
    assert not set(after.grids["code"]) & (set(overtaking.grids["code"]) - {code(3)})
    assert set(after.grids["code"]) <= given


@pytest.mark.parametrize("between", [False, True])
def test_a_plan_worked_out_before_is_published_as_one_worked_out_then(
    store: Store, first: str, monkeypatch: pytest.MonkeyPatch, between: bool
) -> None:
    second = changed(store, first, MERGER)
    if not between:
        monkeypatch.setattr(steps, "settle", lambda *_: None)
    after, _ = put_into_force(store, second, effective=TODAY + DAY, actor=HEAD, allow_errors=True, comment="both")
    assert after.grids["code"].to_dict() == {"g0001": code(5), "g0003": code(3), "g0004": code(4)}
    with pytest.raises(ClashError, match="is published"):
        put_into_force(store, second, effective=TODAY + 2 * DAY, actor=HEAD)
