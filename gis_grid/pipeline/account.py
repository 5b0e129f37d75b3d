"""What a plan's metadata tell: how it came about, and of the search every term of the cost and what cut it short."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import pandas as pd

from gis_grid.addresses import DISTRICTS
from gis_grid.partition.bill import cost_of, plan_bill
from gis_grid.pipeline import update
from gis_grid.pipeline.update import Carried

if TYPE_CHECKING:
    from gis_grid.partition import PartitionResult
    from gis_grid.pipeline.district import District
    from gis_grid.plan import Plan

PACKAGES = ("gis-grid", "geopandas", "shapely", "pyproj", "numpy", "numba", "scipy", "pymetis")


def told(
    district: District,
    plan: Plan,
    result: PartitionResult,
    *,
    seed: int,
    max_moved: float | None,
    seconds: Mapping[str, float],
) -> dict[str, str]:
    """Return a plan's metadata: everything needed to say how it came about and to make it again."""
    band = plan.scheme.main.band
    facts: dict[str, object] = {
        "scheme": plan.scheme.name,
        "band_min": band.min,
        "band_max": band.max,
        "band_target": band.target,
        "seed": seed,
        "crs": district.boundary.crs.to_string(),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "seconds": {name: round(took, 3) for name, took in seconds.items()},
        **account(plan, result, home=result.home if isinstance(result, Carried) else None),
        "given_tiers": plan.metadata["given_tiers"],
    }
    if DISTRICTS in plan.metadata:
        facts[DISTRICTS] = plan.metadata[DISTRICTS]
    if district.communities is None or district.communities.get("provisional", pd.Series([False])).any():
        facts["provisional_codes"] = True
    notes = [district.metadata.get("notes", ""), plan.metadata.get("notes", "")]
    if isinstance(result, Carried):
        facts |= update.told(result, plan, max_moved)
        notes.append(update.note(result, max_moved))
    if any(notes):
        facts["notes"] = "\n".join(note for note in notes if note)
    text = {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
    return dict(district.metadata) | text


def account(plan: Plan, result: PartitionResult, *, home: pd.Series | None = None) -> dict[str, object]:
    """Return the metadata of a search: `cost` by term, its proved `bound`, `cost_items`, `parts` and `stopped_early`.

    `home` is the grid of each block in the plan before, where there is one.
    """
    items = plan_bill(plan, home=home)
    return {
        "cost": {name: round(value, 3) for name, value in cost_of(items).items()},
        "bound": None if result.bound is None else round(result.bound, 3),
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
