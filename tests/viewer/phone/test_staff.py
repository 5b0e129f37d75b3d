"""Who signs in sees own grids, neighbours' numbers and hand-overs, and reports a wrong line: on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from gis_grid.store.models import AuditEntry, Report

pytestmark = pytest.mark.browser
Open = Callable[..., Any]


def sign_in(opened: Any, token: str) -> None:
    opened.page.locator("#token").fill(token)
    opened.page.locator("#staff form:not(.report) button").click()


def test_own_grids_neighbours_and_hand_overs(each: Any, phone: Open) -> None:
    opened = phone(each)
    sign_in(opened, each.token)
    opened.page.wait_for_selector(f".own[data-code='{each.old}']")
    headers = {"Authorization": f"Bearer {each.token}"}
    told = opened.page.request.get(f"{each.url}/api/me/grids", headers=headers).json()["grids"]
    assert opened.page.locator(".own").count() == len(told)
    opened.page.wait_for_selector(f".own[data-code='{each.old}'] .neighbour", state="attached")
    card = opened.page.locator(f".own[data-code='{each.old}']")
    card.locator("summary").first.click()
    assert each.names[each.new] in card.inner_text()
    assert card.locator(".neighbour a.call").count() >= 1
    plan = each.town.plan
    shapes = plan.grids.set_index("code").geometry
    for one in told:
        inside = int(plan.addresses.within(shapes[one["code"]]).sum())
        assert one["doors"] == (inside if inside >= 10 else None)
    (mine,) = (one for one in told if one["code"] == each.old)
    assert f"门牌 {mine['doors']}" in card.locator(".counts").first.inner_text()
    coming = opened.text(".hand-overs")
    assert f"{each.names[each.old]} 交给 {each.names[each.new]}" in coming
    assert each.day in opened.text("#staff")


def test_a_wrong_line_reported_in_the_page_stands_in_the_store(each: Any, phone: Open) -> None:
    opened = phone(each, at=each.inside)
    opened.page.wait_for_selector(".card")
    sign_in(opened, each.token)
    opened.page.wait_for_selector("#sentence")
    opened.page.locator("#sentence").fill("户主电话 13800138000")
    opened.page.locator(".report button").click()
    opened.page.wait_for_selector(".said:has-text('长串数字')")
    opened.page.locator("#sentence").fill("边界应沿路中心线")
    opened.page.locator(".report button").click()
    opened.page.wait_for_selector(".said:has-text('已上报')")
    with each.town.store.reading() as session:
        (kept,) = session.execute(select(Report)).scalars().all()
        deed = session.execute(select(AuditEntry).where(AuditEntry.subject == f"r{kept.id}")).scalar_one()
    assert (kept.sentence, kept.grid_code, kept.state) == ("边界应沿路中心线", each.old, "open")
    assert (kept.lon, kept.lat) == pytest.approx(each.inside, abs=1e-6)
    assert (deed.action, deed.role) == ("report", "field")


def test_a_wrong_token_is_said_and_not_kept(served: Any, phone: Open) -> None:
    opened = phone(served)
    sign_in(opened, "gg_wrong")
    opened.page.wait_for_selector("#staff [role=alert]")
    assert "口令不对" in opened.text("#staff")
    assert opened.page.evaluate("localStorage.getItem('gis-grid.token')") is None


def test_a_link_signs_in_and_leaves_no_token_in_the_address(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my#token={served.token}")
    opened.page.wait_for_selector(".own")
    assert "token" not in opened.page.url


def test_signing_out_leaves_nothing_on_the_phone(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my#token={served.token}")
    opened.page.wait_for_selector(".neighbour", state="attached")
    opened.page.locator(".quiet").click()
    opened.page.wait_for_selector("#token")
    assert opened.page.evaluate("indexedDB.databases().then((all) => all.map((one) => one.name))") in (
        [],
        ["gis-grid-phone"],
    )
    left = opened.page.evaluate(
        """() => new Promise((done) => { const asked = indexedDB.open("gis-grid-phone");
        asked.onsuccess = () => { const names = [...asked.result.objectStoreNames]; if (!names.length) return done(0);
        const deal = asked.result.transaction(names); let count = 0; let left = names.length;
        names.forEach((name) => deal.objectStore(name).count().onsuccess = (event) => {
        count += event.target.result; if (!--left) done(count); }); }; })"""
    )
    assert left == 0
    assert opened.page.evaluate("localStorage.getItem('gis-grid.token')") is None
