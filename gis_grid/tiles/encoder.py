"""Mapbox Vector Tiles 2.1 written from arrays: geometry, numbers and tags of a whole layer at once.

What a tile says of its features is prepared once a layer (`Properties`): every value is encoded and numbered. A tile
then picks rows, and compiled loops write the bytes.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.compiling import compiled, entrance
from gis_grid.tiles.mercator import EXTENT

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

POINT, LINE, POLYGON = 1, 2, 3


@dataclass(frozen=True)
class Properties:
    """Hold the properties of the features of a layer, ready to be written.

    `ids` numbers the features; `names` are the keys in order, `fields` their types as TileJSON says them; `codes`
    (features, keys) numbers each value within its column, -1 where there is none; `values` are the values of each
    column as a layer holds them.
    """

    ids: Ints
    names: tuple[str, ...]
    fields: Mapping[str, str]
    codes: Ints
    values: tuple[tuple[bytes, ...], ...]

    @classmethod
    def of(cls, columns: Mapping[str, Any], ids: Ints) -> Properties:
        """Encode columns of texts, whole numbers, numbers and flags; missing values are left out of the tile.

        >>> made = Properties.of({"name": ["甲", "乙", "甲"], "households": [9, 300, 300]}, np.arange(3))
        >>> made.codes.tolist(), dict(made.fields)
        ([[1, 0], [0, 1], [1, 1]], {'name': 'String', 'households': 'Number'})
        """
        codes, values, fields = [], [], {}
        for name, column in columns.items():
            # a list stays as it is: turned into numbers, whole ones with gaps between them would no longer be whole
            typed = pd.Series(column, dtype=object if isinstance(column, list) else None)
            numbers, distinct = pd.factorize(typed, sort=True)
            codes.append(np.asarray(numbers, np.int64))
            values.append(tuple(_whole(one) if type(one) is int else _of(one) for one in distinct.tolist()))
            fields[name] = _kind(distinct)
        table = np.stack(codes, axis=1) if codes else np.zeros((len(ids), 0), np.int64)
        return cls(np.asarray(ids, np.int64), tuple(columns), fields, table, tuple(values))

    def beside(self, more: Properties) -> Properties:
        """Return the properties of the same features with more columns behind them."""
        codes, values = np.hstack([self.codes, more.codes]), self.values + more.values
        return Properties(self.ids, self.names + more.names, {**self.fields, **more.fields}, codes, values)


def _kind(distinct: Any) -> str:
    kind = pd.api.types.infer_dtype(distinct, skipna=True)
    return {"boolean": "Boolean", "integer": "Number", "floating": "Number"}.get(kind, "String")


def _of(value: Any) -> bytes:
    """Encode one value as it stands in a layer."""
    return _message(0x22, _value(value))


@lru_cache(maxsize=20_000)
def _whole(value: int) -> bytes:
    """Encode a whole number, of which counts ask for the same ones again after each move."""
    return _of(value)


def _value(value: Any) -> bytes:
    """Encode one value as the message that a layer keeps of it.

    >>> _value("甲").hex(), _value(300).hex(), _value(-1).hex(), _value(True).hex()
    ('0a03e794b2', '28ac02', '3001', '3801')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, bool):
        return b"\x38\x01" if value else b"\x38\x00"
    if isinstance(value, int):
        return b"\x28" + varint(value) if value >= 0 else b"\x30" + varint(-2 * value - 1)
    if isinstance(value, float):
        return b"\x19" + struct.pack("<d", value)
    text = str(value).encode()
    return b"\x0a" + varint(len(text)) + text


def varint(number: int) -> bytes:
    """Encode a whole number that is not negative, seven bits a byte, the lowest first.

    >>> varint(300).hex()
    'ac02'
    """
    out = bytearray()
    while number > 0x7F:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zipped(tile: bytes) -> bytes:
    """Compress a tile for the wire (gzip); equal tiles stay equal.

    >>> zipped(b"grids") == zipped(b"grids")
    True
    """
    return gzip.compress(tile, compresslevel=6, mtime=0)


def layer(name: str, kind: int, rows: Ints, geometry: tuple[Bytes, Ints], properties: Properties) -> bytes:
    """Write a layer: `rows` of the properties with their geometry (bytes, and where each feature's begin; n + 1).

    A layer without features is no bytes at all, as MVT 2.1 asks for.
    """
    if not len(rows):
        return b""
    tags, values = _tags(rows, properties)
    features = write_features(properties.ids[rows], tags, kind, *geometry).tobytes()
    parts = [_message(0x0A, name.encode()), features]
    parts += [_message(0x1A, key.encode()) for key in properties.names]
    parts += values
    parts.append(b"\x28" + varint(EXTENT) + b"\x78\x02")
    return _message(0x1A, b"".join(parts))


