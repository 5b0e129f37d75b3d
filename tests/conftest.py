"""What several tests share: the real data, and the made-up district built once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def real_data() -> Callable[[str], Path]:
    """Return a function from a name under the folder of real data to its path; skip where the folder is absent."""
    folder = Path(os.environ.get("GIS_GRID_DATA", REPOSITORY.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data is not here: {name} (set GIS_GRID_DATA to its folder)")
        return path

    return find
