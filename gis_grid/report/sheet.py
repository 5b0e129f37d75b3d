"""Paper to draw on: pages in millimetres with Chinese text, and maps on them to a round scale."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from fpdf import FPDF

from gis_grid.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    Shapes = NDArray[np.object_]

FONT = "cjk"
#: names a font file; else the first of these is taken, with its place in a collection of fonts
VARIABLE = "GIS_GRID_FONT"
KNOWN_FONTS = (
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ("/System/Library/Fonts/Supplemental/Songti.ttc", 0),
    ("C:/Windows/Fonts/simhei.ttf", 0),
    ("C:/Windows/Fonts/msyh.ttc", 0),
)
#: scales that a reader can measure with a ruler
SCALES = tuple(base * 10**power for power in range(2, 6) for base in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 8))
POINT_MM = 25.4 / 72
#: Stands in every file, so that equal plans make equal files.
WRITTEN_AT = datetime(2000, 1, 1, tzinfo=UTC)


@cache
def font_file() -> tuple[Path, int]:
    """Return the font to set Chinese in, and its place in the file.

    Raises
    ------
    OutputError
        If none is found.
    """
    named = os.environ.get(VARIABLE)
    known = [(named, 0)] if named else KNOWN_FONTS
    for name, number in known:
        if Path(name).is_file():
            return Path(name), number
    tried = named or "the usual places"
    raise OutputError(f"no Chinese font in {tried} → install fonts-noto-cjk, or name a font file in {VARIABLE}")


class Sheet(FPDF):
    """A document whose pages are measured in millimetres from the upper left corner."""

    def __init__(self, title: str) -> None:
        super().__init__(unit="mm")
        path, number = font_file()
        self.add_font(FONT, fname=path, collection_font_number=number)
        self.set_auto_page_break(False)
        self.set_creation_date(WRITTEN_AT)
        self.set_title(title)
        self.set_lang("zh-CN")

    def lay(self, width_mm: float, height_mm: float) -> None:
        """Begin a page."""
        self.add_page(format=(width_mm, height_mm))

    def say(
        self, x: float, y: float, text: str, *, points: float = 10, width: float = 0, colour: str = "#222222"
    ) -> float:
        """Write text from an upper left corner on, within a width if one is given; return where it ends below."""
        self.set_font(FONT, size=points)
        self.set_text_color(colour)
        self.set_xy(x, y)
        line = points * POINT_MM * 1.35
        self.multi_cell(width or self.epw, line, text, align="L", new_x="LEFT", new_y="NEXT")
        return float(self.get_y())

    def put(self, x: float, y: float, text: str) -> None:
        """Write text in the font as it is set, on a light edge that keeps it apart from lines."""
        with self.local_context(text_mode="STROKE", line_width=0.7, draw_color="#ffffff"):
            self.text(x, y, text)
        self.text(x, y, text)


@dataclass(frozen=True)
class MapFrame:
    """A window of the ground, in metres, and where on the page it is drawn, to a round scale.

    `box` is left, top, width and height in millimetres, `window` west, south, east and north in metres.
    """

    box: tuple[float, float, float, float]
    window: tuple[float, float, float, float]
    scale: float

    @classmethod
    def around(
        cls, bounds: NDArray[np.float64], box: tuple[float, float, float, float], *, margin: float = 0.12
    ) -> MapFrame:
        """Show the ground around some bounds to the roundest scale at which it fits into a box.

        >>> MapFrame.around(np.array([0, 0, 300, 200]), (10, 10, 100, 80)).scale
        4000
        """
        west, south, east, north = bounds
        width, height = (east - west) * (1 + 2 * margin), (north - south) * (1 + 2 * margin)
        least = max(width / box[2], height / box[3], 0.1) * 1000
        scale = next((int(s) for s in SCALES if s >= least), math.ceil(least / 1e5) * 100_000)
        half = box[2] * scale / 2000, box[3] * scale / 2000
        x, y = (west + east) / 2, (south + north) / 2
        return cls(box, (x - half[0], y - half[1], x + half[0], y + half[1]), scale)

    def on_page(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Turn metres on the ground into millimetres on the page."""
        per_mm = self.scale / 1000
        return np.column_stack(
            [self.box[0] + (xy[:, 0] - self.window[0]) / per_mm, self.box[1] + (self.window[3] - xy[:, 1]) / per_mm]
        )

    def areas(
        self,
        sheet: Sheet,
        shapes: Shapes,
        *,
        fill: str | None,
        line: str | None = None,
        width: float = 0.1,
        opacity: float = 1,
    ) -> None:
        """Draw areas that do not overlap, with their holes, as far as they are in the window."""
        seen = shapely.get_parts(shapely.clip_by_rect(shapes, *self.window))
        seen = seen[(shapely.get_type_id(seen) == 3) & ~shapely.is_empty(seen)]
        if not len(seen):
            return
        with sheet.new_path() as path:
            path.style.fill_color, path.style.stroke_color = fill, line
            path.style.stroke_width, path.style.fill_opacity = width, opacity
            path.style.intersection_rule = "evenodd"
            for ring in shapely.get_rings(seen):
                self._trace(path, shapely.get_coordinates(ring)[:-1])
                path.close()

    def lines(self, sheet: Sheet, shapes: Shapes, *, colour: str, width: float) -> None:
        """Draw lines as far as they are in the window."""
        seen = shapely.get_parts(shapely.clip_by_rect(shapes, *self.window))
        seen = seen[(shapely.get_type_id(seen) == 1) & ~shapely.is_empty(seen)]
        if not len(seen):
            return
        with sheet.new_path() as path:
            path.style.fill_color, path.style.stroke_color, path.style.stroke_width = None, colour, width
            path.style.auto_close = False
            path.style.stroke_cap_style, path.style.stroke_join_style = "round", "round"
            for line in seen:
                self._trace(path, shapely.get_coordinates(line))

    def _trace(self, path: Any, xy: NDArray[np.float64]) -> None:
        points = np.round(self.on_page(xy), 3).tolist()
        path.move_to(*points[0])
        for point in points[1:]:
            path.line_to(*point)

    def names(
        self, sheet: Sheet, named: Iterable[tuple[str, Any]], *, points: float = 7, colour: str = "#444444"
    ) -> None:
        """Write names along lines, on the longest straight stretch of each, where they fit and hide no other name."""
        sheet.set_font(FONT, size=points)
        sheet.set_text_color(colour)
        left, top, width, height = self.box
        inside = shapely.box(left, top, left + width, top + height)
        taken: list[Any] = [shapely.box(left, top + height - 9, left + width / 2, top + height)]
        for name, line in named:
            place = self._stretch(line)
            size = sheet.get_string_width(name)
            if place is None or place[3] < size:
                continue
            x, y, angle, _ = place
            room = shapely.affinity.rotate(shapely.box(x - size / 2, y - 1.6, x + size / 2, y + 1.6), -angle)
            if not inside.contains(room) or any(room.intersects(other) for other in taken):
                continue
            taken.append(room)
            with sheet.rotation(angle, x, y):
                sheet.put(x - size / 2, y + points * POINT_MM * 0.36, name)

    def _stretch(self, line: Any) -> tuple[float, float, float, float] | None:
        """Return middle, angle in degrees and length in millimetres of the longest straight stretch of a line."""
        clipped = shapely.get_parts(shapely.simplify(shapely.clip_by_rect(line, *self.window), self.scale / 500))
        best: tuple[float, float, float, float] | None = None
        for part in clipped:
            points = self.on_page(shapely.get_coordinates(part))
            if len(points) < 2:
                continue
            step = np.diff(points, axis=0)
            length = np.hypot(step[:, 0], step[:, 1])
            at = int(np.argmax(length))
            if best is None or length[at] > best[3]:
                angle = -math.degrees(math.atan2(step[at, 1], step[at, 0]))
                angle = (angle + 90) % 180 - 90  # never upside down
                middle = (points[at] + points[at + 1]) / 2
                best = float(middle[0]), float(middle[1]), angle, float(length[at])
        return best

    def finish(self, sheet: Sheet) -> None:
        """Draw the frame, a scale bar, the scale in figures and an arrow to the north (of the map's grid)."""
        left, top, width, height = self.box
        sheet.set_draw_color("#222222")
        sheet.set_line_width(0.3)
        sheet.rect(left, top, width, height)
        metres = max(
            step
            for step in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
            if step * 1000 / self.scale <= width / 4 or step == 1
        )
        length = metres * 1000 / self.scale
        x, y = left + 3, top + height - 4
        sheet.set_fill_color("#ffffff")
        sheet.rect(x - 1.5, y - 4.5, length + 18, 6.5, style="F")
        sheet.set_fill_color("#222222")
        sheet.rect(x, y, length / 2, 1, style="F")
        sheet.rect(x, y, length, 1)
        sheet.set_font(FONT, size=7)
        sheet.set_text_color("#222222")
        sheet.text(x, y - 1, f"{metres} m")
        sheet.text(x + length + 2, y + 1, f"1:{self.scale:,.0f}")
        tip = left + width - 6, top + 4
        sheet.polygon([tip, (tip[0] - 2, tip[1] + 6), (tip[0], tip[1] + 4.6), (tip[0] + 2, tip[1] + 6)], style="F")
        sheet.text(tip[0] - 1.2, tip[1] + 9.5, "北")
