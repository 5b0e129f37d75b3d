"""Plans over HTTP: listed by page, told with a tag, as a table, as files, and on their way into force."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from offices import CODE, Office, in_force, opened

from gis_grid.planfile import read_plan
from gis_grid.store import Store, audit
from gis_grid.store.plans import import_plan


def test_plans_are_listed_page_by_page_and_each_once(office: Office) -> None:
    for number in range(4):
        with office.store.writing() as session:
            import_plan(session, office.plan, district=office.district, name=f"n{number}", who="tester")
    seen, url = [], f"/api/plans?limit=2&district={CODE}"
    while url:
        page = office.calls.get(url, token=office.tokens["lin"]).json()
        assert len(page["plans"]) <= 2
        seen += [one["name"] for one in page["plans"]]
        url = page["next"]
    assert seen == ["n3", "n2", "n1", "n0", "first"]
    for query in ("district=999", "state=published"):
        assert office.calls.get(f"/api/plans?{query}", token=office.tokens["lin"]).json()["plans"] == []
    assert office.calls.get("/api/plans?after=xx", token=office.tokens["lin"]).status_code == 422


def test_who_may_not_read_plans_sees_none_that_is_not_published(office: Office) -> None:
    for token in (None, office.tokens["guest"]):
        assert office.calls.get("/api/plans", token=token).json()["plans"] == []
        assert office.calls.get(f"/api/plans/{office.plan_id}", token=token).status_code == 404
        assert office.calls.get(f"/api/plans/{office.plan_id}/export", token=token).status_code in (401, 403)


def test_where_lookups_are_not_public_nothing_is_read_without_a_token(store: Store, tmp_path: Path) -> None:
    address = store.engine.url.render_as_string(hide_password=False)
    with opened(store, address, tmp_path / "files", public_lookup=False) as office:
        plan = in_force(office)
        paths = (f"plans/{plan}", f"tiles/{plan}/tilejson.json", "style.json", "ogc/collections", "plans")
        for path in paths:
            assert office.calls.get(f"/api/{path}").status_code == 401, path
            assert office.calls.get(f"/api/{path}", token=office.tokens["guest"]).status_code == 200, path


def test_a_plan_is_sent_once_to_who_has_it(office: Office) -> None:
    first = office.calls.get(f"/api/plans/{office.plan_id}", token=office.tokens["lin"])
    assert first.json()["counts"] == {"grids": 2, "households": 960, "blocks": 32, "blocks_assigned": 32}
    headers = {"If-None-Match": first.headers["etag"]}
    again = office.calls.get(f"/api/plans/{office.plan_id}", token=office.tokens["lin"], headers=headers)
    assert (again.status_code, again.content) == (304, b"")


def test_the_table_holds_the_plan(office: Office) -> None:
    found = office.calls.get(f"/api/plans/{office.plan_id}/table", token=office.tokens["lin"])
    assert found.headers["etag"]
    table, plan = found.json(), office.plan
    blocks, grids, borders = table["blocks"], table["grids"], table["borders"]
    assert blocks["id"] == plan.blocks.index.tolist()
    assert [grids["id"][at] for at in blocks["grid"]] == plan.assignment.reindex(plan.blocks.index).tolist()
    sums = np.bincount(blocks["grid"], blocks["households"])
    assert sums.tolist() == grids["households"] == plan.grids["households"].tolist()
    pairs = [(blocks["id"][a], blocks["id"][b]) for a, b in zip(borders["a"], borders["b"], strict=True)]
    assert pairs == list(zip(plan.borders["a"], plan.borders["b"], strict=True))
    assert sum(table["outline"]["side_m"]) == pytest.approx(plan.outline["side_m"].sum(), abs=1)
    lon, lat = np.array(blocks["lon"]), np.array(blocks["lat"])
    points = gpd.GeoSeries(gpd.points_from_xy(lon, lat, crs=4326)).to_crs(plan.blocks.crs)
    assert points.within(plan.blocks.geometry.reset_index(drop=True)).all()


@pytest.mark.parametrize("format_", ["gpkg", "geojson", "shapefile", "kml"])
def test_a_plan_comes_out_as_a_file_and_the_record_says_so(office: Office, format_: str, tmp_path: Path) -> None:
    url = f"/api/plans/{office.plan_id}/export?format={format_}"
    found = office.calls.get(url, token=office.tokens["lin"])
    assert found.status_code == 200, found.text
    path = tmp_path / found.headers["content-disposition"].split('"')[1]
    path.write_bytes(found.content)
    if format_ == "gpkg":
        assert read_plan(path).assignment.equals(office.plan.assignment)
    else:
        frame = gpd.read_file(path)
        assert len(frame) == 2
        if format_ == "shapefile":
            names = zipfile.ZipFile(io.BytesIO(found.content)).namelist()
            assert {"grids.shp", "grids.dbf", "grids.prj", "grids.cpg"} <= set(names)
    with office.store.reading() as session:
        [entry] = audit.entries(session, action="export")
    assert (entry.subject, entry.detail["format"]) == (office.plan_id, format_)


def test_a_draft_goes_into_force_by_more_than_one_hand(office: Office) -> None:
    lin, wang, zhao = (office.tokens[name] for name in ("lin", "wang", "zhao"))
    draft = office.draft()
    moves = [{"block": "b00003", "old": "g0001", "new": "g0002"}]
    office.calls.patch(f"/api/drafts/{draft}", json={"revision": 0, "moves": moves}, token=lin)
    base = f"/api/plans/{office.plan_id}"
    handed = office.calls.post(f"{base}/submit", json={"draft": draft, "revision": 1, "comment": "so"}, token=lin)
    assert handed.status_code == 200, handed.text
    plan = handed.json()["plan"]
    assert (plan != office.plan_id, handed.json()["state"]) == (True, "submitted")
    assert office.calls.post(f"/api/plans/{plan}/approve", json={}, token=wang).status_code == 403  # no approver
    agreed = office.calls.post(f"/api/plans/{plan}/approve", json={"comment": "yes"}, token=zhao)
    assert agreed.status_code == 200, agreed.text
    body = {"effective": "2026-01-01", "allow_errors": True}
    assert office.calls.post(f"/api/plans/{plan}/publish", json=body, token=lin).status_code == 403
    done = office.calls.post(f"/api/plans/{plan}/publish", json=body, token=zhao)
    assert done.status_code == 200, done.text
    assert (done.json()["state"], done.json()["effective"]) == ("published", "2026-01-01")
    told = office.calls.get(f"/api/plans/{plan}", token=lin).json()
    assert [one["step"] for one in told["steps"]] == ["submit", "approve", "publish"]
    assert office.calls.get(f"/api/plans/{plan}").status_code == 200  # published: for guests, too
    assert office.calls.get(f"/api/tiles/{plan}/tilejson.json").status_code == 200


def test_a_plan_goes_back_with_what_was_said(office: Office) -> None:
    lin, zhao = office.tokens["lin"], office.tokens["zhao"]
    base = f"/api/plans/{office.plan_id}"
    assert office.calls.post(f"{base}/submit", json={}, token=lin).status_code == 200
    back = office.calls.post(f"{base}/return", json={"comment": "看不清"}, token=zhao)
    assert (back.status_code, back.json()["state"]) == (200, "returned")
    assert office.calls.get(base, token=lin).json()["steps"][-1]["comment"] == "看不清"
