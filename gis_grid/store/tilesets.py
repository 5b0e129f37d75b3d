"""The tiles of a published plan: drawn once it is in force, and kept with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gis_grid.store.catalogue import version_of
from gis_grid.store.publish import keep_tiles, publish
from gis_grid.tiles.pyramid import TileOptions, write_tiles

if TYPE_CHECKING:
    from typing import Any

    from gis_grid.plan import Plan
    from gis_grid.store.access import Actor
    from gis_grid.store.db import Store

#: for whom tiles are drawn: with all counts, and without small ones
AUDIENCES: tuple[Literal["all", "suppressed"], ...] = ("all", "suppressed")


def publish_drawn(store: Store, plan_id: str, *, actor: Actor, **options: Any) -> Plan:
    """Put a plan into force (`gis_grid.store.publish.publish`), then draw its tiles, and return it as it now is.

    Tiles follow from the plan, and until they are kept they are drawn when asked for. So that nobody waits to write
    while they are drawn, they are kept in a transaction of their own.
    """
    with store.writing() as session:
        plan = publish(session, plan_id, actor=actor, **options)
        version = version_of(session, plan_id)
    drawn = draw_tiles(plan)
    with store.writing() as session:
        if version_of(session, plan_id) == version:  # not withdrawn meanwhile
            keep_tiles(session, plan_id, drawn)
    return plan


def draw_tiles(plan: Plan) -> dict[str, bytes]:
    """Return the archive of a plan's tiles for each audience."""
    drawn: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for audience in AUDIENCES:
            path = write_tiles(plan, Path(folder) / f"{audience}.pmtiles", TileOptions(counts=audience))
            drawn[audience] = path.read_bytes()
    return drawn
