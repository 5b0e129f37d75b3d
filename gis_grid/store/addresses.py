"""The addresses of a district in the store: beside its blocks, so that every plan on them has the same ones."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from gis_grid.addresses import DISTRICTS, AddressFrames
from gis_grid.errors import AbsentError, Fault
from gis_grid.store.access import LOCAL
from gis_grid.store.arrow import pack, unpack
from gis_grid.store.audit import record
from gis_grid.store.models import Area, GroundLayer, Plan

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

LAYERS = ("addresses", "numbers", "aliases", "streets", "communities")
#: what can be put in the place of what there was; the rest is that of the plan
KEPT = ("addresses", "numbers", "aliases")


@dataclass(frozen=True, eq=False)
class StoredAddresses(AddressFrames):
    """The addresses of a ground, with the checksum by which it is known whether they are still the same."""

    checksum: int = 0


def addresses_in_store(
    session: Session, plan_id: str, district: str, known: AddressFrames | None = None
) -> StoredAddresses | None:
    """Return what addresses of a plan are looked up in, `known` again if nothing has changed; None without any."""
    query = select(GroundLayer.name, GroundLayer.content).join(Plan, Plan.ground_id == GroundLayer.ground_id)
    rows = session.execute(query.where(Plan.id == plan_id, GroundLayer.name.in_(LAYERS))).all()
    content = {str(name): bytes(packed) for name, packed in rows}
    if not {"addresses", "numbers"} & set(content):
        return None
    notes = dict(session.execute(select(Plan.notes).where(Plan.id == plan_id)).scalar_one())
    areas = (district, *filter(None, notes.get(DISTRICTS, "").split(",")))
    checksum = zlib.crc32(",".join(areas).encode())
    for name in sorted(content):
        checksum = zlib.crc32(content[name], checksum)
    if isinstance(known, StoredAddresses) and known.checksum == checksum:
        return known
    frames = {name: unpack(packed) for name, packed in content.items()}
    return StoredAddresses(**frames, areas=areas, checksum=checksum)


def keep_addresses(
    session: Session,
    plan_id: str,
    addresses: gpd.GeoDataFrame | None,
    numbers: gpd.GeoDataFrame | None = None,
    aliases: pd.DataFrame | None = None,
    *,
    actor: Actor = LOCAL,
) -> None:
    """Put addresses in the place of those that the blocks of a plan had; lookups of every plan on them use them.

    What is None stays as it is. The frames are as `Plan` has them: points and pieces of streets in the plan's CRS.

    Raises
    ------
    AbsentError
        If there is no such plan.
    RightsError
        If the actor may not build plans of the district.
    """
    plan = session.get(Plan, plan_id)
    if plan is None:
        raise AbsentError(Fault(f"there is no plan {plan_id}"))
    actor.require("build", session.get_one(Area, plan.district_id).path)
    counts = {}
    for name, frame in zip(KEPT, (addresses, numbers, aliases), strict=True):
        if frame is None:
            continue
        held = GroundLayer.ground_id == plan.ground_id, GroundLayer.name == name
        session.execute(delete(GroundLayer).where(*held))
        session.add(GroundLayer(ground_id=plan.ground_id, name=name, content=pack(frame)))
        counts[name] = len(frame)
    session.flush()
    record(session, actor, "keep_addresses", plan_id, district=plan.district_id, detail=counts)
