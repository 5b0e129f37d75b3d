"""A plan as a workbook: grids, communities, blocks, issues and staff, one sheet each, for Excel and WPS."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from gis_grid.plan import tier_column

if TYPE_CHECKING:
    from gis_grid.plan import Plan

#: Chinese heads of the columns that a reader knows; others keep their names
HEADS = {
    "code": "编码",
    "name": "名称",
    "community_code": "社区编码",
    "community": "社区",
    "households": "户数",
    "blocks": "街块数",
    "grids": "网格数",
    "area_m2": "面积（平方米）",
    "perimeter_m": "周长（米）",
    "compactness": "紧凑度",
    "bounds_zh": "四至",
    "bounds_en": "四至（英文）",
    "legal": "合规",
    "status": "状态",
    "valid_from": "启用日期",
    "valid_to": "停用日期",
    "block_id": "街块",
    "grid_code": "网格编码",
    "atom": "单元类型",
    "shops": "商铺",
    "rule": "规则",
    "severity": "程度",
    "found": "现值",
    "wanted": "要求",
    "message_zh": "说明",
    "message_en": "说明（英文）",
    "remedies": "办法",
    "post_zh": "岗位",
    "phone": "工作电话",
}
#: a date for the entries of the archive: equal plans make equal files
STAMP = (2000, 1, 1, 0, 0, 0)
WIDEST = 60


def workbook(plan: Plan) -> bytes:
    """Lay out a plan as a workbook (XLSX); text that looks like a formula stays text."""
    book = Workbook(write_only=True)
    for title, frame in _sheets(plan).items():
        _sheet(book, title, frame)
    content = io.BytesIO()
    book.save(content)
    return _settled(content.getvalue())


def _sheets(plan: Plan) -> dict[str, pd.DataFrame]:
    grids = pd.DataFrame(plan.grids.drop(columns=plan.grids.geometry.name)).sort_values("code")
    names = plan.communities.set_index("community_code")["name"]
    first = ["code", "name", "community_code", "community", "households"]
    grids = grids.assign(community=grids["community_code"].map(names).fillna(""))
    grids = grids[[*first, *[name for name in grids.columns if name not in first]]]
    by_community = grids.groupby("community_code")
    communities = pd.DataFrame({"grids": by_community.size(), "households": by_community["households"].sum()})
    communities.insert(0, "name", communities.index.map(names))
    codes = plan.assignment.reindex(plan.blocks.index).map(plan.grids["code"])
    blocks = pd.DataFrame(plan.blocks.drop(columns=plan.blocks.geometry.name)).assign(grid_code=codes)
    if tier_column(plan.scheme.main) != "grid_code":
        blocks = blocks.drop(columns=tier_column(plan.scheme.main), errors="ignore")
    sheets = {
        "网格 grids": grids,
        "社区 communities": communities.rename_axis("community_code").reset_index(),
        "街块 blocks": blocks.rename_axis("block_id").reset_index(),
        "问题 issues": pd.DataFrame(plan.issues.drop(columns=["geometry", "grid_id"], errors="ignore")),
    }
    if plan.staff is not None:
        sheets["人员 staff"] = plan.staff
    return sheets


def _sheet(book: Workbook, title: str, frame: pd.DataFrame) -> None:
    sheet = book.create_sheet(title)
    heads = [f"{HEADS[name]} {name}" if name in HEADS else str(name) for name in frame.columns]
    text = frame.astype(str)
    for number, name in enumerate(heads):
        longest = int(text.iloc[:, number].str.len().max()) if len(text) else 0
        sheet.column_dimensions[get_column_letter(number + 1)].width = min(max(len(name) + 4, longest + 2), WIDEST)
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(max(len(heads), 1))}{len(frame) + 1}"
    sheet.append([_cell(sheet, name, head=True) for name in heads])
    for row in frame.itertuples(index=False):
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any, *, head: bool = False) -> Any:
    """Make a cell; a text stays a text, also one that begins like a formula."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):  # noqa: PLR0124 - not a number
        return None
    plain = value.item() if hasattr(value, "item") else value
    cell = WriteOnlyCell(sheet, plain if isinstance(plain, bool | int | float | str) else str(plain))
    if isinstance(cell.value, str):
        cell.data_type = "s"
    if head:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", start_color="F1EFE8")
    return cell


def _settled(content: bytes) -> bytes:
    """Take the time of writing out of an archive."""
    settled = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(settled, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, _PROPERTIES if name == "docProps/core.xml" else old.read(name))
    return settled.getvalue()


_PROPERTIES = (
    b'<?xml version="1.0" encoding="UTF-8"?><cp:coreProperties '
    b'xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
    b'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:creator>gis-grid</dc:creator></cp:coreProperties>'
)
