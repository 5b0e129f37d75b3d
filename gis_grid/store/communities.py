"""Communities and street offices of an imported plan become areas under its district, dated and with their lineage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import or_, select

from gis_grid.errors import AbsentError, Fault
from gis_grid.store.areas import Sketch, begin, lay, today
from gis_grid.store.models import Area
from gis_grid.store.plans import WGS84

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy.orm import Session

    from gis_grid.plan import Plan

#: a community whose former and present extent share this much of both is the same one, drawn a little otherwise
SAME = 0.98
#: what was a community shares this much of the smaller one with what it went into
PART = 0.05


@dataclass(frozen=True)
class Kept:
    """Say what became of a district's communities: how many stay, begin and end, and have provisional codes."""

    same: int
    begun: int
    ended: int
    provisional: int


def keep_communities(session: Session, district: int, plan: Plan, *, on: date | None = None) -> Kept:
    """Take a plan's communities and street offices into the tree under its district, in force from a day (today there).

    A community of the same code and name on (nearly) the same ground stays. One that is gone, renamed or redrawn ends,
    and the new ones name those whose ground they took over as predecessors: by overlap, not by code, for
    provisional codes may be given to others the next time. The first communities of a district begin with it. The
    district's shape becomes that of the plan.

    Raises
    ------
    AbsentError
        If there is no such district.
    """
    home = session.get(Area, district)
    if home is None or home.level != "district":
        raise AbsentError(Fault(f"there is no district {district}", remedy="add it first"))
    seen = plan.communities.to_crs(WGS84)
    lay(home, _around(plan))
    open_ended = or_(Area.valid_to.is_(None), Area.valid_to > (on or today(home)))
    query = select(Area).where(Area.path.startswith(home.path, autoescape=True), Area.id != home.id, open_ended)
    there = list(session.execute(query).scalars())
    day = (on or today(home)) if any(area.level == "community" for area in there) else home.valid_from
    offices = _offices(session, home, seen, [area for area in there if area.level == "street"], day)
    former = [area for area in there if area.level == "community"]
    return _communities(session, home, seen, former, offices, day)


def _around(plan: Plan) -> Any:
    outline = shapely.union_all(plan.grids.geometry.to_numpy())
    return gpd.GeoSeries([outline], crs=plan.grids.crs).to_crs(WGS84).iloc[0]


def _offices(session: Session, home: Area, seen: gpd.GeoDataFrame, there: list[Area], day: date) -> dict[str, Area]:
    """Return the street office of each code; those of the roll that are new or renamed begin, those gone end."""
    if "office_code" not in seen:
        wanted = {}
    else:
        names = seen["office_name"] if "office_name" in seen else seen["office_code"]
        wanted = {str(c): str(n) or str(c) for c, n in zip(seen["office_code"], names, strict=True) if str(c)}
    known = {area.code: area for area in there}
    found: dict[str, Area] = {}
    for code, name in wanted.items():
        shape = shapely.union_all(seen.geometry[(seen["office_code"] == code).to_numpy()].to_numpy())
        old = known.pop(code, None)
        if old is not None and old.name == name:
            lay(old, shape)
            found[code] = old
        else:
            formers = [old] if old is not None else []
            sketch = Sketch(code, "street", name, home.timezone, shape)
            found[code] = begin(session, sketch, parent=home, on=day, formers=formers)
    for area in known.values():
        area.valid_to = max(day, area.valid_from)
    return found


def _communities(
    session: Session,
    home: Area,
    seen: gpd.GeoDataFrame,
    former: list[Area],
    offices: dict[str, Area],
    day: date,
) -> Kept:
    shares, enters = _shares(seen, former)
    codes, names = seen["community_code"].astype(str).tolist(), seen["name"].astype(str).tolist()
    office_of = seen["office_code"].astype(str).tolist() if "office_code" in seen else [""] * len(seen)
    parents = [offices.get(office, home) for office in office_of]
    stays = [
        next((k for k, old in enumerate(former) if _same(old, code, name, parent) and shares[row, k] >= SAME), None)
        for row, (code, name, parent) in enumerate(zip(codes, names, parents, strict=True))
    ]
    kept = {k for k in stays if k is not None}
    ended = [k for k in range(len(former)) if k not in kept]
    for k in ended:
        former[k].valid_to = max(day, former[k].valid_from)
    session.flush()
    for row, stay in enumerate(stays):
        if stay is None:
            formers = [former[k] for k in ended if enters[row, k] >= PART]
            sketch = Sketch(codes[row], "community", names[row], home.timezone, seen.geometry.iloc[row])
            begin(session, sketch, parent=parents[row], on=day, formers=formers)
    provisional = sum(code.startswith("99") for code in codes)
    return Kept(len(kept), len(codes) - len(kept), len(ended), provisional)


def _same(old: Area, code: str, name: str, parent: Area) -> bool:
    return old.code == code and old.name == name and old.path == f"{parent.path}{code}/"


def _shares(seen: gpd.GeoDataFrame, former: list[Area]) -> tuple[Any, Any]:
    """Return how much of both, and how much of the smaller, each new community (row) shares with each former one."""
    new = seen.geometry.to_numpy()
    both = np.zeros((len(new), len(former)))
    smaller = np.zeros_like(both)
    old = np.array([area.geom for area in former], dtype=object)
    if not len(old) or not len(new):
        return both, smaller
    pairs = shapely.STRtree(old).query(new, predicate="intersects")
    common = shapely.area(shapely.intersection(new[pairs[0]], old[pairs[1]]))
    areas = shapely.area(new)[pairs[0]], shapely.area(old)[pairs[1]]
    both[*pairs] = common / np.maximum(*areas)
    smaller[*pairs] = common / np.minimum(*areas)
    return both, smaller
