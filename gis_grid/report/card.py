"""The card of one grid: where it is, what bounds it, how many households, and who answers for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from gis_grid.errors import Fault, InputError
from gis_grid.palette import FILLS, INK, LINES, WATER

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gis_grid.plan import Plan
    from gis_grid.report.sheet import MapFrame, Sheet

#: a sheet of A5 lying on its side, in millimetres
WIDTH_MM, HEIGHT_MM, EDGE_MM = 210.0, 148.0, 8.0
#: the map's share of it, from the left
MAP_MM = 118.0
#: pixels on a screen to millimetres on paper
PIXEL_MM = 0.16
#: how many of those who answer a card has room for
MOST_HOLDERS = 6
#: how many names of streets a map has room for
NAMED = 24


@dataclass(frozen=True)
class Holder:
    """Somebody who answers for a grid: role, name, work phone."""

    role: str
    name: str
    phone: str = ""


@dataclass(frozen=True)
class CardOptions:
    """Say what a card tells besides what the plan does.

    `holders` are named in their order; an empty list says that the grid is vacant, None says nothing of it.
    `valid_from` is a day, `note` stands at the foot, and households below `least` are not told.
    """

    holders: Sequence[Holder] | None = None
    valid_from: str = ""
    note: str = ""
    least: int = 0


def grid_card(plan: Plan, code: str, options: CardOptions | None = None) -> bytes:
    """Lay out the card of a grid as a PDF of one page, A5 on its side, with a map to a round scale.

    Raises
    ------
    InputError
        If the plan has no grid of that code.
    OutputError
        If no Chinese font is found.

    Examples
    --------
    >>> import gis_grid as gg
    >>> plan = gg.build_from(gg.sample_frames())
    >>> grid_card(plan, plan.grids["code"].iloc[0])[:5]
    b'%PDF-'
    """
    from gis_grid.report.sheet import Sheet

    if code not in set(plan.grids["code"]):
        raise InputError(Fault(f"there is no grid {code} in the plan", remedy="see the codes in the layer grids"))
    sheet = Sheet(f"网格卡 {code}")
    draw_card(sheet, plan, code, options or CardOptions())
    return bytes(sheet.output())


def draw_card(sheet: Sheet, plan: Plan, code: str, options: CardOptions) -> None:
    """Draw the card of a grid on a new page of a sheet."""
    from gis_grid.report.sheet import MapFrame

    grid = plan.grids[plan.grids["code"] == code].iloc[0]
    sheet.lay(WIDTH_MM, HEIGHT_MM)
    box = (EDGE_MM, EDGE_MM, MAP_MM, HEIGHT_MM - 2 * EDGE_MM)
    frame = MapFrame.around(np.asarray(grid.geometry.bounds), box)
    _map(sheet, frame, plan, code)
    _text(sheet, plan, grid, options)


def _map(sheet: Sheet, frame: MapFrame, plan: Plan, code: str) -> None:
    near = plan.grids[shapely.intersects(plan.grids.geometry.to_numpy(), shapely.box(*frame.window))]
    own = near["code"] == code
    shape = near.geometry[own].to_numpy()
    frame.areas(sheet, near.geometry[~own].to_numpy(), fill="#f1efe8", line="#999999", width=0.25)
    frame.areas(sheet, shape, fill=FILLS[2], opacity=0.8)
    blocks = plan.blocks.geometry.to_numpy()
    frame.areas(
        sheet, blocks[shapely.intersects(blocks, shapely.box(*frame.window))], fill=None, line="#c8c4b8", width=0.1
    )
    names = draw_streets(sheet, frame, plan)
    frame.areas(sheet, shape, fill=None, line="#c1121f", width=0.9)
    frame.names(sheet, names)
    for label, point in zip(near["code"].str[-3:], shapely.point_on_surface(near.geometry.to_numpy()), strict=True):
        _label(sheet, frame, point, label)
    frame.finish(sheet)


def draw_streets(sheet: Sheet, frame: MapFrame, plan: Plan) -> list[tuple[str, Any]]:
    """Draw the streets of a plan, wide ones last, and return the names of the longest with their lines."""
    if plan.streets is None:
        return []
    lines = plan.streets.geometry.to_numpy()
    seen = plan.streets[shapely.intersects(lines, shapely.box(*frame.window))]
    for kind in reversed(LINES):
        some = seen.geometry[seen["street_class"] == kind].to_numpy()
        colour, pixels = LINES[kind]
        if len(some):
            frame.lines(sheet, some, colour=WATER if kind == "river" else colour, width=pixels * PIXEL_MM)
    named = seen[seen["name"] != ""]
    joined = named.dissolve("name").geometry.line_merge() if len(named) else named.geometry
    longest = joined.iloc[np.argsort(-shapely.length(joined.to_numpy()), kind="stable")[:NAMED]]
    return [(str(name), line) for name, line in longest.items()]


def _label(sheet: Sheet, frame: MapFrame, point: Any, text: str) -> None:
    from gis_grid.report.sheet import FONT

    x, y = frame.on_page(shapely.get_coordinates(point))[0]
    left, top, width, height = frame.box
    if not (left + 4 < x < left + width - 4 and top + 4 < y < top + height - 8):
        return
    sheet.set_font(FONT, size=8)
    sheet.set_text_color(INK)
    sheet.put(x - sheet.get_string_width(text) / 2, y + 1, text)


def _text(sheet: Sheet, plan: Plan, grid: Any, options: CardOptions) -> None:
    x = EDGE_MM + MAP_MM + 6
    width = WIDTH_MM - x - EDGE_MM
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    y = sheet.say(x, EDGE_MM, str(names.get(grid["community_code"], "")), points=11, width=width, colour="#555555")
    y = sheet.say(x, y, str(grid.get("name", "")) or "网格", points=18, width=width)
    y = sheet.say(x, y + 1, str(grid["code"]), points=12, width=width) + 3
    if options.holders is not None:
        y = sheet.say(x, y, "负责人 Who answers", points=8, width=width, colour="#555555")
    holders = options.holders or ()
    for holder in holders[:MOST_HOLDERS]:
        phone = f"  {holder.phone}" if holder.phone else ""
        points = 12 if len(holders) <= 3 else 9
        y = sheet.say(x, y, f"{holder.role}  {holder.name}{phone}", points=points, width=width)
    if len(holders) > MOST_HOLDERS:
        more = f"另有 {len(holders) - MOST_HOLDERS} 人 and {len(holders) - MOST_HOLDERS} more"
        y = sheet.say(x, y, more, points=8, width=width, colour="#555555")
    if options.holders is not None and not options.holders:
        y = sheet.say(x, y, "空缺 vacant", points=12, width=width, colour="#c1121f")
    y = sheet.say(x, y + 3, "四至 Bounds", points=8, width=width, colour="#555555")
    y = sheet.say(x, y, str(grid.get("bounds_zh", "")), points=10, width=width)
    y = sheet.say(x, y, str(grid.get("bounds_en", "")), points=7, width=width, colour="#555555")
    y = sheet.say(x, y + 3, "户数 · 街块 · 面积  Households · blocks · area", points=8, width=width, colour="#555555")
    households = int(grid["households"])
    told = f"{households:,}" if households >= options.least else f"< {options.least}"
    counts = f"{told} 户 · {int(grid['blocks'])} 块 · {grid['area_m2'] / 1e4:.1f} ha"
    y = sheet.say(x, y, counts, points=12, width=width)
    if options.valid_from:
        since = f"自 {options.valid_from} 起施行  in force from {options.valid_from}"
        sheet.say(x, y + 3, since, points=8, width=width, colour="#555555")
    if options.note:
        sheet.say(x, HEIGHT_MM - EDGE_MM - 8, options.note, points=7, width=width, colour="#555555")
