"""The made-up town in force in a store: what the tests of the service ask about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import geopandas as gpd

from gis_grid.store.access import LOCAL
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.plans import load_plan
from gis_grid.store.publish import approve, publish, submit
from gis_grid.store.tokens import create_token

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan
    from gis_grid.store import Store

BEGUN = date(2024, 1, 1)
CODE = "980101"


@dataclass
class Town:
    """The published town: where its store is, and ids of what is in it."""

    store: Store
    address: str
    district: int
    plan_id: str
    plan: Plan

    def token(self, role: str, *, area: int | None = None, staff: int | None = None, days: int = 30) -> str:
        """Make a token and return its secret."""
        with self.store.writing() as session:
            return create_token(session, name=role, role=role, days=days, actor=LOCAL, area=area, staff=staff)[1]

    def inside(self, number: int = 0) -> tuple[dict[str, float], str]:
        """Return a point inside a grid, as parameters of a request, and the grid's code."""
        row = self.plan.grids.iloc[number]
        (place,) = gpd.GeoSeries([row.geometry.representative_point()], crs=self.plan.grids.crs).to_crs(4326)
        return {"lon": place.x, "lat": place.y}, str(row["code"])

    def door(self) -> tuple[str, str]:
        """Return the address of a stairwell as somebody writes it, and the code of its grid."""
        assert self.plan.addresses is not None
        row = self.plan.addresses[self.plan.addresses["stairwell"] != ""].iloc[40]
        grid = self.plan.grids[self.plan.grids.contains(row.geometry)].iloc[0]
        written = f"样例区{row['road']}{row['number']}号{row['compound']}{row['building']}栋{row['stairwell']}单元"
        return written, str(grid["code"])


def put_in_force(store: Store, address: str, plan: Plan) -> Town:
    """Import a plan as that of a district and publish it."""
    with store.writing() as session:
        taken = take_in(session, plan, district=DistrictOptions(CODE, "样例区"), title="first")
        publish_alone(session, taken.plan_id, BEGUN)
        plan = load_plan(session, taken.plan_id)
    return Town(store, address, taken.district.id, taken.plan_id, plan)


def publish_alone(session: Session, plan_id: str, effective: date) -> None:
    """Take a plan all the way into force."""
    submit(session, plan_id, actor=LOCAL)
    approve(session, plan_id, actor=LOCAL, alone=True)
    publish(session, plan_id, effective=effective, actor=LOCAL, allow_errors=True, allow_older=True)
