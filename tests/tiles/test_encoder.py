"""Layers read back: kinds of values, absent values, points and lines."""

from __future__ import annotations

import mapbox_vector_tile
import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from gis_grid.tiles.encoder import POINT, Properties, layer, varint, write_points

WORDS = st.text(st.characters(codec="utf-8"), max_size=12)
VALUES = {
    "text": WORDS,
    "whole": st.integers(-(2**62), 2**62),
    "number": st.floats(allow_nan=False),
    "flag": st.booleans(),
}


def read(columns: dict[str, object], count: int) -> list[dict[str, object]]:
    rows = np.arange(count)
    said = Properties.of(columns, rows + 1)
    tile = layer("points", POINT, rows, write_points(np.zeros((count, 2), np.int64)), said)
    return [feature["properties"] for feature in mapbox_vector_tile.decode(tile)["points"]["features"]]


@given(st.data(), st.integers(1, 20))
def test_values_of_all_kinds_come_back_and_absent_ones_stay_away(data: st.DataObject, count: int) -> None:
    columns = {
        name: data.draw(st.lists(st.none() | value, min_size=count, max_size=count)) for name, value in VALUES.items()
    }
    wanted = [{name: column[n] for name, column in columns.items() if column[n] is not None} for n in range(count)]
    found = read(columns, count)
    assert found == wanted
    assert [{name: type(value) for name, value in row.items()} for row in found] == [
        {name: type(value) for name, value in row.items()} for row in wanted
    ]


def test_types_of_pandas_and_numpy_are_plain_in_the_tile() -> None:
    columns = {
        "count": pd.Series([1, 2], dtype="int32"),
        "share": np.array([0.5, 0.25], dtype="float32"),
        "flag": np.array([True, False]),
        "mixed": [np.int64(3), None],
    }
    assert read(columns, 2) == [
        {"count": 1, "share": 0.5, "flag": True, "mixed": 3},
        {"count": 2, "share": 0.25, "flag": False},
    ]
    said = Properties.of(columns, np.arange(2))
    assert said.fields == {"count": "Number", "share": "Number", "flag": "Boolean", "mixed": "Number"}


@given(st.integers(0, 2**63 - 1))
def test_numbers_are_written_seven_bits_a_byte(number: int) -> None:
    written = varint(number)
    assert sum((byte & 0x7F) << 7 * place for place, byte in enumerate(written)) == number
    assert all(byte > 0x7F for byte in written[:-1])
    assert written[-1] <= 0x7F
