"""Drawing on the map: what is seen on the page and what the store holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from pixels import drawn

pytestmark = [pytest.mark.browser, pytest.mark.slow]

VIEW = "(() => { const map = gisGrid.map(), { lng, lat } = map.getCenter(); return [lng, lat, map.getZoom()] })()"


def test_a_border_that_is_dragged_is_one_entry_and_one_undo_also_after_a_reload(
    office: Any, sit: Callable[..., Any]
) -> None:
    desk = sit(office.draft())
    page, border = desk.page, desk.borders()[0]
    desk.drag(border, release=False)
    strip = page.locator(".strip")
    expect(strip).to_contain_text("→")
    assert page.locator(".live-label").count() >= 2
    page.mouse.up()
    expect(strip).to_have_count(0)
    (entry,) = desk.wait(lambda: office.journal(desk.draft))
    assert {"block": border["b"], "old": border["other"], "new": border["one"]} in entry["moves"]
    assert office.holds(desk.draft) == desk.holds()
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("Control+z")
    desk.wait(lambda: len(office.journal(desk.draft)) == 2)
    assert office.holds(desk.draft)[border["b"]] == border["other"]
    page.keyboard.press("Control+Shift+z")
    desk.wait(lambda: len(office.journal(desk.draft)) == 3)
    assert office.holds(desk.draft)[border["b"]] == border["one"]
    expect(page.locator(".status")).to_contain_text("第 3 版")


def test_what_is_drawn_is_seen(office: Any, sit: Callable[..., Any]) -> None:
    page = sit(office.draft()).page
    for _ in range(3):
        colours, share = drawn(page, "canvas.maplibregl-canvas")
        assert colours > 8
        assert share < 0.6
        page.get_by_role("button", name="Zoom in").click()
        page.wait_for_timeout(800)


def test_escape_puts_a_border_back(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    before = desk.holds()
    desk.drag(desk.borders()[1], release=False)
    assert desk.holds() != before
    desk.page.keyboard.press("Escape")
    desk.page.mouse.up()
    assert desk.holds() == before
    assert office.journal(desk.draft) == []


def test_the_brush_takes_blocks_along_and_stops_at_a_lock(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    border = desk.borders()[2]
    desk.page.keyboard.press("b")
    for locked in (True, False):
        script = "([id, on]) => { const { session } = gisGrid.desk(); session.lock([session.plan.gridOf(id)], on); }"
        desk.page.evaluate(script, [border["other"], locked])
        desk.page.mouse.move(*border["from"])
        desk.page.mouse.down()
        desk.page.mouse.move(*border["to"], steps=10)
        if locked:
            expect(desk.page.locator(".strip em")).to_have_text("网格已锁定")
        desk.page.mouse.up()
        assert (desk.holds()[border["b"]] == border["one"]) is not locked
    desk.wait(lambda: len(office.journal(desk.draft)) == 1)


def test_blocks_that_are_picked_become_a_new_grid_and_a_merge_takes_it_back(
    office: Any, sit: Callable[..., Any]
) -> None:
    desk = sit(office.draft())
    page, border = desk.page, desk.borders()[0]
    page.keyboard.press("r")
    page.mouse.click(*border["to"])
    expect(page.locator(".strip")).to_contain_text("已选 1 个街坊")
    page.get_by_role("button", name="划为新网格").click()
    desk.wait(lambda: len(office.journal(desk.draft)) == 1)
    made = office.holds(desk.draft)[border["b"]]
    assert made not in (border["one"], border["other"])
    page.keyboard.press("v")
    page.mouse.click(*border["from"])
    page.get_by_text("与相邻网格合并").click()
    page.get_by_role("button", name=f"合并到本网格：{made}").click()
    desk.wait(lambda: len(office.journal(desk.draft)) == 2)
    assert office.holds(desk.draft)[border["b"]] == border["one"]


def test_a_block_is_cut_along_a_drawn_line(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    page = desk.page
    page.evaluate("gisGrid.map().jumpTo({ zoom: gisGrid.map().getZoom() + 0.5 })")
    found, view = desk.wide(), page.evaluate(VIEW)
    desk.pencil("x")
    (x, y), (to_x, to_y) = found["from"], found["to"]
    for place in ((x, y), ((x + to_x) / 2 + 3, (y + to_y) / 2), (to_x, to_y)):  # a line with a bend
        page.mouse.click(*place)
    page.keyboard.press("Enter")
    desk.wait(lambda: [entry["kind"] for entry in office.journal(desk.draft)] == ["cut"])
    desk.wait(lambda: (held := desk.holds()) and found["id"] not in held)
    assert office.holds(desk.draft) == desk.holds()
    assert page.evaluate(VIEW) == pytest.approx(view)  # loaded again, and still where the planner was
    page.get_by_role("tab", name="记录").click()
    page.locator(".history").get_by_role("button", name="撤销").click()
    desk.wait(lambda: found["id"] in desk.holds())
    assert office.holds(desk.draft) == desk.holds()
    assert [entry["kind"] for entry in office.journal(desk.draft)] == ["cut", "undo"]


DRAWING = "gisGrid.desk().tools.busy"


def test_a_line_is_given_up_ended_by_a_second_click_and_never_drawn_while_the_map_is_moved(
    office: Any, sit: Callable[..., Any]
) -> None:
    desk = sit(office.draft())
    page = desk.page
    page.evaluate("gisGrid.map().jumpTo({ zoom: gisGrid.map().getZoom() + 0.5 })")
    found = desk.wide()
    (x, y), (to_x, to_y) = found["from"], found["to"]
    desk.pencil("x")
    expect(page.locator(".strip.how")).to_contain_text("回车即切分")
    page.mouse.click(x, y)
    page.mouse.move(to_x, to_y, steps=4)
    assert page.evaluate(DRAWING)
    page.keyboard.press("Escape")
    assert not page.evaluate(DRAWING)
    page.keyboard.down("Space")
    page.mouse.click(x, y)
    assert not page.evaluate(DRAWING)
    page.keyboard.up("Space")
    page.mouse.click(x, y)
    page.keyboard.press("Enter")  # one corner is no line
    assert not page.evaluate(DRAWING)
    assert office.journal(desk.draft) == []
    page.mouse.click(x, y)
    page.mouse.dblclick(to_x, to_y)
    desk.wait(lambda: [entry["kind"] for entry in office.journal(desk.draft)] == ["cut"])


def test_a_lasso_is_given_up_and_a_tool_that_cannot_be_read_says_so(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    page = desk.page
    page.route("**/terra-*", lambda route: route.abort("internetdisconnected"))
    page.keyboard.press("o")
    expect(page.locator(".toast")).to_contain_text("画线工具未能加载")
    expect(page.locator(".tools [aria-pressed=true]")).to_have_attribute("aria-label", "移动边界")
    page.unroute("**/terra-*")
    desk.pencil("o")
    (pair, *_), view = desk.pairs(), page.evaluate(VIEW)
    (x, y), (to_x, to_y) = pair["from"], pair["to"]
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=8)
    page.mouse.move(to_x, y, steps=8)
    assert page.evaluate(DRAWING)
    page.keyboard.press("Escape")
    page.mouse.up()
    assert not page.evaluate(DRAWING)
    expect(page.locator(".strip")).to_have_count(0)
    assert page.evaluate(VIEW) == pytest.approx(view)  # the map has stayed where it was
    desk.stroke([[x - 9, y - 9], [x + 9, y - 9], [x + 9, y + 9], [x - 9, y + 9]], steps=4)
    expect(page.locator(".strip")).to_contain_text("已选 1 个街坊")
