"""The service as a server process starts it: the drafts changed last are made ready while the app is still loaded."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api.leaving import end_with_parent
from api.pool import Pool
from api.settings import Settings
from gis_grid.store import open_store

if TYPE_CHECKING:
    from concurrent.futures import Future

    from api.main import Service
    from api.sheets import Ready
    from gis_grid.store import Store


@dataclass(frozen=True)
class Begun:
    """Hold what runs before there is an app: its store, the processes that work for it, and what the first makes."""

    store: Store
    pool: Pool
    first: Future[Any]


def served() -> Service:
    """Return the service as a server process runs it: set by variables, writing its log to standard error."""
    end_with_parent(signal.SIGTERM)
    settings = Settings()
    store = open_store(settings.store)
    pool = Pool(store, processes=settings.pool_workers)
    begun = Begun(store, pool, pool.begin(_ready))
    from api import logs  # from here on what takes long to load
    from api.main import create_app

    logs.set_up(settings.log_level)
    return create_app(settings, begun=begun)


def _ready(store: Store) -> list[Ready]:
    from api.sheets import ready

    return ready(store)
