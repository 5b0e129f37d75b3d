"""Towns to divide: random planar graphs as frames, and a checker that shares no code with the engine."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import Delaunay

from gis_grid.partition.cells import CellGraph, cell_graph
from gis_grid.scheme import Band, Scheme

CRS = "EPSG:4547"


def town(
    load: np.ndarray,
    pairs: np.ndarray,
    *,
    communities: np.ndarray | None = None,
    barrier: np.ndarray | None = None,
    classes: np.ndarray | None = None,
    shared_m: np.ndarray | float = 100.0,
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return blocks and borders of a graph; shapes are squares in a row, only their size counts."""
    ids = np.array([f"b{n:05d}" for n in range(len(load))], dtype=object)
    x = np.arange(len(load)) * 100.0
    blocks = gpd.GeoDataFrame(
        {
            "parent_block_id": "",
            "atom": "face",
            "community_code": "1" if communities is None else communities,
            "households": load,
        },
        geometry=shapely.box(x, 0, x + 100, 100),
        index=pd.Index(ids, name="block_id"),
        crs=CRS,
    )
    pairs = np.sort(np.asarray(pairs, dtype=np.int64).reshape(-1, 2), axis=1)
    borders = gpd.GeoDataFrame(
        {
            "a": ids[pairs[:, 0]],
            "b": ids[pairs[:, 1]],
            "shared_m": shared_m,
            "street_name": "",
            "street_class": "residential" if classes is None else classes,
            "barrier": False if barrier is None else barrier,
        },
        geometry=[shapely.LineString([(0, 0), (1, 0)])] * len(pairs),
        crs=CRS,
    )
    return blocks, borders


def lattice(rows: int, columns: int) -> np.ndarray:
    """Return the pairs of neighbours in a lattice, numbered row by row."""
    number = np.arange(rows * columns).reshape(rows, columns)
    across = np.stack([number[:, :-1].ravel(), number[:, 1:].ravel()], axis=1)
    down = np.stack([number[:-1].ravel(), number[1:].ravel()], axis=1)
    return np.concatenate([across, down])


def delaunay(blocks: int, seed: int) -> np.ndarray:
    """Return the pairs of neighbours in a random triangulation, which is planar and connected."""
    corners = Delaunay(np.random.default_rng(seed).random((blocks, 2))).simplices
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]])
    return np.unique(np.sort(pairs, axis=1), axis=0)


def graph_of(load: np.ndarray, pairs: np.ndarray, seed: int = 0) -> CellGraph:
    """Return the graph of a town of square blocks whose borders have random classes and lengths."""
    rng = np.random.default_rng(seed)
    classes = rng.choice(["primary", "residential", "service"], len(pairs)).astype(object)
    blocks, borders = town(load, pairs, classes=classes, shared_m=rng.uniform(20, 200, len(pairs)))
    return cell_graph(blocks, borders, Scheme.load("qinzhou").cost)[0]


def scheme(low: int = 300, high: int = 500, target: int | None = None) -> Scheme:
    """Return the default scheme with another band."""
    return Scheme.load("qinzhou").with_band(min=low, max=high, target=target)


def faults(blocks: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, assignment: pd.Series) -> list[str]:
    """Return what is wrong with a division apart from the band, found the slow way.

    Blocks without households may be apart from the rest of their grid.
    """
    said = []
    if list(assignment.index) != list(blocks.index):
        said.append("the index is not that of the blocks")
    open_borders = borders[~borders["barrier"]]
    for grid, members in assignment.groupby(assignment):
        inside = set(members.index)
        if blocks.loc[list(inside), "community_code"].nunique() != 1:
            said.append(f"{grid} lies in several communities")
        lived_in = set(blocks.index[blocks["households"] > 0]) & inside
        reached, fresh = set(), {min(lived_in or inside)}
        while fresh:
            reached |= fresh
            beside = open_borders[open_borders["a"].isin(fresh) | open_borders["b"].isin(fresh)]
            fresh = ((set(beside["a"]) | set(beside["b"])) & inside) - reached
        if not lived_in <= reached:
            said.append(f"{grid} is not in one piece")
    return said


def out_of_band(blocks: gpd.GeoDataFrame, assignment: pd.Series, band: Band) -> list[int]:
    """Return the households of every grid out of band, fewest first."""
    load = blocks["households"].groupby(assignment).sum()
    return sorted(int(value) for value in load if not band.min <= value <= band.max)


def can_be_legal(load: np.ndarray, pairs: np.ndarray, band: Band) -> bool:
    """Tell by trying every set of blocks whether a tiny town can be cut into connected grids within the band."""
    every = range(len(load))
    beside = [{int(b) for a, b in pairs if a == n} | {int(a) for a, b in pairs if b == n} for n in every]
    legal = set()
    for size in range(1, len(load) + 1):
        for members in combinations(every, size):
            reached = {members[0]}
            for _ in members:
                reached |= {near for n in reached for near in beside[n] if near in members}
            if len(reached) == size and band.min <= sum(int(load[n]) for n in members) <= band.max:
                legal.add(frozenset(members))

    def cut(left: frozenset[int]) -> bool:
        return not left or any(grid <= left and min(left) in grid and cut(left - grid) for grid in legal)

    return cut(frozenset(every))
