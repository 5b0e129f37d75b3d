"""Files that callers hand in: bounded, looked at, taken apart here, and only their own."""

from __future__ import annotations

import asyncio
import io
import time
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from offices import Office, opened

from api.errors import Problem
from api.uploads import Bounds, Uploads, dataset_in, take_apart
from gis_grid.errors import InputError
from gis_grid.store import Store
from gis_grid.store.access import Actor

GEOJSON = b'{"type":"FeatureCollection","features":[]}'


def _archive(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def _hand_in(office: Office, name: str, content: bytes, who: str = "lin"):
    return office.calls.post("/api/files", params={"name": name}, content=content, token=office.tokens[who])


def test_a_file_is_its_owners_alone(office: Office) -> None:
    made = _hand_in(office, "a.geojson", GEOJSON)
    assert made.status_code == 201, made.text
    assert made.json()["size"] == len(GEOJSON)
    assert made.json()["layers"][0]["rows"] == 0
    for who, count in (("lin", 1), ("wang", 0)):
        listed = office.calls.get("/api/files", token=office.tokens[who]).json()["files"]
        assert len(listed) == count
    path = f"/api/files/{made.json()['id']}"
    assert office.calls.request("DELETE", path, token=office.tokens["wang"]).status_code == 404
    assert office.calls.request("DELETE", path, token=office.tokens["lin"]).status_code == 204
    assert office.calls.get("/api/files", token=office.tokens["lin"]).json()["files"] == []
    assert _hand_in(office, "a.geojson", GEOJSON, who="guest").status_code == 403


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.exe", b"MZ"),
        ("a.vrt", b"<OGRVRTDataSource>"),
        ("a.geojson", b"<OGRVRTDataSource>"),
        ("a.kml", b'<?xml version="1.0"?><!-- kml --><OGRVRTDataSource><OGRVRTLayer name="x"/></OGRVRTDataSource>'),
        ("a.csv", b"<OGRVRTDataSource>"),
        ("a.csv", b"a,b\n\x00\x00"),
        ("a.gpkg", b"PK\x03\x04 nothing of the kind"),
        ("a.gpkg", b"SQLite format 3\x00 and no more"),
        ("a.zip", b"PK\x03\x04 broken"),
        ("a.zip", _archive(**{"readme.txt": b"no layer"})),
        ("a.zip", _archive(**{"a.kml": b"<OGRVRTDataSource>"})),
        ("a.parquet", b"PAR1 and no more"),
        ("a.geojson", b""),
        (".geojson", GEOJSON),
    ],
)
def test_what_is_not_what_its_name_says_is_refused_and_gone(office: Office, name: str, content: bytes) -> None:
    found = _hand_in(office, name, content)
    assert found.status_code == 422, found.text
    assert found.headers["content-type"] == "application/problem+json"
    assert list(office.calls.app.state.service.workshop.uploads.folder.glob("*")) == []


def test_nothing_in_a_name_or_an_archive_says_where_anything_goes(office: Office) -> None:
    content = _archive(**{"../../../outside.geojson": GEOJSON, "/etc/passwd.csv": b"a\n1\n"})
    made = _hand_in(office, "../../up.zip", content)
    assert made.status_code == 201, made.text
    folder = office.calls.app.state.service.workshop.uploads.folder
    inside = sorted(path.name for path in (folder / made.json()["id"]).iterdir())
    assert inside == ["about.json", "outside.geojson", "passwd.csv"]
    assert sorted(path.name for path in folder.parent.iterdir()) == ["files"]


def test_a_bomb_is_counted_while_it_grows(tmp_path: Path) -> None:
    bomb = tmp_path / "a.zip"
    bomb.write_bytes(_archive(**{"a.geojson": b"{" + b" " * 20_000_000}))
    with pytest.raises(InputError, match="too much"):
        take_apart(bomb, 1_000_000, keep=True)
    written = [path.stat().st_size for path in tmp_path.iterdir() if path != bomb]
    assert max(written, default=0) <= 2_000_000
    many = tmp_path / "many.zip"
    many.write_bytes(_archive(**{f"{n}.csv": b"a" for n in range(300)}))
    with pytest.raises(InputError, match="more than 200"):
        take_apart(many, 1_000_000, keep=True)


def test_size_and_number_are_bounded(store: Store, tmp_path: Path) -> None:
    address = store.engine.url.render_as_string(hide_password=False)
    with opened(store, address, tmp_path / "files", upload_mb=3, body_mb=0.1, upload_count=1) as office:
        large = b'{"type":"FeatureCollection","features":[]' + b" " * 3_000_000 + b"}"
        assert _hand_in(office, "a.geojson", large).status_code == 413
        assert _hand_in(office, "a.geojson", large[:-1_000_000] + b"}").status_code == 201
        assert _hand_in(office, "b.geojson", GEOJSON).status_code == 429
        assert (
            office.calls.post("/api/jobs", json={"kind": "x" * 200_000}, token=office.tokens["lin"]).status_code == 413
        )


def test_files_are_removed_when_their_time_is_over(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, Bounds(file_bytes=1000, hours=0))
    (tmp_path / "f0").mkdir()
    (tmp_path / "f0" / "about.json").write_text(
        f'{{"id":"f0","name":"a.csv","size":1,"owner":"x","path":"/","until":{time.time() - 1}}}'
    )
    uploads.tidy()
    assert list(tmp_path.iterdir()) == []


def test_a_zipped_shapefile_opens(tmp_path: Path, office: Office) -> None:
    office.plan.blocks.reset_index()[["block_id", "geometry"]].to_file(tmp_path / "街区.shp", engine="pyogrio")
    members = {path.name: path.read_bytes() for path in tmp_path.glob("街区.*")}
    made = _hand_in(office, "blocks.zip", _archive(**members))
    assert made.status_code == 201, made.text
    [layer] = made.json()["layers"]
    assert (layer["rows"], layer["geometry"]) == (32, "Polygon")
    folder = office.calls.app.state.service.workshop.uploads.folder / made.json()["id"]
    assert dataset_in(folder).suffix == ".shp"


def test_files_on_the_way_count_and_one_that_stops_coming_loses_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.uploads.PATIENCE_S", 0.5)
    files, me = Uploads(tmp_path, Bounds(file_bytes=1000, count=1)), Actor("lin", "planner")

    async def stopping() -> AsyncIterator[bytes]:
        yield b"lon,lat\n"
        await asyncio.sleep(60)

    async def whole() -> AsyncIterator[bytes]:
        yield b"lon,lat\n1,2\n"

    async def both() -> None:
        first = asyncio.create_task(files.take("a.csv", stopping(), me))
        while not list(tmp_path.glob("*.part")):
            await asyncio.sleep(0.01)
        with pytest.raises(Problem) as refused:
            await files.take("b.csv", whole(), me)
        assert refused.value.status_code == 429
        with pytest.raises(Problem) as slow:
            await first
        assert slow.value.status_code == 408
        assert (await files.take("b.csv", whole(), me)).size == 12

    asyncio.run(both())
    assert [path.suffix for path in tmp_path.iterdir()] == [""]
