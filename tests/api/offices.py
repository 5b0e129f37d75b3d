"""A service on a store with one district, a plan of squares, and people with tokens."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from calls import Calls

from api.main import create_app
from api.offers import plan_of
from api.settings import Settings
from gis_grid.plan import Plan
from gis_grid.store import Store, models
from gis_grid.store.access import LOCAL
from gis_grid.store.columns import now
from gis_grid.store.plans import import_plan
from gis_grid.store.publish import keep_tiles
from gis_grid.store.tilesets import AUDIENCES
from gis_grid.store.tokens import create_token
from gis_grid.tiles.pyramid import TileOptions, write_tiles
from townlet import district, squares

CODE = "420103"


@dataclass(frozen=True)
class Office:
    """The service, its store, the district's id, a plan in it, and the tokens of people by name."""

    calls: Calls
    store: Store
    district: int
    plan: Plan
    plan_id: str
    tokens: dict[str, str]

    def draft(self, plan_id: str = "") -> str:
        """Open a draft of a plan."""
        made = self.calls.post(
            f"/api/plans/{plan_id or self.plan_id}/drafts", json={"name": "x"}, token=self.tokens["lin"]
        )
        assert made.status_code == 201, made.text
        return str(made.json()["id"])


PEOPLE = {"lin": "planner", "wang": "planner", "zhao": "approver", "guest": "guest", "admin": "administrator"}


@contextmanager
def opened(store: Store, address: str, folder: Path, *, plan: Plan | None = None, **more: Any) -> Iterator[Office]:
    """Start a service on an empty store and people it."""
    plan, home = plan or squares(), district(store, CODE)
    tokens = {}
    with store.writing() as session:
        plan_id = import_plan(session, plan, district=home, name="first", who="tester")
        for name, role in PEOPLE.items():
            area = None if name == "admin" else home
            _, tokens[name] = create_token(session, name=name, role=role, days=1, actor=LOCAL, area=area)
    chosen: dict[str, Any] = {"public_lookup": True, "pool_workers": 1, "write_rate": "100000/minute", **more}
    settings = Settings(store=address, folder=str(folder), **chosen)
    with Calls(create_app(settings)) as calls:
        yield Office(calls, store, home, plan, plan_id, tokens)


def in_force(office: Office, *, effective: date = date(2020, 1, 1)) -> str:
    """Put the office's plan into force with its tiles, as a publication does, and return its id."""
    with tempfile.TemporaryDirectory() as folder:
        plan = plan_of(office.store, office.plan_id)
        files = {one: write_tiles(plan, Path(folder) / f"{one}.pmtiles", TileOptions(one)) for one in AUDIENCES}
        tiles = {one: path.read_bytes() for one, path in files.items()}
    with office.store.writing() as session:
        kept = session.get_one(models.Plan, office.plan_id)
        kept.state = "published"
        session.add(
            models.Publication(
                plan_id=office.plan_id, district_id=office.district, effective=effective, at=now(), who="zhao"
            )
        )
        session.flush()
        keep_tiles(session, office.plan_id, tiles)
    return office.plan_id
