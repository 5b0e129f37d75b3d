"""What tests of the store share: a district, and a plan of bare squares that is made and kept in no time."""

from __future__ import annotations

from datetime import date

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid.adjacency import borders, outline
from gis_grid.grids import grids
from gis_grid.plan import Plan
from gis_grid.rules import issues_frame
from gis_grid.scheme import Scheme
from gis_grid.store import Store
from gis_grid.store.access import Actor
from gis_grid.store.models import Area
from gis_grid.store.plans import import_plan

COMMUNITY = "420103001001"
LIN, WANG = Actor("Lin", "planner"), Actor("Wang", "planner")
HEAD = Actor("Zhao", "approver")


def district(store: Store, code: str = "420103", timezone: str = "Asia/Shanghai") -> int:
    """Put a district into the store and return its id."""
    with store.writing() as session:
        area = Area(
            code=code, level="district", name="样例区", path="/1/", timezone=timezone, valid_from=date(2020, 1, 1)
        )
        session.add(area)
        session.flush()
        area.path = f"/{area.id}/"
        return area.id


def squares(wide: int = 8, high: int = 4, *, side: int = 4, households: int = 30) -> Plan:
    """Return a plan of blocks of 100 m, numbered like a page, in grids of `side` by `side` blocks."""
    row, column = (axis.ravel() for axis in np.mgrid[:high, :wide])
    shapes = shapely.box(500_000 + 100 * column, 3_400_000 - 100 * row, 500_100 + 100 * column, 3_400_100 - 100 * row)
    ids = pd.Index([f"b{n:05d}" for n in range(len(shapes))], name="block_id")
    frame = {"parent_block_id": "", "atom": "face", "community_code": COMMUNITY, "households": households}
    blocks = gpd.GeoDataFrame(frame, geometry=shapes, index=ids, crs=32650)
    number = (row // side) * -(-wide // side) + column // side + 1
    assignment = pd.Series([f"g{n:04d}" for n in number], index=ids, name="grid_id", dtype="str")
    edges, rim = borders(blocks), outline(blocks)
    made = grids(blocks, assignment, edges, rim)
    made["code"] = COMMUNITY + made.index.str[-3:]
    whole = gpd.GeoDataFrame(
        {"community_code": [COMMUNITY], "name": ["样例社区"]}, geometry=[shapely.union_all(shapes)], crs=32650
    )
    return Plan(Scheme.load(), blocks, edges, rim, whole, assignment, made, issues_frame([]))


def kept(store: Store, plan: Plan) -> str:
    """Put a plan into a new district of the store and return the plan's id."""
    home = district(store)
    with store.writing() as session:
        return import_plan(session, plan, district=home, name="first", who="tester")
