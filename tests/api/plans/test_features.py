"""Published grids as OGC features: by hand, and as GDAL's own driver reads them from a running service."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import geopandas as gpd
import httpx
import pyogrio
import pytest
import shapely
from offices import CODE, Office, in_force, opened

from gis_grid.grids import grids
from gis_grid.store import Store
from gis_grid.store.plans import load_plan
from townlet import squares

GRIDS = f"/api/ogc/collections/grids-{CODE}"


@pytest.fixture
def published(office: Office) -> Office:
    in_force(office)
    return office


def test_the_landing_page_leads_to_everything(published: Office) -> None:
    links = {one["rel"]: one["href"] for one in published.calls.get("/api/ogc").json()["links"]}
    assert {"self", "service-desc", "conformance", "data"} <= set(links)
    for rel in ("service-desc", "conformance", "data"):
        assert published.calls.get(links[rel]).status_code == 200
    listed = published.calls.get(links["data"]).json()["collections"]
    assert [one["id"] for one in listed] == [f"grids-{CODE}", f"communities-{CODE}"]
    for one in listed:
        for link in one["links"]:
            assert published.calls.get(link["href"]).status_code == 200, link


def test_features_are_the_grids_of_the_plan_in_force(published: Office) -> None:
    found = published.calls.get(f"{GRIDS}/items")
    assert found.headers["content-type"] == "application/geo+json"
    told = found.json()
    assert (told["numberMatched"], told["numberReturned"]) == (2, 2)
    frame = gpd.GeoDataFrame.from_features(told, crs=4326).to_crs(published.plan.grids.crs).set_index("code")
    wanted = published.plan.grids.set_index("code")
    assert shapely.hausdorff_distance(frame.geometry, wanted.geometry.reindex(frame.index)).max() < 0.01
    assert frame["households"].tolist() == wanted["households"].reindex(frame.index).tolist()
    one = published.calls.get(f"{GRIDS}/items/{frame.index[0]}").json()
    assert (one["type"], one["id"]) == ("Feature", frame.index[0])
    assert published.calls.get(f"{GRIDS}/items/none").status_code == 404


def test_pages_lead_to_one_another(published: Office) -> None:
    seen, url = [], f"{GRIDS}/items?limit=1"
    while url:
        page = published.calls.get(url).json()
        seen += [one["id"] for one in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == sorted(published.plan.grids["code"])
    assert len(seen) == 2


def test_a_box_a_code_and_a_day_choose(published: Office) -> None:
    shape = published.plan.grids.to_crs(4326).set_index("code").geometry
    first = shape.index[0]
    inside = shape[first].centroid
    box = ",".join(map(str, (inside.x, inside.y, inside.x, inside.y)))
    for query in (f"bbox={box}", f"code={first}"):
        found = published.calls.get(f"{GRIDS}/items?{query}").json()
        assert [one["id"] for one in found["features"]] == [first], query
    assert published.calls.get(f"{GRIDS}/items?community_code=0").json()["features"] == []
    assert published.calls.get(f"{GRIDS}/items?datetime=2019-12-31").status_code == 404
    assert published.calls.get(f"{GRIDS}/items?datetime=2020-01-01/..").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "bbox=1,2,3",
        "bbox=a,b,c,d",
        "bbox=0,5,1,1",
        "bbox=nan,0,1,1",
        "datetime=yesterday",
        "limit=0",
        "offset=-1",
        "x=1",
    ],
)
def test_what_cannot_be_asked_is_a_problem(published: Office, query: str) -> None:
    found = published.calls.get(f"{GRIDS}/items?{query}")
    assert found.status_code in (400, 422)
    assert found.headers["content-type"] == "application/problem+json"


def test_small_counts_are_for_planners(store_address: str, store: Store, tmp_path: Path) -> None:
    small = squares(2, 1, side=1, households=9)
    with opened(store, store_address, tmp_path / "files", plan=small) as office:
        in_force(office, effective=date(2021, 1, 1))
        for who, counts in (("guest", {None}), ("lin", {9})):
            told = office.calls.get(f"{GRIDS}/items", token=office.tokens[who]).json()
            assert {one["properties"]["households"] for one in told["features"]} == counts


@pytest.fixture
def running(store_address: str, tmp_path: Path) -> Iterator[str]:
    """A service in a process of its own, as it is run."""
    variables = {
        "GIS_GRID_STORE": store_address,
        "GIS_GRID_FOLDER": str(tmp_path / "served"),
        "GIS_GRID_PUBLIC_LOOKUP": "1",
        "GIS_GRID_PUBLIC_METRICS": "1",
    }
    root = str(Path(__file__).resolve().parents[3])
    command = [sys.executable, "-m", "uvicorn", "--factory", "api.start:served", "--port", "0"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, **variables, "PYTHONPATH": root}, cwd=root
    ) as process:
        try:
            address = ""
            assert process.stderr is not None
            while "http://" not in address:
                address = process.stderr.readline()
                assert address, "the service did not start"
            base = "http://" + address.split("http://")[1].split()[0]
            end = time.monotonic() + 30
            while httpx.get(f"{base}/api/ready").status_code != 200:
                assert time.monotonic() < end
                time.sleep(0.1)
            yield base
        finally:
            process.terminate()
            process.communicate(timeout=30)


@pytest.mark.skipif("OAPIF" not in pyogrio.list_drivers(), reason="this GDAL has no OAPIF driver")
def test_gdal_reads_the_published_grids(published: Office, running: str) -> None:
    place = f"OAPIF:{running}/api/ogc"
    layers = [name for name, _ in pyogrio.list_layers(place)]
    assert layers == [f"grids-{CODE}", f"communities-{CODE}"]
    frame = pyogrio.read_dataframe(place, layer=layers[0], PAGE_SIZE="1", INITIAL_REQUEST_PAGE_SIZE="1")
    assert _asked(running) >= 2  # more than one page
    plan = published.plan
    assert sorted(frame["code"]) == sorted(plan.grids["code"])
    with published.store.reading() as session:
        kept = load_plan(session, published.plan_id)
    whole = grids(kept.blocks, kept.assignment, kept.borders, kept.outline).to_crs(4326).union_all()
    assert shapely.symmetric_difference(frame.union_all(), whole).area < 1e-9
    west, south, _, north = plan.grids.to_crs(4326).total_bounds
    near = pyogrio.read_dataframe(place, layer=layers[0], bbox=(west, south, west + 1e-5, north))
    assert len(near) == 1
    chosen = pyogrio.read_dataframe(place, layer=layers[0], where=f"code = '{frame['code'].iloc[0]}'")
    assert len(chosen) == 1


def _asked(base: str) -> float:
    """Return how often items were asked for."""
    text = httpx.get(f"{base}/api/metrics").text
    lines = [
        line for line in text.splitlines() if '/collections/{collection}/items"' in line and 'status="200"' in line
    ]
    return sum(float(line.split()[-1]) for line in lines)
