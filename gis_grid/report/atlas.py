"""A plan to print: one large map of all grids, then the card of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

from gis_grid.palette import FILLS, colour_numbers, neighbour_pairs
from gis_grid.report.card import CardOptions, Holder, draw_card, draw_streets
from gis_grid.report.sheet import FONT, MapFrame, Sheet

if TYPE_CHECKING:
    from gis_grid.plan import Plan

#: sheets lying on their side in millimetres, A4 to A0; the smallest is taken on which the map reaches the scale
SHEETS = ((297, 210), (420, 297), (594, 420), (841, 594), (1189, 841))
WANTED_SCALE = 10_000
EDGE_MM, HEAD_MM = 10.0, 16.0


def atlas(plan: Plan) -> bytes:
    """Lay out a plan as a PDF: a map of the district to a round scale, then a card for each grid in the order of codes.

    Raises
    ------
    OutputError
        If no Chinese font is found.
    """
    sheet = Sheet("网格图册 Grid atlas")
    _overview(sheet, plan)
    holders = holders_of(plan)
    for code in sorted(plan.grids["code"]):
        draw_card(sheet, plan, code, CardOptions(None if holders is None else holders.get(code, [])))
    return bytes(sheet.output())


def _overview(sheet: Sheet, plan: Plan) -> None:
    bounds = plan.grids.total_bounds
    for width, height in SHEETS:
        box = (EDGE_MM, EDGE_MM + HEAD_MM, width - 2 * EDGE_MM, height - 2 * EDGE_MM - HEAD_MM)
        frame = MapFrame.around(bounds, box, margin=0.03)
        if frame.scale <= WANTED_SCALE:
            break
    sheet.lay(width, height)
    scheme = plan.scheme
    sheet.say(
        EDGE_MM,
        EDGE_MM,
        f"网格图 · {scheme.title_zh} · {len(plan.grids)} 格 {int(plan.grids['households'].sum()):,} 户",
        points=16,
    )
    numbers = colour_numbers(neighbour_pairs(plan.borders, plan.assignment, plan.grids.index), len(plan.grids))
    shapes = plan.grids.geometry.to_numpy()
    for number in range(len(FILLS)):
        frame.areas(sheet, shapes[numbers == number], fill=FILLS[number], line="#444444", width=0.25, opacity=0.6)
    names = draw_streets(sheet, frame, plan)
    frame.areas(sheet, plan.communities.geometry.to_numpy(), fill=None, line="#7b3294", width=0.7)
    frame.names(sheet, names, points=6)
    _labels(sheet, frame, plan)
    frame.finish(sheet)


def _labels(sheet: Sheet, frame: MapFrame, plan: Plan) -> None:
    """Write serial and households into each grid, smaller where the grid is."""
    shapes = plan.grids.geometry.to_numpy()
    at = frame.on_page(shapely.get_coordinates(shapely.point_on_surface(shapes)))
    room = np.sqrt(shapely.area(shapes)) * 1000 / frame.scale
    sheet.set_text_color("#222222")
    for (x, y), size, code, count in zip(
        at.tolist(), room.tolist(), plan.grids["code"], plan.grids["households"], strict=True
    ):
        points = min(9.0, max(3.5, size))
        for text, down in ((str(code)[-3:], 0.0), (f"{int(count)}户", points * 0.42)):
            sheet.set_font(FONT, size=points)
            sheet.put(x - sheet.get_string_width(text) / 2, y + down, text)


def holders_of(plan: Plan) -> dict[str, list[Holder]] | None:
    """Return who answers for each grid by its code, or None if the plan's roster names no grids."""
    staff = plan.staff
    if staff is None or "grid_code" not in staff:
        return None
    text = staff.reindex(columns=["grid_code", "post_zh", "name", "phone"]).fillna("").astype(str)
    found: dict[str, list[Holder]] = {}
    for code, role, name, phone in text.itertuples(index=False):
        if name:
            found.setdefault(code, []).append(Holder(role, name, phone))
    return found
