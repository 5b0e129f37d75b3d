"""A store in which the made-up town is published, and the service that answers from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from calls import Calls
from town_in_force import Town, put_in_force

from api.main import create_app
from api.settings import Settings
from gis_grid.plan import Plan
from gis_grid.store import Store


@pytest.fixture
def published(store: Store, store_address: str, town: Plan) -> Town:
    """Return the made-up town, published in a store of its own on each of the two databases."""
    return put_in_force(store, store_address, town)


@pytest.fixture
def serving(published: Town) -> Iterator[Callable[..., Calls]]:
    """Return a function that starts the service with some settings and calls it."""
    begun: list[Calls] = []

    def start(*, token: str | None = None, **settings: object) -> Calls:
        app = create_app(Settings(store=published.address, **settings))
        begun.append(Calls(app, token=token).__enter__())
        app.state.service.desk.renew(always=False)
        return begun[-1]

    yield start
    for calls in begun:
        calls.__exit__()
