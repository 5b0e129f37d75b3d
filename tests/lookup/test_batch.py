"""Files of points: every row is answered, whatever stands in it and however it is written."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Iterator

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.crs import wgs84_to_gcj02
from gis_grid.errors import InputError
from gis_grid.lookup import Answers, Batch, BatchOptions, Published
from gis_grid.lookup.batch import RESULTS

HEAD = ",".join(RESULTS)


@pytest.fixture(scope="module")
def answers() -> Answers:
    shapes = [shapely.box(114, 30, 114.01, 30.01), shapely.box(114.01, 30, 114.02, 30.01)]
    columns = {"code": ["a", "b"], "name": ["甲格", "乙格"], "community_code": "420103001001", "households": 400}
    people = pd.DataFrame({"grid": ["a"], "name": ["张三"], "role_zh": ["网格长"], "work_phone": ["027-1"]})
    grids = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    return Answers([Published("p1", "420103", "江汉", grids, people=people)])


def answered(raw: bytes, answers: Answers, **options: object) -> tuple[list[list[str]], Batch]:
    batch = Batch(io.BytesIO(raw), answers, BatchOptions(**options))  # type: ignore[arg-type]
    out = b"".join(batch)
    encoding = "utf-8-sig" if out.startswith(b"\xef\xbb\xbf") else batch.summary.encoding
    rows = list(csv.reader(io.StringIO(out.decode(encoding), newline=""), delimiter=batch.summary.separator))
    return rows, batch


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_way_of_writing_a_file_is_found_out(answers: Answers, encoding: str, separator: str, end: str) -> None:
    lines = [["编号", "名称", "经度", "纬度"], ["1", "东门", "114.005", "30.005"], ["2", "西门", "114.015", "30.005"]]
    raw = end.join(separator.join(line) for line in lines).encode(encoding)
    rows, batch = answered(raw, answers)
    assert rows[0] == [*lines[0], *RESULTS]
    assert rows[1][:8] == [*lines[1], "a", "甲格", "420103001001", "网格长 张三 027-1"]
    assert rows[2][4:6] == ["b", "乙格"]
    assert batch.summary.columns == {"lon": "经度", "lat": "纬度"}
    assert batch.summary.by_status == {"ok": 2}


def test_every_bad_row_is_answered_with_its_reason_in_its_place(answers: Answers) -> None:
    cases = {
        "114.005,30.005": ("ok", ""),
        "115,31": ("outside", "the nearest grid is b 乙格"),
        "30.005,114.005": ("error", "30.005,114.005 is no place in wgs84; latitude stands first"),
        "east,30": ("error", "lon 'east' is no number"),
        "114.005,": ("error", "lat is empty"),
        ",": ("no point", "there is neither a point nor an address in the row"),
        "nan,inf": ("error", "the coordinates are not finite"),
        "1e400,30": ("error", "the coordinates are not finite"),
    }
    raw = "id,lon,lat\n" + "".join(f"{n},{case}\n" for n, case in enumerate(cases))
    rows, batch = answered(raw.encode(), answers)
    assert [row[0] for row in rows[1:]] == [str(n) for n in range(len(cases))]
    assert [tuple(row[-2:]) for row in rows[1:]] == list(cases.values())
    assert batch.summary.rows == len(cases)


def test_own_columns_stay_whatever_they_are_called_and_however_many(answers: Answers) -> None:
    raw = 'status,lon,lat,"a, b"\nnew,114.005,30.005,"two\nlines, ""quoted"""\n1,114.005\n1,114.005,30.005,x,y,z\n'
    rows, _ = answered(raw.encode(), answers)
    assert rows[0] == ["status", "lon", "lat", "a, b", *RESULTS[:7], "lookup_status", "reason"]
    assert rows[1][:5] == ["new", "114.005", "30.005", 'two\nlines, "quoted"', "a"]
    assert rows[2][:4] == ["1", "114.005", "", ""]
    assert rows[2][-1] == "lat is empty"
    assert rows[3][4:5] + rows[3][-2:] == ["a", "y", "z"]


def test_rows_may_name_their_own_system(answers: Answers) -> None:
    east, north = wgs84_to_gcj02(114.005, 30.005)
    raw = f"lon,lat,crs\n{east},{north},gcj02\n114.005,30.005,\n{east},{north},mars\n1,2,/etc/passwd\n"
    rows, _ = answered(raw.encode(), answers)
    assert [row[3] for row in rows[1:]] == ["a", "a", "", ""]
    assert "no coordinate system" in rows[3][-1]
    assert "no coordinate system" in rows[4][-1]
    many = "lon,lat,crs\n" + "".join(f"1,2,mars{n}\n" for n in range(80))
    assert "more than 50" in answered(many.encode(), answers)[0][-1][-1]


def test_addresses_are_refused_where_none_are_known(answers: Answers) -> None:
    rows, batch = answered("id,地址\n1,新华路12号\n".encode(), answers)
    assert rows[1][-2:] == ["refused", "此处没有地名库 no addresses are known here"]
    assert batch.summary.columns == {"address": "地址"}


