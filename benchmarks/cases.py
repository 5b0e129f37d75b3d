"""The districts that are divided side by side: made up to any size, and Ottawa's real blocks."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from pattern import pattern

from gis_grid.frames import BORDER_CLASSES
from gis_grid.scheme import Band, Cost

DATA = Path(os.environ.get("GIS_GRID_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
#: The band of every case.
BAND = Band(300, 500, 400)
#: What a metre of drawn border costs: by what it runs along, or the same everywhere.
BY_CLASS: Mapping[str, float] = dict(Cost().per_m)
PLAIN: Mapping[str, float] = dict.fromkeys(BORDER_CLASSES, 1.0)
#: Households in a community of a made-up district.
COMMUNITY = 3_000
#: The share of blocks above the band where counts are heavy-tailed.
HEAVY = 0.002


@dataclass(frozen=True)
class Case:
    """Hold a district to be divided: blocks, borders, and the price of a metre of border of each class."""

    name: str
    title: str
    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    prices: Mapping[str, float]

    @cached_property
    def ends(self) -> tuple[np.ndarray, np.ndarray]:
        """The positions of the two blocks of every border."""
        index = self.blocks.index
        return index.get_indexer(self.borders["a"]), index.get_indexer(self.borders["b"])

    @cached_property
    def price(self) -> np.ndarray:
        """What every border costs where it is drawn (metres at price 1)."""
        by_m = self.borders["street_class"].map(dict(self.prices)).to_numpy(dtype=float)
        return self.borders["shared_m"].to_numpy(dtype=float) * by_m

    @cached_property
    def load(self) -> np.ndarray:
        """The households of every block."""
        return self.blocks["households"].to_numpy(dtype=np.int64)


def town(blocks: int, *, seed: int = 1) -> Case:
    """Return a made-up district in communities of about 3,000 households, borders priced by class."""
    title = f"{blocks:,} made-up blocks in communities, borders priced by class"
    return Case(f"town-{blocks}", title, *pattern(blocks, seed=seed, community=COMMUNITY), BY_CLASS)


def open_town(blocks: int, *, seed: int = 1) -> Case:
    """Return the same district without communities, every metre of border at the same price."""
    title = f"{blocks:,} made-up blocks without communities, plain border length"
    return Case(f"open-{blocks}", title, *pattern(blocks, seed=seed, community=0), PLAIN)


def heavy_town(blocks: int, *, seed: int = 1) -> Case:
    """Return a district in which 0.2 % of the blocks hold 501 to 900 households."""
    title = f"{blocks:,} made-up blocks in communities, 0.2 % of them above the band"
    made = pattern(blocks, seed=seed, community=COMMUNITY, heavy=HEAVY)
    return Case(f"heavy-{blocks}", title, *made, BY_CLASS)


def divided_town(blocks: int, *, seed: int = 1) -> Case:
    """Return that district after its oversize blocks were divided where their homes lie."""
    from gis_grid.adjacency import borders, mended
    from gis_grid.blocks import refine_blocks

    whole = heavy_town(blocks, seed=seed)
    named = whole.borders["street_class"] != ""
    streets = whole.borders.loc[named, ["street_class", "barrier", "geometry"]].assign(name="", link=False)
    over = whole.blocks.index[whole.load > BAND.max]
    finer = mended(refine_blocks(whole.blocks, set(over), streets.iloc[:0], _homes(whole), band=BAND))
    title = f"{whole.title}, and divided"
    return Case(f"divided-{blocks}", title, finer, borders(finer, streets), BY_CLASS)


def _homes(case: Case, *, most: int = 20) -> gpd.GeoDataFrame:
    """Make up homes of at most 20 households inside every block."""
    rng = np.random.default_rng(0)
    count = -(-case.load // most)
    of = np.repeat(np.arange(len(count)), count)
    place = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
    west, south, east, north = shapely.bounds(case.blocks.geometry.to_numpy())[of].T
    right, up = rng.uniform(0.1, 0.9, (2, len(of)))
    spots = shapely.points(west + right * (east - west), south + up * (north - south))
    held = np.minimum(most, case.load[of] - most * place)
    return gpd.GeoDataFrame({"households": held}, geometry=spots, crs=case.blocks.crs)


def ottawa(*, nested: bool) -> Case:
    """Return Ottawa's 1,023 real blocks: in their 13 districts with priced borders, or as one with plain ones."""
    from gis_grid.adjacency import borders, mended
    from gis_grid.sources import read_blocks, read_streets

    folder = DATA / "ottawa"
    read = read_blocks(folder / "ottawa_dev_blocks.parquet").frame
    districts = gpd.read_parquet(folder / "ottawa_dev_blocks.parquet").set_index("DBUID")["ONS_ID"]
    roads = read_streets(folder / "ottawa_dev_roads.parquet", target=read.crs).frame
    code = districts.reindex(read.index).astype(str).to_numpy() if nested else "all"
    blocks = mended(read.assign(community_code=code, parent_block_id="", atom="face"))
    edges = borders(blocks, roads).assign(barrier=False)
    name, title = ("ottawa", "in 13 districts, priced") if nested else ("ottawa-open", "as one, plain length")
    return Case(name, f"Ottawa's 1,023 real blocks {title}", blocks, edges, BY_CLASS if nested else PLAIN)


def official_compactness() -> float:
    """Return the median Polsby–Popper of the official census zones on Ottawa's blocks."""
    zones = gpd.read_parquet(DATA / "ottawa" / "ottawa_dev_zones_da.parquet")
    return float(np.median(4 * np.pi * zones.area / zones.length**2))