def _message(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + varint(len(content)) + content


def _tags(rows: Ints, properties: Properties) -> tuple[Ints, list[bytes]]:
    """Give numbers to the values that occur in a tile, column after column; -1 where a feature has none."""
    chosen = properties.codes[rows]
    values: list[bytes] = []
    for column, encoded in enumerate(properties.values):
        found, place = np.unique(chosen[:, column], return_inverse=True)
        absent = int(len(found) > 0 and found[0] < 0)
        chosen[:, column] = np.where(place < absent, -1, place - absent + len(values))
        values += [encoded[code] for code in found[absent:].tolist()]
    return chosen, values


@compiled
def _put(out: Bytes, at: int, number: int) -> int:
    """Write a whole number at a place, and return the place after it."""
    while number > 0x7F:
        out[at] = (number & 0x7F) | 0x80
        number >>= 7
        at += 1
    out[at] = number
    return at + 1


@compiled
def _size(number: int) -> int:
    count = 1
    while number > 0x7F:
        number >>= 7
        count += 1
    return count


@compiled
def _zigzag(number: int) -> int:
    return (number << 1) ^ (number >> 63)


@entrance
def write_features(ids: Ints, tags: Ints, kind: int, geometry: Bytes, ptr: Ints) -> Bytes:
    """Write the features of a layer one after another: number, tags, kind and geometry of each."""
    out = np.empty(len(geometry) + len(ids) * (40 + 12 * tags.shape[1]), np.uint8)
    at = 0
    for n in range(len(ids)):
        tag_bytes = 0
        for k in range(tags.shape[1]):
            if tags[n, k] >= 0:
                tag_bytes += _size(k) + _size(tags[n, k])
        shape = ptr[n + 1] - ptr[n]
        body = 1 + _size(ids[n]) + 2 + 1 + _size(shape) + shape
        if tag_bytes:
            body += 1 + _size(tag_bytes) + tag_bytes
        out[at] = 0x12
        at = _put(out, at + 1, body)
        out[at] = 0x08
        at = _put(out, at + 1, ids[n])
        if tag_bytes:
            out[at] = 0x12
            at = _put(out, at + 1, tag_bytes)
            for k in range(tags.shape[1]):
                if tags[n, k] >= 0:
                    at = _put(out, at, k)
                    at = _put(out, at, tags[n, k])
        out[at], out[at + 1], out[at + 2] = 0x18, kind, 0x22
        at = _put(out, at + 3, shape)
        out[at : at + shape] = geometry[ptr[n] : ptr[n + 1]]
        at += shape
    return out[:at]


@entrance
def write_paths(
    corners: Ints, starts: Ints, path: Ints, whose: Ints, order: Ints, closed: bool
) -> tuple[Ints, Bytes, Ints]:
    """Write rings (closed) or lines as drawing commands; return features in order, bytes, and where each begins.

    Path k runs through the corners ``path[starts[k]:starts[k + 1]]`` and belongs to feature ``whose[k]``; `order` says
    which paths are written, those of one feature next to each other.
    """
    out = np.empty(10 * len(path) + 24 * len(order) + 16, np.uint8)
    rows, ptr, count, at = np.empty(len(order), np.int64), np.zeros(len(order) + 1, np.int64), 0, 0
    x, y = 0, 0
    for n in range(len(order)):
        k = order[n]
        if n == 0 or whose[order[n - 1]] != whose[k]:
            rows[count] = whose[k]
            count += 1
            x, y = 0, 0
        length = starts[k + 1] - starts[k]
        for m in range(length):
            if m == 0:
                at = _put(out, at, 9)
            elif m == 1:
                at = _put(out, at, (length - 1) << 3 | 2)
            to_x, to_y = corners[path[starts[k] + m], 0], corners[path[starts[k] + m], 1]
            at = _put(out, at, _zigzag(to_x - x))
            at = _put(out, at, _zigzag(to_y - y))
            x, y = to_x, to_y
        if closed:
            at = _put(out, at, 15)
        ptr[count] = at
    return rows[:count].copy(), out[:at].copy(), ptr[: count + 1].copy()


@entrance
def write_points(places: Ints) -> tuple[Bytes, Ints]:
    """Write one point a feature as drawing commands."""
    out, ptr, at = np.empty(24 * len(places), np.uint8), np.zeros(len(places) + 1, np.int64), 0
    for n in range(len(places)):
        at = _put(out, at, 9)
        at = _put(out, at, _zigzag(places[n, 0]))
        at = _put(out, at, _zigzag(places[n, 1]))
        ptr[n + 1] = at
    return out[:at].copy(), ptr
