"""A made-up Chinese district of about 30,000 households, for the demo, the examples and the tests.

Place, names, codes and people are invented; it lies where it lies only so that coordinates are plausible. The same seed
gives the same district, coordinate for coordinate.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gis_grid.frames import check_frame
from gis_grid.sources.sample_addresses import address_buildings, house_numbers, household_points, shop_points
from gis_grid.sources.sample_estates import Estates, build_estates
from gis_grid.sources.sample_layout import CRS, Layout, lay_out
from gis_grid.sources.sample_names import COMMUNITIES, COUNTY_CODE, DISTRICT, OFFICES, community_code, staff
from gis_grid.sources.sample_quarters import quarters as divide_land
from gis_grid.sources.sample_streets import barriers, reserved_land, streets

HOUSEHOLDS = 30_000
_COMMUNITY_BAND = (2_150, 3_050)
_LEAST_STOREYS = 2


@dataclass(frozen=True)
class Sample:
    """Hold the frames of a made-up district, in EPSG:4547 and as `gis_grid.frames` wants them.

    Beyond the contract: `streets` has `roundabout`, `oneway`, `bridge` and `inner` (a lane inside a quarter);
    `households` has `shops`, `address`, `compound`, `building` (index of `buildings`, "" for a shop front) and
    `stairwell`; `communities` has `office_code` and `office_name`; `compounds` are what is walled (`kind` is slab,
    midrise, tower, works, public, park or campus), `lane_quarters` the old quarters that are not; `buildings` has
    `households`, `storeys`, `address`, `compound` and `quarter`. `staff` is a plain table in which a vacant post
    has no name.
    """

    boundary: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame
    barriers: gpd.GeoDataFrame
    households: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame
    compounds: gpd.GeoDataFrame
    lane_quarters: gpd.GeoDataFrame
    buildings: gpd.GeoDataFrame
    staff: pd.DataFrame


def sample_district(seed: int = 0) -> Sample:
    """Make up a district: streets, river, railway, compounds, buildings, households and the people who look after them.

    Counts are households at stairwells and doors, nothing about residents. One community owns a small quarter behind
    the railway that is too small for a grid of its own, a few compounds and a few towers exceed one, and the linework
    has the dirt that real linework has.

    Examples
    --------
    >>> town = sample_district()
    >>> len(town.communities), 29_000 <= int(town.households["households"].sum()) <= 31_000
    (12, True)
    """
    layout_rng, land_rng, estate_rng, shop_rng, street_rng, staff_rng = np.random.default_rng(seed).spawn(6)
    layout = lay_out(layout_rng)
    targets = _targets(layout, land_rng)
    quarters = divide_land(layout, targets, reserved_land(layout), land_rng)
    estates = _count(build_estates(layout, quarters, estate_rng), quarters, targets)
    buildings, households = _addressed(layout, quarters, estates, shop_rng)
    communities = _communities(layout)
    per_community = communities.sjoin(households).groupby("community_code")["households"].sum()
    walled = quarters["kind"] != "lanes"
    land = quarters[["name", "kind", "geometry"]]
    return Sample(
        boundary=check_frame(gpd.GeoDataFrame({"name": [DISTRICT]}, geometry=[layout.boundary], crs=CRS), "boundary"),
        streets=check_frame(streets(layout, _lanes(estates, quarters), street_rng), "streets"),
        barriers=check_frame(barriers(layout), "streets", source="barriers"),
        households=check_frame(households, "households"),
        communities=check_frame(communities, "communities"),
        compounds=check_frame(land[walled].reset_index(drop=True), "compounds"),
        lane_quarters=check_frame(land[~walled].reset_index(drop=True), "compounds"),
        buildings=check_frame(buildings, "buildings"),
        staff=staff(per_community, staff_rng),
    )


def write_sample(folder: str | Path, seed: int = 0) -> dict[str, Path]:
    """Write a made-up district as the files `gis-grid build` reads, and return their paths by input name.

    `boundary` is GeoJSON in EPSG:4326, the layers are GeoPackages in EPSG:4547, and `staff` is CSV that spreadsheet
    programs open with Chinese intact. Column names are those of OpenStreetMap and of common registers.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    town = sample_district(seed)
    paths = {"boundary": folder / "boundary.geojson"}
    town.boundary.to_crs(4326).to_file(paths["boundary"], driver="GeoJSON", COORDINATE_PRECISION=8)
    layers = {
        "streets": _as_osm(town.streets),
        "barriers": _as_osm(town.barriers),
        "households": town.households,
        "communities": town.communities,
        "compounds": town.compounds,
        "buildings": town.buildings.reset_index(),
    }
    for name, frame in layers.items():
        paths[name] = folder / f"{name}.gpkg"
        frame.to_file(paths[name], layer=name, driver="GPKG")
    paths["staff"] = folder / "staff.csv"
    town.staff.to_csv(paths["staff"], index=False, encoding="utf-8-sig")
    return paths


