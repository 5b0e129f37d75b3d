"""What a machine can say about accessibility of a page: axe, run in the page itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

AXE = Path(__file__).resolve().parents[1] / "api" / "viewer" / "node_modules" / "axe-core" / "axe.min.js"


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
