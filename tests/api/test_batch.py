"""Many points at once: in and out as a stream, every row answered, none stopping the others."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Callable

import pytest
import sqlalchemy as sa
from calls import Calls
from town_in_force import Town

from gis_grid.store.audit import entries
from gis_grid.store.models import Area

Serving = Callable[..., Calls]
CSV = {"Content-Type": "text/csv"}


def rows_of(content: bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(encoding))))


def file_of(town: Town, numbers: range) -> tuple[str, list[str]]:
    lines, codes = ["编号,经度,纬度"], []
    for number in numbers:
        point, code = town.inside(number)
        lines.append(f"{number},{point['lon']},{point['lat']}")
        codes.append(code)
    return "\r\n".join(lines) + "\r\n", codes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_comes_back_in_its_own_encoding_with_every_row_answered(
    published: Town, serving: Serving, encoding: str
) -> None:
    text, codes = file_of(published, range(5))
    text += "bad,east,30\r\nfar,0,0\r\nempty,,\r\n"
    calls = serving(token=published.token("field"))
    found = calls.post("/api/lookup/batch", content=text.encode(encoding), headers=CSV)
    assert found.status_code == 200
    assert found.headers["content-type"].startswith("text/csv")
    rows = rows_of(found.content, encoding)
    assert [row["编号"] for row in rows] == ["0", "1", "2", "3", "4", "bad", "far", "empty"]
    assert [row["grid_code"] for row in rows[:5]] == codes
    assert [row["status"] for row in rows[5:]] == ["error", "outside", "no point"]
    assert "网格协调员" in rows[0]["people"]
    with published.store.reading() as session:
        (entry,) = entries(session, action="lookup_batch")
    assert entry.detail == {"rows": 8, "ok": 5, "error": 1, "outside": 1, "no point": 1}


def test_json_lines_come_back_as_such(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    body = json.dumps(point) + "\n{broken\n" + json.dumps(point) + "\n"
    calls = serving(token=published.token("field"))
    headers = {"Content-Type": "application/x-ndjson"}
    found = [
        json.loads(line) for line in calls.post("/api/lookup/batch", content=body, headers=headers).text.splitlines()
    ]
    assert [one["status"] for one in found] == ["ok", "error", "ok"]
    assert found[2]["grid_code"] == code


def test_more_rows_than_allowed_are_left_out_and_that_is_said(published: Town, serving: Serving) -> None:
    text, codes = file_of(published, range(5))
    calls = serving(token=published.token("field"), batch_rows=3)
    rows = rows_of(calls.post("/api/lookup/batch", content=text, headers=CSV).content)
    assert [row["grid_code"] for row in rows] == [*codes[:3], ""]
    assert rows[3]["status"] == "error"
    assert "more than 3 rows" in rows[3]["reason"]


async def trickled() -> AsyncIterator[bytes]:
    for _ in range(1000):
        yield b"1,1\n"


def test_what_cannot_be_a_batch_is_refused_before_anything_is_answered(published: Town, serving: Serving) -> None:
    calls = serving(token=published.token("field"), public_lookup=True, upload_mb=0.001)
    asked = [
        ({"content": "a,b\n1,2\n", "headers": CSV}, 422),
        ({"content": "", "headers": CSV}, 422),
        ({"files": {"file": b"lon,lat"}}, 415),
        ({"content": "lon,lat\n" + "1,1\n" * 1000, "headers": CSV}, 413),
        ({"content": trickled(), "headers": CSV}, 413),
        ({"content": "lon,lat\n1,1\n", "headers": CSV, "params": {"crs": "mars"}}, 422),
        ({"content": "lon,lat\n1,1\n", "headers": CSV, "params": {"tier": "nothing"}}, 422),
    ]
    for options, status in asked:
        found = calls.post("/api/lookup/batch", **options)
        assert (found.status_code, found.headers["content-type"]) == (status, "application/problem+json"), options
    nobody = serving(public_lookup=True).post("/api/lookup/batch", content="lon,lat\n1,1\n", headers=CSV)
    assert nobody.status_code == 401


def test_a_batch_knows_the_caller_s_part_of_the_tree_only(published: Town, serving: Serving) -> None:
    mine = str(published.plan.grids["community_code"].iloc[0])
    with published.store.reading() as session:
        area = session.execute(sa.select(Area.id).where(Area.code == mine)).scalar_one()
    text, codes = file_of(published, range(len(published.plan.grids)))
    calls = serving(token=published.token("field", area=area))
    rows = rows_of(calls.post("/api/lookup/batch", content=text, headers=CSV).content)
    home = dict(zip(published.plan.grids["code"], published.plan.grids["community_code"], strict=True))
    assert [row["grid_code"] for row in rows] == [code if home[code] == mine else "" for code in codes]


def test_who_sends_too_many_batches_is_told_when_to_come_back(published: Town, serving: Serving) -> None:
    text, _ = file_of(published, range(1))
    calls = serving(token=published.token("field"), batch_rate="1/minute")
    assert calls.post("/api/lookup/batch", content=text, headers=CSV).status_code == 200
    refused = calls.post("/api/lookup/batch", content=text, headers=CSV)
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
