"""House numbers of the made-up district, and the points where its households and shops are counted."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.sources.sample_estates import Estates
from gis_grid.sources.sample_layout import CRS, SETBACK_M, Layout
from gis_grid.sources.sample_names import DISTRICT

#: shops stand every so many metres of street, by class of street
_SHOP_EVERY_M = {"primary": 34.0, "secondary": 30.0, "tertiary": 42.0, "residential": 95.0}
_DOOR_INSIDE_M = 0.6
#: metres of street for which house numbers rise by two
_NUMBER_M = 9.0
#: in some cities no house number has a 4 in it: so along this street
_NO_FOURS = "文昌路"


def shop_points(layout: Layout, quarters: gpd.GeoDataFrame, rng: np.random.Generator) -> gpd.GeoDataFrame:
    """Return shop fronts between the streets and the walls (columns `line`, `shops`)."""
    edges = layout.edges[layout.edges["street_class"].isin(list(_SHOP_EVERY_M))]
    step = edges["street_class"].map(_SHOP_EVERY_M).to_numpy()
    lines = edges.geometry.to_numpy()
    count = np.maximum(0, (shapely.length(lines) - 50) // step).astype(int)
    edge = np.repeat(np.arange(len(edges)), count)
    nth = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count, count)
    at = 25 + step[edge] * (nth + rng.uniform(0, 1, len(edge)))
    here, ahead = (shapely.get_coordinates(shapely.line_interpolate_point(lines[edge], at + d)) for d in (0.0, 1.0))
    along = (ahead - here) / np.hypot(*(ahead - here).T)[:, None]
    side = rng.choice([-1.0, 1.0], len(edge))
    away = edges["street_class"].map(SETBACK_M).to_numpy()[edge] - 2.5
    points = shapely.points(np.round(here + np.stack([-along[:, 1], along[:, 0]], axis=1) * (side * away)[:, None], 2))
    frame = gpd.GeoDataFrame({"line": edges["line"].to_numpy()[edge]}, geometry=points, crs=CRS)
    frame["shops"] = 1 + rng.poisson(1.3, len(frame))
    homes = shapely.STRtree(quarters.geometry.to_numpy()).query(points, predicate="dwithin", distance=1.0)[0]
    inside = shapely.dwithin(points, shapely.boundary(layout.boundary), 4.0) | ~shapely.within(points, layout.boundary)
    keep = ~inside & ~np.isin(np.arange(len(points)), homes)
    return frame[keep].reset_index(drop=True)


def house_numbers(layout: Layout, line: NDArray[np.int64], points: NDArray[Any]) -> NDArray[np.int64]:
    """Give points numbers along their streets: odd left of the axis, even right of it, rising with the distance."""
    axes = layout.lines.geometry.to_numpy()[line]
    at = shapely.line_locate_point(axes, points)
    foot, ahead = (shapely.get_coordinates(shapely.line_interpolate_point(axes, at + d)) for d in (-0.5, 0.5))
    xy = shapely.get_coordinates(points)
    along, off = ahead - foot, xy - (foot + ahead) / 2
    right = (along[:, 0] * off[:, 1] - along[:, 1] * off[:, 0]) < 0
    street = layout.lines["name"].to_numpy()[line]
    table = pd.DataFrame({"street": street, "side": np.where(right, "even", "odd"), "at": at, "line": line})
    out = np.zeros(len(line), dtype=np.int64)
    table = table.sort_values(["street", "side", "line", "at"], kind="stable")
    last: dict[tuple[str, str], int] = {}
    for row, name, side, metres in zip(table.index, table["street"], table["side"], table["at"], strict=True):
        first = 2 if side == "even" else 1
        number = max(last.get((name, side), first - 2) + 2, 2 * int(metres / _NUMBER_M) + first)
        while name == _NO_FOURS and "4" in str(number):
            number += 2
        out[int(row)] = last[name, side] = number
    return out


def address_buildings(
    layout: Layout, quarters: gpd.GeoDataFrame, estates: Estates, numbers: NDArray[np.int64], rng: np.random.Generator
) -> gpd.GeoDataFrame:
    """Return the buildings with `name` and `address`: block numbers in compounds, house numbers along old lanes."""
    table = estates.buildings
    street = layout.lines["name"].to_numpy()[estates.gates["line"].to_numpy()]
    of_street = pd.Series([f"{DISTRICT}{s}{n}" for s, n in zip(street, numbers, strict=True)])
    quarter = table["quarter"]
    block = table.groupby("quarter").cumcount() + 1
    lanes = quarters["kind"].eq("lanes").to_numpy()[quarter]
    place = pd.Series(quarters["name"].to_numpy()[quarter], index=table.index)
    name = block.astype(str) + np.where(lanes, "", "栋")
    address = pd.Series(of_street.to_numpy()[quarter], index=table.index) + "号" + place + name
    odd = table["row_side"].eq("N").to_numpy()
    along = table.groupby(["quarter", "alley", "row_side"]).cumcount()
    door = 2 * along + np.where(odd, 1, 2)
    own_lane = pd.Series(np.array(rng.random(len(quarters)) < 0.5)[quarter], index=table.index)
    lane = DISTRICT + place.str.removesuffix("里") + "巷"
    alley = lane + np.where(table["alley"] > 0, table["alley"].astype(str) + "弄", "") + door.astype(str) + "号"
    number_lane = pd.Series(of_street.to_numpy()[quarter], index=table.index) + "弄" + block.astype(str) + "号"
    address = address.mask(lanes & own_lane, alley).mask(lanes & ~own_lane, number_lane)
    name = name.mask(lanes, address.str.extract(r"(\d+号)$")[0])
    return table.assign(name=name, address=address, compound=place.mask(lanes, ""), quarter_name=place)


def household_points(buildings: gpd.GeoDataFrame, shops: gpd.GeoDataFrame, shop_address: pd.Series) -> gpd.GeoDataFrame:
    """Return one point a stairwell or lane house with its households, and one a shop front.

    `buildings` needs `stairwell_households` and the geometry columns of `Estates.buildings`.
    """
    homes = buildings[buildings["stairwell_households"] > 0]
    row = np.repeat(np.arange(len(homes)), homes["stairwells"])
    first = np.cumsum(homes["stairwells"]) - homes["stairwells"]
    which = np.arange(len(row)) - first.to_numpy()[row]
    h = homes.iloc[row].reset_index(drop=True)
    along = ((which + 0.5) / h["stairwells"] - 0.5) * h["length_m"]
    across = (h["depth_m"] / 2 - _DOOR_INSIDE_M) * np.where(h["row_side"] == "N", -1.0, 1.0)
    x = h["cx"] + along * h["ux"] - across * h["uy"]
    y = h["cy"] + along * h["uy"] + across * h["ux"]
    several = h["stairwells"] > 1
    unit = pd.Series(which + 1).astype(str) + "单元"
    columns = {
        "address": h["address"] + unit.where(several, ""),
        "households": h["stairwell_households"].astype("int64"),
        "shops": np.zeros(len(h), dtype=np.int64),
        "compound": h["compound"],
        "building": homes.index.to_numpy()[row],
        "stairwell": which + 1,
    }
    frame = gpd.GeoDataFrame(columns, geometry=shapely.points(np.round(np.stack([x, y], axis=1), 2)), crs=CRS)
    trade = shops[["shops", "geometry"]].assign(address=shop_address.to_numpy(), households=0, compound="", building="")
    trade = trade.assign(stairwell=0).astype({"shops": "int64", "households": "int64"})
    return gpd.GeoDataFrame(pd.concat([frame, trade], ignore_index=True), geometry="geometry", crs=CRS)
