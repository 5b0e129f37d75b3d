"""The tiles of a published plan: drawn once it is in force, and kept with it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gis_grid.store.catalogue import version_of
from gis_grid.store.publish import keep_tiles
from gis_grid.tiles.pyramid import TileOptions, write_tiles

if TYPE_CHECKING:
    from gis_grid.plan import Plan
    from gis_grid.store.db import Store

#: for whom tiles are drawn: with all counts, and without small ones
AUDIENCES: tuple[Literal["all", "suppressed"], ...] = ("all", "suppressed")


def keep_drawn(store: Store, plan_id: str, plan: Plan, *, version: int) -> None:
    """Draw the tiles of a plan that was just published and keep them, unless it was withdrawn meanwhile.

    `version` is what `gis_grid.store.catalogue.version_of` said in the transaction that published it. Tiles follow
    from the plan, and until they are kept they are drawn when asked for; so that nobody waits to write while they are
    drawn, they are kept in a transaction of their own.
    """
    drawn = draw_tiles(plan)
    with store.writing() as session:
        if version_of(session, plan_id) == version:
            keep_tiles(session, plan_id, drawn)


def draw_tiles(plan: Plan) -> dict[str, bytes]:
    """Return the archive of a plan's tiles for each audience."""
    drawn: dict[str, bytes] = {}
    with tempfile.TemporaryDirectory() as folder:
        for audience in AUDIENCES:
            path = write_tiles(plan, Path(folder) / f"{audience}.pmtiles", TileOptions(counts=audience))
            drawn[audience] = path.read_bytes()
    return drawn
