"""Roles, tokens and the record: who may do what, in which part of the tree, until when."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa

from gis_grid.errors import AbsentError, RightsError, StoreError
from gis_grid.store import Store
from gis_grid.store.access import ACTIONS, LOCAL, NOBODY, Actor
from gis_grid.store.areas import add_area
from gis_grid.store.audit import entries, record
from gis_grid.store.columns import now
from gis_grid.store.models import ROLES, Token
from gis_grid.store.tokens import actor_of, create_token, list_tokens, revoke

#: what each role may do beyond the role below it, written down once more on purpose
ADDED = {
    "guest": {"lookup", "read_published"},
    "field": {"read_own", "report"},
    "planner": {
        "read_plans",
        "read_small_counts",
        "read_staff",
        "read_reports",
        "draft",
        "answer",
        "submit",
        "build",
        "export",
    },
    "approver": {"comment", "approve", "publish"},
    "administrator": {"manage_tokens", "manage_areas", "manage_staff", "read_audit", "backup"},
}
MAY = dict(zip(ADDED, itertools.accumulate(ADDED.values(), set.union), strict=True))


@pytest.mark.parametrize("role", ROLES)
def test_each_role_may_do_what_is_its_own_and_no_more(role: str) -> None:
    actor = Actor("x", role)
    assert {action for action in ACTIONS if actor.may(action)} == MAY[role]


def test_what_has_no_name_is_denied_to_everybody() -> None:
    with pytest.raises(KeyError):
        LOCAL.may("look_around")
    with pytest.raises(RightsError, match="there is no role 'root'"):
        Actor("x", "root")
    with pytest.raises(ValueError, match="no path"):
        Actor("x", "guest", "/42")


@pytest.mark.parametrize(
    ("own", "path", "may"),
    [
        ("/", "/42/4201/", True),
        ("/42/", "/42/", True),
        ("/42/", "/42/4201/420103/", True),
        ("/42/4201/", "/42/", False),
        ("/42/4201/", "/", False),
        ("/42/420/", "/42/4201/", False),
        ("/42/", "/43/42/", False),
    ],
)
def test_rights_hold_for_the_subtree_and_nothing_else(own: str, path: str, may: bool) -> None:
    actor = Actor("x", "planner", own)
    assert actor.may("draft", path) is may
    if not may:
        with pytest.raises(RightsError, match="this part of the administrative tree"):
            actor.require("draft", path)


def test_a_caller_without_a_token_may_look_things_up_only() -> None:
    assert {action for action in ACTIONS if NOBODY.may(action)} == {"lookup", "read_published"}


def test_a_token_is_its_owner_until_it_expires_or_is_revoked(store: Store) -> None:
    with store.writing() as session:
        district = add_area(session, code="420103", level="district", name="江汉区")
        token, secret = create_token(session, name="Lin", role="planner", days=30, actor=LOCAL, area=district.id)
    at = now()
    with store.reading() as session:
        assert actor_of(session, secret, at=at) == Actor("Lin", "planner", "/420103/")
        assert actor_of(session, secret, at=at + timedelta(days=29, hours=23)) is not None
        assert actor_of(session, secret, at=at + timedelta(days=30)) is None
        for other in (secret[:-1], secret + "x", secret.upper(), token, "", "gg_", "' OR 1=1 --"):
            assert actor_of(session, other, at=at) is None
    with store.writing() as session:
        revoke(session, token, actor=LOCAL)
        revoke(session, token, actor=LOCAL)
    with store.reading() as session:
        assert actor_of(session, secret, at=now()) is None
        assert [entry.action for entry in entries(session)] == ["revoke_token", "create_token", "add_area"]


def test_no_secret_stands_in_the_store(store: Store) -> None:
    with store.writing() as session:
        _, secret = create_token(session, name="Lin", role="guest", days=1, actor=LOCAL)
    with store.reading() as session:
        rows = [session.execute(sa.text(f"SELECT * FROM {table}")).all() for table in ("tokens", "audit")]
    assert secret not in str(rows)
    assert secret[3:] not in str(rows)
    assert len(secret) >= 43


def test_what_a_token_cannot_be_is_said_at_once(store: Store) -> None:
    with store.writing() as session:
        with pytest.raises(StoreError) as caught:
            create_token(session, name=" ", role="king", days=0, actor=LOCAL)
        assert len(caught.value.faults) == 3
        with pytest.raises(AbsentError, match="no area 99"):
            create_token(session, name="x", role="guest", days=1, actor=LOCAL, area=99)
        with pytest.raises(AbsentError, match="no person 99"):
            create_token(session, name="x", role="guest", days=1, actor=LOCAL, staff=99)
        with pytest.raises(AbsentError, match="no token t1"):
            revoke(session, "t1", actor=LOCAL)


def test_an_administrator_of_a_district_gives_tokens_there_only(store: Store) -> None:
    with store.writing() as session:
        here = add_area(session, code="420103", level="district", name="江汉区")
        there = add_area(session, code="420104", level="district", name="硚口区")
        chief = Actor("chief", "administrator", here.path)
        mine, _ = create_token(session, name="a", role="planner", days=1, actor=chief, area=here.id)
        theirs, _ = create_token(session, name="b", role="planner", days=1, actor=LOCAL, area=there.id)
        for area in (there.id, None):
            with pytest.raises(RightsError):
                create_token(session, name="c", role="guest", days=1, actor=chief, area=area)
        with pytest.raises(RightsError):
            revoke(session, theirs, actor=chief)
        assert [token.id for token, _ in list_tokens(session, actor=chief)] == [mine]
        assert {token.id for token, _ in list_tokens(session, actor=LOCAL)} == {mine, theirs}
        planner = Actor("p", "planner")
        assert list_tokens(session, actor=planner) == []


def test_a_token_follows_its_area_to_another_name_and_not_into_a_merger(store: Store) -> None:
    """四方区 went into 市北区 in 2012, which kept its code and grew."""
    before, after = datetime(2012, 6, 1, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC)
    day = date(2012, 12, 1)
    words = {"level": "district", "under": "3702"}
    with store.writing() as session:
        add_area(session, code="3702", level="city", name="青岛市")
        north = add_area(session, code="370203", name="市北区", **words)
        four = add_area(session, code="370205", name="四方区", **words)
        seaside = add_area(session, code="370211", name="胶南市", **words)
        keys = {
            area.name: create_token(session, name=area.name, role="planner", days=3000, actor=LOCAL, area=area.id)
            for area in (north, four, seaside)
        }
        for token in session.execute(sa.select(Token)).scalars():
            token.expires_at = datetime(2014, 1, 1, tzinfo=UTC)
        add_area(session, code="370203", name="市北区", valid_from=day, predecessors=["370203", "370205"], **words)
        add_area(session, code="370299", name="西海岸新区", valid_from=day, predecessors=["370211"], **words)
    with store.reading() as session:

        def path(name: str, at: datetime) -> tuple[str, tuple[str, ...]]:
            actor = actor_of(session, keys[name][1], at=at)
            assert actor is not None
            return actor.path, actor.also

        assert path("四方区", before) == path("四方区", after) == ("/3702/370205/", ())
        assert path("市北区", before) == ("/3702/370203/", ())
        assert path("市北区", after)[0] == "/3702/370203/"
        assert path("胶南市", after) == ("/3702/370299/", ("/3702/370211/",))
    with store.writing() as session:
        now_north = add_area(session, code="1", level="community", name="x", under="370203", valid_from=day)
        _, secret = create_token(session, name="n", role="planner", days=9, actor=LOCAL, area=now_north.parent_id)
        actor = actor_of(session, secret, at=now())
        assert actor is not None
        assert actor.may("read_plans", "/3702/370205/")


def test_the_record_is_read_from_the_newest_and_page_by_page(store: Store) -> None:
    with store.writing() as session:
        for number in range(5):
            record(session, LOCAL, "import", f"p{number}", detail={"blocks": number})
        record(session, Actor("Lin", "planner"), "export", "p1")
    with store.reading() as session:
        assert [entry.subject for entry in entries(session, action="import", limit=2)] == ["p4", "p3"]
        last = entries(session, limit=3)[-1]
        assert [entry.subject for entry in entries(session, before=last.id)] == ["p2", "p1", "p0"]
        assert [entry.role for entry in entries(session, who="Lin")] == ["planner"]
        assert entries(session, since=now() + timedelta(hours=1)) == []


def test_a_deed_undone_leaves_no_record(store: Store) -> None:
    class UndoneError(Exception):
        pass

    def deed() -> None:
        with store.writing() as session:
            add_area(session, code="1", level="district", name="x")
            raise UndoneError

    with pytest.raises(UndoneError):
        deed()
    with store.reading() as session:
        assert entries(session) == []
