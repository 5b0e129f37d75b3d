"""The roster of a district as rows again, as files have them: a row a person and post."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import select

from gis_grid.store.models import Staff
from gis_grid.store.people import people_frame

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session


def roster(session: Session, district: int, *, on: date | None = None, holders: bool = False) -> pd.DataFrame:
    """Return the roster of a district on a day as `gis_grid.sources.read_staff` reads one, a row a post.

    Those who stand in for somebody on leave are in their place; with `holders` those whose posts they are.

    Raises
    ------
    AbsentError
        If there is no such district.
    """
    found = people_frame(session, district, on=on, holders=holders)
    own = ~found["tier"].isin(["community", "district"])
    homes = found[found["tier"] == "community"].groupby("post")["code"].first()
    # the units of one person under one role make one row; every vacancy is a row of its own
    keyed = found.assign(row=found["post"].where(~own | (found["person"] == ""), found["person"]))
    keyed["grid"] = found["code"].where(own, "")
    rows = keyed.groupby(["role", "row", "person"], sort=False, as_index=False).agg(
        name=("name", "first"), phone=("work_phone", "first"), post=("post", "first"), kind=("kind", "first"),
        grid=("grid", lambda codes: "、".join(code for code in dict.fromkeys(codes) if code)),
    )  # fmt: skip
    people = _known(session, district).reindex(rows["person"]).fillna("").set_axis(rows.index)
    home = rows["post"].map(homes).astype("str").fillna("")
    return pd.DataFrame(
        {
            "name": rows["name"],
            "post": rows["role"],
            "phone": rows["phone"],
            "community_code": home.where(home != "", people["community_code"]),
            "grid": rows["grid"],
            **{column: people[column] for column in ("lines", "base", "most")},
            "vacant": rows["kind"] == "vacant",
        }
    )


def _known(session: Session, district: int) -> pd.DataFrame:
    """Return what is known of the people of a district, as text, by their numbers."""
    columns = (Staff.number, Staff.community_code, Staff.lines, Staff.base, Staff.most)
    found = session.execute(select(*columns).where(Staff.district_id == district)).all()
    rows = [(number, home, "、".join(lines), base, str(most or "")) for number, home, lines, base, most in found]
    return pd.DataFrame(rows, columns=["number", "community_code", "lines", "base", "most"], dtype="str").set_index(
        "number"
    )
