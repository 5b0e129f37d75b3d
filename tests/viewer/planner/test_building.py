"""Building a plan in the page: files in, how far it is, cancelled, all that is wrong at once, the plan opened."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect
from town_in_force import CODE

from axe import clean
from gis_grid.sources.sample import write_sample

pytestmark = [pytest.mark.browser, pytest.mark.slow]
#: what is the page's own, whichever database stands behind it
page_only = pytest.mark.parametrize("office", ["sqlite"], indirect=True)


def at_home(sit: Callable[..., Any], office: Any, **options: Any) -> Any:
    """Open the list of plans with the form for building."""
    page = sit(office.draft(), **options).page
    page.get_by_role("button", name="方案", exact=True).click()
    page.get_by_text("新建划分").click()
    page.get_by_label("区划代码").fill(CODE)
    return page


def give(page: Any, label: str, file: Path) -> None:
    """Hand a file in, and wait until it is taken."""
    page.locator(".build label").filter(has_text=label).locator("input[type=file]").set_input_files(file)
    expect(page.locator(".build label").filter(has_text=f"{label} ✓")).to_have_count(1, timeout=30_000)


def test_a_plan_is_built_from_files_and_opened(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    files = write_sample(tmp_path / "town")
    page = at_home(sit, office)
    page.get_by_label("名称").fill("新划")
    page.get_by_label("方案模板").select_option("qinzhou")
    for label, name in (("区界", "boundary"), ("道路", "streets"), ("户数点", "households"), ("社区", "communities")):
        give(page, label, files[name])
    clean(page)
    page.screenshot(path=tmp_path / "build-zh.png")
    page.get_by_role("button", name="开始").click()
    job = page.locator(".job")
    expect(job.locator("progress")).to_be_visible()
    expect(job).to_contain_text("完成：方案", timeout=120_000)
    page.screenshot(path=tmp_path / "built-zh.png")
    (made,) = [one for one in office.api("lin", "GET", "/plans?state=proposed")["plans"] if one["name"] == "新划"]
    page.get_by_role("button", name="打开", exact=True).click()
    page.locator(".tabs").wait_for(timeout=60_000)
    shown = page.evaluate("gisGrid.desk().session.plan.gridIds.length")
    assert shown == office.api("lin", "GET", f"/plans/{made['id']}")["counts"]["grids"]


@page_only
def test_a_build_is_cancelled_and_leaves_no_plan(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    files = write_sample(tmp_path / "town")
    before = len(office.api("lin", "GET", "/plans")["plans"])
    page = at_home(sit, office, refuses=True)
    page.get_by_role("button", name="开始").click()
    expect(page.locator(".build .told")).to_contain_text("还缺：区界、道路、户数点")
    for label, name in (("区界", "boundary"), ("道路", "streets"), ("户数点", "households")):
        give(page, label, files[name])
    page.get_by_role("button", name="开始").click()
    page.get_by_role("button", name="取消", exact=True).click()
    expect(page.locator(".job")).to_contain_text("已取消", timeout=30_000)
    page.get_by_role("button", name="English").click()
    expect(page.locator(".job")).to_contain_text("cancelled")
    assert office.api("lin", "GET", "/jobs")["jobs"][0]["state"] == "cancelled"
    assert len(office.api("lin", "GET", "/plans")["plans"]) == before


@page_only
def test_files_that_are_wrong_are_all_named_at_once(office: Any, sit: Callable[..., Any], tmp_path: Path) -> None:
    files = write_sample(tmp_path / "town")
    (tmp_path / "homes.csv").write_text("名称,户数\n1栋,12\n", encoding="utf-8")
    page = at_home(sit, office)
    give(page, "区界", files["streets"])
    give(page, "道路", files["streets"])
    give(page, "户数点", tmp_path / "homes.csv")
    page.get_by_role("button", name="开始").click()
    faults = page.locator("ul.fault li")
    expect(faults.first).to_be_visible(timeout=60_000)
    result = office.api("lin", "GET", "/jobs")["jobs"][0]["result"]
    told = result["faults_zh"]
    assert faults.all_inner_texts() == told
    assert len(told) == 2, "a fault of one file in all its rows hides none of another"
    assert [one.partition("，")[0].partition("：")[0] for one in told] == ["streets.gpkg", "homes.csv"]
    assert "应为面，却是 LineString → 应给面，不是点或线" in told[0]
    expect(page.locator(".job")).to_contain_text(f"{len(told)} 处问题")
    page.screenshot(path=tmp_path / "faults-zh.png")
    page.get_by_role("button", name="English").click()
    assert faults.all_inner_texts() == result["faults"]
    page.screenshot(path=tmp_path / "faults-en.png")
