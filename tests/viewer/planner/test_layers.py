"""What is laid over the plan: its ground, buildings as high as they are, the grids of another plan or department."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import expect

from axe import clean

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: what is the page's own, whichever database stands behind it
page_only = pytest.mark.parametrize("office", ["sqlite"], indirect=True)

#: what is drawn of a layer of the map, each thing once
DRAWN = """(layer) => !gisGrid.map().getLayer(layer) ? -1 : new Set(
  gisGrid.map().queryRenderedFeatures({ layers: [layer] }).map((one) => one.properties.name)).size"""
#: whose borders are drawn
WHOSE = """() => gisGrid.map().getSource('beside').getData().then((data) =>
  data.features.reduce((sums, { properties: { who } }) => ({ ...sums, [who]: (sums[who] ?? 0) + 1 }), {}))"""


def shots(page: Any, folder: Path, name: str) -> None:
    """Take the page in both languages."""
    page.screenshot(path=folder / f"{name}-zh.png")
    page.get_by_role("button", name="English").click()
    page.wait_for_timeout(300)
    page.screenshot(path=folder / f"{name}-en.png")


@page_only
def test_layers_of_the_ground_are_turned_on_by_keyboard(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    desk = sit(office.draft())
    page, plan = desk.page, office.town.plan
    page.keyboard.press("t")
    expect(page.get_by_role("tab", name="图层")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("checkbox", name="社区")).to_be_focused()
    page.keyboard.press("Space")
    assert desk.wait(lambda: page.evaluate(DRAWN, "communities-over") == len(plan.communities))
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    desk.wait(lambda: page.evaluate(DRAWN, "compounds-over") == plan.compounds["name"].nunique())
    expect(page.locator(".legend")).to_contain_text("小区院落")
    clean(page)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    desk.wait(lambda: page.evaluate("gisGrid.map().getPitch()") == 50)
    told = page.evaluate("gisGrid.map().getSource('buildings').getData()")
    assert sorted(one["properties"]["storeys"] for one in told["features"]) == sorted(plan.buildings["storeys"])
    desk.wait(lambda: page.evaluate(DRAWN, "buildings-over") > 0)
    shots(page, tmp_path, "ground")
    expect(page.locator(".legend")).to_contain_text("Buildings in 3-D")
    for name in ("Buildings", "Compounds", "Communities"):
        page.get_by_role("checkbox", name=name).uncheck()
    desk.wait(lambda: page.evaluate("gisGrid.map().getPitch()") == 0)
    assert page.evaluate(DRAWN, "compounds-over") == 0
    expect(page.locator(".legend")).not_to_contain_text("Compounds")


def test_another_plan_lies_beside_the_draft_and_follows_what_is_drawn(
    office: Any, sit: Callable[..., Any], tmp_path: Path
) -> None:
    desk = sit(office.draft())
    page, border = desk.page, desk.borders()[0]
    desk.drag(border)
    desk.saved()
    page.keyboard.press("t")
    page.get_by_label("另一方案").select_option(office.town.plan_id)
    found, grids = page.locator(".beside"), len(office.town.plan.grids)
    moved = office.journal(desk.draft)[0]["moves"]
    touched = {name for move in moved for name in (move["old"], move["new"])}
    expect(found.locator(".same")).to_have_text(f"{grids - len(touched)} / {grids} 个网格一致")
    households = office.town.plan.blocks["households"]
    worst = max(
        sum(int(households[move["block"]]) for move in moved if name in (move["old"], move["new"])) for name in touched
    )
    first = found.locator(".step").first
    expect(first).to_contain_text(f"{worst} 户")
    whose = desk.wait(lambda: page.evaluate(WHOSE))
    assert whose["ours"] > 0
    assert whose["theirs"] > 0
    assert whose["drawn"] == grids
    first.click()
    assert page.evaluate("gisGrid.desk().session.plan.gridIds.length") >= grids
    clean(page)
    shots(page, tmp_path, "beside")
    page.keyboard.press("Control+z")
    expect(found.locator(".same")).to_have_text(f"{grids} of {grids} grids are the same")
    whose = page.evaluate(WHOSE)
    assert set(whose) == {"both", "drawn"}, "no border is only here or only theirs"
    page.get_by_role("button", name="Take away").click()
    expect(found).to_have_count(0)
    assert page.evaluate(WHOSE) == {}


def others(office: Any) -> tuple[gpd.GeoDataFrame, set[str]]:
    """Return the town's grids as another department has them, two of them as one, and the names of those two."""
    grids = office.town.plan.grids[["name", "geometry"]].reset_index(drop=True)
    one = next(n for n in range(len(grids)) if grids.touches(grids.geometry[n]).any())
    other = int(grids.index[grids.touches(grids.geometry[one])][0])
    names = {str(grids.name[one]), str(grids.name[other])}
    grids.loc[one, "geometry"] = grids.geometry[one].union(grids.geometry[other])
    return grids.drop(index=other), names


@page_only
def test_grids_of_another_department_come_as_a_file_and_nothing_of_it_stays(
    office: Any, sit: Callable[..., Any], tmp_path: Path
) -> None:
    theirs, names = others(office)
    theirs.to_file(tmp_path / "城管.gpkg", layer="streets_too", driver="GPKG")
    theirs.to_file(tmp_path / "城管.gpkg", layer="grids", driver="GPKG")
    theirs.to_crs(4326).to_file(tmp_path / "shp.shp", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "no-crs.zip", "w") as archive:
        for ending in ("shp", "shx", "dbf", "cpg"):
            archive.write(tmp_path / f"shp.{ending}", f"theirs.{ending}")
    theirs.translate(xoff=300_000).to_frame().to_file(tmp_path / "away.gpkg", driver="GPKG")
    (tmp_path / "wrong.gpkg").write_text("no database")
    desk = sit(office.draft(), refuses=True)
    page, grids = desk.page, len(office.town.plan.grids)
    page.keyboard.press("t")
    chooser, told = page.get_by_label("网格文件"), page.locator(".layers [role=alert]")
    for file, words in (
        ("wrong.gpkg", "内容与扩展名不符"),
        ("away.gpkg", "不在本方案范围内"),
        ("no-crs.zip", "没有坐标系"),
    ):
        chooser.set_input_files(tmp_path / file)
        expect(told).to_contain_text(words, timeout=30_000)
    page.get_by_label("坐标系").fill("EPSG:4326")
    page.get_by_role("button", name="读取").click()
    same = page.locator(".beside .same")
    expect(same).to_have_text(f"{grids - 2} / {grids} 个网格一致", timeout=30_000)
    chooser.set_input_files(tmp_path / "城管.gpkg")
    expect(page.locator(".beside h2")).to_have_text("城管.gpkg", timeout=30_000)
    expect(same).to_have_text(f"{grids - 2} / {grids} 个网格一致")
    rows = page.locator(".beside .step").filter(has_not_text="一致").all_inner_texts()
    assert all(any(name in row for name in names) for row in rows)
    assert any("无对应" in row for row in rows)
    assert page.get_by_label("文件图层").locator("option").count() == 2
    clean(page)
    assert office.api("lin", "GET", "/files")["files"] == []
