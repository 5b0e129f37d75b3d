"""The service keeps to its own description: whatever is sent, no answer is a fault of the service."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from town_in_force import put_in_force

from api.main import create_app
from api.settings import Settings
from gis_grid.plan import Plan
from gis_grid.store import open_store
from gis_grid.store.setup import init

#: how many requests are made up for each operation; more of them find more
EXAMPLES = int(os.environ.get("GIS_GRID_EXAMPLES", "25"))
#: that a request fits its schema does not make it sensible: an empty file of points is refused, for one, so
#: the check `positive_data_acceptance` is left out; streams of events go on until the caller leaves
STREAMS = r"/events$"


@pytest.fixture(scope="session")
def served(town: Plan, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, str]]:
    """Return the service of the made-up town, and the token of an administrator."""
    place: Path = tmp_path_factory.mktemp("schema") / "store.sqlite"
    with open_store(place) as store:
        init(store)
        published = put_in_force(store, str(place), town)
        token = published.token("administrator")
        limits = dict.fromkeys(("lookup_rate", "batch_rate", "write_rate", "unknown_rate"), "1000000/minute")
        app = create_app(Settings(store=str(place), log_level="error", **limits))
        yield app, token


def test_whatever_is_sent_the_answer_is_as_described(served: tuple[Any, str]) -> None:
    app, token = served
    description = schemathesis.openapi.from_asgi("/api/openapi.json", app).exclude(path_regex=STREAMS)
    operations = [found.ok() for found in description.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def keeps_to_it(case: Any) -> None:
            headers = {"Authorization": f"Bearer {token}"}
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

        keeps_to_it()
