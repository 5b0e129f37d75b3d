"""Tiles over HTTP: of published plans for two audiences, of drafts as they stand, kept where they cannot change."""

from __future__ import annotations

import gzip
from pathlib import Path

import mapbox_vector_tile
import pytest
from offices import Office, in_force
from sqlalchemy import delete

from api.maps import tile_in
from gis_grid.store.models import Tileset
from gis_grid.tiles.mercator import tile_range


def _somewhere(office: Office, zoom: int) -> str:
    west, _, north, _ = tile_range(office.plan.blocks.to_crs(3857).total_bounds, zoom)
    return f"{zoom}/{west}/{north}"


def _layers(content: bytes) -> dict:
    return mapbox_vector_tile.decode(content)


def test_a_published_tile_lasts_under_the_address_that_tilejson_names(office: Office) -> None:
    plan = in_force(office)
    told = office.calls.get(f"/api/tiles/{plan}/tilejson.json").json()
    assert {layer["id"] for layer in told["vector_layers"]} >= {"grids", "borders"}
    zoom = told["maxzoom"]
    url = told["tiles"][0].replace("{z}/{x}/{y}", _somewhere(office, zoom))
    found = office.calls.get(url)
    assert found.status_code == 200
    assert "immutable" in found.headers["cache-control"]
    assert found.headers["content-encoding"] == "gzip"
    assert "grids" in _layers(found.content)
    again = office.calls.get(url, headers={"If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    bare = office.calls.get(url.split("?")[0], headers={"Accept-Encoding": "identity"})
    assert bare.content == found.content
    assert "content-encoding" not in bare.headers
    assert "no-cache" in bare.headers["cache-control"]
    assert office.calls.get(f"/api/tiles/{plan}/3/0/0.mvt").status_code == 204
    assert office.calls.get(f"/api/tiles/{plan}/3/9/0.mvt").status_code == 422


def test_guests_get_tiles_without_small_counts(office: Office) -> None:
    office.plan.blocks["households"].to_numpy(copy=False)
    plan = in_force(office)
    seen = {}
    for who in ("guest", "lin"):
        told = office.calls.get(f"/api/tiles/{plan}/tilejson.json", token=office.tokens[who]).json()
        url = told["tiles"][0].replace("{z}/{x}/{y}", _somewhere(office, told["maxzoom"]))
        found = office.calls.get(url, token=office.tokens[who])
        seen[who] = (found.headers["cache-control"].split(",")[0], url)
    assert (seen["guest"][0], seen["lin"][0]) == ("public", "private")


def test_an_archive_on_the_disk_that_is_damaged_is_fetched_anew(office: Office) -> None:
    plan = in_force(office)
    workshop = office.calls.app.state.service.workshop
    folder: Path = workshop.folder / "tiles"
    url = f"/api/tiles/{plan}/{_somewhere(office, 16)}.mvt"
    whole = office.calls.get(url).content
    workshop.plan_maps.close()
    [path] = folder.glob("*.pmtiles")
    path.write_bytes(b"half")
    assert office.calls.get(url).content == whole


def test_a_draft_is_drawn_as_it_stands(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    url = f"/api/tiles/{draft}/{_somewhere(office, 16)}.mvt"
    assert office.calls.get(url).status_code == 401 or office.calls.get(url).status_code == 404
    before = office.calls.get(f"{url}?v=0", token=lin)
    assert "immutable" in before.headers["cache-control"]
    moves = [{"block": f"b0000{n}", "old": "g0001", "new": "new"} for n in range(4)]
    office.calls.patch(f"/api/drafts/{draft}", json={"revision": 0, "moves": moves}, token=lin)
    headers = {"If-None-Match": before.headers["etag"]}
    after = office.calls.get(f"{url}?v=0", token=lin, headers=headers)
    assert after.status_code == 200
    assert "no-cache" in after.headers["cache-control"]

    def grids(content: bytes) -> set[str]:
        return {one["properties"]["grid_id"] for one in _layers(content)["grids"]["features"]}

    assert "new" in grids(after.content) - grids(before.content)
    told = office.calls.get(f"/api/tiles/{draft}/tilejson.json", token=lin).json()
    assert told["tiles"][0].endswith("?v=1")


def test_a_style_draws_what_is_in_force_and_asks_nobody_else(office: Office) -> None:
    plan = in_force(office)
    style = office.calls.get("/api/style.json").json()
    assert style["version"] == 8
    assert [source["url"] for source in style["sources"].values()] == [f"http://test/api/tiles/{plan}/tilejson.json"]
    draft = office.draft()
    under = office.calls.get(f"/api/style.json?of={draft}&theme=dark", token=office.tokens["lin"]).json()["sources"]
    assert [under[name]["url"].split("/")[-2] for name in ("plan", "base")] == [draft, plan]
    layers = {layer["id"]: layer for layer in style["layers"]}
    assert {layer["source"] for layer in style["layers"] if "source" in layer} == set(style["sources"])
    assert len(layers) == len(style["layers"])


@pytest.mark.parametrize("place", ["25/0/0", "1/5/0", "a/b/c", "-1/0/0"])
def test_a_tile_that_is_nowhere_is_a_problem(office: Office, place: str) -> None:
    found = office.calls.get(f"/api/tiles/{office.plan_id}/{place}.mvt", token=office.tokens["lin"])
    assert found.status_code in (404, 422)
    assert found.headers["content-type"] == "application/problem+json"


def test_gzip_of_a_tile_is_one_that_others_read(office: Office) -> None:
    in_force(office)
    archive = office.calls.app.state.service.workshop.plan_maps.archive(office.plan_id, "all")
    z, x, y = map(int, _somewhere(office, 16).split("/"))
    tile = tile_in(archive, z, x, y, version=None)
    assert "grids" in _layers(gzip.decompress(tile.data))


def test_a_published_plan_whose_tiles_are_not_drawn_yet_is_drawn_when_asked_for(office: Office) -> None:
    plan = in_force(office)
    url = f"/api/tiles/{plan}/{_somewhere(office, 16)}.mvt"
    kept = _layers(office.calls.get(url).content)
    with office.store.writing() as session:
        session.execute(delete(Tileset))
    drawn = office.calls.get(url)
    assert "no-cache" in drawn.headers["cache-control"]
    ids = [
        {one["properties"]["code"] for one in layers["grids"]["features"]} for layers in (kept, _layers(drawn.content))
    ]
    assert ids[0] == ids[1]
