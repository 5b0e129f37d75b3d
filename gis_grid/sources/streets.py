"""Streets, railways and rivers: lines with a name and a class, whatever the source calls them."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from types import MappingProxyType
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.crs import to_metric
from gis_grid.frames import LINE_CLASSES, ROAD_CLASSES, check_frame
from gis_grid.sources import Read
from gis_grid.sources.columns import flag, guess_column, text
from gis_grid.sources.shapes import lines
from gis_grid.sources.tables import open_layer

BARRIERS: Final = ("motorway", "railway", "river")
_OSM: Final = {
    "unclassified": "residential", "living_street": "residential", "road": "residential",
    "busway": "service", "bus_guideway": "service", "escape": "service",
    "pedestrian": "path", "footway": "path", "cycleway": "path", "steps": "path", "track": "path", "bridleway": "path",
    "trail": "path", "via_ferrata": "path", "corridor": "", "elevator": "", "platform": "", "proposed": "",
    "construction": "", "raceway": "", "rest_area": "", "services": "", "bus_stop": "", "abandoned": "", "razed": "",
    "rail": "railway", "light_rail": "railway", "narrow_gauge": "railway", "railroad": "railway", "subway": "railway",
    "canal": "river", "riverbank": "river", "stream": "", "ditch": "", "drain": "",
    "highway": "motorway", "expressway": "motorway", "freeway": "motorway", "arterial": "primary", "major": "primary",
    "collector": "tertiary", "local": "residential", "minor": "residential", "street": "residential",
    "alley": "service", "lane": "service", "driveway": "service", "fence": "wall", "city_wall": "wall",
}  # fmt: skip
#: Chinese grades, in the order in which they are looked for inside a value.
_CHINESE: Final = (
    ("高速", "motorway"), ("快速", "motorway"), ("国道", "trunk"), ("省道", "primary"), ("县道", "secondary"),
    ("乡道", "tertiary"), ("次干", "secondary"), ("主干", "primary"), ("干道", "primary"), ("支路", "tertiary"),
    ("街坊", "residential"), ("小区", "service"), ("内部", "service"), ("巷", "residential"), ("弄", "residential"),
    ("步行", "path"), ("人行", "path"), ("铁路", "railway"), ("轨道", "railway"), ("河", "river"), ("江", "river"),
    ("水系", "river"), ("围墙", "wall"), ("墙", "wall"), ("街", "residential"),
)  # fmt: skip
_RANKS: Final = ("motorway", "primary", "secondary", "tertiary", "residential")
_RANK_OF: Final = {name: n for n, name in enumerate(LINE_CLASSES)}
_UNDERGROUND: Final = ("railway", "river")


def read_streets(
    path: str | os.PathLike[str], *, target: Any = None, crs: Any = None, scheme_barriers: Collection[str] = BARRIERS
) -> Read:
    """Read streets, and railways and rivers if the file has them, to lines with name and class.

    Classes are understood from OpenStreetMap's `highway`, `railway` and `waterway`, from Statistics Canada's `class`
    and `rank`, a `MajorRoad` number, Chinese grades (快速路, 主干路, 次干路, 支路, 巷) and the classes of
    `gis_grid.frames`. An unknown class becomes `residential`, and that is said. A line is a barrier if its class
    is in `scheme_barriers` and it is no ramp and runs in no tunnel; subways and culverts are left out.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds no line.
    """
    opened = open_layer(path, crs=crs, kind="streets")
    single, mended = lines(opened.frame, opened.source)
    classed, said = classify(single, opened.source, scheme_barriers)
    metric = to_metric(classed, target=target, source=opened.source).reset_index(drop=True)
    kinds = metric["street_class"].value_counts().to_dict()
    tally = MappingProxyType(
        {"total": len(opened.frame), "in": len(metric)} | {str(k): int(v) for k, v in kinds.items()}
    )
    notes = (*opened.notes, *mended, *(f"{opened.source}: {note}" for note in said))
    return Read(check_frame(metric, "streets", source=opened.source), notes, tally)


def classify(
    frame: gpd.GeoDataFrame, source: str, barriers: Collection[str], *, default: str = "residential"
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Give lines the columns of the `streets` contract, leaving out what is no line of the town.

    Returns the frame (`name`, `street_class`, `link`, `barrier`, `roundabout`, `oneway`, `bridge`, `tunnel`) and what
    was guessed; `default` is the class of lines that state none.
    """
    classes, link, said = _classes(frame, source, default)
    tunnel = _tagged(frame, "tunnel")
    name = guess_column(frame, "street_name", source)
    columns = pd.DataFrame(
        {
            "name": text(frame, name.column if name else None).replace("0", ""),
            "street_class": classes.astype("str"),
            "link": link | flag(frame, "link" if "link" in frame else None),
            "barrier": np.isin(classes, list(barriers)) & ~link & ~tunnel,
            "roundabout": _tagged(frame, "roundabout") | _junction(frame),
            "oneway": flag(frame, "oneway" if "oneway" in frame else None),
            "bridge": _tagged(frame, "bridge"),
            "tunnel": tunnel,
        },
        index=frame.index,
    )
    if "barrier" in frame and pd.api.types.is_bool_dtype(frame["barrier"].dtype):
        columns["barrier"] |= frame["barrier"]
    kept = (classes != "") & ~(tunnel & np.isin(classes, _UNDERGROUND)) & ~_no_border(frame)
    said = ([name.why.removeprefix(f"{source}: ")] if name else ["no column of names was recognised"]) + said
    if (~kept).any():
        what = "underground, platforms, sidings, not built, small water"
        said.append(f"{int((~kept).sum())} lines were left out ({what})")
    return gpd.GeoDataFrame(columns, geometry=frame.geometry.to_numpy(), crs=frame.crs)[kept], said


