"""The points that the phone's tests ask about are answered as `LookupIndex` answers now."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np

import gis_grid as gg

_SPEC = importlib.util.spec_from_file_location("phone_vectors", Path(__file__).parent / "vectors.py")
assert _SPEC is not None
assert _SPEC.loader is not None
VECTORS: Any = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(VECTORS)


def test_the_file_is_what_the_index_says_now() -> None:
    """If this fails: python tests/viewer/phone/vectors.py."""
    kept = json.loads(VECTORS.FILE.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(VECTORS.vectors()))
    assert kept["file"] == now["file"]
    assert [row[:4] for row in kept["asked"]] == [row[:4] for row in now["asked"]]
    for one, other in zip(kept["asked"], now["asked"], strict=True):
        np.testing.assert_allclose(one[4], other[4], atol=2e-3)
        assert [code for code, _ in one[5]] == [code for code, _ in other[5]]
    np.testing.assert_allclose(kept["shifts"], now["shifts"], rtol=0, atol=1e-9)


def test_points_ask_for_all_that_is_hard() -> None:
    frame = VECTORS.grids()
    asked = json.loads(VECTORS.FILE.read_text(encoding="utf-8"))["asked"]
    index = gg.LookupIndex(frame)
    found = index.locate([row[0] for row in asked], [row[1] for row in asked])
    codes = [None if n < 0 else str(frame["code"].iloc[n]) for n in found]
    assert codes == [row[3] for row in asked]
    assert set(codes) >= {None, "98", "99", "01", "05", "08"}
    assert sum(row[4] == 0 for row in asked) > 30, "points on borders"
    assert any(len(row[5]) > 2 for row in asked), "a point near a corner of several grids"
