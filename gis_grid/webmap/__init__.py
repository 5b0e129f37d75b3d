"""A plan as one map page that needs no network: grids, blocks, streets, borders, barriers, communities and issues."""

from __future__ import annotations

import base64
import json
import re
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gis_grid.errors import OutputError
from gis_grid.palette import FILLS, LINES
from gis_grid.places import check_place, put_file
from gis_grid.webmap.features import features_of

if TYPE_CHECKING:
    import folium

    from gis_grid.plan import Plan
    from gis_grid.webmap.features import Features

__all__ = ["map_page", "write_map"]

#: A page larger than this is simplified further, up to a tolerance at which streets still look like themselves.
WANTED_BYTES = 4_000_000
TOLERANCES_M = (0.5, 1.0, 2.0, 4.0, 8.0)
SEVERITIES = {"error": "#c1121f", "exception": "#f77f00", "warning": "#f2c200"}
STYLE: dict[str, Any] = {
    "fills": FILLS,
    "lines": LINES,
    "severities": SEVERITIES,
    "grid": {"color": "#444444", "weight": 1, "fillOpacity": 0.6},
    "bad": {"color": SEVERITIES["error"], "weight": 4, "dashArray": "6 4"},
    "street": {"color": "#b9b4a7", "weight": 1, "interactive": False},
    "block": {"color": "#6f6f6f", "weight": 0.6, "fill": False, "interactive": False},
    "community": {"color": "#7b3294", "weight": 3, "fill": False, "dashArray": "10 6", "interactive": False},
    "issue": {"radius": 7, "color": "#222222", "weight": 1.5, "fill": True, "fillOpacity": 1},
}
EMPTY = {"type": "FeatureCollection", "features": []}
#: name of the layer → title, painter, whether it is shown at first; drawn in this order
LAYERS = {
    "streets": ("街道 Streets", 'painters.plain("street")', True),
    "grids": ("网格 Grids", "painters.grid", True),
    "blocks": ("街块 Blocks", 'painters.plain("block")', True),
    "communities": ("社区 Communities", 'painters.plain("community")', True),
    "borders": ("网格界线 Borders", "painters.line", True),
    "barriers": ("屏障 Barriers", "painters.line", True),
    "warnings": ("提示 Warnings", "painters.issue", False),
    "issues": ("问题 Issues", "painters.issue", True),
}
KEYS = {
    "primary": "主干道 main street",
    "secondary": "次干道 secondary street",
    "residential": "支路 minor street",
    "railway": "铁路 railway",
    "river": "河流 river",
    "motorway": "快速路 expressway",
}


def map_page(plan: Plan) -> str:
    """Draw a plan as one HTML page that asks the network for nothing.

    Neighbouring grids differ in colour; each is labelled with its name and households where it is wide enough on the
    screen. Coordinates are lon/lat in WGS-84. A click on a grid shows its code, counts and bounds.

    Raises
    ------
    OutputError
        If Leaflet was not put beside the code when gis-grid was built.
    """
    for tolerance in TOLERANCES_M:
        features = features_of(plan, tolerance_m=tolerance)
        if features.size < WANTED_BYTES:
            break
    page, calls = _map(plan, features)
    before, end, after = page.get_root().render().rpartition("</html>")
    return _stable_names(f"{before}<script>{calls}</script>\n{end}{after}")


def write_map(plan: Plan, path: str | Path) -> Path:
    """Write the page of `map_page` to a file ending in .html and return its path.

    Raises
    ------
    OutputError
        If the name does not end in .html, or the page cannot be written; what stood there is untouched.
    """
    path = check_place(path, ".html", ".htm", what="a map is a page")
    return put_file(map_page(plan).encode(), path)


