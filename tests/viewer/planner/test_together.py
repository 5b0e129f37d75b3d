"""Planners together: presence, changes of others, clashes, work without a network; and the way into force."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_two_at_one_draft_see_each_other_and_settle_a_clash(office: Any, sit: Callable[..., Any]) -> None:
    draft = office.draft()
    lin, wang = sit(draft), sit(draft, "wang")
    expect(lin.page.locator(".editor", has_text="wang")).to_be_visible(timeout=20_000)
    border = lin.borders()[0]
    third = next(one["one"] for one in lin.borders() if one["one"] not in (border["one"], border["other"]))
    wang.page.context.set_offline(True)
    move = "([id, grid]) => { const { session } = gisGrid.desk(), { plan } = session, block = plan.block(id);"
    move += " session.change([{ block, old: plan.grid[block], new: plan.gridOf(grid) }], 'moved'); }"
    wang.page.evaluate(move, [border["b"], third])
    expect(wang.page.locator(".status")).to_contain_text("离线")
    lin.drag(border)
    lin.saved()
    wang.page.context.set_offline(False)
    clash = wang.page.get_by_role("alertdialog")
    expect(clash).to_contain_text("lin", timeout=20_000)
    expect(clash).to_contain_text(border["b"])
    assert wang.holds()[border["b"]] == border["one"]
    clash.get_by_role("button", name="用我的").click()
    wang.saved()
    assert office.holds(draft)[border["b"]] == third
    lin.wait(lambda: lin.holds() == office.holds(draft))


#: whether two grids within the band are so no longer once a border between them has been dragged
SPOILS = """({ b, one, other }) => {
  const { plan } = gisGrid.desk().session, load = plan.households[plan.block(b)];
  const [more, less] = [one, other].map((id) => plan.gridIds.indexOf(id));
  if (plan.off(more) !== 0 || plan.off(less) !== 0) return false;
  return plan.load(more) + load > plan.band.max || plan.load(less) - load < plan.band.min;
}"""


def test_a_suggestion_is_a_preview_until_it_is_kept(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    desk.drag(next(border for border in desk.borders() if desk.page.evaluate(SPOILS, border)))
    desk.saved()
    page, spoiled = desk.page, desk.holds()
    # until the service has told which faults are exceptions, those have a button as well
    desk.wait(lambda: page.evaluate("gisGrid.desk().session.told.value.length"), seconds=60)
    page.get_by_role("tab", name="问题").click()
    page.get_by_role("button", name="修复").first.click()
    expect(page.get_by_role("button", name="采纳")).to_be_visible(timeout=60_000)
    assert desk.holds() != spoiled
    assert len(office.journal(desk.draft)) == 1
    page.get_by_role("button", name="放弃").click()
    assert desk.holds() == spoiled
    page.get_by_role("button", name="修复").first.click()
    page.get_by_role("button", name="采纳").click(timeout=60_000)
    desk.wait(lambda: len(office.journal(desk.draft)) == 2)
    assert office.holds(desk.draft) == desk.holds()


def test_what_it_means_for_people_and_a_file(office: Any, sit: Callable[..., Any], tmp_path: Any) -> None:
    desk = sit(office.draft())
    border = desk.borders()[0]
    desk.drag(border)
    page = desk.page
    page.get_by_role("tab", name="影响").click()
    expect(page.locator(".total")).to_contain_text("个街坊", timeout=30_000)
    with page.expect_download() as got:
        page.get_by_role("button", name="下载清单").click()
    got.value.save_as(tmp_path / "moved.csv")
    text = (tmp_path / "moved.csv").read_text(encoding="utf-8-sig")
    assert border["b"] in text
    with page.expect_download() as got:
        page.locator("header summary", has_text="导出").click()
        page.locator("header .menu").get_by_role("button", name="geojson").click()
    got.value.save_as(tmp_path / "draft.geojson")
    assert (tmp_path / "draft.geojson").stat().st_size > 1000
    page.keyboard.press("Escape")
    page.get_by_role("button", name="与原方案比较").click()
    expect(page.locator(".legend")).to_contain_text("原边界")


def test_a_draft_is_handed_in_approved_by_another_and_published(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    desk.drag(desk.borders()[0])
    desk.saved()
    page = desk.page
    page.get_by_role("button", name="提交审核").first.click()
    page.locator(".popup").get_by_role("button", name="提交审核").click()
    expect(page.locator(".toast").first).to_contain_text("已提交", timeout=60_000)
    handed = office.api("zhao", "GET", "/plans?state=submitted")["plans"][0]
    other = sit(office.draft(), "zhao")
    other.page.get_by_role("button", name="方案", exact=True).click()
    row = other.page.locator(".plan.submitted").first
    before = other.page.locator(".plan.approved").count()
    row.get_by_role("button", name="通过").click()
    expect(other.page.locator(".plan.approved")).to_have_count(before + 1)
    approved = other.page.locator(".plan.approved").first
    tomorrow = (datetime.now(UTC) + timedelta(days=3)).date().isoformat()
    approved.locator("input[type=date]").fill(tomorrow)
    approved.get_by_role("checkbox").check()
    approved.get_by_role("button", name="发布").click()
    state = lambda: office.api("zhao", "GET", f"/plans/{handed['id']}")  # noqa: E731
    other.wait(lambda: state()["state"] == "published", 60)
    assert state()["effective"] == tomorrow
    office.withdraw(handed["id"])
