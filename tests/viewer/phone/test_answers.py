"""The phone answers: by position, near a border, by code, by address, in shifting hosts, in both languages."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from api.pages import BUILT

pytestmark = pytest.mark.browser
Open = Callable[..., Any]


def asked(phone: Any) -> list[dict[str, list[str]]]:
    """Return the queries of the lookups that the page sent, the last one last."""
    urls = phone.page.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
    return [parse_qs(urlsplit(one).query) for one in urls if urlsplit(one).path == "/api/lookup"]


def test_where_one_stands_is_answered_at_once_and_the_map_comes_after(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside)
    opened.page.wait_for_selector(".card")
    said = opened.text()
    assert served.names[served.old] in said
    assert served.old in said
    assert "您在这个网格" in said
    assert "±5 米" in said
    assert "WGS-84" in opened.text(".foot")
    card = opened.page.locator(".card").first
    assert card.locator("a.call").first.get_attribute("href").startswith("tel:")
    opened.page.wait_for_selector(f"text={served.day}")
    assert "2024-01-01" in card.inner_text()
    opened.page.wait_for_selector(".map canvas")
    times = opened.page.evaluate(
        """() => ({ answer: performance.getEntriesByName("answer")[0].startTime, map: Math.min(
        ...performance.getEntriesByType("resource").filter((one) => /create-|maplibre|style\\.json/.test(one.name))
        .map((one) => one.startTime)) })"""
    )
    assert times["answer"] < times["map"]
    assert opened.faults == []


def test_near_a_border_both_grids_stand_with_their_people_and_none_is_claimed(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.border, accuracy=20)
    opened.page.wait_for_selector(".card")
    cards = opened.page.locator(".unsure > .card[data-code]")
    codes = {cards.nth(n).get_attribute("data-code") for n in range(cards.count())}
    assert {served.old, served.new} <= codes
    said = opened.text()
    assert "您在这个网格" not in said
    assert "可能" in opened.text(".whereabouts")
    assert "±20 米" in opened.text(".whereabouts")
    for n in range(2):
        assert cards.nth(n).locator("a.call").count() >= 1


def test_a_vague_position_gives_no_answer(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside, accuracy=5000)
    opened.page.wait_for_selector("#status:has-text('±5.0 公里')")
    assert opened.page.locator(".card[data-code]").count() == 0
    assert asked(opened) == []


def test_outside_every_grid_the_nearest_is_named(served: Any, phone: Open) -> None:
    opened = phone(served, at=(served.inside[0] - 0.2, served.inside[1]))
    opened.page.wait_for_selector(".card")
    assert "不在任何网格内" in opened.text()
    assert "公里" in opened.text(".card .head")


def test_without_permission_a_code_answers_by_keyboard_alone(served: Any, phone: Open) -> None:
    opened = phone(served)
    opened.page.locator("#locate").focus()
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector("#status:has-text('没有定位权限')")
    opened.page.locator("#asked").focus()
    opened.page.keyboard.type(served.new)
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector(f".card[data-code='{served.new}']")
    assert "按编码查到" in opened.text()
    opened.page.locator("#asked").fill("000111")
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector("[role=alert]:has-text('000111')")


def test_the_code_on_a_door_leads_to_its_grid(served: Any, phone: Open) -> None:
    opened = phone(served, f"/?grid={served.old}")
    opened.page.wait_for_selector(f".card[data-code='{served.old}']")
    assert urlsplit(opened.page.url).path == "/my"
    opened.page.wait_for_selector(f".coming:has-text('{served.day}')")


def test_the_next_plan_says_whose_the_place_becomes(served: Any, phone: Open) -> None:
    opened = phone(served, "/my?lang=en", at=served.moving)
    opened.page.wait_for_selector(".coming p")
    said = opened.text(".coming")
    assert served.day in said
    assert f"then belongs to {served.names[served.new]}" in said


def test_an_address_is_answered_or_refused_with_a_clear_word(served: Any, phone: Open) -> None:
    opened = phone(served)
    opened.page.locator("#asked").fill("和平路12号")
    opened.page.locator(".search button").click()
    opened.page.wait_for_selector("#result > *")
    assert opened.page.locator("#result .card, #result .whereabouts, #result [role=alert]").count() >= 1


def test_an_address_in_two_grids_shows_both_and_what_else_to_ask(served: Any, phone: Open) -> None:
    """As the service words it: reason in both languages, the grids it may lie in, with what was found there."""
    opened = phone(served)
    grids = {}
    for code in (served.old, served.new):
        told = opened.page.evaluate("(code) => fetch(`/api/grids/${code}`).then((one) => one.json())", code)
        grids[code] = {"grid": told["grid"], "people": told["people"], "label": f"和平路 {code[-1]}号", "score": 90}
    refused = {
        "type": "/api/docs#problem-refused",
        "status": 404,
        "detail": "add the number",
        "reason": "which-number",
        "reason_zh": "这条路经过多个网格，请写门牌号",
        "also_possible": list(grids.values()),
    }

    def answer(route: Any) -> None:
        if "address=" in route.request.url:
            route.fulfill(status=404, content_type="application/problem+json", body=json.dumps(refused))
        else:
            route.continue_()

    opened.page.route("**/api/lookup?*", answer)
    told = {"suggestions": [{"text": "和平路1号"}, {"text": "和平路12号"}]}
    opened.page.route("**/api/suggest?*", lambda route: route.fulfill(json=told))
    opened.page.locator("#asked").press_sequentially("和平路")
    opened.page.wait_for_selector("[role=option] >> nth=1")
    opened.page.keyboard.press("ArrowDown")
    opened.page.keyboard.press("ArrowDown")
    assert opened.page.locator("#asked").get_attribute("aria-activedescendant") == "suggestion-1"
    opened.page.keyboard.press("Enter")
    opened.page.wait_for_selector(".unsure > .card")
    assert opened.page.locator("#asked").input_value() == "和平路12号"
    assert opened.page.locator(".unsure > .card[data-code]").count() == 2
    assert "请写门牌号" in opened.text(".whereabouts")
    assert opened.page.locator(".alternatives button").count() == 2


def test_in_a_host_that_shifts_positions_the_page_says_which_it_used(served: Any, phone: Open) -> None:
    agent = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/120 Mobile MicroMessenger/8.0.50"
    opened = phone(served, at=served.inside, user_agent=agent)
    opened.page.wait_for_selector("#result > *")
    assert "GCJ-02" in opened.text(".warning")
    assert asked(opened)[-1]["crs"] == ["gcj02"]
    assert "GCJ-02" in opened.text(".foot")
    opened.page.locator("#crs").select_option("wgs84")
    opened.page.wait_for_selector(f".card[data-code='{served.old}']")
    assert asked(opened)[-1]["crs"] == ["wgs84"] or asked(opened)[-2]["crs"] == ["wgs84"]
    assert "WGS-84" in opened.text(".foot")


def test_the_language_changes_and_is_kept(served: Any, phone: Open) -> None:
    opened = phone(served, f"/my?grid={served.old}")
    opened.page.wait_for_selector(".card")
    opened.page.get_by_role("button", name="English").click()
    opened.page.wait_for_selector("text=Found by its code")
    assert opened.page.locator("html").get_attribute("lang") == "en"
    opened.page.reload()
    opened.page.wait_for_selector("text=Found by its code")


def test_before_the_map_little_is_fetched(served: Any, phone: Open) -> None:
    opened = phone(served, at=served.inside)
    opened.page.wait_for_selector(".card")
    sizes = opened.page.evaluate(
        """() => { const answer = performance.getEntriesByName("answer")[0].startTime;
        return [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
        .filter((one) => one.startTime < answer).map((one) => one.encodedBodySize); }"""
    )
    assert 5_000 < sum(sizes) <= 60_000
    assert BUILT.joinpath("my.webmanifest").exists()
