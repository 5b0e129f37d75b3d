"""Rosters going out: a row a person and post, as `gis_grid.sources.read_staff` reads them back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis_grid.places import check_place, whole_file
from gis_grid.staffing.people import Crew
from gis_grid.staffing.units import DISTRICT, within

if TYPE_CHECKING:
    from gis_grid.plan import Plan
    from gis_grid.staffing.suggest import Suggestion

#: the columns of a roster and their heads in Chinese
HEADS = {
    "name": "姓名",
    "post": "岗位",
    "phone": "工作电话",
    "community_code": "社区编码",
    "community": "社区",
    "grid": "网格",
    "lines": "服务条线",
    "base": "驻点",
    "most": "兼岗上限",
    "status": "状态",
    "why_zh": "说明",
    "why_en": "说明（英文）",
}


def roster_of(plan: Plan, crew: Crew, *, why: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the roster of a plan, a row a person and post, vacancies too; several grids of one person are one row.

    Columns are `name` ("" where it is vacant), `post` (the role), `phone`, `community_code` and `community` (where the
    person belongs, else where all their posts are), `grid` (codes of grids or of the units of the post's tier, joined
    by 、; empty for posts of communities and of the district), `lines`, `base`, `most`, `status` (`filled`, `vacant`,
    `ex officio`, or `reserve` for people without a post), and with `why` (as of `gis_grid.staffing.explained`) its
    two columns.
    """
    rows = _rows(plan, crew)
    people = crew.people.reindex(rows["person"])
    code, name = (plan.communities[column].astype(str) for column in ("community_code", "name"))
    frame = pd.DataFrame(
        {
            "name": people["name"].fillna("").to_numpy(),
            "post": rows["role"],
            "phone": people["phone"].fillna("").to_numpy(),
            "community_code": rows["home"],
            "community": rows["home"].map(dict(zip(code, name, strict=True))).fillna(""),
            "grid": rows["grid"],
            "lines": ["、".join(lines) if isinstance(lines, tuple) else "" for lines in people["lines"]],
            "base": people["base"].fillna("").to_numpy(),
            "most": [str(int(most)) if most else "" for most in people["most"].fillna(0)],
            "status": rows["status"],
        }
    )
    return frame if why is None else frame.join(why.reindex(rows["person"]).fillna("").reset_index(drop=True))


def _rows(plan: Plan, crew: Crew) -> pd.DataFrame:
    """Return rows of a roster: `role`, `person`, `home` (a community), `grid` and `status`."""
    posts = crew.posts.reset_index()
    homes = {tier: within(plan, tier, "community") for tier in posts["tier"].unique()}
    at = list(zip(posts["tier"], posts["codes"], strict=True))
    posts["home"] = [codes[0] if tier == "community" else homes[tier].get(codes[0], "") for tier, codes in at]
    wide = posts["tier"].isin(["community", DISTRICT])
    posts["grid"] = ["" if over else "、".join(codes) for over, (_, codes) in zip(wide, at, strict=True)]
    free = posts["person"] == ""
    posts["home"] = posts["home"].where(wide | free, _belonging(posts, crew))
    posts["status"] = np.select([free, posts["held_by"] != ""], ["vacant", "ex officio"], "filled")
    # the grids of one person under one role make one row; every vacancy is a row of its own
    posts["row"] = posts["post"].where(free | wide, posts["person"])
    kinds = ["role", "row", "person", "home", "status"]
    rows: pd.DataFrame = posts.groupby(kinds, sort=False).agg(grid=("grid", "、".join)).reset_index()
    idle = crew.people[~crew.people.index.isin(posts["person"])]
    more = pd.DataFrame(
        {
            "role": idle["roles"].str[0],
            "person": idle.index,
            "home": idle["community_code"],
            "status": "reserve",
            "grid": "",
        }
    )
    return pd.concat([rows.drop(columns="row"), more], ignore_index=True) if len(more) else rows


def _belonging(posts: pd.DataFrame, crew: Crew) -> pd.Series:
    """Return the community of who has each post: as the roster says, else where all their posts are, else ""."""
    told = posts["person"].map(crew.people["community_code"]).astype("str").fillna("")
    alone = posts.groupby("person")["home"].transform("nunique") == 1
    return told.where(told != "", posts["home"].where(alone, ""))


def taken_over(crew: Crew, found: Suggestion) -> Crew:
    """Return the crew as it is once a suggestion is followed; ex officio posts go with their holder."""
    person = crew.posts["person"].copy()
    person.loc[found.posts.index] = found.posts["person"].astype(str)
    ex_officio = crew.posts["held_by"] != ""
    person = person.mask(ex_officio, crew.posts["held_by"].map(person).fillna(""))
    return Crew(crew.posts.assign(person=person.astype("str"), named=True)[~crew.posts["extra"]], crew.people)


def write_roster(frame: pd.DataFrame, path: str | Path, *, lang: str = "zh") -> Path:
    """Write a roster as XLSX or CSV (UTF-8 with a byte order mark, which spreadsheets open with Chinese intact).

    Raises
    ------
    OutputError
        If the name ends in neither .xlsx nor .csv, or the file cannot be written; what stood there is untouched.
    """
    path = check_place(path, ".xlsx", ".csv", what="a roster is a table")
    told = frame.rename(columns=HEADS) if lang == "zh" else frame
    with whole_file(path) as part:
        if path.suffix.lower() == ".csv":
            told.to_csv(part, index=False, encoding="utf-8-sig")
        else:
            part.write_bytes(sheet_bytes(told))
    return path


def sheet_bytes(frame: pd.DataFrame) -> bytes:
    """Return a table as a workbook in which every cell is text, also one that begins like a formula."""
    import io

    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    sheet = book.create_sheet("roster")
    sheet.freeze_panes = "A2"
    for row in [list(frame.columns), *frame.astype(str).to_numpy().tolist()]:
        cells = [WriteOnlyCell(sheet, value) for value in row]
        for cell in cells:
            cell.data_type = "s"
        sheet.append(cells)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
