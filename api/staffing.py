"""What is worked out about people, as plain values: suggestions, hand-over lists, rosters in and out.

Functions that take a store first run in the processes of `api.pool`.
"""

from __future__ import annotations

import io
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    import pandas as pd

    from gis_grid.plan import Plan
    from gis_grid.staffing import HandOver
    from gis_grid.store import Store

Sheet = Literal["xlsx", "csv"]
#: what rosters are sent as
MEDIA = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


def suggested(store: Store, district: int, on: date, most: int | None) -> dict[str, Any]:
    """Suggest who should take which post of a district, from those who are there on a day."""
    from gis_grid.staffing import SuggestOptions, explained, suggest
    from gis_grid.store.leave import crew_on
    from gis_grid.store.models import Area

    with store.reading() as session:
        plan, crew = crew_on(session, session.get_one(Area, district), on=on)
    found = suggest(plan, crew=crew, options=SuggestOptions(most=most) if most else None)
    why = explained(found, crew)
    named = crew.people["name"]
    posts = found.posts.assign(
        name=found.posts["person"].map(named).astype("str").fillna(""),
        name_before=found.posts["before"].map(named).astype("str").fillna(""),
        codes=found.posts["codes"].map(list),
    )
    columns = ["post", "role", "tier", "codes", "name_before", "name", "new", "walk_m", "work"]
    people = found.people.join(why)[["name", "posts", "work", "fair", "walk_m", "why_zh", "why_en"]]
    totals = {"cost_m": round(found.cost), "bound_m": round(found.bound), "gap": found.gap}
    return {
        **totals,
        "vacant": int((found.posts["person"] == "").sum()),
        "posts": posts.rename_axis("post").reset_index()[columns].to_dict("records"),
        "people": people.to_dict("records"),
    }


def hands(store: Store, subject: str, before: Plan, after: Plan) -> HandOver:
    """Say which doors one person gives to another, by the roster that the district has today, else the plan's own."""
    from gis_grid.blocks.counts import points_in_blocks
    from gis_grid.staffing import crew_of, handover, moved
    from gis_grid.store.models import Draft
    from gis_grid.store.models import Plan as KeptPlan
    from gis_grid.store.outgoing import roster
    from gis_grid.store.people import has_people

    with store.reading() as session:
        plan_id = session.get_one(Draft, subject).plan_id if subject.startswith("d") else subject
        district = session.get_one(KeptPlan, plan_id).district_id
        staff = roster(session, district, holders=True) if has_people(session, district) else None
    addresses = points_in_blocks(after.addresses, after.blocks)
    if staff is None:
        return handover(before, after, addresses=addresses)
    crew = crew_of(before, staff=staff, strict=False)
    return handover(before, after, crews=(crew, moved(crew, before, after).crew), addresses=addresses)


def sheet(frame: pd.DataFrame, form: Sheet, lang: str) -> bytes:
    """Return a roster as a file."""
    from gis_grid.staffing.rosters import HEADS, sheet_bytes

    told = frame.rename(columns=HEADS) if lang == "zh" else frame
    if form == "xlsx":
        return sheet_bytes(told)
    content = io.StringIO()
    told.to_csv(content, index=False)
    return content.getvalue().encode("utf-8-sig")


def read(content: bytes, name: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Read a roster that was sent, and say what its columns were taken for.

    Raises
    ------
    InputError
        If it is neither CSV nor XLSX, or rows cannot be used; all faults at once.
    """
    from gis_grid.sources import read_roster

    ending = Path(name).suffix.lower()
    if ending not in (".csv", ".xlsx"):
        raise InputError(Fault("this is neither CSV nor XLSX", column="name", remedy="name a file .csv or .xlsx"))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"roster{ending}")
        path.write_bytes(content)
        found = read_roster(path)
    found.frame.attrs["source"] = Path(name).name
    return found.frame, found.notes
