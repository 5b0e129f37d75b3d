"""A plan on paper and for the desk: a page to read, a card for each grid, an atlas to print, a workbook."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gis_grid.places import check_place, put_file
from gis_grid.report.card import CardOptions, Holder, grid_card
from gis_grid.report.page import report_page

if TYPE_CHECKING:
    from pathlib import Path

    from gis_grid.plan import Plan

__all__ = ["CardOptions", "Holder", "grid_card", "report_page", "write_report"]

ENDINGS = (".html", ".htm", ".pdf", ".xlsx")


def write_report(plan: Plan, path: str | Path) -> Path:
    """Write the report of a plan and return its path: a page (.html), an atlas to print (.pdf) or a workbook (.xlsx).

    The file is written beside its place, then renamed; equal plans make equal files.

    Raises
    ------
    OutputError
        If the name has another ending, no Chinese font is found for an atlas, or the file cannot be written; what stood
        there is untouched.
    """
    path = check_place(path, *ENDINGS, what="a report is a page, an atlas or a workbook")
    if path.suffix.lower() == ".pdf":
        from gis_grid.report.atlas import atlas

        return put_file(atlas(plan), path)
    if path.suffix.lower() == ".xlsx":
        from gis_grid.report.workbook import workbook

        return put_file(workbook(plan), path)
    return put_file(report_page(plan).encode(), path)
