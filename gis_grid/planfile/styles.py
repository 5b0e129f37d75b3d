"""QGIS styles of a plan file, in the table `layer_styles` where QGIS looks for them when it opens a GeoPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import pandas as pd

from gis_grid.palette import FILLS, INK, LINES, WATER
from gis_grid.planfile.layers import GEOMETRY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The table's name, and QGIS's name for the geometry types, are QGIS's own.
TABLE = "layer_styles"
GEOMETRY_NUMBERS = {"point": 0, "line": 1, "polygon": 2}
SEVERITIES = {"error": "#c1121f", "exception": "#f77f00", "warning": "#f2c200"}
#: pixels on a screen to millimetres on paper
MM = 0.26


def style_table(layers: Iterable[str], *, stamp: str) -> pd.DataFrame:
    """Return the rows of `layer_styles` for those of the layers that have a style; `stamp` is their time."""
    styles = _styles()
    names = [name for name in layers if name in styles]
    return pd.DataFrame(
        {
            "f_table_catalog": "",
            "f_table_schema": "",
            "f_table_name": names,
            "f_geometry_column": GEOMETRY,
            "styleName": [f"gis-grid {name}" for name in names],
            "styleQML": [styles[name] for name in names],
            "styleSLD": "",
            "useAsDefault": True,
            "description": "written with the plan",
            "owner": "gis-grid",
            "ui": "",
            "update_time": pd.to_datetime([stamp] * len(names)),
        }
    )


def _styles() -> dict[str, str]:
    outline = {"outline_color": _rgb("#555555"), "outline_width": "0.15"}
    return {
        "grids": _document(
            _grid_renderer(), _labels("""coalesce("name", "code") || '\\n' || "households" || ' 户'""", 9)
        ),
        "blocks": _document(_single(_symbol("fill", "0", "SimpleFill", {"style": "no"} | outline))),
        "borders": _document(_border_renderer()),
        "outline": _document(_single(_line("0", INK, 0.8))),
        "tiers": _document(
            _single(_symbol("fill", "0", "SimpleFill", {"style": "no"} | outline)), _labels('"code"', 7)
        ),
        "communities": _document(_community_renderer(), _labels('"name"', 13, INK)),
        "streets": _document(_single(_line("0", "#9a9a9a", 0.25))),
        "issues": _document(_issue_renderer(), _labels('"rule"', 8, "#7a0c14", above=True)),
    }


def _grid_renderer() -> str:
    """Fill grids so that neighbours differ, thin enough to see a map through."""
    edge = {"outline_color": _rgb(INK), "outline_width": "0.5", "style": "solid"}
    symbols = [_symbol("fill", str(n), "SimpleFill", {"color": _rgb(fill, 110)} | edge) for n, fill in enumerate(FILLS)]
    categories = [(str(n), str(n), "" if n else "网格 grids") for n in range(len(FILLS))]
    return _categorised("map_colour", categories, symbols)


def _border_renderer() -> str:
    names = {"motorway": "快速路 motorway", "river": "河流 river", "railway": "铁路 railway"}
    classes = [name for name in LINES if name not in ("boundary", "community")]
    symbols, rules = [], []
    for number, name in enumerate(classes):
        colour, pixels = LINES[name]
        symbols.append(_line(str(number), colour, pixels * MM, dashed=name == "railway"))
        rules.append((f""""street_class" = '{name}'""", names.get(name, name or "—")))
    symbols.append(_line(str(len(rules)), "#7b3294", 0.5, dashed=True))
    rules.append((""""street_class" IN ('community', 'boundary')""", "社区界 community"))
    symbols.append(_line(str(len(rules)), WATER, 1.0))
    rules.append((""""barrier" AND "street_class" NOT IN ('motorway', 'river', 'railway')""", "屏障 barrier"))
    rows = "".join(
        f'<rule key="r{n}" symbol="{n}" filter={quoteattr(where)} label={quoteattr(label)}/>'
        for n, (where, label) in enumerate(rules)
    )
    return (
        '<renderer-v2 type="RuleRenderer" symbollevels="0" forceraster="0" enableorderby="0">'
        f'<rules key="all">{rows}</rules><symbols>{"".join(symbols)}</symbols></renderer-v2>'
    )


def _community_renderer() -> str:
    style = {"style": "no", "outline_color": _rgb("#7b3294"), "outline_width": "0.9", "outline_style": "dash"}
    return _single(_symbol("fill", "0", "SimpleFill", style))


def _issue_renderer() -> str:
    edge = {"outline_color": _rgb(INK), "outline_width": "0.2", "size": "3.4", "name": "diamond"}
    symbols = [
        _symbol("marker", str(n), "SimpleMarker", {"color": _rgb(colour)} | edge)
        for n, colour in enumerate(SEVERITIES.values())
    ]
    categories = [(name, str(n), name) for n, name in enumerate(SEVERITIES)]
    return _categorised("severity", categories, symbols)


def _document(renderer: str, labels: str = "") -> str:
    """Wrap a renderer and labels as QGIS's style file."""
    head = f'version="3.22.0" styleCategories="Symbology|Labeling" labelsEnabled="{int(bool(labels))}"'
    return f"<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n<qgis {head}>{renderer}{labels}</qgis>"


