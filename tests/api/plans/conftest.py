"""A service on a store with one district, a plan of squares, and people with tokens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from offices import Office, opened

from gis_grid.store import Store


@pytest.fixture
def office(store: Store, store_address: str, tmp_path: Path) -> Iterator[Office]:
    with opened(store, store_address, tmp_path / "files") as office:
        yield office
