"""A plan comes into force: codes are settled, what follows from them is made anew, all in one transaction.

::

    submit ──► approve (somebody else) ──► publish (from a day on) ──► in force from that day
       ▲             │
       └─ give_back ◄┘                     withdraw (before that day)
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import delete, insert, select, update

from gis_grid.errors import ClashError, Fault
from gis_grid.store.areas import today
from gis_grid.store.catalogue import version_of
from gis_grid.store.columns import now
from gis_grid.store.dates import Published, in_force, publications
from gis_grid.store.handing import approve, give_back, locked, require_state, step, submit
from gis_grid.store.models import Area, GridCode, Lineage, Plan, Publication, Tileset
from gis_grid.store.moving import move_back, move_posts
from gis_grid.store.plans import load_plan, rewrite_plan
from gis_grid.store.settling import last_of, settle, settled_now

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from sqlalchemy.orm import Session

    from gis_grid import plan as plans
    from gis_grid.store.access import Actor
    from gis_grid.store.db import Store
    from gis_grid.store.settling import Settled

__all__ = [
    "Published",
    "approve",
    "give_back",
    "in_force",
    "keep_tiles",
    "publications",
    "publish",
    "put_into_force",
    "submit",
    "withdraw",
]


def publish(
    session: Session,
    plan_id: str,
    *,
    effective: date,
    actor: Actor,
    comment: str = "",
    allow_errors: bool = False,
    allow_older: bool = False,
    tiles: Mapping[str, bytes] | None = None,
) -> plans.Plan:
    """Put an approved plan into force from a day on, in its district's time zone, and return it as it now is.

    Grids that nothing happened to keep their codes, those that were split or merged get new ones
    (`gis_grid.codes.succession`), and no code that the district has ever given out comes again. Shapes, bounds in
    words and issues are made anew. A plan that breaks rules is published only with `allow_errors`; one that does not
    follow from the last publication, and so would undo it, only with `allow_older`. Both are written down. `tiles` are
    archives of tiles by audience, kept with the publication. Posts move to the new codes from that day on
    (`gis_grid.store.moving`).

    Whoever has the store and not a transaction of their own uses `put_into_force`, which keeps others from writing for
    less long.

    Raises
    ------
    ClashError
        If the plan is not approved, the day is over or not after that of the last publication, the plan breaks rules,
        or does not follow from the last publication.
    RightsError
        If the actor may not publish plans of the district.
    AbsentError
        If there is no such plan.
    """
    wish = _Wish(effective, actor, comment, allow_errors, allow_older, tiles or {})
    _enter(session, plan_id, wish, None)
    return load_plan(session, plan_id)


def put_into_force(
    store: Store, plan_id: str, *, effective: date, actor: Actor, **options: Any
) -> tuple[plans.Plan, int]:
    """Publish as `publish` does, with the same options, in a transaction that is as short as it can be.

    What the plan will be is worked out before it, and anew in it only if something has come between. Returns the plan
    as it now is, and its `gis_grid.store.catalogue.version_of`.
    """
    wish = _Wish(effective, actor, **options)
    with store.reading() as session:
        settled = settle(session, plan_id)
    with store.writing() as session:
        _enter(session, plan_id, wish, settled)
        version = version_of(session, plan_id)
    with store.reading() as session:
        return load_plan(session, plan_id), version


@dataclass(frozen=True)
class _Wish:
    """How a plan is to be published: the arguments of `publish`."""

    effective: date
    actor: Actor
    comment: str = ""
    allow_errors: bool = False
    allow_older: bool = False
    tiles: Mapping[str, bytes] = field(default_factory=dict)


def _enter(session: Session, plan_id: str, wish: _Wish, settled: Settled | None) -> None:
    kept = locked(session, plan_id, wish.actor, "publish")
    require_state(kept, "approved", remedy="have it approved first")
    area = _locked_district(session, kept.district_id)
    last = last_of(session, area.id)
    _require_day(area, last, wish.effective)
    if last is not None and not wish.allow_older:
        _require_following(session, kept, last)
    now_settled = settled_now(session, kept, settled)
    plan = now_settled.plan
    errors = plan.issues[plan.issues["severity"] == "error"]
    if len(errors) and not wish.allow_errors:
        _refuse_errors(plan_id, errors)
    rewrite_plan(session, plan_id, now_settled.packed)
    kept.state = "published"
    session.add(
        Publication(plan_id=plan_id, district_id=area.id, effective=wish.effective, at=now(), who=wish.actor.name)
    )
    session.flush()
    _keep_lineage(session, plan_id, plan)
    _keep_codes(session, kept, plan, wish.effective)
    source = now_settled.source
    posts = None if source is None else move_posts(session, area.id, source, plan, on=wish.effective)
    keep_tiles(session, plan_id, wish.tiles)
    detail = {"effective": str(wish.effective), "grids": len(plan.grids), "errors": len(errors)}
    detail |= {} if posts is None else {"posts_moved": posts.moved, "posts_new": posts.new, "posts_ended": posts.ended}
    allowed = {"allow_errors": wish.allow_errors, "allow_older": wish.allow_older}
    step(session, kept, "publish", wish.actor, wish.comment, **detail, **allowed)


def _locked_district(session: Session, district: int) -> Area:
    """Return the district with its publications locked: two plans are not published at the same moment."""
    query = select(Area).where(Area.id == district).execution_options(populate_existing=True)
    return session.execute(query.with_for_update(key_share=True)).scalar_one()


def _require_day(area: Area, last: Publication | None, effective: date) -> None:
    """Refuse a day that is over, or not after that of the last publication; only the first may look back."""
    if last is None:
        return
    if effective <= last.effective:
        said = f"the plan {last.plan_id} of this district is in force from {last.effective} on"
        remedy, values = "choose a later day, or withdraw that plan", {"day": str(last.effective)}
        raise ClashError(Fault(said, column="effective", remedy=remedy, code="day-taken", values=values))
    if effective < today(area):
        said = f"{effective} is over (today is {today(area)} in {area.timezone})"
        raise ClashError(Fault(said, column="effective", remedy="choose today or a later day", code="day-over"))


def _require_following(session: Session, kept: Plan, last: Publication) -> None:
    """Refuse a plan whose line of descent names an earlier publication, but not the last."""
    line = kept.based_on
    while line is not None and line != last.plan_id:
        was = session.execute(select(Publication.plan_id).where(Publication.plan_id == line)).scalar_one_or_none()
        if was is not None:
            said = f"the plan {kept.id} follows from {line}, but {last.plan_id} was published since"
            remedy = f"carry its changes over to a draft of {last.plan_id}, or allow it to undo that plan"
            raise ClashError(Fault(said, column="based_on", remedy=remedy, code="not-following"))
        line = session.execute(select(Plan.based_on).where(Plan.id == line)).scalar_one()


def _refuse_errors(plan_id: str, errors: pd.DataFrame) -> None:
    remedy = "mend them, or allow errors"
    columns = [errors[name].astype(str) for name in ("message_en", "rule", "grid_code", "message_zh")]
    faults = [
        Fault(said, plan_id, rule, grid or None, remedy, "issue", {"zh": zh, "en": said})
        for said, rule, grid, zh in zip(*columns, strict=True)
    ]
    raise ClashError(faults)


def _keep_lineage(session: Session, plan_id: str, plan: plans.Plan) -> None:
    """Keep which grid became which; in the first publication all are new."""
    table = plan.concordance
    if table is None:
        kept = plan.grids[["code", "households"]].rename(columns={"code": "new_code"})
        table = kept.assign(old_code="", relation="new", households_kept=0)
    columns = {"old_code": "old_code", "new_code": "new_code", "relation": "relation", "households_kept": "households"}
    rows = table[list(columns)].rename(columns=columns).assign(plan_id=plan_id).to_dict("records")
    session.execute(insert(Lineage), [{str(name): value for name, value in row.items()} for row in rows])


def _keep_codes(session: Session, kept: Plan, plan: plans.Plan, effective: date) -> None:
    """Enter the codes that are given out for the first time, and those that end."""
    mine = GridCode.district_id == kept.district_id
    codes = set(plan.grids["code"])
    known = dict(session.execute(select(GridCode.code, GridCode.plan_id).where(mine)).all())
    again = [code for code in codes & set(known) if known[code] == kept.id]
    ended = list(set(known) - codes)
    for chosen, values in (
        (again, {"valid_from": effective, "retired_on": None}),
        (ended, {"retired_on": effective}),
    ):
        for first in range(0, len(chosen), 1000):
            some = GridCode.code.in_(chosen[first : first + 1000])
            query = update(GridCode).where(mine, some)
            if values["retired_on"] is not None:
                query = query.where(GridCode.retired_on.is_(None))
            session.execute(query.values(**values))
    fresh = sorted(codes - set(known))
    given = {"district_id": kept.district_id, "plan_id": kept.id, "valid_from": effective, "retired_on": None}
    if fresh:
        session.execute(insert(GridCode), [{**given, "code": code} for code in fresh])


def keep_tiles(session: Session, plan_id: str, tiles: Mapping[str, bytes]) -> None:
    """Keep archives of tiles of a published plan, by audience, in the place of those it has for that audience."""
    for audience, content in tiles.items():
        sha256 = hashlib.sha256(content).hexdigest()
        session.merge(Tileset(plan_id=plan_id, audience=audience, sha256=sha256, content=content))
    session.flush()


def withdraw(session: Session, plan_id: str, *, actor: Actor, comment: str = "") -> None:
    """Take back a publication that is not yet in force; the plan is approved as before.

    Its new codes stay its own: no other plan gets them. Posts go back to where they were before it.

    Raises
    ------
    ClashError
        If the plan is not the one published last, or is in force already.
    RightsError
        If the actor may not publish plans of the district.
    AbsentError
        If there is no such plan.
    """
    kept = locked(session, plan_id, actor, "publish")
    require_state(kept, "published", remedy="only what is published can be withdrawn")
    area = _locked_district(session, kept.district_id)
    last = last_of(session, area.id)
    if last is None or last.plan_id != plan_id:
        raise ClashError(
            Fault(
                f"another plan was published after {plan_id}", remedy="withdraw that one first", code="published-since"
            )
        )
    if last.effective <= today(area):
        said = f"the plan {plan_id} is in force since {last.effective}"
        raise ClashError(Fault(said, remedy="publish another plan", code="in-force"))
    for table in (Tileset, Lineage, Publication):
        session.execute(delete(table).where(table.plan_id == plan_id))
    mine = GridCode.district_id == area.id
    its_own = GridCode.plan_id == plan_id
    session.execute(
        update(GridCode)
        .where(mine, ~its_own, GridCode.retired_on == last.effective, GridCode.valid_from < last.effective)
        .values(retired_on=None)
    )
    session.execute(
        update(GridCode).where(mine, its_own, GridCode.valid_from == last.effective).values(retired_on=last.effective)
    )
    move_back(session, area.id, on=last.effective)
    kept.state = "approved"
    step(session, kept, "withdraw", actor, comment, effective=str(last.effective))
