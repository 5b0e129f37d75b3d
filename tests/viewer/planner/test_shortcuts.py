"""Every key of the `?` sheet does what the sheet says."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

from typescript import SOURCE

#: what these keys enter in the store is what pointers enter, which is tried on both databases
pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: the shortcuts as the page has them: keys, and the name of what they do
TABLE = re.findall(r'^  \["(.+?)", "(\w+)"\],$', (SOURCE / "keys.ts").read_text(encoding="utf-8"), re.MULTILINE)
#: pixels that an arrow key leads the cross
STRIDE = 10
CHOSEN = "document.querySelector('.row.chosen .name')?.textContent ?? ''"
CENTRE = "(() => { const map = gisGrid.map(), { lng, lat } = map.getCenter(); return [lng, lat, map.getZoom()] })()"
CROSS = "(() => { const box = document.querySelector('.crosshair').getBoundingClientRect(); return [box.x, box.y] })()"


def tool(name: str) -> Callable[[Any, Any], None]:
    """Return a check that a key takes up a tool."""

    def check(desk: Any, keys: str) -> None:
        desk.page.keyboard.press("v" if keys != "V" else "b")
        desk.page.keyboard.press(keys.lower())
        pressed = desk.page.locator(".tools button[aria-pressed=true]")
        expect(pressed).to_have_attribute("aria-label", re.compile(name))

    return check


def next_grid(desk: Any, _keys: str) -> None:
    page = desk.page
    rows = page.locator(".rows .name").all_text_contents()
    for key, row in (("j", 0), ("j", 1), ("k", 0)):
        page.keyboard.press(key)
        assert page.evaluate(CHOSEN) == rows[row]


def next_issue(desk: Any, _keys: str) -> None:
    page = desk.page
    page.keyboard.press("n")
    expect(page.get_by_role("tab", name="问题")).to_have_attribute("aria-selected", "true")
    first = page.locator(".issue .go b").first.text_content()
    page.get_by_role("tab", name="网格").click()
    assert first in page.evaluate(CHOSEN)


def zoom(desk: Any, _keys: str) -> None:
    page = desk.page
    page.keyboard.press("j")
    near = page.evaluate(CENTRE)
    page.evaluate("gisGrid.map().jumpTo({ zoom: 12 })")
    page.keyboard.press("l")
    desk.wait(lambda: page.evaluate(CENTRE) == pytest.approx(near, abs=1e-4))


def lock(desk: Any, _keys: str) -> None:
    page = desk.page
    page.keyboard.press("j")
    for on in (1, 0):
        page.keyboard.press("q")
        expect(page.locator(".row.chosen .lock[aria-pressed=true]")).to_have_count(on)


def compare(desk: Any, _keys: str) -> None:
    page = desk.page
    seen = "gisGrid.map().getLayoutProperty('was-line', 'visibility')"
    page.keyboard.down("c")
    desk.wait(lambda: page.evaluate(seen) == "visible")
    page.keyboard.up("c")
    desk.wait(lambda: page.evaluate(seen) == "none")


def blocks(desk: Any, _keys: str) -> None:
    page, listed = desk.page, desk.page.locator(".detail .step[data-block]")
    for found in (False, True):  # a grid that nothing can join or leave, and one that has such blocks
        desk.wait(lambda: page.keyboard.press("j") or bool(listed.count()) is found)  # noqa: B023
        page.keyboard.press("g")
        expect(listed.first if found else page.locator(".detail summary").first).to_be_focused()


def layers(desk: Any, _keys: str) -> None:
    desk.page.keyboard.press("t")
    expect(desk.page.locator(".layers input").first).to_be_focused()


def to_the_map(desk: Any, _keys: str) -> None:
    page = desk.page
    page.keyboard.press("m")
    (x, y), view = page.evaluate(CROSS), page.evaluate(CENTRE)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert page.evaluate(CROSS) == pytest.approx([x + STRIDE, y - STRIDE])
    expect(page.locator(".unseen[aria-live=polite]")).to_contain_text("户")
    for _ in range(120):
        page.keyboard.press("ArrowRight")
    assert page.evaluate(CENTRE)[0] > view[0], "at the edge the map goes on"
    page.keyboard.press("0")


def keep(desk: Any, _keys: str) -> None:
    page, count = desk.page, len(desk.office.journal(desk.draft))
    for key, more in (("Escape", 0), ("Enter", 1)):
        before = desk.holds()
        desk.drag(desk.borders()[0], release=False)
        assert desk.holds() != before
        page.keyboard.press(key)
        expect(page.locator(".strip")).to_have_count(0)
        page.mouse.up()
        assert (desk.holds() != before) is bool(more)
        desk.saved()
        assert len(desk.office.journal(desk.draft)) == count + more


def held_down(key: str, wanted: Callable[[dict[str, Any]], bool], least: int) -> Callable[[Any, str], None]:
    """Return a check that the brush takes so many blocks at a place while a key is held, and fewer without it."""

    def check(desk: Any, _keys: str) -> None:
        page = desk.page
        pair = max((one for one in desk.pairs() if wanted(one)), key=lambda one: one["parts"])
        page.keyboard.press("b")
        page.keyboard.down(key)
        before = desk.holds()
        desk.stroke([pair["from"], pair["to"]])
        page.keyboard.up(key)
        gone = [block for block, grid in desk.holds().items() if grid != before[block]]
        assert pair["b"] in gone
        assert len(gone) >= least
        page.keyboard.press("Control+z")
        assert desk.holds() == before
        desk.stroke([pair["from"], pair["to"]])
        assert len([block for block, grid in desk.holds().items() if grid != before[block]]) < len(gone)

    return check


def frontage(desk: Any, _keys: str) -> None:
    page, (border, row), before = desk.page, desk.front(), desk.holds()
    assert len(row) > 1
    page.keyboard.down("f")
    desk.drag(border, release=False)
    gone = {block for block, grid in desk.holds().items() if grid != before[block]}
    page.keyboard.press("Escape")
    page.mouse.up()
    page.keyboard.up("f")
    assert set(row) <= gone
    assert desk.holds() == before


def pan(desk: Any, _keys: str) -> None:
    page, border, view, before = desk.page, desk.borders()[0], desk.page.evaluate(CENTRE), desk.holds()
    page.keyboard.down("Space")
    desk.drag(border)
    page.keyboard.up("Space")
    assert page.evaluate(CENTRE) != view
    assert desk.holds() == before
    page.wait_for_timeout(500)


def undo(desk: Any, _keys: str) -> None:
    page, before = desk.page, desk.holds()
    desk.drag(desk.borders()[0])
    after = desk.holds()
    assert after != before
    for keys, held in (("Control+z", before), ("Control+Shift+z", after), ("Control+z", before), ("Control+y", after)):
        page.keyboard.press(keys)
        assert desk.holds() == held
    desk.saved()
    assert desk.office.holds(desk.draft) == after


def overview(desk: Any, _keys: str) -> None:
    page = desk.page
    page.keyboard.press("0")
    whole = page.evaluate(CENTRE)
    page.keyboard.press("j")
    assert page.evaluate(CENTRE)[2] > whole[2]
    page.keyboard.press("0")
    desk.wait(lambda: page.evaluate(CENTRE) == pytest.approx(whole, abs=1e-6))


#: what each line of the sheet promises, tried; a key that stands there without a check fails
CHECKS: dict[str, Callable[[Any, str], None]] = {
    "key_border": tool("移动边界"),
    "key_brush": tool("画笔"),
    "key_rectangle": tool("框选"),
    "key_lasso": tool("套索"),
    "key_cut": tool("切分"),
    "key_next": next_grid,
    "key_issue": next_issue,
    "key_zoom": zoom,
    "key_lock": lock,
    "key_compare": compare,
    "key_blocks": blocks,
    "key_map": to_the_map,
    "key_layers": layers,
    "key_keep": keep,
    "key_whole": held_down("Shift", lambda one: one["mates"] and not one["wall"], 2),
    "key_front": frontage,
    "key_cross": held_down("Alt", lambda one: not one["mates"], 1),
    "key_pan": pan,
    "undo": undo,
    "overview": overview,
}


@pytest.mark.parametrize(("keys", "name"), TABLE)
def test_a_key_does_what_the_sheet_says(seat: Any, keys: str, name: str) -> None:
    seat.fresh()
    CHECKS[name](seat, keys)


def test_the_sheet_shows_every_key_and_closes(seat: Any) -> None:
    page = seat.page
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog")
    assert sheet.locator("kbd").all_inner_texts() == [keys for keys, _ in TABLE]
    page.keyboard.press("Escape")
    expect(sheet).to_have_count(0)
    page.keyboard.press("?")
    seat.use(sheet.get_by_role("button", name="关闭"))
    expect(sheet).to_have_count(0)
    assert set(CHECKS) == {name for _, name in TABLE}
