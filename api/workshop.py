"""What plans and drafts need while the service runs: files handed in, jobs, processes to work things out, tiles."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from api.jobs import Runner
from api.maps import DraftMaps, PlanMaps
from api.ogc import Collections
from api.pool import Pool
from api.sheets import Sheets
from api.uploads import Bounds, Uploads
from gis_grid.store.jobs import Terms

if TYPE_CHECKING:
    from api.metrics import Metrics
    from api.settings import Settings
    from api.start import Begun
    from gis_grid.store import Store


class Workshop:
    """Hold what the routes of plans, drafts, jobs, files and tiles share in one process.

    Nothing is started before `start`; processes of the pool only when the first is needed.
    """

    def __init__(self, settings: Settings, store: Store, metrics: Metrics, begun: Begun | None = None) -> None:
        self.folder = folder_of(settings, store)
        bounds = Bounds(
            file_bytes=int(settings.upload_mb * 1_000_000), count=settings.upload_count, hours=settings.upload_hours
        )
        self.terms = Terms(at_once=settings.job_workers, waiting=settings.job_queue, attempts=settings.job_attempts)
        self.uploads = Uploads(self.folder / "files", bounds)
        self.runner = Runner(store, self.uploads.folder, self.terms, metrics=metrics)
        self.pool = begun.pool if begun else Pool(store, processes=settings.pool_workers)
        self.sheets = Sheets(self.pool, begun.first if begun else None)
        self.plan_maps = PlanMaps(store, self.folder / "tiles")
        self.draft_maps = DraftMaps(store)
        self.collections = Collections(store)
        self.streams = threading.BoundedSemaphore(settings.streams)

    def start(self) -> None:
        """Remove files whose time is over, begin to run jobs."""
        self.uploads.tidy()
        self.runner.start()

    def stop(self) -> None:
        """End jobs, which wait for the next start, and all processes."""
        self.runner.stop()
        self.pool.stop()
        self.plan_maps.close()


def folder_of(settings: Settings, store: Store) -> Path:
    """Return the folder for uploaded files and tiles.

    It is the one that is set, else one beside a store that is a file, else one of this store in the home of whoever
    runs the service.
    """
    if settings.folder:
        return Path(settings.folder)
    if store.file is not None:
        return store.file.with_name(f"{store.file.name}.files").absolute()
    address = store.engine.url.render_as_string(hide_password=True)
    return Path.home() / ".cache" / "gis-grid" / hashlib.sha256(address.encode()).hexdigest()[:16]