def _single(symbol: str) -> str:
    return (
        '<renderer-v2 type="singleSymbol" symbollevels="0" forceraster="0" enableorderby="0">'
        f"<symbols>{symbol}</symbols></renderer-v2>"
    )


def _categorised(attribute: str, categories: Iterable[tuple[str, str, str]], symbols: Iterable[str]) -> str:
    rows = "".join(
        f'<category value={quoteattr(value)} symbol="{symbol}" label={quoteattr(label)} render="true"/>'
        for value, symbol, label in categories
    )
    return (
        f'<renderer-v2 type="categorizedSymbol" attr={quoteattr(attribute)} symbollevels="0" forceraster="0" '
        f'enableorderby="0"><categories>{rows}</categories><symbols>{"".join(symbols)}</symbols></renderer-v2>'
    )


def _line(name: str, colour: str, width_mm: float, *, dashed: bool = False) -> str:
    style = {"line_color": _rgb(colour), "line_width": f"{width_mm:.2f}", "line_style": "dash" if dashed else "solid"}
    return _symbol("line", name, "SimpleLine", style | {"capstyle": "round", "joinstyle": "round"})


def _symbol(kind: str, name: str, layer: str, style: Mapping[str, str]) -> str:
    options = "".join(
        f'<Option type="QString" name={quoteattr(key)} value={quoteattr(value)}/>' for key, value in style.items()
    )
    return (
        f'<symbol type="{kind}" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="{layer}" enabled="1" pass="0" locked="0"><Option type="Map">{options}</Option></layer></symbol>'
    )


def _labels(expression: str, size: int, colour: str = INK, *, above: bool = False) -> str:
    placement = 'placement="6" dist="1"' if above else 'placement="1"'
    return (
        '<labeling type="simple"><settings calloutType="simple">'
        f'<text-style fieldName={quoteattr(expression)} isExpression="1" fontSize="{size}" fontSizeUnit="Point" '
        f'fontFamily="Noto Sans CJK SC" textColor="{_rgb(colour)}" multilineHeight="1" textOpacity="1">'
        '<text-buffer bufferDraw="1" bufferSize="0.8" bufferSizeUnits="MM" bufferColor="255,255,255,220"/></text-style>'
        f'<text-format multilineAlign="1"/><placement {placement} centroidInside="1" centroidWhole="1"/>'
        '<rendering obstacle="0" drawLabels="1" scaleVisibility="0"/></settings></labeling>'
    )


def _rgb(colour: str, alpha: int = 255) -> str:
    return f"{int(colour[1:3], 16)},{int(colour[3:5], 16)},{int(colour[5:7], 16)},{alpha}"