def _map(plan: Plan, features: Features) -> tuple[folium.Map, str]:
    """Make the map with empty layers, and the script that fills them.

    folium puts what it renders through its template engine once more, so no text of a plan may pass through its hands.
    """
    import folium
    from branca.element import Element
    from folium.utilities import JsCode

    class Page(folium.Map):
        """A map whose scripts stand in the page itself."""

        default_js: list[tuple[str, str]] = []  # noqa: RUF012  folium's own attribute
        default_css: list[tuple[str, str]] = []  # noqa: RUF012

    page = Page(tiles=None, prefer_canvas=True, zoom_snap=0.25, attribution_control=False)
    root: Any = page.get_root()
    root.title = "gis-grid"
    for number, part in enumerate(_head()):
        root.header.add_child(Element("{% raw %}" + part + "{% endraw %}"), name=f"gis_grid_{number}")
    calls = ""
    for name, (title, painter, shown) in LAYERS.items():
        if features.layers[name]["features"]:
            paint = JsCode(f"(feature, layer) => gisGrid.{painter}(gisGrid.style, feature, layer)")
            marker = folium.CircleMarker() if name in ("issues", "warnings") else None
            layer = folium.GeoJson(
                EMPTY, name=title, show=shown, on_each_feature=paint, marker=marker, smooth_factor=0.5
            ).add_to(page)
            calls += f"{layer.get_name()}.addData({_json(features.layers[name])});"
    labels = folium.FeatureGroup(name="标注 Labels").add_to(page)
    control = folium.LayerControl(collapsed=False).add_to(page)
    calls += (
        f"gisGrid.foldOnPhones({page.get_name()}, {control.get_name()});"
        f"gisGrid.map = {page.get_name()};"
        f"gisGrid.fit({page.get_name()}, {_json(features.bounds)});"
        f"gisGrid.addLabels({page.get_name()}, {labels.get_name()}, {_json(features.labels)});"
        f"gisGrid.addLegend({page.get_name()}, {_json(_legend(plan, features))});"
        "window.gisGridReady = true;"
    )
    return page, calls


def _head() -> list[str]:
    """Return style sheets and scripts: Leaflet's first, then ours, then the styles of the map."""
    leaflet = resources.files("gis_grid") / "webmap_assets"
    try:
        css = (leaflet / "leaflet.css").read_text(encoding="utf-8")
        script = (leaflet / "leaflet.js").read_text(encoding="utf-8")
        pictures = {name: (leaflet / name).read_bytes() for name in ("layers.png", "layers-2x.png")}
    except OSError as caught:
        raise OutputError("Leaflet is not in this copy of gis-grid → run make setup, or install the wheel") from caught
    for name, picture in pictures.items():
        css = css.replace(f"images/{name}", f"data:image/png;base64,{base64.b64encode(picture).decode()}")
    css = css.replace("url(images/marker-icon.png)", "none")  # a marker that no page here has
    script = re.sub(r"//# sourceMappingURL=\S+", "", script)
    own = resources.files("gis_grid.webmap")
    page_css, page_js = ((own / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    return [
        f"<style>{css}\n{page_css}</style>",
        f"<script>{script}</script>",
        f"<script>{page_js}\ngisGrid.style = {_json(STYLE)};</script>",
    ]


def _json(value: Any) -> str:
    """Write JSON that can stand in a script: no text in it can open or close a tag."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for letter in "<>&\u2028\u2029":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _stable_names(page: str) -> str:
    """Replace folium's random names by numbers, so that equal plans make equal pages."""
    names: dict[str, str] = {}
    return re.sub(r"_[0-9a-f]{32}(?![0-9a-f])", lambda found: names.setdefault(found[0], f"_{len(names)}"), page)


def _legend(plan: Plan, features: Features) -> dict[str, Any]:
    band = plan.scheme.main.band
    households = plan.grids["households"]
    inside = int(plan.load.between(band.min, band.max).sum())
    shown = {
        part["properties"]["kind"] for name in ("borders", "barriers") for part in features.layers[name]["features"]
    }
    keys = [[*LINES[kind], label, kind == "railway"] for kind, label in KEYS.items() if kind in shown]
    keys.append([STYLE["community"]["color"], 3, "社区界 community border", True])
    return {
        "title": f"{plan.scheme.title_zh}",
        "lines": [
            plan.scheme.title_en,
            f"户数范围 band {band.min}–{band.max}, 目标 target {band.target}",
            f"网格 grids {len(households)}, 达标 in band {inside}",
            f"户数 households {int(households.sum()):,}",
        ],
        "keys": keys,
    }
