"""In the reader's words: what the service refuses, roles, other plans by name; tabs that keep apart; a dark screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from axe import clean

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: what is the page's own, whichever database stands behind it
page_only = pytest.mark.parametrize("office", ["sqlite"], indirect=True)


@page_only
def test_refusals_are_said_in_the_language_of_the_page(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    plan = sit(office.draft()).handed_in()
    page = sit(plan, "zhao", refuses=True).page
    page.keyboard.press("j")
    sentence = page.locator(".detail .saying input")
    notice = page.locator(".toast")
    sentence.fill("请打 138 0013 8000")
    sentence.press("Enter")
    expect(notice).to_contain_text("含有长数字（电话、证件号等），请只写边界")
    page.screenshot(path=tmp_path / "refused-zh.png")
    page.get_by_role("button", name="English").click()
    page.locator(".detail .saying input").press("Enter")
    expect(notice).to_contain_text("say what is wrong with the line, not who")
    planner = sit(plan, "lin", refuses=True).page
    planner.get_by_role("button", name="方案", exact=True).click()
    mine = planner.locator(".plan.submitted").first
    mine.get_by_role("button", name="通过").click()
    fault = planner.locator(".home > .fault")
    expect(fault).to_have_text("没有权限：此操作需要本区的审核员令牌")
    clean(planner)
    planner.screenshot(path=tmp_path / "rights-zh.png")
    planner.get_by_role("button", name="English").click()
    mine.get_by_role("button", name="Approve").click()
    expect(fault).to_have_text("You may not do this here: it takes a token of the role approver")
    assert office.api("lin", "GET", f"/plans/{plan}")["state"] == "submitted"


@page_only
def test_roles_and_the_other_plan_go_by_their_names(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    desk = sit(office.draft())
    desk.drag(desk.borders()[0])
    desk.saved()
    page = desk.page
    page.get_by_role("tab", name="影响").click()
    page.get_by_label("对比对象").select_option(office.town.plan_id)
    roles = page.locator(".handover tbody td:first-child")
    expect(roles.first).to_be_visible(timeout=60_000)
    rows = office.api("lin", "GET", f"/drafts/{desk.draft}/compare?with={office.town.plan_id}")["handover_totals"]
    posts = {post.id: post for post in office.town.plan.scheme.posts}
    assert roles.all_inner_texts() == [posts[row["role"]].name_zh for row in rows]
    page.get_by_role("button", name="卷帘对比").click()
    expect(page.locator(".swipe .right")).to_have_text("first")
    expect(page.locator(".swipe .over[data-ready]")).to_have_count(1, timeout=60_000)
    page.screenshot(path=tmp_path / "roles-zh.png")
    page.get_by_role("button", name="English").click()
    assert roles.all_inner_texts() == [posts[row["role"]].name_en for row in rows]
    page.screenshot(path=tmp_path / "roles-en.png")


@page_only
def test_an_open_comment_stands_beside_the_plan_that_follows(office: Any, sit: Callable[..., Any]) -> None:
    first = sit(office.draft()).handed_in()
    grid = str(office.town.plan.grids.index[3])
    wish = {"grid": grid, "sentence": "北侧边界应沿河"}
    office.api("zhao", "POST", f"/plans/{first}/comments", json=wish)
    office.api("zhao", "POST", f"/plans/{first}/return", json={"comment": ""})
    again = office.api("lin", "POST", f"/plans/{first}/drafts", json={"name": "again"})["id"]
    body = {"draft": again, "revision": 0, "comment": ""}
    second = office.api("lin", "POST", f"/plans/{first}/submit", json=body)["plan"]
    page = sit(second, "zhao").page
    page.get_by_role("tab", name="问题").click()
    remark = page.locator(".remarks article").filter(has_text="北侧边界应沿河")
    expect(remark).to_contain_text(f"自 {first} 沿用")
    remark.get_by_role("button", name="办结").click()
    expect(page.locator(".remarks article").filter(has_text="北侧边界应沿河")).to_have_count(0)
    kinds = [one["kind"] for one in office.api("lin", "GET", f"/plans/{first}/comments")["comments"]]
    assert kinds == ["comment", "settled"]


@page_only
def test_two_tabs_of_one_browser_keep_their_gestures_apart(office: Any, sit: Callable[..., Any]) -> None:
    draft = office.draft()
    one = sit(draft)
    other = type(one)(one.page.context.new_page(), office, draft)
    other.page.goto(f"{office.url}/?draft={draft}")
    other.page.wait_for_selector("html[data-ready]", timeout=60_000)
    slot = "gisGrid.desk().session.journal.slot"
    assert [desk.page.evaluate(slot) for desk in (one, other)] == [draft, f"{draft}~2"]
    borders = one.borders()
    far = next(n for n in range(1, len(borders)) if borders[n]["b"] not in (borders[0]["a"], borders[0]["b"]))
    one.page.bring_to_front()
    one.drag(borders[0])
    other.page.bring_to_front()
    other.drag(other.borders()[far])
    for desk in (one, other):
        desk.wait(lambda desk=desk: desk.revision() == 2)
        assert desk.page.evaluate("gisGrid.desk().session.status.value") == "saved"
        assert desk.page.evaluate("gisGrid.desk().session.gestures.length") == 1, "its own, and not the other's"
        assert desk.holds() == office.holds(draft)
    other.page.context.set_offline(True)
    other.page.keyboard.press("Control+z")
    other.wait(lambda: "离线" in other.page.locator(".status").inner_text())
    other.page.close()
    one.page.context.set_offline(False)
    one.page.reload()
    one.page.wait_for_selector("html[data-ready]", timeout=60_000)
    entries = one.wait(lambda: (found := office.journal(draft)) and len(found) == 3 and found)
    turned = {(move["block"], move["old"], move["new"]) for move in entries[2]["moves"]}
    assert turned == {(move["block"], move["new"], move["old"]) for move in entries[1]["moves"]}
    assert one.page.evaluate(slot) == draft
    one.wait(lambda: one.holds() == office.holds(draft))


@page_only
def test_the_panels_are_dark_where_the_screen_is(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    page = sit(office.draft()).page
    page.emulate_media(color_scheme="dark")
    page.keyboard.press("j")
    assert page.locator("aside").evaluate("one => getComputedStyle(one).backgroundColor") == "rgb(27, 34, 39)"
    for name in ("网格", "问题", "影响", "图层"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(400)
        clean(page)
        page.screenshot(path=tmp_path / f"dark-{name}.png")
