"""What is laid over a plan: layers of its ground, grids of other plans and of files; who may ask, and what stays."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from offices import Office

from api.beside import laid_over
from gis_grid.errors import InputError


def test_blocks_lie_in_the_grid_that_holds_most_of_them(office: Office) -> None:
    plan, lin = office.plan, office.tokens["lin"]
    told = office.calls.get(f"/api/beside/{office.plan_id}?with={office.draft()}", token=lin)
    assert told.status_code == 200, told.text
    found = told.json()
    grids = list(plan.grids.index)
    assert [grids[row] for row in found["blocks"]] == plan.assignment.reindex(plan.blocks.index).tolist()
    assert found["cut"] == []
    assert len(found["shapes"]["features"]) == len(found["names"]) == len(grids)


def test_borders_that_run_through_blocks_are_told_and_ground_without_a_grid_is_none(office: Office) -> None:
    plan = office.plan
    first, last = plan.blocks.geometry.iloc[0], plan.blocks.geometry.iloc[-1]
    west, south, east, north = first.bounds
    most = shapely.box(west, south, west + 0.7 * (east - west), north)
    found = laid_over(plan, 0, gpd.GeoDataFrame({"name": ["甲", ""]}, geometry=[most, last], crs=plan.blocks.crs))
    rest = [-1] * (len(plan.blocks) - 2)
    assert found["blocks"] == [0, *rest, 1]
    assert found["cut"] == [0]
    assert found["names"] == ["甲", "2"]
    with pytest.raises(InputError, match="none of these grids"):
        laid_over(plan, 0, gpd.GeoDataFrame({"name": ["far"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=plan.blocks.crs))


def test_a_file_is_read_for_whoever_handed_it_in(office: Office, tmp_path: Path) -> None:
    plan, lin, wang = office.plan, office.tokens["lin"], office.tokens["wang"]
    frame = plan.grids[["geometry"]].assign(名称=[f"责任区{n}" for n in range(len(plan.grids))])
    frame.to_file(tmp_path / "theirs.gpkg", driver="GPKG")
    content = (tmp_path / "theirs.gpkg").read_bytes()
    made = office.calls.post("/api/files", params={"name": "theirs.gpkg"}, content=content, token=lin).json()["id"]
    path = f"/api/beside/{office.plan_id}?file={made}"
    assert office.calls.get(path, token=lin).json()["names"] == list(frame["名称"])
    assert office.calls.get(path, token=wang).status_code == 404
    assert office.calls.get(f"{path}:nowhere", token=lin).status_code == 422
    assert office.calls.get(f"{path}&with={office.plan_id}", token=lin).status_code == 422, "one or the other"
    office.calls.request("DELETE", f"/api/files/{made}", token=lin)
    assert office.calls.get(path, token=lin).status_code == 404


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_file_that_cannot_be_laid_over_says_why_and_what_to_do(office: Office, tmp_path: Path) -> None:
    plan, lin = office.plan, office.tokens["lin"]

    def asked(frame: gpd.GeoDataFrame, name: str, crs: str = "") -> tuple[int, dict[str, object]]:
        frame.to_file(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        made = office.calls.post("/api/files", params={"name": name}, content=content, token=lin).json()["id"]
        params = {"file": made} | ({"crs": crs} if crs else {})
        found = office.calls.get(f"/api/beside/{office.plan_id}", params=params, token=lin)
        return found.status_code, found.json()

    grids = plan.grids[["geometry"]]
    bare = grids.set_crs(None, allow_override=True)
    status, told = asked(bare, "bare.gpkg")
    assert status == 422
    assert "CRS" in str(told["faults"])
    assert asked(bare, "bare2.gpkg", plan.blocks.crs.to_string())[0] == 200
    assert asked(bare, "bare3.gpkg", "EPSG:0")[0] == 422
    points = gpd.GeoDataFrame(geometry=grids.representative_point(), crs=grids.crs)
    status, told = asked(points, "points.gpkg")
    assert status == 422
    assert all(one["remedy"] for one in told["faults"])
    far = gpd.GeoDataFrame(geometry=grids.translate(900_000, 0), crs=grids.crs)
    status, told = asked(far, "far.gpkg")
    assert (status, [one["code"] for one in told["faults"]]) == (422, ["elsewhere"])
    broken = office.calls.post(
        "/api/files", params={"name": "x.gpkg"}, content=b"SQLite format 3\0" + b"x" * 99, token=lin
    )
    assert broken.status_code == 422
    assert broken.json()["faults"]


def test_only_planners_of_the_district_see_the_ground(office: Office) -> None:
    lin = office.tokens["lin"]
    for path in (f"/api/ground/{office.plan_id}/communities", f"/api/beside/{office.plan_id}?with={office.plan_id}"):
        assert office.calls.get(path).status_code == 401 or office.calls.get(path).status_code == 403
        assert office.calls.get(path, token=office.tokens["guest"]).status_code == 403
        assert office.calls.get(path.replace(office.plan_id, "pffffffffffff"), token=lin).status_code == 404
    told = office.calls.get(f"/api/ground/{office.plan_id}/communities", token=lin).json()
    assert {one["properties"]["community_code"] for one in told["features"]} == set(
        office.plan.communities["community_code"]
    )
    assert office.calls.get(f"/api/ground/{office.plan_id}/buildings", token=lin).json() is None
    assert office.calls.get(f"/api/ground/{office.plan_id}/households", token=lin).status_code == 422


def test_a_refusal_says_its_code_and_what_its_words_need(office: Office) -> None:
    lin, zhao = office.tokens["lin"], office.tokens["zhao"]
    draft = office.draft()
    office.calls.request("DELETE", f"/api/drafts/{draft}", token=lin)
    moves = [{"block": "b00003", "old": "g0001", "new": "g0002"}]
    closed = office.calls.patch(f"/api/drafts/{draft}", json={"revision": 0, "moves": moves}, token=lin).json()
    assert [one["code"] for one in closed["faults"]] == ["draft-closed"]
    early = office.calls.post(f"/api/plans/{office.plan_id}/approve", json={"comment": ""}, token=zhao).json()
    assert [(one["code"], one["values"]) for one in early["faults"]] == [("plan-state", {"state": "proposed"})]
    low = office.calls.post(f"/api/plans/{office.plan_id}/approve", json={"comment": ""}, token=lin).json()
    assert [(one["code"], one["values"]) for one in low["faults"]] == [("rights", {"role": "approver"})]
