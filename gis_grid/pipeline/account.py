"""What a plan's metadata tell of the search: every term of the cost, every community, and what cut the search short."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from gis_grid.partition.bill import bill, cost_of

if TYPE_CHECKING:
    from gis_grid.partition import PartitionResult
    from gis_grid.plan import Plan


def account(plan: Plan, result: PartitionResult, *, home: pd.Series | None = None) -> dict[str, object]:
    """Return the metadata of a search: `cost` by term, its `cost_items`, `parts` and `stopped_early`.

    `home` is the grid of each block in the plan before, where there is one.
    """
    items = bill(plan.blocks, plan.borders, plan.assignment, plan.scheme, home=home)
    return {
        "cost": {name: round(value, 3) for name, value in cost_of(items).items()},
        "cost_items": _records(items),
        "parts": _records(result.parts),
        "stopped_early": str(result.stopped_early or ""),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as JSON can hold them."""
    return [{str(key): _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    """Return a figure rounded, or null where it is missing."""
    if pd.isna(value):
        return None
    return round(value, 4) if isinstance(value, float) else value
