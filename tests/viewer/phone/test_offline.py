"""Without a network the phone opens, answers for its own community, and says how old the answer is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.browser
Open = Callable[..., Any]


def take_away(opened: Any) -> None:
    """Wait until the page itself is kept, then cut the network."""
    opened.page.evaluate("navigator.serviceWorker.ready.then((one) => one.active.state)")
    opened.page.wait_for_function("caches.match('/my').then((kept) => kept !== undefined)")
    opened.page.wait_for_timeout(500)
    opened.context.set_offline(True)


def test_it_opens_and_answers_as_the_service_does(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside)
    opened.page.locator("#carry").click()
    opened.page.wait_for_selector("#carried")
    online = opened.text(".whereabouts")
    take_away(opened)
    opened.page.reload()
    opened.page.wait_for_selector(".foot.phone")
    assert opened.text(".whereabouts") == online
    assert served.old in opened.text()
    assert "没有网络，由手机答复" in opened.text(".foot")
    assert "刚才" in opened.text(".foot")
    opened.stand(served.border, 20)
    opened.locate()
    cards = opened.page.locator(".unsure > .card[data-code]")
    assert {served.old, served.new} <= {cards.nth(n).get_attribute("data-code") for n in range(cards.count())}
    opened.stand((served.inside[0] + 1, served.inside[1]))
    opened.locate()
    assert "也没有这一带的网格" in opened.text()
    opened.page.locator("#asked").fill(served.new)
    opened.page.locator("#asked").press("Enter")
    opened.page.wait_for_selector(f".card[data-code='{served.new}']")
    opened.page.locator("#asked").fill("和平路12号")
    opened.page.locator("#asked").press("Enter")
    opened.page.wait_for_selector("[role=alert]:has-text('不能按地址查')")


def test_an_old_answer_says_how_old_it_is(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside)
    opened.page.locator("#carry").click()
    opened.page.wait_for_selector("#carried")
    take_away(opened)
    opened.page.evaluate(
        """() => new Promise((done) => { const asked = indexedDB.open("gis-grid-phone"); asked.onsuccess = () => {
        const store = asked.result.transaction("carried", "readwrite").objectStore("carried");
        store.getAll().onsuccess = (event) => { const kept = event.target.result[0];
        kept.at -= 3 * 86400000 + 1000; store.put(kept).onsuccess = done; }; }; })"""
    )
    opened.locate()
    assert "3 天前" in opened.text(".foot")


def test_staff_carry_their_own_community_without_asking(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my#token={served.token}", at=served.inside)
    opened.page.wait_for_selector(".neighbour", state="attached")
    take_away(opened)
    opened.page.reload()
    opened.page.wait_for_selector(".foot.phone")
    assert served.old in opened.text()
    opened.page.wait_for_selector(".own")
    assert "没有网络" in opened.text("#staff")
    assert opened.page.locator(".neighbour a.call").count() >= 1


def test_nothing_carried_is_said(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside)
    opened.page.wait_for_selector(".card")
    take_away(opened)
    opened.locate()
    assert "还没有存网格" in opened.text()


def test_at_a_tower_of_several_grids_the_phone_asks_for_the_stairwell_too(served: Any, phone: Open) -> None:
    plan = served.town.plan
    strips = plan.blocks[plan.blocks["atom"] == "stairwell"].to_crs(4326)
    strip = strips[strips["parent_block_id"] == strips["parent_block_id"].iloc[0]]
    spot = strip.geometry.iloc[0].representative_point()
    home = plan.grids[plan.grids.index == plan.assignment[strip.index[0]]].to_crs(4326)
    away = home.geometry.iloc[0].difference(strips.union_all().buffer(0.0003)).representative_point()
    opened = phone(served, at=(away.x, away.y))
    opened.page.locator("#carry").click()
    opened.page.wait_for_selector("#carried")
    opened.stand((spot.x, spot.y))
    opened.locate()
    buttons = opened.page.locator(".stairwells button")
    opened.page.wait_for_selector(".stairwells button")
    online = buttons.all_inner_texts()
    take_away(opened)
    opened.page.reload()
    opened.page.wait_for_selector(".stairwells button")
    assert buttons.all_inner_texts() == online
    assert len(online) == 3
    code = buttons.nth(2).get_attribute("data-code")
    buttons.nth(2).click()
    opened.page.wait_for_selector(f".card[data-code='{code}']")
    assert opened.page.locator(".card[data-code]").count() == 1
    assert "没有网络，由手机答复" in opened.text(".foot")
