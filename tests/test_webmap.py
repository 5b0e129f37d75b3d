"""The map page: it draws without a network, shows every layer, and lets no text of a plan become a tag."""

from __future__ import annotations

import dataclasses
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.errors import OutputError
from gis_grid.palette import FILLS, colour_numbers
from gis_grid.webmap import map_page, write_map
from gis_grid.webmap.features import features_of
from small import CRS, small_plan

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EVIL = """</script><script>window.evil = 1</script><img src=x onerror="window.evil=1">{{ 7 * 7 }}{% raw %}'"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if CHROMIUM is None:
        message = "Chromium is not installed (apt-get install chromium)"
        if "browser" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail(message)
        pytest.skip(message)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Any) -> Iterator[Any]:
    """Open a file in a browser that is cut off from the network; return the page and what went wrong on it."""
    context = browser.new_context(viewport={"width": 1100, "height": 800}, offline=True)

    def opened(path: Path) -> tuple[Any, list[str]]:
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else faults.append(asked.url))
        page.goto(path.as_uri())
        page.wait_for_function("window.gisGridReady === true", timeout=10_000)
        return page, faults

    yield opened
    context.close()


def drawn(page: Any, selector: str = "canvas") -> float:
    """Return the share of pixels of all canvases that something was drawn on."""
    script = """(selector) => Math.max(0, ...[...document.querySelectorAll(selector)].map((canvas) => {
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let full = 0;
        for (let n = 3; n < data.length; n += 4) full += data[n] > 0;
        return full / (data.length / 4);
    }))"""
    return float(page.evaluate(script, selector))


@pytest.mark.browser
def test_the_page_draws_without_a_network(open_page: Any, tmp_path: Path) -> None:
    page, faults = open_page(write_map(small_plan(), tmp_path / "map.html"))
    assert faults == []
    assert drawn(page) > 0.1
    titles = page.locator(".leaflet-control-layers-overlays label").all_inner_texts()
    wanted = "网格 Grids,街块 Blocks,社区 Communities,网格界线 Borders,屏障 Barriers,提示 Warnings,标注 Labels"
    assert [title.strip() for title in titles] == wanted.split(",")
    assert page.locator(".gg-label").all_inner_texts() == [
        f"新华{row}网格\n{households} 户" for row, households in zip(range(1, 5), (320, 370, 420, 470), strict=True)
    ]
    legend = page.locator(".gg-legend").inner_text()
    assert "300–500" in legend
    assert "河流 river" in legend


@pytest.mark.browser
def test_a_click_on_a_grid_shows_its_card(open_page: Any, tmp_path: Path) -> None:
    page, faults = open_page(write_map(small_plan(), tmp_path / "map.html"))
    box = page.locator(".gg-label").first.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2 + 40, box["y"] + box["height"] / 2)
    card = page.locator(".gg-card").inner_text()
    assert "420199001001001" in card
    assert "东至环城路" in card
    assert "south to 新华路" in card
    assert faults == []


@pytest.mark.browser
def test_a_layer_can_be_switched_off_and_on(open_page: Any, tmp_path: Path) -> None:
    page, _ = open_page(write_map(small_plan(), tmp_path / "map.html"))
    before = drawn(page)
    page.locator(".leaflet-control-layers-overlays label", has_text="网格 Grids").click()
    page.wait_for_timeout(200)
    assert drawn(page) < before / 2
    page.locator(".leaflet-control-layers-overlays label", has_text="标注 Labels").click()
    assert page.locator(".gg-label").count() == 0


@pytest.mark.browser
def test_text_of_a_plan_never_becomes_a_tag(open_page: Any, tmp_path: Path) -> None:
    plan = small_plan(name=EVIL.replace("{", "{{").replace("}", "}}") + "{row}")
    plan = dataclasses.replace(plan, scheme=dataclasses.replace(plan.scheme, title_zh=EVIL, title_en=EVIL))
    plan = dataclasses.replace(plan, issues=plan.issues.assign(message_zh=EVIL, remedies=EVIL))
    page, faults = open_page(write_map(plan, tmp_path / "map.html"))
    assert page.evaluate("window.evil") is None
    assert EVIL in page.locator(".gg-legend").inner_text()
    box = page.locator(".gg-legend summary").bounding_box()
    assert box["width"] > 0
    assert faults == []


def test_equal_plans_make_equal_pages() -> None:
    assert map_page(small_plan()) == map_page(small_plan())


def test_the_page_asks_for_nothing() -> None:
    page = map_page(small_plan())
    assert not re.search(r"<(script|img|link|iframe)[^>]+(src|href)=", page)
    assert not re.search(r"url\((?!data:|#default)", page)


def test_coordinates_have_six_decimals_and_neighbours_share_them() -> None:
    features = features_of(small_plan(), tolerance_m=0.5)
    numbers = re.findall(r"\d+\.(\d+)", str([f["geometry"] for f in features.layers["grids"]["features"]]))
    assert numbers
    assert max(map(len, numbers)) <= 6
    shapes = [shapely.from_geojson(str(f["geometry"]).replace("'", '"')) for f in features.layers["grids"]["features"]]
    assert shapely.coverage_is_valid(shapes)


def test_a_plan_of_six_hundred_grids_stays_below_five_megabytes() -> None:
    assert len(map_page(wavy_plan(600)).encode()) < 5_000_000


def wavy_plan(grids: int) -> Any:
    """Make a plan of many grids of six blocks whose borders have a vertex every few metres."""
    side = int(np.ceil(np.sqrt(grids * 6)))
    along = np.linspace(0, 1, 21)
    wave = 6 * np.sin(along * 9)

    def edge(a: tuple[float, float], b: tuple[float, float]) -> Any:
        run = np.subtract(b, a)
        return np.array(a) + along[:-1, None] * run + wave[:-1, None] * np.array([run[1], -run[0]]) / 100

    def cell(n: int) -> shapely.Polygon:
        x, y = 530_000 + n % side * 100.0, 3_386_000 + n // side * 100.0
        level = [edge((x, y), (x + 100, y)), edge((x, y + 100), (x + 100, y + 100))]
        upright = [edge((x, y), (x, y + 100)), edge((x + 100, y), (x + 100, y + 100))]
        ring = [*level[0], (x + 100, y), *upright[1][1:], (x + 100, y + 100), *level[1][::-1], *upright[0][1:][::-1]]
        return shapely.Polygon(ring)

    shapes = [cell(n) for n in range(side * side)]
    index = pd.Index([f"b{n:05d}" for n in range(len(shapes))], name="block_id")
    grid = pd.Series([f"g{n // side // 2 * side + n % side // 3:05d}" for n in range(len(shapes))], index=index)
    plan = small_plan()
    blocks = gpd.GeoDataFrame(
        {"community_code": "420199001001", "households": 66}, geometry=shapes, index=index, crs=CRS
    )
    ids = sorted(grid.unique())
    frame = gpd.GeoDataFrame(
        {"code": [f"42019900100{n:04d}" for n in range(len(ids))], "name": "", "community_code": "420199001001"}
        | {"households": 400, "blocks": 6, "area_m2": 6e4, "bounds_zh": "东至" * 40, "bounds_en": "east " * 40},
        geometry=[shapely.box(0, 0, 1, 1)] * len(ids),
        index=pd.Index(ids, name="grid_id"),
        crs=CRS,
    )
    right = [n for n in range(len(shapes)) if n % side < side - 1]
    borders = gpd.GeoDataFrame(
        {"a": index[right], "b": index[[n + 1 for n in right]], "street_class": "residential", "barrier": False},
        geometry=[shapely.intersection(shapes[n], shapes[n + 1]) for n in right],
        crs=CRS,
    )
    borders = borders[borders.geom_type.isin(["LineString", "MultiLineString"])]
    return dataclasses.replace(
        plan, blocks=blocks, assignment=grid, grids=frame, borders=borders, issues=plan.issues.iloc[:0]
    )


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 60), st.integers(0, 2**32 - 1))
def test_neighbours_on_a_flat_map_never_share_a_colour(count: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(0, 1, (count, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(points)))
    pairs = shapely.STRtree(cells).query(cells, predicate="touches").T
    colours = colour_numbers(pairs[pairs[:, 0] < pairs[:, 1]], len(cells))
    assert (colours[pairs[:, 0]] != colours[pairs[:, 1]]).all()
    assert 0 <= colours.min() <= colours.max() < len(FILLS)


def test_pages_that_cannot_be_written_are_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="html"):
        write_map(small_plan(), tmp_path / "map.pdf")
    with pytest.raises(OutputError, match=r"there is no folder .*none → create"):
        write_map(small_plan(), tmp_path / "none" / "map.html")
