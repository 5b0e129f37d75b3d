"""How plans look on a map: a MapLibre style (version 8) for our own tiles, light and dark, and nothing from elsewhere.

Names of fonts are those of the system, Chinese ones first; without a `glyphs` address MapLibre (5.11 and later) draws
all text with them. Fills are the palette's, which stay apart for colour-blind readers; whatever colour says is said by
width, dash or label too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from gis_grid.palette import FILLS, INK, LINES, WATER

Theme = Literal["light", "dark"]
Layer = dict[str, Any]

FONTS = ("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "Microsoft YaHei", "sans-serif")
MAIN_STREETS = ("motorway", "trunk", "primary", "secondary", "tertiary")
MINOR_STREETS = ("residential", "service", "path", "wall")


@dataclass(frozen=True)
class Colours:
    """Name the colours of a theme, and how strong the fills of grids are."""

    ground: str
    street: str
    casing: str
    minor: str
    water: str
    rail: str
    block: str
    border: str
    community: str
    chosen: str
    text: str
    halo: str
    fill: float


LIGHT = Colours(
    ground="#f6f4ef",
    street="#ffffff",
    casing="#b9b4a7",
    minor="#dedad0",
    water=WATER,
    rail="#555555",
    block="#8a867c",
    border=INK,
    community=LINES["community"][0],
    chosen="#c1121f",
    text=INK,
    halo="#ffffff",
    fill=0.55,
)
DARK = Colours(
    ground="#1c1e21",
    street="#5b6068",
    casing="#101113",
    minor="#3a3e44",
    water="#4a8bd6",
    rail="#9aa0a6",
    block="#6b7078",
    border="#f2f2f2",
    community="#d39ae0",
    chosen="#ffb000",
    text="#f5f5f5",
    halo="#101113",
    fill=0.4,
)
THEMES: dict[Theme, Colours] = {"light": LIGHT, "dark": DARK}


def map_style(
    plan: str, *, base: str | None = None, theme: Theme = "light", labels: bool = True, name: str = "gis-grid"
) -> dict[str, Any]:
    """Return a MapLibre style whose sources are the TileJSON documents at the addresses handed in.

    `plan` has the layers grids, blocks and borders; streets, water and labels come from `base`, or from `plan` where no
    base is given. A draft has no labels of its own: hand in the tiles of a published plan as its base, and leave
    `labels` off where the page draws them itself. Features take the states `hover` and `chosen`.

    >>> style = map_style("/api/tiles/p1/tilejson.json")
    >>> style["version"], style["sources"]
    (8, {'plan': {'type': 'vector', 'url': '/api/tiles/p1/tilejson.json'}})
    """
    sources = {"plan": {"type": "vector", "url": plan}}
    if base is not None:
        sources["base"] = {"type": "vector", "url": base}
    ground = "base" if base is not None else "plan"
    colours = THEMES[theme]
    layers = [
        {"id": "background", "type": "background", "paint": {"background-color": colours.ground}},
        *_fills(colours),
        *_streets(colours, ground),
        *_borders(colours),
        _street_names(colours, ground),
        *([_grid_names(colours, ground)] if labels else []),
    ]
    return {"version": 8, "name": name, "metadata": {"theme": theme}, "sources": sources, "layers": layers}


def _fills(colours: Colours) -> list[Layer]:
    number = ["%", ["coalesce", ["get", "colour"], ["id"]], len(FILLS)]
    pairs = [part for pair in enumerate(FILLS) for part in pair]
    strong = min(1.0, colours.fill + 0.25)
    paint = {
        "fill-color": ["match", number, *pairs, FILLS[0]],
        "fill-opacity": ["case", ["boolean", ["feature-state", "hover"], False], strong, colours.fill],
        "fill-antialias": False,  # neighbours share their edge; a border of its own would show between them
    }
    return [{"id": "grid-fill", "type": "fill", "source": "plan", "source-layer": "grids", "paint": paint}]


def _streets(colours: Colours, source: str) -> list[Layer]:
    widths = [part for kind in MAIN_STREETS for part in (kind, LINES[kind][1])]
    broad = ["match", ["get", "kind"], *widths, 1.0]
    main, minor = ["in", ["get", "kind"], ["literal", list(MAIN_STREETS)]], ["literal", list(MINOR_STREETS)]
    river, rails = (["==", ["get", "kind"], kind] for kind in ("river", "railway"))
    return [
        _line("street-minor", source, colours.minor, _by_zoom(0.5, 2.5), shown=["in", ["get", "kind"], minor]),
        _line("street-casing", source, colours.casing, _by_zoom(["+", broad, 1], ["*", broad, 3]), shown=main),
        _line("street-main", source, colours.street, _by_zoom(broad, ["*", broad, 2.5]), shown=main),
        # rivers and railways are borders as a rule: broader than these, they are seen on both sides of them
        _line("water", source, colours.water, _by_zoom(5.0, 13.0), shown=river),
        _line("railway", source, colours.rail, _by_zoom(4.5, 10.0), shown=rails),
        _line("railway-ties", source, colours.ground, _by_zoom(3.0, 8.0), shown=rails, dash=[1.5, 1.5]),
    ]


def _borders(colours: Colours) -> list[Layer]:
    barrier = ["boolean", ["get", "barrier"], False]
    chosen = ["case", ["boolean", ["feature-state", "chosen"], False], 3.0, 0.0]
    at_community = ["==", ["get", "community"], True]
    at_outside = ["==", ["get", "kind"], "boundary"]
    width = _by_zoom(["case", barrier, 1.6, 1.0], ["case", barrier, 4.5, 3.0])
    block = _line("block-line", "plan", colours.block, _by_zoom(0.3, 1.0), layer="blocks")
    outline = _line("grid-chosen", "plan", colours.chosen, chosen, layer="grids")
    return [
        {**block, "minzoom": 13},
        _line("border", "plan", colours.border, width, layer="borders"),
        _line(
            "community-line",
            "plan",
            colours.community,
            _by_zoom(1.5, 4.0),
            layer="borders",
            shown=at_community,
            dash=[4, 2],
        ),
        _line("district-line", "plan", colours.border, _by_zoom(2.0, 5.0), layer="borders", shown=at_outside),
        outline,
    ]


def _line(
    name: str,
    source: str,
    colour: str,
    width: Any,
    *,
    layer: str = "streets",
    shown: list[Any] | None = None,
    dash: list[float] | None = None,
) -> Layer:
    paint: dict[str, Any] = {"line-color": colour, "line-width": width}
    layout = {"line-join": "round", "line-cap": "butt" if dash else "round"}
    made: Layer = {"id": name, "type": "line", "source": source, "source-layer": layer, "layout": layout}
    if shown:
        made["filter"] = shown
    if dash:
        paint["line-dasharray"] = dash
    return {**made, "paint": paint}


def _by_zoom(far: Any, close: Any) -> list[Any]:
    """Let a width grow from zoom 11 to zoom 18."""
    return ["interpolate", ["exponential", 1.5], ["zoom"], 11, far, 18, close]


def _street_names(colours: Colours, source: str) -> Layer:
    layout = {
        "symbol-placement": "line",
        "text-field": ["get", "name"],
        "text-font": list(FONTS),
        "text-size": 11,
        "text-max-angle": 30,
    }
    return {**_text("street-name", source, "streets", layout, colours), "minzoom": 14, "filter": ["has", "name"]}


def _grid_names(colours: Colours, source: str) -> Layer:
    few = ["case", ["boolean", ["get", "few"], False], "<10", ["to-string", ["get", "households"]]]
    called = ["coalesce", ["get", "name"], ["get", "code"], ""]
    layout = {
        "text-field": ["format", called, {}, "\n", {}, few, {"font-scale": 0.85}],
        "text-font": list(FONTS),
        "text-size": ["interpolate", ["linear"], ["zoom"], 12, 10, 17, 15],
        "text-padding": 4,
    }
    return {**_text("grid-name", source, "labels", layout, colours), "minzoom": 12}


def _text(name: str, source: str, layer: str, layout: dict[str, Any], colours: Colours) -> Layer:
    paint = {"text-color": colours.text, "text-halo-color": colours.halo, "text-halo-width": 1.5}
    return {"id": name, "type": "symbol", "source": source, "source-layer": layer, "layout": layout, "paint": paint}
