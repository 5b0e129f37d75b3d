"""Tables without geometry of their own: CSV and XLSX to points, and the encodings they come in."""

from __future__ import annotations

import io
import struct
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.errors import Fault, InputError
from gis_grid.sources.columns import decode, guess_column

_SEPARATORS = (",", "\t", ";", "|")
#: No more columns than a GeoPackage can hold; a table that has more was exported with rows and columns exchanged.
MOST_COLUMNS = 2000


def read_csv(path: Path, source: str) -> pd.DataFrame:
    """Read a CSV of any usual encoding (UTF-8 with or without BOM, UTF-16, GB18030) and separator, all columns as text.

    Raises
    ------
    InputError
        If it has no header, too many columns, or rows are wider than the header.
    """
    content = decode_file(path.read_bytes())
    header = content.split("\n", 1)[0]
    separator = max(_SEPARATORS, key=header.count)
    if "\x00" in content or not header.strip():
        raise InputError(Fault("this is no CSV", source, remedy="save the table as CSV UTF-8"))
    columns = header.count(separator) + 1
    if columns > MOST_COLUMNS:
        remedy = "keep those that say where and how many; were rows and columns exchanged?"
        raise InputError(Fault(f"it has {columns:,} columns, {MOST_COLUMNS:,} at most", source, remedy=remedy))
    frame = pd.read_csv(
        io.StringIO(content), sep=separator, dtype="str", keep_default_na=False, na_values=[""], skipinitialspace=True
    )
    if not isinstance(frame.index, pd.RangeIndex):
        remedy = "quote cells that hold the separator"
        raise InputError(Fault("rows have more cells than the header", source, remedy=remedy))
    return frame.rename(columns=lambda name: str(name).strip())


def decode_file(raw: bytes) -> str:
    r"""Decode the bytes of a text file by its byte order mark, else by what fits.

    >>> decode_file("户数\n3".encode("utf-8-sig")), decode_file("户数\n3".encode("gb18030"))
    ('户数\n3', '户数\n3')
    """
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf-16")
    return decode([raw.removeprefix(b"\xef\xbb\xbf")])[0]


def read_xlsx(path: Path, source: str, sheet: str | None) -> pd.DataFrame:
    """Read one sheet of a workbook: the one named, else the first that holds something.

    Raises
    ------
    InputError
        If there is no such sheet; those there are named.
    """
    with pd.ExcelFile(path, engine="openpyxl") as book:
        names = [str(name) for name in book.sheet_names]
        if sheet is not None and sheet not in names:
            remedy = f"its sheets are: {', '.join(names)}"
            raise InputError(Fault(f"there is no sheet '{sheet}'", source, remedy=remedy))
        for name in [sheet] if sheet is not None else names:
            frame = pd.read_excel(book, sheet_name=name, dtype=object)
            if len(frame):
                break
    frame = frame.dropna(how="all").rename(columns=lambda column: str(column).strip())
    return frame.infer_objects()


def as_points(table: pd.DataFrame, source: str) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give a table the geometry its columns state: WKT, or a pair such as lon/lat, x/y, 经度/纬度.

    Rows whose coordinates are missing or no numbers get no geometry. The CRS is left open.

    Raises
    ------
    InputError
        If no such columns are recognised.
    """
    wkt = guess_column(table, "wkt", source)
    if wkt is not None:
        written = table[wkt.column].astype(object).where(table[wkt.column].notna(), None).to_numpy()
        binary = any(isinstance(value, bytes) for value in written)
        shapes = (shapely.from_wkb if binary else shapely.from_wkt)(written, on_invalid="ignore")
        rest = table.drop(columns=wkt.column)
        return gpd.GeoDataFrame(rest, geometry=np.asarray(shapes, dtype=object)), [wkt.why]
    lon, lat = guess_column(table, "lon", source), guess_column(table, "lat", source)
    if lon is None or lat is None:
        listed = ", ".join(str(column) for column in table.columns)
        remedy = f"name them lon and lat, x and y, or 经度 and 纬度; its columns are: {listed}"
        raise InputError(
            Fault("no columns of coordinates were recognised, and there is no geometry", source, remedy=remedy)
        )
    x = pd.to_numeric(table[lon.column], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    y = pd.to_numeric(table[lat.column], errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
    points = np.full(len(table), None, dtype=object)
    held = np.isfinite(x) & np.isfinite(y)
    points[held] = shapely.points(x[held], y[held])
    said = f"{source}: took columns '{lon.column}' and '{lat.column}' for coordinates"
    return gpd.GeoDataFrame(table.copy(), geometry=points), [said]


def shapefile_encoding(path: Path) -> str | None:
    """Return the encoding of a shapefile that does not declare one, judged by the bytes of its table.

    A `.cpg` beside it or a language id in its header is left to GDAL (None).
    """
    for suffix in (".cpg", ".CPG"):
        if path.with_suffix(suffix).is_file():
            return None
    table = next((p for p in (path.with_suffix(".dbf"), path.with_suffix(".DBF")) if p.is_file()), None)
    if table is None:
        return None
    raw = table.read_bytes()[: 1 << 24]
    if len(raw) < 33 or raw[29] not in (0, 0x57):
        return None
    names, cells = _dbf_text(raw)
    for encoding in ("utf-8", "gb18030"):
        if all(_decodes(value, encoding) for value in [*names, *cells]):
            return encoding if encoding == "utf-8" or decode([*names, *cells]) == _as_gb(names, cells) else "cp1252"
    return "cp1252"


def _as_gb(names: list[bytes], cells: list[bytes]) -> list[str]:
    return [value.decode("gb18030", errors="replace") for value in [*names, *cells]]


def _decodes(value: bytes, encoding: str) -> bool:
    """Tell whether a cell decodes, forgiving a last character that the width of the column cut through."""
    try:
        value.decode(encoding)
    except UnicodeDecodeError as caught:
        return caught.end >= len(value) and caught.start >= len(value) - 3 and len(value) >= 9
    return True


def _dbf_text(raw: bytes) -> tuple[list[bytes], list[bytes]]:
    """Return the column names and the distinct text cells of a dBASE table."""
    header, width = struct.unpack("<HH", raw[8:12])
    names, fields, at = [], [], 1
    for descriptor in range(32, max(32, header - 1), 32):
        field = raw[descriptor : descriptor + 32]
        if len(field) < 32 or field[:1] == b"\r":
            break
        names.append(field[:11].split(b"\0")[0])
        if field[11:12] == b"C":
            fields.append((at, field[16]))
        at += field[16]
    body: Any = np.frombuffer(raw[header : header + (len(raw) - header) // max(width, 1) * width], dtype=np.uint8)
    records = body.reshape(-1, width) if width else np.zeros((0, 1), np.uint8)
    cells: set[bytes] = set()
    for start, size in fields:
        if start + size > width:  # a header that lies
            break
        cells |= set(np.ascontiguousarray(records[:, start : start + size]).view(f"S{size}").ravel().tolist())
    return names, [cell.rstrip() for cell in cells]
