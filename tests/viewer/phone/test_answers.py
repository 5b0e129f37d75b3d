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


@pytest.fixture
def served(each: Any) -> Any:
    """Return the town from each of the two databases."""
    return each


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


def search(opened: Any, text: str) -> None:
    """Ask for an address as somebody who types it."""
    opened.page.evaluate("document.getElementById('result').replaceChildren()")
    opened.page.locator("#asked").fill(text)
    opened.page.locator(".search button").click()
    opened.page.wait_for_selector("#result > *")


def test_an_address_is_answered_with_the_grid_it_lies_in(served: Any, phone: Open) -> None:
    plan = served.town.plan
    row = plan.addresses[plan.addresses["stairwell"] != ""].iloc[40]
    code = plan.grids.loc[plan.grids.contains(row.geometry), "code"].item()
    written = f"{row['road']}{row['number']}号{row['compound']}{row['building']}栋{row['stairwell']}单元"
    opened = phone(served)
    search(opened, f"样例区{written}1807室")
    assert opened.page.locator(".card[data-code]").count() == 1
    card = opened.page.locator(f".card[data-code='{code}']")
    assert served.names[code] in card.inner_text()
    assert card.locator("a.call").first.get_attribute("href").startswith("tel:")
    assert "按地址查到" in card.inner_text()
    foot = opened.text(".foot")
    assert written in foot
    assert "准确到单元" in foot
    assert "1807" not in foot
    assert opened.faults == []


def test_an_address_by_an_old_name_says_what_is_meant(served: Any, phone: Open) -> None:
    (old,) = served.town.plan.aliases.to_dict("records")
    row = served.town.plan.addresses.set_index("road").loc[old["name"]].iloc[0]
    opened = phone(served)
    search(opened, f"{old['alias']}{row['number']}号{row['compound']}{row['building']}栋")
    assert opened.text(".renamed") == f"“{old['alias']}”现称“{old['name']}”"
    assert opened.page.locator(".card[data-code]").count() >= 1


def test_a_street_of_several_grids_is_refused_with_those_grids(served: Any, phone: Open) -> None:
    opened = phone(served)
    search(opened, "人民大道")
    assert "答不准" in opened.text(".whereabouts")
    assert "门牌号" in opened.text(".whereabouts")
    told = opened.page.evaluate("fetch('/api/lookup?address=人民大道').then((one) => one.json())")
    codes = {one["grid"]["code"] for one in told["also_possible"]}
    shown = opened.page.locator(".unsure > .card[data-code]")
    assert {shown.nth(n).get_attribute("data-code") for n in range(shown.count())} <= codes
    assert shown.count() == min(3, len(codes)) > 1
    search(opened, "没有这条路99号")
    assert opened.page.locator(".card[data-code]").count() == 0
    assert "答不准" in opened.text()


def test_what_is_typed_is_completed_by_the_service(served: Any, phone: Open) -> None:
    opened = phone(served)
    opened.page.locator("#asked").press_sequentially("renminda")
    opened.page.wait_for_selector("[role=option]:has-text('人民大道')")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_at_a_tower_of_several_grids_the_stairwell_is_asked_for(served: Any, phone: Open, language: str) -> None:
    plan = served.town.plan
    strips = plan.blocks[plan.blocks["atom"] == "stairwell"].to_crs(4326)
    strip = strips[strips["parent_block_id"] == strips["parent_block_id"].iloc[0]]
    spot = strip.geometry.iloc[0].representative_point()
    opened = phone(served, f"/my?lang={language}", at=(spot.x, spot.y))
    opened.page.wait_for_selector(".stairwells button")
    buttons = opened.page.locator(".stairwells button")
    assert buttons.count() == 3
    assert opened.page.locator(".card[data-code]").count() == 0, "no grid is claimed yet"
    said = opened.text(".whereabouts")
    assert ("请选单元" if language == "zh" else "Which stairwell?") in said
    assert min(buttons.nth(n).bounding_box()["height"] for n in range(3)) >= 48
    codes = [buttons.nth(n).get_attribute("data-code") for n in range(3)]
    assert len(set(codes)) == 2
    buttons.nth(2).click()
    opened.page.wait_for_selector(f".card[data-code='{codes[2]}']")
    card = opened.page.locator(".card[data-code]")
    assert card.count() == 1
    assert served.names[codes[2]] in card.inner_text()
    assert "3单元" in opened.text(".foot")
    assert opened.faults == []


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
