"""Every task of the planner's page without a pointer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: pixels that an arrow key leads the cross
STRIDE = 10
POINTED = "window.pointed = 0; addEventListener('mousedown', () => window.pointed++, true)"
CROSS = "(() => { const box = document.querySelector('.crosshair').getBoundingClientRect(); return [box.x, box.y] })()"


def lead(page: Any, place: list[float]) -> None:
    """Lead the cross to a place on the screen, as near as its steps allow."""
    x, y = page.evaluate(CROSS)
    for way, back, far in (("ArrowRight", "ArrowLeft", place[0] - x), ("ArrowDown", "ArrowUp", place[1] - y)):
        for _ in range(round(abs(far) / STRIDE)):
            page.keyboard.press(way if far > 0 else back)


def drawn(desk: Any, key: str, places: list[list[float]]) -> None:
    """Draw with a tool from place to place with the cross."""
    page = desk.page
    desk.pencil(key) if key in ("o", "x") else page.keyboard.press(key)
    page.keyboard.press("m")
    lead(page, places[0])
    page.keyboard.press("Enter")
    for place in places[1:]:
        lead(page, place)
    page.keyboard.press("Enter")
    if key == "x":
        page.keyboard.press("Enter")  # once more at its last corner ends a line


def test_a_lasso_that_keys_draw_is_given_up(seat: Any) -> None:
    desk = seat.fresh()
    page, (pair, *_) = desk.page, desk.pairs()
    (x, y) = pair["to"]
    desk.pencil("o")
    page.keyboard.press("m")
    lead(page, [x - 10, y - 10])
    page.keyboard.press("Enter")
    for place in ([x + 10, y - 10], [x + 10, y + 10], [x - 10, y + 10]):
        lead(page, place)
    page.keyboard.press("Escape")
    expect(page.locator(".strip")).to_have_count(0)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")  # pressed and let go in one place: the block under the cross is picked
    expect(page.locator(".strip")).to_contain_text("已选 1 个街坊")


def opened(sit: Callable[..., Any], who: str) -> Any:
    """Return the page as somebody begins with it."""
    desk = sit("", who, reduced_motion="reduce")
    desk.page.evaluate(POINTED)
    return desk


def test_a_draft_is_begun_drawn_and_handed_in_by_keyboard_alone(
    office: Any, sit: Callable[..., Any], tmp_path: Path
) -> None:
    desk = opened(sit, "lin")
    page = desk.page
    published = page.locator(".plan.published").first
    desk.use(published.get_by_role("button", name="起草"))
    desk.wait(lambda: page.evaluate("gisGrid.desk() !== null && 'ready' in document.documentElement.dataset"), 60)
    desk.draft = page.evaluate("gisGrid.desk().session.draft.id")
    page.wait_for_timeout(1000)  # the map comes to rest
    one_by_one(desk)
    with_the_cross(desk)
    merged_cut_and_taken_back(desk)
    files_and_prints(desk, tmp_path)
    desk.use(page.get_by_role("button", name="提交审核"))
    desk.reach(page.get_by_label("说明"))
    page.keyboard.type("请审")
    page.keyboard.press("Enter")
    expect(page.locator(".toast").first).to_contain_text("已提交", timeout=60_000)
    assert office.api("lin", "GET", f"/drafts/{desk.draft}")["state"] == "submitted"
    assert page.evaluate("window.pointed") == 0
    reviewed(office, sit, desk.draft)


def one_by_one(desk: Any) -> None:
    """Blocks of the border list: Enter moves one, and what became of it is said."""
    page = desk.page
    for _ in range(9):
        page.keyboard.press("j")
    page.keyboard.press("g")
    button = page.locator(".detail .step[data-block]").first
    expect(button).to_be_focused()
    block = button.get_attribute("data-block")
    before = desk.holds()[block]
    page.keyboard.press("Enter")
    expect(page.locator(".unseen[aria-live=polite]")).to_contain_text(f"{block} 已划入")
    (entry,) = desk.entered(1)
    assert (entry["moves"][0]["block"], entry["moves"][0]["old"]) == (block, before)
    page.keyboard.press("Control+z")
    desk.entered(2)
    assert desk.holds()[block] == before
    page.keyboard.press("Control+Shift+z")
    desk.entered(3)
    assert desk.holds()[block] != before
    page.keyboard.press("0")


def with_the_cross(desk: Any) -> None:
    """Brush, border, and blocks that are picked and become a grid."""
    page = desk.page
    pair = desk.pair(mates=True, wall=False)
    drawn(desk, "b", [pair["from"], pair["to"]])
    assert desk.entered(4)[-1]["why"] == "画笔"
    assert desk.holds()[pair["b"]] == pair["one"]
    border = max(desk.borders(), key=lambda one: abs(one["at"][0] - one["to"][0]) + abs(one["at"][1] - one["to"][1]))
    drawn(desk, "v", [border["at"], border["to"]])
    assert desk.entered(5)[-1]["why"] == "移动边界"
    assert desk.holds()[border["b"]] == border["one"]
    split = next(one for one in desk.pairs() if one["size"] > 1 and one["mates"])
    x, y = split["to"]
    drawn(desk, "o", [[x - 10, y - 10], [x + 10, y - 10], [x + 10, y + 10], [x - 10, y + 10]])
    expect(page.locator(".strip")).to_contain_text("已选 1 个街坊")
    desk.use(page.get_by_role("button", name="划为新网格"))
    made = desk.entered(6)[-1]["moves"]
    assert [move["block"] for move in made] == [split["b"]]
    assert made[0]["new"] not in (split["one"], split["other"])


def merged_cut_and_taken_back(desk: Any) -> None:
    """A merge with a neighbour; a line across a block, which is taken back in the history; a lock; what is found."""
    page = desk.page
    page.keyboard.press("j")
    page.keyboard.press("g")
    desk.use(page.locator("summary", has_text="与相邻网格合并"))
    desk.use(page.get_by_role("button", name="合并到本网格"))
    desk.entered(7)
    page.keyboard.press("q")
    assert page.locator(".row.chosen .lock[aria-pressed=true]").count() == 1
    page.keyboard.press("0")
    wide = desk.wide()
    drawn(desk, "x", [wide["from"], wide["to"]])
    desk.wait(lambda: (held := desk.holds()) and wide["id"] not in held)
    assert desk.entered(8)[-1]["kind"] == "cut"
    desk.use(page.get_by_role("tab", name="记录"))
    desk.use(page.locator(".history").get_by_role("button", name="撤销"))
    desk.wait(lambda: wide["id"] in desk.holds())
    desk.entered(9)
    page.keyboard.press("n")
    expect(page.get_by_role("tab", name="问题")).to_have_attribute("aria-selected", "true")
    mended_and_sought(desk)
    desk.use(page.get_by_role("tab", name="影响"))
    expect(page.locator(".total")).to_contain_text("个街坊", timeout=60_000)
    page.keyboard.down("c")
    expect(page.locator(".legend")).to_contain_text("原边界")
    page.keyboard.up("c")
    expect(page.locator(".legend")).not_to_contain_text("原边界")


def mended_and_sought(desk: Any) -> None:
    """Ask for a repair of what breaks a rule, and put it back; find a grid by a part of its name."""
    page = desk.page
    desk.use(page.locator(".issue").get_by_role("button", name="修复"))
    offered = page.get_by_role("button", name="采纳")
    expect(offered.or_(page.locator(".toast", has_text="没有更好的划法"))).to_be_visible(timeout=60_000)
    if offered.count():
        before = desk.holds()
        desk.use(page.get_by_role("button", name="放弃"))
        assert desk.holds() != before
    desk.use(page.get_by_role("tab", name="网格"))
    desk.reach(page.get_by_role("searchbox"))
    page.keyboard.type("北园社区1")
    expect(page.locator(".rows .name")).to_contain_text(["北园社区1网格"])
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")


def files_and_prints(desk: Any, folder: Path) -> None:
    """A file of the draft, and the card of a grid."""
    page = desk.page
    desk.use(page.locator("header summary", has_text="导出"))
    with page.expect_download(timeout=60_000) as got:
        desk.use(page.get_by_role("button", name="geojson"))
    got.value.save_as(folder / "draft.geojson")
    assert b"FeatureCollection" in (folder / "draft.geojson").read_bytes()[:2000]
    expect(page.locator("header .menu")).not_to_have_attribute("open", "")
    page.keyboard.press("j")
    with page.expect_download(timeout=60_000) as got:
        desk.use(page.get_by_role("button", name="打印网格卡"))
    got.value.save_as(folder / "card.pdf")
    assert (folder / "card.pdf").read_bytes().startswith(b"%PDF-")


def reviewed(office: Any, sit: Callable[..., Any], draft: str) -> None:
    """Somebody else comments on a grid, approves, and publishes with a day."""
    handed = next(
        one for one in office.api("zhao", "GET", "/plans?state=submitted")["plans"] if one["from_draft"] == draft
    )
    review = opened(sit, "zhao")
    page = review.page
    review.use(page.locator(".plan.submitted").first.locator(".go"))
    review.wait(lambda: page.evaluate("gisGrid.desk()?.session.draft.state") == "submitted", 60)
    page.keyboard.press("j")
    review.reach(page.locator(".detail .saying input"))
    page.keyboard.type("东侧边界应沿路")
    page.keyboard.press("Enter")
    path = f"/plans/{handed['id']}/comments"
    review.wait(lambda: [one["sentence"] for one in office.api("lin", "GET", path)["comments"]] == ["东侧边界应沿路"])
    page.keyboard.press("Escape")
    review.use(page.get_by_role("button", name="方案", exact=True))
    review.use(page.locator(".plan.submitted").first.get_by_role("button", name="通过"))
    expect(page.locator(".plan.approved")).not_to_have_count(0)
    approved = page.locator(".plan.approved").first
    day = (datetime.now(UTC) + timedelta(days=4)).date()
    review.reach(approved.locator("input[type=date]"))
    page.keyboard.type(f"{day:%Y%m%d}" if page.evaluate(YEAR_FIRST) else f"{day:%m%d%Y}")
    assert approved.locator("input[type=date]").input_value() == day.isoformat()
    review.reach(approved.get_by_role("checkbox"))
    page.keyboard.press("Space")
    review.use(approved.get_by_role("button", name="发布"))
    state = lambda: office.api("zhao", "GET", f"/plans/{handed['id']}")  # noqa: E731
    review.wait(lambda: state()["state"] == "published", 60)
    assert state()["effective"] == day.isoformat()
    office.withdraw(handed["id"])
    assert page.evaluate("window.pointed") == 0


#: in which order a date is typed is the browser's own
YEAR_FIRST = "new Intl.DateTimeFormat().formatToParts()[0].type === 'year'"