def _tagged(frame: gpd.GeoDataFrame, tag: str) -> NDArray[np.bool_]:
    """Return where a tag says anything but no."""
    if tag not in frame:
        return np.zeros(len(frame), bool)
    return (~text(frame, tag).str.lower().isin(["", "no", "false", "0", "f", "n", "否"])).to_numpy(bool)


def _junction(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    if "junction" not in frame:
        return np.zeros(len(frame), bool)
    return text(frame, "junction").isin(["roundabout", "circular"]).to_numpy(bool)


def _no_border(frame: gpd.GeoDataFrame) -> NDArray[np.bool_]:
    """Return the rails that part nothing on the ground: sidings, yards, and what runs on a viaduct or below."""
    if "railway" not in frame:
        return np.zeros(len(frame), bool)
    rail = text(frame, "railway")
    service = text(frame, "service") if "service" in frame else pd.Series("", index=frame.index)
    aloft = rail.isin(["light_rail", "subway", "monorail"]).to_numpy(bool) & _tagged(frame, "bridge")
    return (rail != "").to_numpy(bool) & (service.isin(["yard", "siding", "crossover"]).to_numpy(bool) | aloft)


# ---- classes ----------------------------------------------------------------------------------------------------


def _classes(frame: gpd.GeoDataFrame, source: str, default: str) -> tuple[NDArray[Any], NDArray[np.bool_], list[str]]:
    """Return class and ramp flag of each line, "" for what is to be left out, and what was guessed."""
    found = guess_column(frame, "street_class", source)
    classes = np.full(len(frame), "?", dtype=object)
    link = np.zeros(len(frame), bool)
    said: list[str] = []
    if found is not None:
        said.append(found.why.removeprefix(f"{source}: "))
        major = found.column.lower() == "majorroad"
        pairs = pd.DataFrame(
            {"value": text(frame, found.column), "rank": text(frame, "rank" if "rank" in frame else None)}
        )
        number, known = pd.factorize(pd.MultiIndex.from_frame(pairs))
        meant = [_class_of(value, rank, major=major) for value, rank in known]
        classes = np.array([one for one, _ in meant], dtype=object)[number]
        link = np.array([two for _, two in meant], dtype=bool)[number]
    classes = _from_tags(frame, classes, found.column if found else "")
    unknown = classes == "?"
    if unknown.any():
        raw = [] if found is None else sorted({v for v in text(frame, found.column)[unknown] if v})[:6]
        named = f" ({', '.join(raw)})" if raw else ""
        said.append(f"{int(unknown.sum())} lines state no known class{named}; they were taken as {default}")
        classes[unknown] = default
    return classes, link, said


def _from_tags(frame: gpd.GeoDataFrame, given: NDArray[Any], used: str) -> NDArray[Any]:
    """Fill what the class column leaves open from the other tags of OpenStreetMap."""
    classes = given.copy()
    for tag in ("railway", "waterway"):
        if tag not in frame or tag == used:
            continue
        values = text(frame, tag)
        known = {v: _rail_or_water(tag, v) for v in values.unique() if v}
        for value, meant in known.items():
            classes[(values == value).to_numpy(bool) & (classes == "?")] = meant
    return classes


def _rail_or_water(tag: str, value: str) -> str:
    if tag == "railway":
        return "railway" if value in ("rail", "light_rail", "narrow_gauge", "subway", "monorail") else ""
    return "river" if value in ("river", "canal", "riverbank", "tidal_channel") else ""


def _class_of(value: str, rank: str = "", *, major: bool = False) -> tuple[str, bool]:
    """Return the class a value of a class column means, "?" if unknown, and whether it is a ramp."""
    listed = re.findall(r"[\w:]+", value) if value.startswith(("[", "{", "(")) else value.split(";")
    if len(listed) > 1:
        each = [_class_of(one.strip()) for one in listed]
        best = min(each, key=lambda pair: _RANK_OF.get(pair[0], len(_RANK_OF)))
        return best[0], all(is_link for _, is_link in each)
    word = listed[0].strip().lower().replace(" ", "_").replace("-", "_") if listed else ""
    if major:
        return {"1": "primary", "2": "secondary"}.get(word, "residential"), False
    if word.isdecimal():
        return _numbered(int(word), int(rank) if rank.isdecimal() else 0)
    if "匝道" in word:
        return "primary", True
    return _worded(word.removesuffix("_link")), word.endswith("_link")


def _worded(word: str) -> str:
    """Return the class of a word, "?" if unknown, "" for what is no line of the town."""
    if word in LINE_CLASSES:
        return word
    return _OSM[word] if word in _OSM else next((meant for part, meant in _CHINESE if part in word), "?")


def _numbered(number: int, rank: int) -> tuple[str, bool]:
    """Read the two-digit classes of Statistics Canada's road network, or a rank from 1 (highest) to 5."""
    by_rank = _RANKS[rank - 1] if 1 <= rank <= 5 else "residential"
    if 1 <= number <= 5:
        meant = _RANKS[number - 1]
    elif 10 <= number <= 13:
        meant = "motorway" if rank in (0, 1) else "trunk"
    elif number in (21, 22):  # arterials and collectors, whatever their rank
        meant = min(by_rank, {21: "secondary", 22: "tertiary"}[number], key=ROAD_CLASSES.index)
    else:
        lesser = {24: "service", 26: "path", 27: "service", 29: "service"}
        meant = lesser.get(number, by_rank if number in (20, 23, 25, 28, 80, 90) else "?")
    return meant, number == 25
