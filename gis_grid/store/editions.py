"""What lookups answer from: publications as `gis_grid.lookup` wants them, read again when their mark is another."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import orjson
import pandas as pd
import shapely
from sqlalchemy import func, select

from gis_grid.lookup.answering import answering
from gis_grid.lookup.publications import Published, Roster, cell_of
from gis_grid.store.addresses import addresses_in_store
from gis_grid.store.areas import in_force
from gis_grid.store.models import Area, AuditEntry, Block, Grid, Plan, Publication
from gis_grid.store.people import people_frame
from gis_grid.store.units import units_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from gis_grid.store import Store

    Told = tuple[list[dict[str, Any]], bytes, str]

#: deeds after which people, areas or publications may be others
TELLING = ("publish", "withdraw", "import", "keep_people", "assign", "add_area", "restore", "keep_addresses")
COLUMNS = ("code", "name", "kind", "tier", "parent_code", "community_code", "households", "bounds_zh", "bounds_en")
#: how many days of a roster are kept; the day that is asked for most is today
DAYS = 32


class StoredRoster(Roster):
    """Who answers for each unit of a publication on each day; a day that was not asked for yet is read from the store.

    Reading takes some milliseconds: who may not wait calls `prepare` for the day beforehand.
    """

    def __init__(self, store: Store, district: int, units: pd.DataFrame) -> None:
        super().__init__(None)
        self._store = store
        self._district = district
        self.units = units
        around = units.loc[units["grid"] != units["code"], ["tier", "code"]].drop_duplicates()
        own = around[around["code"] != ""]
        self._asked = pd.concat([units, own.assign(grid=own["code"])], ignore_index=True)
        self._kept: OrderedDict[int, dict[str, Told]] = OrderedDict()

    def prepare(self, day: date) -> None:
        """Read who answers on a day."""
        with self._store.reading() as session:
            found = answering(people_frame(session, self._district, on=day), self._asked)
        told = {code: (people, orjson.dumps(people), cell_of(people)) for code, people in found.items()}
        self._kept[day.toordinal()] = told
        while len(self._kept) > DAYS:
            self._kept.popitem(last=False)

    def _on(self, code: str, day: int) -> Told:
        told = self._kept.get(day)
        if told is None:
            self.prepare(date.fromordinal(day))
            told = self._kept[day]
        return told.get(code, _NOBODY)


_NOBODY: Told = ([], b"[]", "")


@dataclass(frozen=True, eq=False)
class Edition(Published):
    """A publication of a store, with the path of rights of each grid, and people as of any day."""

    district_id: int = 0
    paths: Mapping[str, str] = field(default_factory=dict)
    staff: StoredRoster | None = None
    at: datetime | None = None

    @cached_property
    def roster(self) -> Roster:
        """The people by grid and day."""
        return super().roster if self.staff is None else self.staff


def mark(session: Session) -> tuple[object, ...]:
    """Return something that is another one as soon as lookups may have to answer otherwise."""
    query = select(Publication.plan_id, Publication.effective, Publication.at).order_by(Publication.plan_id)
    told = select(func.max(AuditEntry.id)).where(AuditEntry.action.in_(TELLING))
    return (tuple(tuple(row) for row in session.execute(query)), session.execute(told).scalar_one())


def read_editions(
    store: Store, *, before: Mapping[str, Edition] | None = None
) -> tuple[list[Edition], tuple[object, ...]]:
    """Read every publication, and the mark that goes with them; of plans that were read before only what may change."""
    known = before or {}
    with store.reading() as session:
        seen = mark(session)
        query = select(Publication).order_by(Publication.district_id, Publication.effective)
        publications = list(session.execute(query).scalars())
        editions = []
        for this, following in zip(publications, [*publications[1:], None], strict=False):
            same = following is not None and following.district_id == this.district_id
            until = following.effective if same and following is not None else None
            was = known.get(this.plan_id)  # if it was withdrawn and published anew, its grids may be others
            editions.append(_read(store, session, this, until, was if was is not None and was.at == this.at else None))
    return editions, seen


def _read(store: Store, session: Session, this: Publication, until: date | None, known: Edition | None) -> Edition:
    district = session.get_one(Area, this.district_id)
    units = units_of(session, this.plan_id) if known is None or known.staff is None else known.staff.units
    grids = _grids(session, this, district, units) if known is None else known.grids
    return Edition(
        plan=this.plan_id,
        district=district.code,
        name=district.name,
        grids=grids,
        valid_from=this.effective,
        valid_to=until,
        timezone=district.timezone,
        tier=str(grids["tier"].iloc[0]) if len(grids) else "",
        district_id=district.id,
        paths=dict(zip(grids["code"], grids["path"], strict=True)),
        staff=StoredRoster(store, district.id, units),
        at=this.at,
        addresses=addresses_in_store(session, this.plan_id, district.name, None if known is None else known.addresses),
        parts=_parts(session, this.plan_id) if known is None else known.parts,
    )


def _parts(session: Session, plan_id: str) -> gpd.GeoDataFrame | None:
    """Return the blocks of a plan that are parts of buildings divided by stairwell, None if there are none."""
    query = select(Block.parent_block_id, Block.geom).join(Plan, Plan.ground_id == Block.ground_id)
    rows = session.execute(query.where(Plan.id == plan_id, Block.atom == "stairwell").order_by(Block.place)).all()
    if not rows:
        return None
    parents, shapes = zip(*rows, strict=True)
    return gpd.GeoDataFrame({"parent_block_id": list(parents)}, geometry=list(shapes), crs=4326)


def _grids(session: Session, this: Publication, district: Area, units: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the grids of a publication, then the units around them, each with its `community` and `path`."""
    columns = [getattr(Grid, name) for name in (*COLUMNS, "geom")]
    rows = session.execute(select(*columns).where(Grid.plan_id == this.plan_id).order_by(Grid.place)).all()
    frame = pd.DataFrame(rows, columns=[column.key for column in columns])
    grids = gpd.GeoDataFrame(frame.drop(columns="geom"), geometry=frame["geom"].to_numpy(), crs=4326)
    under = Area.path.startswith(district.path, autoescape=True)
    areas = [area for area in session.execute(select(Area).where(under)).scalars() if in_force(area, this.effective)]
    names = {area.code: area.name for area in areas}
    paths = {area.code: area.path for area in areas if area.level == "community"}
    home = grids["community_code"]
    grids = grids.assign(community=home.map(names).fillna(""), path=home.map(paths).fillna(district.path))
    return pd.concat([grids, _around(grids, units, names, paths, district.path)], ignore_index=True)


def _around(
    grids: gpd.GeoDataFrame, units: pd.DataFrame, names: Mapping[str, str], paths: Mapping[str, str], path: str
) -> gpd.GeoDataFrame:
    """Return the units around grids, tier by tier, with the shapes of their grids as one."""
    around = units[(units["code"] != "") & (units["grid"] != units["code"])]
    held = around.merge(grids[["code", "households", "geometry"]].rename(columns={"code": "grid"}), on="grid")
    rows = []
    for (tier, code), parts in held.groupby(["tier", "code"], sort=True):
        shape = shapely.union_all(parts["geometry"].to_numpy())
        told = {"code": code, "tier": tier, "kind": tier, "name": names.get(str(code), ""), "geometry": shape}
        rows.append(told | {"households": int(parts["households"].sum()), "path": paths.get(str(code), path)})
    empty = dict.fromkeys(("parent_code", "community_code", "community", "bounds_zh", "bounds_en"), "")
    if not rows:
        return grids.iloc[:0]
    return gpd.GeoDataFrame(rows, crs=4326).assign(**empty)
