"""What a build tells of its search: every term of the cost in words, a row for each community, what cut it short."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from gis_grid.cli.output import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gis_grid.plan import Plan

#: Items of each term that are said.
SAID = 4
#: A gap that is none but for rounding.
PROVED = 1e-6
#: What cut a search short, in words.
STOPPED = {
    "interrupted": "搜索被中断，保留了当时最好的方案 / the search was interrupted: this is the best plan until then",
    "time limit": "达到时限，保留了当时最好的方案 / the time limit cut the search: this is the best plan until then",
}


def account(plan: Plan) -> dict[str, Any]:
    """Return what the plan's metadata say of its search: cost, items, communities, seconds, seed, what cut it short."""
    told = {key: _json(plan.metadata, key) for key in ("cost", "bound", "cost_items", "parts", "seed")}
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    parts = [{**row, "name": names.get(row["community_code"], "")} for row in told["parts"] or []]
    seconds = _json(plan.metadata, "seconds") or {}
    return {
        **told,
        "parts": parts,
        "stage_seconds": seconds,
        "stopped_early": str(plan.metadata.get("stopped_early", "")),
    }


def account_lines(told: Mapping[str, Any]) -> list[str]:
    """Say what a plan costs, term by term, and whether something cut the search short."""
    import pandas as pd

    from gis_grid.partition.bill import COLUMNS, bill_rows

    rows = bill_rows(pd.DataFrame(told["cost_items"] or [], columns=list(COLUMNS)), most=SAID)
    cells = [[name, f"{cost:,.0f}", share, measured] for name, measured, cost, share in rows]
    lines = [f"成本 cost {(told['cost'] or {}).get('total', 0.0):,.0f}"]
    lines += [f"  {line}" for line in table(cells, ["", "", "", ""])[1:]]
    lines += _proved_lines(told["parts"] or [])
    return [*lines, STOPPED[told["stopped_early"]]] if told["stopped_early"] in STOPPED else lines


def _proved_lines(parts: list[dict[str, Any]]) -> list[str]:
    """Say what is proved about the cost, if that was asked for: in one line for all parts with a bound."""
    gaps = [part["gap"] for part in parts if part.get("gap") is not None]
    if len(gaps) <= len(parts) // 2:  # small parts are proved unasked; that is no news
        return []
    best = sum(gap <= PROVED for gap in gaps)
    return [f"证明 proved: {best} of {len(parts)} parts are as cheap as can be; the largest gap is {max(gaps):.2%}"]


def _json(metadata: Mapping[str, str], key: str) -> Any:
    text = metadata.get(key)
    return json.loads(text) if text else None
