"""Beside the drawing: any two plans compared, comments of a review, lines reported from the field, prints and files."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
from playwright.sync_api import expect

from axe import clean

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: what the page calls formats that it does not call by their name
LABELS = {"shapefile": "Shapefile (GBK)", "pdf": "图册 PDF"}


def test_a_plan_in_review_is_compared_with_another_one_and_swiped_by_keyboard(
    office: Any, sit: Callable[..., Any], tmp_path: Path
) -> None:
    desk = sit(office.draft())
    border = desk.borders()[0]
    plan = desk.handed_in()
    seen = sit(plan, "zhao").page
    seen.get_by_role("tab", name="影响").click()
    expect(seen.locator(".total")).to_have_count(0)
    seen.get_by_label("对比对象").select_option(office.town.plan_id)
    expect(seen.locator(".total")).to_contain_text("个街坊", timeout=60_000)
    moved = office.api("zhao", "GET", f"/plans/{plan}/compare?with={office.town.plan_id}")["moved"]
    assert border["b"] in [row["block_id"] for row in moved]
    seen.get_by_role("button", name="图上显示变化").click()
    differing = """() => { const { plan } = gisGrid.desk().session, map = gisGrid.map();
        return plan.blockIds.filter((id, n) => map.getFeatureState(
            { source: 'draft', sourceLayer: 'blocks', id: n + 1 }).m === 1) }"""
    found = desk.wait(lambda: seen.evaluate(differing))
    assert sorted(found) == sorted(row["block_id"] for row in moved), "what is coloured is what moved"
    assert seen.evaluate("gisGrid.map().getLayoutProperty('was-line', 'visibility')") == "visible"
    with seen.expect_download() as got:
        seen.get_by_role("button", name="下载交接清单").click()
    got.value.save_as(tmp_path / "handover.csv")
    assert "from_person" in (tmp_path / "handover.csv").read_text(encoding="utf-8-sig")
    seen.get_by_role("button", name="卷帘对比").click()
    expect(seen.locator(".swipe .over[data-ready]")).to_have_count(1, timeout=60_000)
    slider = seen.get_by_role("slider", name="卷帘对比")
    slider.focus()
    for _ in range(5):
        seen.keyboard.press("ArrowRight")
    clip = seen.locator(".swipe .over").evaluate("element => element.style.clipPath")
    assert clip.replace("px", "") == "inset(0 0 0 55%)"
    clean(seen)
    seen.screenshot(path=tmp_path / "swipe.png")
    day = office.api("zhao", "GET", f"/plans/{office.town.plan_id}")["effective"]
    seen.get_by_label("对比对象").select_option("")
    seen.get_by_label("或某日生效的方案").fill(day)
    expect(seen.get_by_label("对比对象")).to_have_value(office.town.plan_id)


def test_a_comment_of_the_review_reaches_the_planner_who_answers_and_settles_it(
    office: Any, sit: Callable[..., Any], tmp_path: Path
) -> None:
    plan = sit(office.draft()).handed_in()
    review = sit(plan, "zhao")
    page = review.page
    page.keyboard.press("j")
    form = page.locator(".detail .saying")
    form.locator("input").fill("东侧边界应沿路")
    form.locator("input").press("Enter")
    path = f"/plans/{plan}/comments"
    (said,) = review.wait(lambda: office.api("lin", "GET", path)["comments"])
    assert (said["sentence"], said["who"]) == ("东侧边界应沿路", "zhao")
    office.api("zhao", "POST", f"/plans/{plan}/return", json={"comment": ""})
    again = office.api("lin", "POST", f"/plans/{plan}/drafts", json={"name": "again"})["id"]
    drawing = sit(again).page
    drawing.get_by_role("tab", name="问题").click()
    remark = drawing.locator(".remarks article")
    expect(remark).to_contain_text("东侧边界应沿路")
    remark.get_by_role("button").first.click()
    chosen = "gisGrid.desk().session.plan.gridIds"
    assert said["grid"] in drawing.evaluate(chosen)
    clean(drawing)
    drawing.screenshot(path=tmp_path / "remarks.png")
    remark.locator("input").fill("已调整")
    remark.get_by_role("button", name="回复").click()
    expect(remark).to_contain_text("已调整")
    remark.get_by_role("button", name="办结").click()
    expect(remark).to_contain_text("已办结")
    told = office.api("lin", "GET", path)["comments"]
    assert [one["kind"] for one in told] == ["comment", "answer", "settled"]
    drawing.get_by_role("button", name="English").click()
    expect(drawing.locator(".remarks")).to_contain_text("Settled")


def test_a_line_reported_from_the_field_is_gone_to_and_settled(office: Any, sit: Callable[..., Any]) -> None:
    inside = office.town.plan.blocks.geometry.to_crs("EPSG:4326").iloc[0].representative_point()
    wish = {"lon": inside.x, "lat": inside.y, "sentence": "边界画在河的对岸"}
    made = office.api("lin", "POST", "/reports", json=wish)
    desk = sit(office.draft())
    page = desk.page
    page.get_by_role("tab", name="问题").click()
    report = page.locator(".reports article").filter(has_text="边界画在河的对岸")
    report.get_by_role("button").first.click()
    centre = page.evaluate("gisGrid.map().getCenter().toArray()")
    assert centre == pytest.approx([inside.x, inside.y], abs=1e-6)
    report.get_by_role("button", name="办结").click()
    expect(report).to_have_count(0)
    assert made["id"] not in [one["id"] for one in office.api("lin", "GET", "/reports")["reports"]]


def test_locks_are_kept_over_a_reload(office: Any, sit: Callable[..., Any]) -> None:
    page = sit(office.draft()).page
    page.keyboard.press("j")
    page.keyboard.press("q")
    locked = "[...gisGrid.desk().session.locks.value]"
    before = page.evaluate(locked)
    assert len(before) == 1
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(locked) == before


def test_a_frontage_goes_whole_while_a_key_is_held(office: Any, sit: Callable[..., Any]) -> None:
    desk = sit(office.draft())
    border, row = desk.front()
    assert len(row) > 1, "the town has a row of blocks along a street that divides two grids"
    desk.page.keyboard.down("f")
    desk.drag(border, release=False)
    desk.page.mouse.up()
    desk.page.keyboard.up("f")
    (entry,) = desk.wait(lambda: office.journal(desk.draft))
    assert set(row) <= {move["block"] for move in entry["moves"]}
    assert office.holds(desk.draft) == desk.holds()


def test_every_file_that_the_page_offers_opens(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    desk = sit(office.draft())
    page, grids = desk.page, len(office.town.plan.grids)
    for format_ in ("gpkg", "geojson", "shapefile", "kml", "xlsx", "pdf"):
        with page.expect_download(timeout=60_000) as got:
            page.locator("header summary", has_text="导出").click()
            page.locator("header .menu").get_by_role("button", name=LABELS.get(format_, format_)).click()
        path = tmp_path / got.value.suggested_filename
        got.value.save_as(path)
        if format_ == "xlsx":
            assert openpyxl.load_workbook(path, read_only=True).sheetnames
        elif format_ == "pdf":
            assert path.read_bytes().startswith(b"%PDF-")
        else:
            layer = {"layer": "grids"} if format_ == "gpkg" else {}
            assert len(pyogrio.read_dataframe(path, **layer)) == grids, format_
        if format_ == "shapefile":
            archive = zipfile.ZipFile(path)
            code_page = next(name for name in archive.namelist() if name.endswith(".cpg"))
            assert b"GBK" in archive.read(code_page).upper()
    page.keyboard.press("j")
    with page.expect_download(timeout=60_000) as got:
        page.get_by_role("button", name="打印网格卡").click()
    got.value.save_as(tmp_path / "card.pdf")
    assert (tmp_path / "card.pdf").read_bytes().startswith(b"%PDF-")
