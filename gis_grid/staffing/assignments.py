"""Who holds which post of a plan, a row a post and unit: what stands in a plan's file, and is asked there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from gis_grid.staffing.people import crew_of, rows_of, told_of, unknown_places

if TYPE_CHECKING:
    from gis_grid.plan import Plan

#: columns of the frame
COLUMNS = ("post", "role", "role_zh", "role_en", "lines", "tier", "code", "kind", "person", "name", "work_phone")


def assignments_of(plan: Plan) -> pd.DataFrame:
    """Return who holds each post of a plan by its roster, a row for each unit that the post answers for.

    The columns are `post` (its number), `role`, `role_zh`, `role_en`, `lines` (service lines with commas between
    them), `tier` and `code` of the unit (that of the district is ""), `kind` (`holder`, or `vacant` with empty names),
    `person` (a number), `name` and `work_phone`. Where the roster names grids or communities that the plan does not
    have, it is passed over.

    Examples
    --------
    >>> import gis_grid as gg
    >>> found = assignments_of(gg.build_from(gg.sample_frames()))
    >>> sorted(found["kind"].unique())
    ['holder', 'vacant']
    """
    crew = crew_of(plan, strict=False)
    posts = crew.posts
    found = pd.DataFrame(
        {
            "post": posts.index.astype(str),
            "role": posts["role"].to_numpy(),
            "role_zh": posts["name_zh"].to_numpy(),
            "role_en": posts["name_en"].to_numpy(),
            "lines": [",".join(lines) for lines in posts["lines"]],
            "tier": posts["tier"].to_numpy(),
            "code": posts["codes"].to_numpy(),
            "kind": ["holder" if person else "vacant" for person in posts["person"]],
            "person": posts["person"].to_numpy(),
            "name": told_of(crew, "name").to_numpy(),
            "work_phone": told_of(crew, "phone").to_numpy(),
        }
    )
    return found.explode("code", ignore_index=True).astype("str")[list(COLUMNS)]


def with_assignments(plan: Plan, *, note: bool = False) -> Plan:
    """Return a plan with who holds which of its posts; a plan without a roster as it is.

    With `note` its metadata say which places of the roster it does not have.
    """
    if plan.staff is None:
        return plan
    whole = replace(plan, assignments=assignments_of(plan))
    unknown = unknown_places(rows_of(plan, plan.staff), str(plan.staff.attrs.get("source", "staff"))) if note else []
    if not unknown:
        return whole
    notes = [plan.metadata.get("notes", ""), *(f"warning: {fault}" for fault in unknown)]
    return replace(whole, metadata={**plan.metadata, "notes": "\n".join(filter(None, notes))})
