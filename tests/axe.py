"""What a machine can say about accessibility of a page: axe, run in the page itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

AXE = Path(__file__).resolve().parents[1] / "api" / "viewer" / "node_modules" / "axe-core" / "axe.min.js"


def clean(page: Any, where: str = "") -> None:
    """Fail if axe finds anything serious; skip where it is not installed, unless pages must be tried."""
    if not AXE.exists():
        reason = "axe is not installed (make setup)"
        if "browser" in os.environ.get("GIS_GRID_REQUIRE", ""):
            pytest.fail(reason)
        pytest.skip(reason)
    assert serious(page) == [], where


def serious(page: Any) -> list[str]:
    """Return what axe finds that is serious or worse, with the elements."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [
        f"{one['id']}: {node['html'][:160]}"
        for one in found
        if one["impact"] in ("serious", "critical")
        for node in one["nodes"]
    ]
