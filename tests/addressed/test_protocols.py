"""The measured promises: a made-up city, Cambridge and Essen, against known truth.

`GIS_GRID_DOORS` sets the size of the made-up city (200,000 for the full measurement).
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from addressed.city import City, build_city
from addressed.corrupt import corrupted
from addressed.essen import essen, of_rows, points_of
from addressed.measured import (
    Outcome,
    cambridge,
    city_matcher,
    measured,
    registered,
)
from addressed.mistype import Mistyper
from gis_grid.addresses import Matcher

DOORS = int(os.environ.get("GIS_GRID_DOORS", "12000"))
QUERIES = 4_000 if DOORS < 100_000 else 50_000


@pytest.fixture(scope="module")
def town() -> tuple[City, Matcher]:
    city = build_city(DOORS)
    return city, city_matcher(city)


def typed_by_first(city: City, picked: np.ndarray) -> list[str]:
    chance = np.random.default_rng(5)
    return [corrupted(door, chance) for door in city.doors.iloc[picked].itertuples()]


def typed_by_second(city: City, picked: np.ndarray) -> list[str]:
    clerk = Mistyper(7)
    return [clerk.typed(registered(door), door.community) for door in city.doors.iloc[picked].itertuples()]


@pytest.mark.parametrize("typed", [typed_by_first, typed_by_second])
def test_the_city_is_found_as_it_is_typed(town: tuple[City, Matcher], typed) -> None:
    city, matcher = town
    picked = np.random.default_rng(3).integers(0, len(city.doors), QUERIES)
    found = measured(matcher, typed(city, picked), city.grid_of[picked])
    assert found.right >= 0.97, found
    assert found.wrong <= 0.003, found
    assert all(match.reason for match in found.matches if match.area < 0)


def test_registered_addresses_are_all_found(town: tuple[City, Matcher]) -> None:
    city, matcher = town
    picked = np.arange(0, len(city.doors), 7)
    texts = [registered(door) for door in city.doors.iloc[picked].itertuples()]
    found = measured(matcher, texts, city.grid_of[picked])
    assert found.right == 1.0, found


def test_cambridge_from_ranges_and_the_other_half(real_data) -> None:
    found: Outcome = cambridge(real_data)
    assert found.wrong <= 0.005, found
    assert found.right >= 0.98, found


def test_essen_from_the_other_four_fifths(real_data) -> None:
    """In cells of whole rows; `benchmarks/addresses.py` asks all in the grids of a plan, which takes minutes."""
    points = points_of(real_data)
    found = essen(points, of_rows(points), share=0.4)
    assert found.wrong <= 0.006, found
    assert found.right >= 0.96, found
