"""Plans kept: the only part of gis-grid that touches a database, and the only one that writes to it."""

from __future__ import annotations

from gis_grid.store.db import Store, open_store

__all__ = ["Store", "open_store"]
