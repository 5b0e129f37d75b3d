"""What a plan costs, item by item: every term of the objective with the plain quantity behind it, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis_grid.partition.compounds import compound_of, households_moved, inside_compounds
from gis_grid.partition.cost import MAIN_CLASSES, balance_price, imbalance
from gis_grid.scheme import Band
from gis_grid.units import block_load

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.partition.cost import Ints
    from gis_grid.plan import Plan
    from gis_grid.scheme import Cost, Scheme

__all__ = ["COLUMNS", "ITEMS", "TERMS", "bill", "bill_rows", "cost_of", "plan_bill"]

COLUMNS = ("term", "item", "quantity", "unit", "price", "cost")
#: The terms of the objective, in the order of a bill.
TERMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "border": ("划界", "borders"),
        "compounds": ("拆分小区", "compounds cut"),
        "compactness": ("形状", "compactness"),
        "balance": ("户数均衡", "distance from the target"),
        "inside": ("主街穿过网格", "main streets inside"),
        "moved": ("住户换格", "households that change grid"),
    }
)
#: What a bill counts under its terms; the classes of border first.
ITEMS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "parent": ("社区界", "community line"),
        "barrier": ("屏障", "barrier"),
        "motorway": ("高速公路", "motorway"),
        "trunk": ("快速路", "trunk road"),
        "primary": ("主干路", "main road"),
        "secondary": ("次干路", "secondary road"),
        "tertiary": ("支路", "minor road"),
        "residential": ("街巷", "residential street"),
        "service": ("内部道路", "service road"),
        "path": ("小路", "path"),
        "railway": ("铁路", "railway"),
        "river": ("河流", "river"),
        "wall": ("小区围墙", "compound wall"),
        "cell": ("楼间", "between buildings"),
        "stairwell": ("楼内单元间", "between stairwells"),
        "community": ("社区界", "community line"),
        "boundary": ("区界", "district boundary"),
        "block": ("穿过街块", "through a block"),
        "perimeter": ("网格周长", "perimeter of all grids"),
        "imbalance": ("偏离目标(半幅平方和)", "half-bands off the target, squared"),
        "off_target": ("偏离目标户数", "households off the target"),
        "cut": ("被拆分的小区", "compounds cut"),
        "through": ("小区内边界", "border through compounds"),
        "households": ("换格住户", "households moved"),
    }
)


def bill(
    blocks: gpd.GeoDataFrame,
    borders: pd.DataFrame,
    assignment: pd.Series,
    scheme: Scheme,
    *,
    home: pd.Series | None = None,
) -> pd.DataFrame:
    """Return what a plan costs, one row an item: quantity times price is cost, and the costs add up to the objective.

    `assignment` maps block_id to grid_id; `home` maps block_id to the grid of a previous plan, where there is one.
    Columns are `term` (see `TERMS`), `item` (see `ITEMS`), `quantity`, `unit` (`m`, `households`, `compounds`, or
    `half-bands²`), `price` (one unit of cost is one metre of border at a price of 1) and `cost`. Items at a price of
    0 are counted for the reader. It is worked out from blocks and borders alone, so it is right for a plan edited
    by hand.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gis_grid.scheme import Scheme
    >>> squares = [shapely.box(100 * n, 0, 100 * n + 100, 100) for n in range(3)]
    >>> index = pd.Index(["b1", "b2", "b3"], name="block_id")
    >>> columns = {"community_code": "101", "households": [200, 190, 380]}
    >>> blocks = gpd.GeoDataFrame(columns, index=index, geometry=squares, crs=32650)
    >>> borders = pd.DataFrame({"a": ["b1", "b2"], "b": ["b2", "b3"], "shared_m": 100.0})
    >>> borders = borders.assign(street_class=["service", "residential"], street_name="", barrier=False)
    >>> found = bill(blocks, borders, pd.Series(["g1", "g1", "g2"], index=index), Scheme.load())
    >>> found[["term", "item", "quantity", "unit", "price", "cost"]].head(2).to_numpy().tolist()
    [['border', 'residential', 100.0, 'm', 0.6, 60.0], ['compounds', 'through', 0.0, 'm', 4.0, 0.0]]
    """
    band, cost = scheme.main.band, scheme.cost
    grid = pd.factorize(assignment.reindex(blocks.index))[0].astype(np.int64)
    a, b = (blocks.index.get_indexer(borders[side]).astype(np.int64) for side in ("a", "b"))
    code = blocks["community_code"].to_numpy(dtype=object)
    lines = borders.assign(parent=code[a] != code[b], drawn=grid[a] != grid[b])
    shared = float(lines.loc[~lines["drawn"], "shared_m"].sum())
    perimeter = float(blocks.geometry.length.sum()) - 2.0 * shared
    rows = [
        *_along(lines, cost),
        *_compounds(blocks, lines, a, b, grid, band, cost),
        ("compactness", "perimeter", perimeter, "m", cost.compactness),
        *_balance(blocks["households"].to_numpy(dtype=np.int64), grid, band, cost),
        *_inside(lines, cost),
        ("moved", "households", _moved(blocks, grid, home), "households", cost.moved_per_household),
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS[:-1])).astype({"quantity": float, "price": float})
    return frame.assign(cost=frame["quantity"] * frame["price"])


def plan_bill(plan: Plan, *, home: pd.Series | None = None) -> pd.DataFrame:
    """Return the bill of a plan, with what its main tier counts in the place of households; `home` as for `bill`.

    For a main tier that is joined, the band of its units is that of those it joins, so many times.
    """
    scheme, main, blocks = plan.scheme, plan.scheme.main, plan.blocks
    below = scheme.tier(main.of)
    if below is not None:
        one, many = below.band, main.band
        band = Band(one.min * many.min, one.max * many.max, one.target * many.target)
        main = replace(main, made="divided", of="", load=below.load, band=band)
        scheme = scheme.with_tier(main)
    if main.load != "households":
        blocks = blocks.assign(households=block_load(blocks, main.load))
    return bill(blocks, plan.borders, plan.assignment, scheme, home=home)


_Row = tuple[str, str, float, str, float]


def _along(lines: pd.DataFrame, cost: Cost) -> list[_Row]:
    """Return the metres of drawn border by what they run along, the most first."""
    drawn = lines[lines["drawn"]]
    kind = drawn["street_class"].where(drawn["street_class"] != "", "block")
    kind = kind.mask(drawn["barrier"], "barrier").mask(drawn["parent"], "parent")
    metres = drawn["shared_m"].groupby(kind).sum().sort_values(ascending=False, kind="stable")
    free = ("parent", "barrier")
    price = {name: 0.0 if name in free else cost.price(name if name != "block" else "", False) for name in metres.index}
    return [("border", str(name), float(length), "m", price[name]) for name, length in metres.items()]


def _compounds(
    blocks: gpd.GeoDataFrame, lines: pd.DataFrame, a: Ints, b: Ints, grid: Ints, band: Band, cost: Cost
) -> list[_Row]:
    """Return the metres of border through compounds that would fit a grid, and how many of them are cut."""
    compound = compound_of(blocks, band)
    cuts = inside_compounds(blocks, a, b, band) & (lines["drawn"] & ~lines["barrier"]).to_numpy()
    metres = float(lines["shared_m"].to_numpy()[cuts].sum())
    held = np.unique(np.stack([compound, grid], axis=1)[compound >= 0], axis=0)[:, 0]
    cut = int((np.bincount(held) > 1).sum()) if len(held) else 0
    return [
        ("compounds", "through", metres, "m", cost.compound_per_m),
        ("compounds", "cut", float(cut), "compounds", 0.0),
    ]


def _balance(load: Ints, grid: Ints, band: Band, cost: Cost) -> list[_Row]:
    held = np.bincount(grid[grid >= 0], weights=load[grid >= 0]).astype(np.int64)
    return [
        ("balance", "imbalance", float(imbalance(held, band).sum()), "half-bands²", balance_price(cost)),
        ("balance", "off_target", float(np.abs(held - band.target).sum()), "households", 0.0),
    ]


def _inside(lines: pd.DataFrame, cost: Cost) -> list[_Row]:
    """Return the metres of main streets that run inside grids, by class."""
    kept = lines[~lines["drawn"] & ~lines["parent"] & ~lines["barrier"] & lines["street_class"].isin(MAIN_CLASSES)]
    metres = kept["shared_m"].groupby(kept["street_class"]).sum().sort_values(ascending=False, kind="stable")
    return [("inside", str(name), float(length), "m", cost.inside_per_m) for name, length in metres.items()]


def _moved(blocks: gpd.GeoDataFrame, grid: Ints, home: pd.Series | None) -> float:
    if home is None:
        return 0.0
    before = pd.factorize(home.reindex(blocks.index))[0].astype(np.int64)
    return float(households_moved(blocks["households"].to_numpy(dtype=np.int64), grid, before))


def cost_of(items: pd.DataFrame) -> dict[str, float]:
    """Add the items of a bill up to the terms of the objective, and to their `total`."""
    by_term = items.groupby("term")["cost"].sum()
    found = {term: float(by_term.get(term, 0.0)) for term in TERMS}
    return {**found, "total": sum(found.values())}


def bill_rows(items: pd.DataFrame, *, most: int = len(ITEMS)) -> list[tuple[str, str, float, str]]:
    """Say a bill in Chinese and English, one row a term: its name, the quantities behind it, its cost and its share.

    No more than `most` items of each term are said, the largest first.

    >>> rows = [("border", "primary", 1200.0, "m", 0.1, 120.0), ("balance", "off_target", 90.0, "households", 0.0, 0.0)]
    >>> bill_rows(pd.DataFrame(rows, columns=list(COLUMNS)))[0]
    ('划界 borders', '主干路 main road 1.20 km', 120.0, '100.0%')
    """
    total = float(items["cost"].sum()) or 1.0
    rows = []
    for term, (zh, en) in TERMS.items():
        own = items[(items["term"] == term) & (items["quantity"] > 0)]
        if len(own):
            cost = float(own["cost"].sum())
            said = [_measured(*row) for row in own[["item", "quantity", "unit"]].itertuples(index=False, name=None)]
            more = [f"… +{len(said) - most}"] if len(said) > most else []
            rows.append((f"{zh} {en}", "; ".join([*said[:most], *more]), cost, f"{cost / total:.1%}"))
    return rows


def _measured(item: str, quantity: float, unit: str) -> str:
    """Say one quantity, metres in kilometres."""
    figure = {"m": f"{quantity / 1000:,.2f} km", "half-bands²": f"{quantity:,.1f}"}.get(unit, f"{quantity:,.0f}")
    return f"{' '.join(ITEMS[item])} {figure}"
