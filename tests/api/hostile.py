"""Requests of somebody who means harm, or whose program is broken: files, bodies, addresses, headers, bytes."""

from __future__ import annotations

import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pyogrio
from hypothesis import strategies as st

from gis_grid.plan import Plan

#: texts that have broken programs: SQL, paths, formats, marks that are no letters, what is no text at all
TEXTS = (
    "", " ", "0", "-1", "NaN", "inf", "1e999", "null", "true", "[]", "{}", "%", "%00", "\x00", "\x7f", "\r\nX: y",
    "' OR '1'='1", "'; DROP TABLE plan; --", '"; DELETE FROM draft WHERE 1=1; --',
    "1) UNION SELECT secret FROM token--",
    "../../../etc/passwd", "..\\..\\x", "/etc/passwd", "file:///etc/passwd", "/vsicurl/http://127.0.0.1/x", "%2e%2e%2f",
    "${jndi:ldap://x}", "{{7*7}}",
    "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "%s%s%n", "街道办事处", "e\u0301\u200b",
    "\u202egnp", "\ufeff", "\U0001f3d8", "\ud800", "9" * 400, "x" * 5000, "a" * 81, "2026-02-30", "0000-01-01",
    "9999-12-31", "2026-01-01T00:00:00Z/..", "../", "d" + "f" * 39, "p0", "f" * 25, "-0", "1_000", "١٢", "1e5", "0x10",
)  # fmt: skip
NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, 2**63, -(2**63), 2**64, 10**30, 0.5, -0.0, 1e308, float("inf"), float("nan"))
SCALARS = st.sampled_from([*TEXTS, *NUMBERS, None, True, [], {}])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(TEXTS[:12]), inner, max_size=3),
    max_leaves=6,
)


class Sent(NamedTuple):
    """One request: what `httpx` sends."""

    method: str
    path: str
    content: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


def files(plan: Plan, folder: Path) -> dict[str, bytes]:
    """Return good files of every kind that is taken, by name."""
    frame = plan.blocks.reset_index()[["block_id", "households", "geometry"]].iloc[:40].to_crs(4326)
    found = {}
    for name, driver in (("a.gpkg", "GPKG"), ("a.geojson", "GeoJSON"), ("a.fgb", "FlatGeobuf"), ("a.kml", "LIBKML")):
        pyogrio.write_dataframe(frame, folder / name, layer="a", driver=driver)
        found[name] = (folder / name).read_bytes()
    pyogrio.write_dataframe(frame, folder / "shape.shp", encoding="GB18030")
    parts = {path.name: path.read_bytes() for path in folder.glob("shape.*")}
    found["a.zip"] = archive(**parts)
    frame.to_parquet(folder / "a.parquet")
    found["a.parquet"] = (folder / "a.parquet").read_bytes()
    table = frame.drop(columns="geometry").assign(lon=114.3, lat=30.6)
    table.to_excel(folder / "a.xlsx", index=False)
    found["a.xlsx"] = (folder / "a.xlsx").read_bytes()
    for encoding in ("utf-8-sig", "gb18030", "utf-16", "utf-32"):
        found[f"{encoding}.csv"] = table.rename(columns={"households": "户数"}).to_csv(index=False).encode(encoding)
    return found


