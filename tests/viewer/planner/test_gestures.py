"""Every gesture and every rule of the page: what is seen there, and what the store holds afterwards."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOCKED = "[...gisGrid.desk().session.locks.value].map((grid) => gisGrid.desk().session.plan.gridId(grid))"
MATES = """(id) => { const { plan } = gisGrid.desk().session, home = plan.home(plan.gridIds.indexOf(id));
    return plan.gridIds.filter((_, grid) => plan.members[grid]?.size && plan.home(grid) === home) }"""


def ring(place: list[float], radius: float = 9) -> list[list[float]]:
    """Return a way round a place."""
    x, y = place
    turns = [math.pi * n / 4 for n in range(9)]
    return [[x + radius * math.cos(turn), y + radius * math.sin(turn)] for turn in turns]


def test_rectangle_and_lasso_pick_blocks_which_go_into_the_chosen_grid(seat: Any) -> None:
    desk = seat.fresh()
    page = desk.page
    first = desk.pair(mates=True, wall=False)
    second = next(one for one in desk.pairs() if one["one"] == first["one"] and one["b"] != first["b"] and one["mates"])
    desk.choose(first["one"])
    page.keyboard.press("r")
    (x, y), strip = first["to"], page.locator(".strip")
    desk.stroke([[x - 8, y - 8], [x + 8, y + 8]])
    expect(strip).to_contain_text("已选 1 个街坊")
    desk.pencil("o")
    desk.stroke(ring(second["to"]), steps=3)
    expect(strip).to_contain_text("已选 2 个街坊")
    page.mouse.click(*second["to"])
    expect(strip).to_contain_text("已选 1 个街坊")
    page.mouse.click(*second["to"])
    page.get_by_role("button", name=f"并入{desk.called(first['one'])}").click()
    expect(strip).to_have_count(0)
    (entry,) = desk.entered()
    assert {move["block"]: move["new"] for move in entry["moves"]} == dict.fromkeys(
        (first["b"], second["b"]), first["one"]
    )
    desk.agreed()


def loads(desk: Any, held: dict[str, str]) -> dict[str, int]:
    """Return the households of each grid, added up block by block."""
    blocks = desk.office.api("lin", "GET", f"/drafts/{desk.draft}/table")["blocks"]
    found = dict.fromkeys(held.values(), 0)
    for block, households in zip(blocks["id"], blocks["households"], strict=True):
        found[held[block]] += households
    return found


def test_a_whole_compound_goes_while_shift_is_held(seat: Any) -> None:
    desk = seat.fresh()
    page = desk.page
    pair = max((one for one in desk.pairs() if one["mates"] and not one["wall"]), key=lambda one: one["parts"])
    script = """(id) => { const { plan } = gisGrid.desk().session, parent = plan.parent[plan.block(id)];
        return plan.blockIds.filter((_, block) => plan.parent[block] === parent) }"""
    compound, start = page.evaluate(script, pair["b"]), desk.holds()
    assert len(compound) > 2
    page.keyboard.press("b")
    page.keyboard.down("Shift")
    page.mouse.move(*pair["from"])
    page.mouse.down()
    page.mouse.move(*pair["to"], steps=10)
    for grid, load in loads(desk, start).items():
        changed = loads(desk, desk.holds()).get(grid, 0)
        if changed != load:
            expect(page.locator(".strip")).to_contain_text(f"{load} → {changed}")
    page.mouse.up()
    page.keyboard.up("Shift")
    desk.entered()
    held = desk.office.holds(desk.draft)
    assert {held[block] for block in compound} == {pair["one"]}
    assert {block for block in held if held[block] != start[block]} <= set(compound), "nothing else goes along"
    desk.agreed()


@pytest.mark.parametrize(
    ("wanted", "words", "rule", "title"),
    [
        ({"mates": False}, "社区界线：按住 Alt 可跨越", "inside-parent", "跨社区"),
        ({"mates": True, "wall": True}, "屏障：按住 Alt 可跨越", "barrier", "跨屏障"),
    ],
)
def test_lines_stop_a_stroke_until_alt_is_held_and_then_it_is_a_fault(
    seat: Any, wanted: dict[str, bool], words: str, rule: str, title: str
) -> None:
    desk = seat.fresh()
    page, pair = desk.page, desk.pair(**wanted)
    page.keyboard.press("b")
    page.mouse.move(*pair["from"])
    page.mouse.down()
    page.mouse.move(*pair["to"], steps=10)
    expect(page.locator(".strip em")).to_have_text(words)
    page.mouse.up()
    assert desk.office.journal(desk.draft, desk.begun) == []
    assert desk.holds()[pair["b"]] == pair["other"]
    page.keyboard.down("Alt")
    desk.stroke([pair["from"], pair["to"]])
    page.keyboard.up("Alt")
    desk.entered()
    assert (rule, pair["one"]) in desk.agreed()
    page.get_by_role("tab", name="问题").click()
    zoom = page.evaluate("gisGrid.map().getZoom()")
    section = page.locator("section", has=page.get_by_role("heading", name=title))
    section.get_by_role("button", name=desk.called(pair["one"])).click()
    desk.wait(lambda: page.evaluate("gisGrid.map().getZoom()") > zoom)
    page.keyboard.press("Control+z")
    desk.entered(2)
    assert (rule, pair["one"]) not in desk.agreed()


def test_a_grid_in_two_pieces_and_out_of_band_is_told_as_the_service_tells_it(seat: Any) -> None:
    desk = seat.fresh()
    page = desk.page
    near = {(one["a"], one["other"]) for one in desk.pairs()}
    before = desk.rules()
    fit = lambda one: one["mates"] and one["size"] > 1 and ("band", one["one"]) not in before  # noqa: E731
    pair = next(one for one in desk.pairs() if fit(one))
    apart = next(
        grid
        for grid in page.evaluate(MATES, pair["one"])
        if grid != pair["other"] and (pair["b"], grid) not in near and page.evaluate(FAR, [pair["b"], grid])
    )
    desk.choose(apart)
    page.keyboard.press("r")
    page.mouse.click(*pair["to"])
    page.get_by_role("button", name=f"并入{desk.called(apart)}").click()
    desk.entered()
    found = desk.agreed()
    assert ("contiguous", apart) in found - before
    page.get_by_role("tab", name="问题").click()
    expect(page.get_by_role("heading", name="不连片")).to_be_visible()
    desk.choose(pair["one"])
    page.get_by_text("与相邻网格合并").click()
    page.locator(".detail .step", has_text="合并到本网格").first.click()
    desk.entered(2)
    assert ("band", pair["one"]) in desk.agreed() - before
    page.get_by_role("tab", name="问题").click()
    expect(page.get_by_role("heading", name="户数超范围")).to_be_visible()


#: a block touches no block of a grid
FAR = """([id, grid]) => { const { plan } = gisGrid.desk().session, row = plan.gridIds.indexOf(grid);
    const one = plan.block(id);
    for (let n = plan.ptr[one]; n < plan.ptr[one + 1]; n++) if (plan.grid[plan.near[n]] === row) return false;
    return true }"""


def test_a_block_in_no_grid_stands_on_top_and_is_gone_to(office: Any, sit: Callable[..., Any]) -> None:
    """No gesture takes a block out of its grid, and the service lets none: here its answer is altered on the way."""
    desk = sit(office.draft())
    page = desk.page
    loose: list[int] = []

    def alter(route: Any) -> None:
        answer = route.fetch()
        table = answer.json()
        loose.append(max(range(len(table["blocks"]["id"])), key=lambda row: table["blocks"]["area_m2"][row]))
        table["blocks"]["grid"][loose[0]] = -1
        route.fulfill(response=answer, json=table)

    page.route("**/table", alter)
    page.reload()
    page.wait_for_selector("html[data-ready]", timeout=60_000)
    shown = page.locator(".loose")
    expect(shown).to_contain_text("1 个街坊未划入网格")
    zoom = page.evaluate("gisGrid.map().getZoom()")
    shown.get_by_role("button", name="查看").click()
    desk.wait(lambda: page.evaluate("gisGrid.map().getZoom()") > zoom)
    page.get_by_role("tab", name="问题").click()
    expect(page.locator("section h2").first).to_contain_text("未划入网格")
    assert ("no-gap", "") in desk.rules()
    refused = {"revision": 0, "moves": [{"block": desk_block(desk, loose[0]), "old": "", "new": ""}], "why": ""}
    answer = page.request.patch(
        f"{office.url}/api/drafts/{desk.draft}",
        data=refused,
        headers={"Authorization": f"Bearer {office.tokens['lin']}"},
    )
    assert answer.status == 422


def desk_block(desk: Any, row: int) -> str:
    """Return the id of a block by its row."""
    return str(desk.page.evaluate("(row) => gisGrid.desk().session.plan.blockIds[row]", row))


def test_the_list_finds_and_orders_grids_and_the_keyboard_walks_through_it_so(seat: Any) -> None:
    desk = seat.fresh()
    page = desk.page
    table = desk.office.api("lin", "GET", f"/drafts/{desk.draft}/table")["grids"]
    loads = dict(zip(table["id"], table["load"], strict=True))
    counts = page.locator(".rows span.load")
    for shown, order in (("smallest", sorted(loads.values())), ("largest", sorted(loads.values(), reverse=True))):
        page.get_by_label("筛选").select_option(shown)
        desk.wait(lambda order=order: (seen := [int(text) for text in counts.all_inner_texts()]) == order[: len(seen)])
        page.locator("h1").click()
        page.keyboard.press("j")
        (row,) = page.locator(".row.chosen span.load").all_inner_texts()
        assert int(row) == order[0]
        page.keyboard.press("Escape")
    page.get_by_label("筛选").select_option("illegal")
    names = {desk.called(grid) for _, grid in desk.rules()}
    assert set(page.locator(".rows .name b").all_inner_texts()) == names
    page.get_by_label("筛选").select_option("worst")
    sought = desk.called(table["id"][7])
    page.get_by_label("名称、编码").fill(sought)
    assert all(sought in text for text in page.locator(".rows .name b").all_inner_texts())
    page.get_by_label("名称、编码").fill(table["code"][7])
    expect(page.locator(".rows .name b")).to_have_text([sought])
    page.get_by_label("名称、编码").fill("")


def test_locks_of_a_grid_a_community_and_all_hold_blocks_where_they_are(seat: Any) -> None:
    desk = seat.fresh()
    page, pair = desk.page, desk.pair(mates=True, wall=False)
    mates = page.evaluate(MATES, pair["one"])

    def held() -> None:
        page.keyboard.press("b")
        page.mouse.move(*pair["from"])
        page.mouse.down()
        page.mouse.move(*pair["to"], steps=10)
        expect(page.locator(".strip em")).to_have_text("网格已锁定")
        page.mouse.up()
        assert desk.holds()[pair["b"]] == pair["other"]

    desk.choose(pair["other"])
    lock = page.locator(".row.chosen .lock")
    lock.click()
    assert page.evaluate(LOCKED) == [pair["other"]]
    held()
    lock.click()
    page.get_by_role("button", name="锁定本社区").click()
    assert set(page.evaluate(LOCKED)) == set(mates)
    held()
    page.get_by_role("button", name="全部锁定").click()
    assert len(page.evaluate(LOCKED)) == len(set(desk.holds().values()))
    held()
    page.get_by_role("button", name="全部解锁").click()
    assert page.evaluate(LOCKED) == []
    desk.stroke([pair["from"], pair["to"]])
    desk.entered()
    assert desk.office.holds(desk.draft)[pair["b"]] == pair["one"]


def test_what_was_drawn_without_a_network_is_carried_over_after_the_page_was_closed(
    office: Any, sit: Callable[..., Any]
) -> None:
    desk = sit(office.draft())
    context, pair = desk.page.context, desk.pair(mates=True, wall=False)
    context.set_offline(True)
    desk.page.keyboard.press("b")
    desk.stroke([pair["from"], pair["to"]])
    expect(desk.page.locator(".status")).to_contain_text("1 步待上传")
    other = next(one for one in desk.pairs() if one["mates"] and pair["b"] not in (one["a"], one["b"]))
    desk.page.wait_for_timeout(300)
    desk.page.close()
    assert office.journal(desk.draft) == []
    theirs = {"block": other["b"], "old": other["other"], "new": other["one"]}
    office.api("wang", "PATCH", f"/drafts/{desk.draft}", json={"revision": 0, "moves": [theirs], "why": ""})
    context.set_offline(False)
    desk.page = context.new_page()
    desk.page.goto(f"{office.url}/?draft={desk.draft}")
    desk.page.wait_for_selector("html[data-ready]", timeout=60_000)
    held = office.holds(desk.draft)
    assert (held[pair["b"]], held[other["b"]]) == (pair["one"], other["one"])
    assert [entry["who"] for entry in office.journal(desk.draft)] == ["wang", "lin"]
    desk.agreed()


def test_of_a_clash_theirs_stands_where_it_is_taken(office: Any, sit: Callable[..., Any]) -> None:
    draft = office.draft()
    desk = sit(draft)
    page, pair = desk.page, desk.pair(mates=True, wall=False)
    third = next(grid for grid in page.evaluate(MATES, pair["one"]) if grid not in (pair["one"], pair["other"]))
    page.context.set_offline(True)
    page.keyboard.press("b")
    desk.stroke([pair["from"], pair["to"]])
    theirs = {"block": pair["b"], "old": pair["other"], "new": third}
    office.api("wang", "PATCH", f"/drafts/{draft}", json={"revision": 0, "moves": [theirs], "why": ""})
    page.context.set_offline(False)
    clash = page.get_by_role("alertdialog")
    expect(clash).to_contain_text("wang", timeout=20_000)
    for grid in (pair["one"], third):
        expect(clash).to_contain_text(desk.called(grid))
    clash.get_by_role("button", name="用对方的").click()
    expect(clash).to_have_count(0)
    assert [entry["who"] for entry in office.journal(draft)] == ["wang"]
    assert office.holds(draft)[pair["b"]] == third
    desk.agreed()


def test_a_finger_takes_hold_of_a_border(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft(), has_touch=True)
    border = desk.borders()[0]
    (x, y), (to_x, to_y) = border["at"], border["to"]
    finger = desk.page.context.new_cdp_session(desk.page)

    def touch(kind: str, *places: dict[str, float]) -> None:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": list(places)})

    touch("touchStart", {"x": x, "y": y})
    for step in range(1, 13):
        touch("touchMove", {"x": x + (to_x - x) * step / 12, "y": y + (to_y - y) * step / 12})
    expect(desk.page.locator(".strip")).to_contain_text("→")
    touch("touchEnd")
    (entry,) = desk.wait(lambda: office.journal(desk.draft))
    assert {"block": border["b"], "old": border["other"], "new": border["one"]} in entry["moves"]
    desk.agreed()


def test_from_afar_a_border_that_is_drawn_anew_is_seen_as_well(office: Any, sit: Callable[..., Any]) -> None:
    """Tiles of the overview have no lines between blocks of a grid; those that become borders are drawn besides."""
    desk = sit(office.draft())
    page = desk.page
    zoom = "async (zoom) => { const map = gisGrid.map(); map.jumpTo({ zoom }); await map.once('idle'); }"
    between = """([id]) => { const { session, layers } = gisGrid.desk(), { plan } = session, { shapes } = layers;
        return shapes.linesOf[plan.block(id)].filter((line) => {
            const [a, b] = [shapes.lineA[line], shapes.lineB[line]];
            return b >= 0 && plan.grid[a] === plan.grid[b] && !plan.walled(a, b) }).length }"""
    shown = """async () => { const map = gisGrid.map();
        if (!map.loaded()) await map.once('idle');
        const found = map.queryRenderedFeatures({ layers: ['border-late'] }).filter((one) => one.properties.on);
        return new Set(found.map((one) => JSON.stringify(one.geometry))).size }"""
    move = """([id, grid]) => { const { session } = gisGrid.desk(), { plan } = session;
        session.change([{ block: plan.block(id), old: 0, new: plan.gridOf(grid) }], 'by hand') }"""
    pair = next(one for one in desk.pairs() if page.evaluate(between, [one["b"]]))
    count = page.evaluate(between, [pair["b"]])
    page.evaluate(zoom, 12.4)
    assert page.evaluate(shown) == 0
    page.evaluate(move, [pair["b"], pair["one"]])
    desk.wait(lambda: page.evaluate(shown) == count)
    page.keyboard.press("Control+z")
    desk.wait(lambda: page.evaluate(shown) == 0)
    page.evaluate(zoom, 15)  # what is drawn close by is there when one looks from afar again
    page.evaluate(move, [pair["b"], pair["one"]])
    page.evaluate(zoom, 12.4)
    desk.wait(lambda: page.evaluate(shown) == count)
    page.keyboard.press("Control+z")
    desk.agreed()
