"""Put a plan file into a store and into force, as a measuring needs it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import gis_grid as gg
from gis_grid.store import Store
from gis_grid.store.access import LOCAL
from gis_grid.store.imports import DistrictOptions, take_in
from gis_grid.store.publish import approve, publish, submit

DAY = date(2024, 1, 1)


def publish_file(store: Store, file: Path) -> str:
    """Take a plan file in as the plan of a district of its own, in force from a day on; return the plan's id."""
    plan = gg.read_plan(file)
    with store.writing() as session:
        plan_id = take_in(session, plan, district=DistrictOptions("980101", "样例区"), title=file.stem).plan_id
        submit(session, plan_id, actor=LOCAL)
        approve(session, plan_id, actor=LOCAL, alone=True)
        publish(session, plan_id, effective=DAY, actor=LOCAL, allow_errors=True)
    return plan_id