def archive(**members: bytes) -> bytes:
    """Return a zip archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in members.items():
            made.writestr(name, content)
    return out.getvalue()


def bombs() -> dict[str, bytes]:
    """Return files that are small and mean to become large, or deep, or never end."""
    sheet = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    many = b"".join(b'<row r="%d"><c r="A%d"><v>1</v></c></row>' % (n, n) for n in range(1, 60_000))
    entity = b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa">'
    entity += b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9))
    rings = b"[" * 50_000
    coordinates = b",".join(b"[1e308,-1e308]" for _ in range(1000))
    feature = b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":%s}]}'
    return {
        "zeros.zip": archive(**{"a.geojson": b"{" + b" " * 30_000_000}),
        "nested.zip": archive(**{"a.zip": archive(**{"b.zip": archive(**{"a.geojson": b"{}"})})}),
        "many.zip": archive(**{f"{n}.csv": b"a,b\n" for n in range(300)}),
        "same.zip": archive(**{"a.shp": b"\x00\x00\x27\x0a" + b"\xff" * 96, "x/a.shp": b"", "A.SHX": b"\x00" * 100}),
        "paths.zip": archive(**{"../../../outside.csv": b"lon,lat\n1,2\n", "/etc/x.csv": b"a\n", "C:\\x.csv": b"a\n"}),
        "sheet.xlsx": archive(**{"xl/worksheets/sheet1.xml": sheet + many, "[Content_Types].xml": b"<Types/>"}),
        "zeros.xlsx": archive(**{"xl/sharedStrings.xml": b"a" * 30_000_000}),
        "laughs.kml": entity + b"]><kml><Document><name>&j;</name></Document></kml>",
        "outside.kml": b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml><Document><name>&x;</name></Document></kml>',
        "deep.geojson": b'{"type":"FeatureCollection","features":' + rings,
        "deeper.geojson": feature % (b'{"type":"Polygon","coordinates":' + rings + b"]" * 50_000 + b"}"),
        "far.geojson": feature % (b'{"type":"Polygon","coordinates":[[' + coordinates + b"]]}"),
        "nan.geojson": feature % b'{"type":"Point","coordinates":[NaN,Infinity]}',
        "nulls.geojson": feature % b"null",
        "bent.geojson": feature % b'{"type":"Polygon","coordinates":[[[0,0]]]}',
        "link.geojson": b'{"type":"FeatureCollection","crs":{"type":"link","properties":{"href":"http://127.0.0.1/"}}}',
        "line.csv": b"lon,lat\n" + b"9" * 300_000,
        "wide.csv": b",".join(b"c%d" % n for n in range(20_000)) + b"\n",
        "quote.csv": b'lon,lat\n"' + b"1,2\n" * 20_000,
        "zero.csv": b"lon,lat\n" + b"\x00" * 10_000,
        "huge.gpkg": b"SQLite format 3\x00" + struct.pack(">H", 512) + b"\xff" * 4000,
        "page.parquet": b"PAR1" + b"\xff" * 500 + struct.pack("<i", 2**31 - 1) + b"PAR1",
        "pbf.pbf": struct.pack(">i", 13) + b"\x0a\x09OSMHeader\x18\xff\xff\xff\xff\x07" + b"\x00" * 100,
        "head.fgb": b"fgb\x03fgb\x00" + b"\xff" * 200,
    }


def spoilt(good: bytes, dice: random.Random) -> bytes:
    """Return a file after something has happened to it."""
    data = bytearray(good)
    for _ in range(dice.randint(1, 4)):
        at, size = dice.randrange(len(data) + 1), dice.choice((1, 2, 8, 64, 1000))
        kind = dice.randrange(5)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            data[at : at + size] = dice.randbytes(min(size, 64))
        elif kind == 2:
            data[at:at] = data[at : at + size] * dice.choice((1, 3))
        elif kind == 3:
            data[at : at + size] = b"\xff" * size if dice.random() < 0.5 else bytes(size)
        else:
            del data[at : at + size]
    return bytes(data)


def uploads(good: dict[str, bytes]) -> st.SearchStrategy[Sent]:
    """Return files that are handed in: good ones, spoilt ones, bombs, under names of every kind."""
    content = {**good, **bombs()}

    @st.composite
    def one(draw: Callable[..., Any]) -> Sent:
        name = draw(st.sampled_from(sorted(content)))
        data = content[name]
        if name in good and draw(st.integers(0, 5)):
            data = spoilt(data, random.Random(draw(st.integers(0, 2**32))))
        kind = name.rpartition(".")[2]
        called = draw(st.sampled_from([name, name, name, *(f"{text}.{kind}" for text in TEXTS), *TEXTS, "a.gpkg"]))
        return Sent("POST", f"/api/files?name={coded(called)}", data)

    return one()


def batches(good: dict[str, bytes]) -> st.SearchStrategy[Sent]:
    """Return files of points to be answered."""
    kinds = (
        "text/csv",
        "application/x-ndjson",
        "text/plain",
        "application/octet-stream",
        "",
        "application/json",
        "x/y",
    )
    tables = [good[name] for name in sorted(good) if name.endswith((".csv", ".xlsx", ".geojson"))]
    tables += [data for name, data in bombs().items() if name.endswith((".csv", ".geojson", ".xlsx"))]

    @st.composite
    def one(draw: Callable[..., Any]) -> Sent:
        rows = draw(st.lists(st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), max_size=5))
        made = "\n".join(draw(st.sampled_from(",;\t|")).join(row) for row in [["lon", "lat", "crs"], *rows])
        lines = "\n".join(plain(draw(VALUES)) for _ in range(3))
        text = draw(st.sampled_from([made, lines])).encode(
            draw(st.sampled_from(["utf-8", "utf-16", "utf-32"])), "replace"
        )
        data = draw(st.sampled_from([text, text, *tables]))
        if draw(st.booleans()):
            data = spoilt(data or b"a", random.Random(draw(st.integers(0, 2**32))))
        asked = "&".join(
            f"{name}={coded(draw(st.sampled_from(TEXTS)))}"
            for name in draw(st.lists(st.sampled_from(["crs", "at", "tier", "lon", "lat"]), max_size=2))
        )
        return Sent(
            "POST", f"/api/lookup/batch?{asked}", data, ((b"content-type", draw(st.sampled_from(kinds)).encode()),)
        )

    return one()


def bodies(draft: str, plan: str) -> st.SearchStrategy[Sent]:
    """Return bodies of writes: nearly right, with something else in one place, or nothing of the kind."""
    square = [[114.0, 30.0], [114.1, 30.1]]
    right: list[tuple[str, str, dict[str, Any]]] = [
        ("PATCH", f"/api/drafts/{draft}", {"revision": 0, "moves": [{"block": "b1", "old": "", "new": "g1"}]}),
        ("POST", f"/api/drafts/{draft}/undo", {"revision": 0, "entry": 1, "why": ""}),
        ("POST", f"/api/drafts/{draft}/cut", {"block_id": "b00001", "line": square, "revision": 0, "why": ""}),
        ("POST", f"/api/drafts/{draft}/suggest", {"grids": ["g0001"], "seed": 0}),
        ("POST", f"/api/drafts/{draft}/presence", {"grids": ["g0001"]}),
        ("POST", f"/api/plans/{plan}/drafts", {"name": "x"}),
        ("POST", f"/api/plans/{plan}/submit", {"draft": "d1", "revision": 0, "comment": ""}),
        ("POST", f"/api/plans/{plan}/approve", {"comment": ""}),
        ("POST", f"/api/plans/{plan}/publish", {"effective": "2030-01-01", "comment": "", "allow_errors": False}),
        ("POST", f"/api/plans/{plan}/withdraw", {"comment": ""}),
        ("POST", "/api/jobs", {"kind": "build", "inputs": {"blocks": "f" + 24 * "0"}, "band": {"min": 1}}),
        ("POST", "/api/jobs", {"kind": "suggest", "draft": "d1", "grids": ["g1"], "time_limit": 1, "max_moved": 0.1}),
    ]  # fmt: skip

    @st.composite
    def one(draw: Callable[..., Any]) -> Sent:
        method, path, body = draw(st.sampled_from(right))
        kind = draw(st.integers(0, 6))
        text = plain(changed(body, random.Random(draw(st.integers(0, 2**32))), draw(VALUES)))
        if kind == 0:
            text = plain(draw(VALUES))
        elif kind == 1:
            text = draw(
                st.sampled_from(
                    ["[" * 20_000, '{"a":' * 20_000, text[:-2], text + "}", "", "{", "\ufeff{}", '{"revision":1e999}']
                )
            )
        headers = [
            (
                b"content-type",
                draw(st.sampled_from([b"application/json"] * 5 + [b"text/plain", b"application/json; charset=utf-16"])),
            )
        ]
        if draw(st.booleans()):
            headers.append(
                (
                    b"idempotency-key",
                    draw(st.sampled_from(TEXTS))
                    .encode("utf-8", "replace")
                    .replace(b"\n", b"")
                    .replace(b"\r", b"")
                    .replace(b"\x00", b""),
                )
            )
        return Sent(method, path, text.encode("utf-8", "surrogatepass"), tuple(headers))  # fmt: skip

    return one()


def changed(body: Any, dice: random.Random, value: Any) -> Any:
    """Return a body with a value in the place of one of its own, somewhere in it."""
    if isinstance(body, dict) and body and dice.random() < 0.9:
        key = dice.choice(sorted(body))
        return {**body, key: changed(body[key], dice, value)}
    if isinstance(body, list) and body and dice.random() < 0.7:
        at = dice.randrange(len(body))
        return [changed(one, dice, value) if n == at else one for n, one in enumerate(body)]
    return value


#: addresses with places for values, and the parameters that they take
ASKED: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("/api/lookup", ("lon", "lat", "crs", "accuracy_m", "at", "tier", "address")),
    ("/api/grids/{}", ("at", "district", "geometry")),
    ("/api/grids/{}/card.pdf", ("at", "district")),
    ("/api/me/grids", ("at",)),
    ("/api/staff", ("at", "vacant")),
    ("/api/plans", ("district", "state", "limit", "after")),
    ("/api/plans/{}", ()),
    ("/api/plans/PLAN/table", ()),
    ("/api/plans/PLAN/export", ("format", "layer")),
    ("/api/drafts", ("plan", "state")),
    ("/api/drafts/{}", ()),
    ("/api/drafts/DRAFT/journal", ("since", "limit")),
    ("/api/drafts/DRAFT/compare", ("with",)),
    ("/api/drafts/DRAFT/export", ("format", "layer")),
    ("/api/jobs", ("state",)),
    ("/api/jobs/{}", ()),
    ("/api/files/{}", ()),
    ("/api/tiles/PLAN/{}/{}/{}.mvt", ("v",)),
    ("/api/tiles/DRAFT/{}/{}/{}.mvt", ("v",)),
    ("/api/tiles/{}/tilejson.json", ()),
    ("/api/style.json", ("of", "district", "theme", "labels")),
    ("/api/ogc", ("f",)),
    ("/api/ogc/collections/{}", ("f",)),
    (
        "/api/ogc/collections/GRIDS/items",
        ("bbox", "datetime", "limit", "offset", "code", "name", "community_code", "f"),
    ),
    ("/api/ogc/collections/GRIDS/items/{}", ("datetime", "f")),
    ("/api/ogc/collections/{}/tiles", ()),
    ("/{}", ()),
)
BOXES = (
    "114,30,115,31",
    "0,0,0,0",
    "180,0,-180,1",
    "1,2,3",
    "1,2,3,4,5,6",
    "nan,0,1,1",
    "1e400,0,1,1",
    "-1e300,-1e300,1e300,1e300",
)
DAYS = ("2024-01-01", "../2024-01-01", "2024-01-01/..", "..", "/", "2024-01-01T00:00:00+25:00",
        "0001-01-01", "9999-12-31", "10000-01-01")  # fmt: skip
HEADERS: tuple[tuple[bytes, tuple[bytes, ...]], ...] = (
    (b"authorization", (b"Bearer", b"Bearer ", b"Bearer \xff\xfe", b"Basic YTpi",
                        b"bearer gg_x", b"Bearer " + b"x" * 9000,
                        b"Bearer a.b.c", b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Bearer ' OR 1=1 --")),
    (b"range", (b"bytes=0-", b"bytes=-1", b"bytes=5-1", b"bytes=0-" + b"9" * 30, b"x", b"bytes=" + b"0-1," * 500)),
    (b"if-none-match", (b"*", b'"x"', b"W/", b'"' * 200, b"\xff", b", " * 500)),
    (b"if-modified-since", (b"yesterday", b"\xff")),
    (b"accept-encoding", (b"gzip", b"gzip;q=0", b"\xff", b"br" * 1000)),
    (b"accept", (b"*/*", b"text/html", b"\xff")),
    (b"x-forwarded-for", (b"1.2.3.4", b"'", b"1.2.3.4, " * 500, b"\xff", b"127.0.0.1")),
    (b"x-forwarded-proto", (b"javascript", b"https")),
    (b"host", (b"", b"evil.example", b"x:y", b"[", b"\xff", b"a b", b"[::1", b"x:99999999")),
    (b"last-event-id", (b"-1", b"\xff", b"9" * 100)),
    (b"content-type", (b"\xff", b"multipart/form-data", b"multipart/form-data; boundary=")),
    (b"cookie", (b"a=b; " * 500,)),
)  # fmt: skip


def questions(draft: str, plan: str, grids: str) -> st.SearchStrategy[Sent]:
    """Return questions: every address with values of every kind in its path, its parameters and its headers."""
    values = st.sampled_from([*TEXTS, *BOXES, *DAYS, "114.3", "30.6", "10", "1", plan, draft])

    @st.composite
    def one(draw: Callable[..., Any]) -> Sent:
        path, names = draw(st.sampled_from(ASKED))
        for name, value in (("PLAN", plan), ("DRAFT", draft), ("GRIDS", grids)):
            path = path.replace(name, value)
        while "{}" in path:
            path = path.replace("{}", coded(draw(values), draw(st.booleans())), 1)
        chosen = draw(st.lists(st.sampled_from(names), max_size=4)) if names else []
        asked = "&".join(
            f"{name}={coded(draw(values))}" for name in [*chosen, *draw(st.sampled_from([[], [], ["zz"]]))]
        )
        headers = [
            (name, draw(st.sampled_from(given))) for name, given in draw(st.lists(st.sampled_from(HEADERS), max_size=2))
        ]
        method = draw(st.sampled_from(["GET"] * 8 + ["HEAD", "OPTIONS", "PUT", "DELETE", "TRACE", "QUERY"]))
        if method == "DELETE" and draft in path:
            method = "GET"
        return Sent(method, f"{path}?{asked}" if asked else path, b"", tuple(headers))

    return one()


_FILE = b"POST /api/files?name=a.csv HTTP/1.1\r\nHost: x\r\nTOKEN\r\n"
#: bytes that are no request, or one that never ends; with how the connection goes on: False when it is cut
RAW: tuple[bytes, ...] = (
    b"GET / HTTP/9.9\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\n\r\n",
    b"GET http://evil.example/api/health HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET //etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/plans/%zz%00%ff HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/lookup?lon=%ff%fe&lat=\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/\xe8\xa1\x97 HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 20_000 + b"\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
    _FILE + b"Content-Length: 10\r\n\r\nlon",
    _FILE + b"Content-Length: -5\r\n\r\nlon",
    _FILE + b"Content-Length: 99999999999999999999\r\n\r\nlon",
    _FILE + b"Content-Length: 999999999\r\n\r\nlon",
    _FILE + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    _FILE + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nlon",
    _FILE + b"Transfer-Encoding: chunked\r\n\r\n-1\r\nlon\r\n",
    _FILE + b"Transfer-Encoding: chunked\r\n\r\n5\r\nlon,l\r\n",
    b"POST /api/lookup/batch HTTP/1.1\r\nHost: x\r\nTOKEN\r\nTransfer-Encoding: chunked\r\n\r\n8\r\nlon,lat\n\r\n",
    b"POST /api/lookup/batch HTTP/1.1\r\nHost: x\r\nTOKEN\r\nContent-Length: 5\r\n\r\nlon,lat\n1,2\n1,2\n",
    b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nTOKEN\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n{",
    b"POST /api/jobs HTTP/1.1\r\nHost: x\r\nTOKEN\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nHTTP2-Settings: AA\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n" * 50,
    b"",
)  # fmt: skip


def coded(text: str, strictly: bool = True) -> str:
    """Return a text as part of an address; not strictly, with the marks that lead elsewhere as they are."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="" if strictly else "/:;=,+.~()'!*")


def plain(value: Any) -> str:
    """Return a value as JSON, with what JSON does not know as programs write it."""
    return json.dumps(value, ensure_ascii=True)