def _targets(layout: Layout, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return how many households each community is to have: by its area, but never far from the mean."""
    area = layout.faces.area.groupby(layout.faces["community"]).sum().reindex(range(len(COMMUNITIES))).to_numpy()
    weight = 1 + 0.4 * (area / area.mean() - 1) + rng.normal(0.0, 0.06, len(area))
    wanted = np.clip(HOUSEHOLDS * weight / weight.sum(), *_COMMUNITY_BAND)
    return np.asarray(np.round(wanted * HOUSEHOLDS / wanted.sum()), dtype=np.int64)


def _count(estates: Estates, quarters: gpd.GeoDataFrame, targets: NDArray[np.int64]) -> Estates:
    """Return the estates with households, storeys raised or lowered until each community has what it should."""
    table = estates.buildings
    kind = quarters["kind"].to_numpy()[table["quarter"]]
    community = quarters["community"].to_numpy()[table["quarter"]]
    flats = (table["flats"] * table["stairwells"]).to_numpy()
    pocket = quarters["pocket"].to_numpy()[table["quarter"]]
    storeys = np.where(pocket, 1.0, table["storeys"].to_numpy(dtype=float))
    fixed = table["giant"].to_numpy() | ~np.isin(kind, ("slab", "midrise", "tower"))
    for number, wanted in enumerate(targets):
        here = np.flatnonzero((community == number) & ~fixed)
        rest = (storeys * flats)[(community == number) & fixed].sum()
        factor = (wanted - rest) / max(1.0, (storeys * flats)[here].sum())
        carry = 0.0
        for row in here:
            # what rounding leaves over goes to the next building, so that the sum comes out
            exact = storeys[row] * factor * flats[row] + carry
            storeys[row] = max(_LEAST_STOREYS, round(exact / flats[row]))
            carry = exact - storeys[row] * flats[row]
    columns = {"storeys": storeys.astype(np.int64), "stairwell_households": (storeys * table["flats"]).astype(np.int64)}
    households = columns["stairwell_households"] * table["stairwells"].to_numpy()
    return Estates(table.assign(**columns, households=households), estates.lanes, estates.gates)


def _addressed(
    layout: Layout, quarters: gpd.GeoDataFrame, estates: Estates, rng: np.random.Generator
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return buildings and household points with addresses; shop fronts and gates share one run of house numbers."""
    gates, shops = estates.gates, shop_points(layout, quarters, rng)
    line = np.r_[gates["line"].to_numpy(), shops["line"].to_numpy()]
    points = np.r_[shapely.points(gates[["x", "y"]].to_numpy()), shops.geometry.to_numpy()]
    numbers = house_numbers(layout, line, points)
    buildings = address_buildings(layout, quarters, estates, numbers[: len(gates)], rng)
    buildings.index = pd.Index([f"b{n:04d}" for n in range(1, len(buildings) + 1)], name="building_id")
    street = layout.lines["name"].to_numpy()[shops["line"]]
    fronts = pd.Series([f"{DISTRICT}{s}{n}号" for s, n in zip(street, numbers[len(gates) :], strict=True)], dtype=str)
    households = household_points(buildings, shops, fronts)
    columns = ["name", "address", "stairwells", "households", "storeys", "compound", "quarter", "geometry"]
    return buildings.assign(quarter=buildings["quarter_name"])[columns], households


def _lanes(estates: Estates, quarters: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the inner lanes as streets: old lanes have names, the ways inside compounds have none."""
    lanes = estates.lanes
    old = quarters["kind"].eq("lanes").to_numpy()[lanes["quarter"]]
    place = pd.Series(quarters["name"].to_numpy()[lanes["quarter"]], index=lanes.index).str.removesuffix("里") + "巷"
    number = np.where(lanes["kind"] == "alley", lanes["number"].astype(str) + "弄", "")
    street_class = np.where(lanes["kind"] == "alley", "path", "service")
    name = np.where(old, place.to_numpy(dtype=object) + number, "")
    return lanes.assign(name=name, street_class=street_class, inner=True)[["name", "street_class", "inner", "geometry"]]


def _communities(layout: Layout) -> gpd.GeoDataFrame:
    faces = layout.faces
    shapes = [
        shapely.coverage_union_all(faces.geometry.to_numpy()[faces["community"] == number])
        for number in range(len(COMMUNITIES))
    ]
    office = [office for office, _ in COMMUNITIES]
    columns = {
        "community_code": [community_code(number) for number in range(len(COMMUNITIES))],
        "name": [name for _, name in COMMUNITIES],
        "office_code": [f"{COUNTY_CODE}{code}" for code in office],
        "office_name": [dict(OFFICES)[code] for code in office],
    }
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=CRS)


def _as_osm(lines: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return lines with the columns an OpenStreetMap extract has in place of ours."""
    kind = lines["street_class"]
    columns: dict[str, pd.Series] = {"name": lines["name"]}
    if "oneway" in lines:
        classes = kind.replace({"path": "footway"}) + np.where(lines["link"], "_link", "")
        columns |= {"highway": classes, "oneway": lines["oneway"].map({True: "yes", False: "no"})}
        columns |= {"junction": lines["roundabout"].map({True: "roundabout", False: ""})}
        columns |= {"bridge": lines["bridge"].map({True: "yes", False: ""})}
    else:
        columns |= {"railway": kind.map({"railway": "rail", "river": ""})}
        columns |= {"waterway": kind.map({"railway": "", "river": "river"})}
    return gpd.GeoDataFrame(columns, geometry=lines.geometry, crs=lines.crs)
