"""A plan on paper and for the desk: a page to read, a card for each grid, an atlas to print, a workbook."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gis_grid.errors import OutputError
from gis_grid.report.card import CardOptions, Holder, grid_card
from gis_grid.report.page import report_page

if TYPE_CHECKING:
    from gis_grid.plan import Plan

__all__ = ["CardOptions", "Holder", "grid_card", "report_page", "write_report"]


def write_report(plan: Plan, path: str | Path) -> Path:
    """Write the report of a plan and return its path: a page (.html), an atlas to print (.pdf) or a workbook (.xlsx).

    The file is written beside its place, then renamed; equal plans make equal files.

    Raises
    ------
    OutputError
        If the name has another ending, no Chinese font is found for an atlas, or the file cannot be written; what stood
        there is untouched.
    """
    from gis_grid.report.files import put_file

    kind = Path(path).suffix.lower()
    if kind in (".html", ".htm"):
        return put_file(report_page(plan).encode(), path)
    if kind == ".pdf":
        from gis_grid.report.atlas import atlas

        return put_file(atlas(plan), path)
    if kind == ".xlsx":
        from gis_grid.report.workbook import workbook

        return put_file(workbook(plan), path)
    raise OutputError(f"{path}: a report is a page, an atlas or a workbook → end the name in .html, .pdf or .xlsx")