def test_json_lines_keep_their_own_values(answers: Answers) -> None:
    lines = [
        '{"id": 1, "lng": 114.005, "lat": "30.005", "own": {"k": [1, null]}}',
        "not json",
        "[1, 2]",
        "",
        '{"id": 2}',
        '{"id": 3, "x": 114.015, "y": 30.005, "status": "mine"}',
        '{"id": 4, "lng": [1], "lat": true}',
        '{"lng": 1, "lat": 2, "deep": ' + "[" * 400 + "]" * 400 + "}",
    ]
    batch = Batch([("\ufeff" + "\n".join(lines)).encode()], answers)
    out = [json.loads(line) for line in b"".join(batch).splitlines()]
    assert out[0] | {"own": {"k": [1, None]}, "grid_code": "a", "status": "ok"} == out[0]
    assert [one["status"] for one in out[1:4]] == ["error", "error", "no point"]
    assert (out[4]["grid_code"], out[4]["status"], out[4]["lookup_status"]) == ("b", "mine", "ok")
    assert out[5]["status"] == "error"
    assert len(out) == 7


def test_characters_beyond_ascii_may_come_late(answers: Answers) -> None:
    head = b"id,lon,lat,name\n" + b"1,114.005,30.005,gate\n" * 5000
    rows, batch = answered(head + "2,114.015,30.005,东门\n".encode("gb18030"), answers)
    assert rows[-1][:5] == ["2", "114.015", "30.005", "东门", "b"]
    assert batch.summary.encoding == "gb18030"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "no rows"),
        (b"\n\n  \n", "no rows"),
        (b"114.005,30.005\n114.006,30.006\n", "no header"),
        (b"a,b\n1,2\n", "no columns of longitude and latitude"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 50, "no text"),
        (bytes(5000), "no text"),
        (b"x" * 1_000_000, "longer than"),
        (b",".join(b"c%d" % n for n in range(2000)), "2,000 columns"),
    ],
)
def test_what_is_no_file_of_points_is_refused_at_once(raw: bytes, said: str, answers: Answers) -> None:
    with pytest.raises(InputError, match=said):
        Batch(io.BytesIO(raw), answers)


def test_columns_and_systems_that_are_named_must_be_there(answers: Answers) -> None:
    raw = b"id,e,n\n1,114.005,30.005\n"
    assert answered(raw, answers, lon="e", lat="n")[0][1][3] == "a"
    for options in ({"lon": "east", "lat": "n"}, {"lon": "e", "lat": "n", "crs": "mars"}, {"tier": "zone"}):
        with pytest.raises(InputError):
            Batch([raw], answers, BatchOptions(**options))  # type: ignore[arg-type]


def test_absurd_lines_cost_one_row_and_no_memory(answers: Answers) -> None:
    def absurd() -> Iterator[bytes]:
        yield b"id,lon,lat\n1,114.005,30.005\n"
        for quote in (b"", b'"'):
            yield b"2," + quote
            for _ in range(300):
                yield b"y" * 65_536
            yield b"\n3,114.015,30.005\n"

    tracemalloc.start()
    out = b"".join(Batch(absurd(), answers)).decode()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4_000_000
    rows = list(csv.reader(io.StringIO(out, newline="")))[1:]
    assert [row[0] for row in rows] == ["1", "", "3", "", "3"]
    assert [row[-2] for row in rows] == ["ok", "error", "ok", "error", "ok"]
    assert "longer than" in rows[1][-1]
    assert "longer than" in rows[3][-1]


def test_a_quote_that_is_never_closed_costs_one_row_of_bounded_size(answers: Answers) -> None:
    raw = b'lon,lat,name\n114.005,30.005,"open\n' + b"114.005,30.005,x\n" * 20_000
    rows, _ = answered(raw, answers)
    assert [row[-2] for row in rows[1:3]] == ["error", "ok"]
    assert "field larger than" in rows[1][-1]
    assert len(rows) > 11_000


def test_memory_does_not_grow_with_the_file(answers: Answers) -> None:
    peaks = []
    for chunks in (5, 20):
        source = (b"lon,lat\n" if n == 0 else b"114.005,30.005\n" * 1000 for n in range(chunks + 1))
        tracemalloc.start()
        for _ in Batch(source, answers, BatchOptions(chunk_rows=1000)):
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]


def test_rows_beyond_the_most_are_left_out_and_said(answers: Answers) -> None:
    raw = b"lon,lat\n" + b"114.005,30.005\n" * 12
    rows, batch = answered(raw, answers, chunk_rows=4, most_rows=10)
    assert len(rows) == 11
    assert batch.summary.notes == ["more than 10 rows: the rest was left out"]
    assert not answered(raw, answers, most_rows=12)[1].summary.notes


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400), st.sampled_from([b"lon,lat\n1,2\n", b'{"lon":1,"lat":2}\n', b""]))
def test_any_bytes_are_answered_or_refused(raw: bytes, before: bytes) -> None:
    grids = gpd.GeoDataFrame({"code": ["a"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    try:
        for part in Batch([before + raw], Answers([Published("p", "1", "", grids)])):
            assert part
    except InputError:
        pass


def test_rows_are_answered_as_single_points_are(answers: Answers) -> None:
    rng = np.random.default_rng(3)
    points = np.column_stack([rng.uniform(113.99, 114.03, 300), rng.uniform(29.99, 30.02, 300)])
    raw = "lon,lat\n" + "".join(f"{x!r},{y!r}\n" for x, y in points.tolist())
    rows, _ = answered(raw.encode(), answers, chunk_rows=77)
    for (x, y), row in zip(points.tolist(), rows[1:], strict=True):
        one = answers.at(x, y)
        assert row[2] == (one.grid.code if one.grid else "")
        metres = one.distance_to_border_m if one.grid else one.nearest.distance_m
        assert float(row[6]) == pytest.approx(metres, abs=0.051)
