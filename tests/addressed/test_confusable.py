"""Neighbours that only a number or a sign tells apart are never confused, however they are written."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest

from addressed.neighbours import pairs
from gis_grid.addresses import Gazetteer, Matcher

PAIRS = pairs()


def known(addresses: list[str]) -> Matcher:
    spots = gpd.points_from_xy(np.arange(len(addresses)) * 0.01 + 114.0, np.full(len(addresses), 30.0))
    frame = gpd.GeoDataFrame({"address": addresses}, geometry=spots, crs=4326)
    gazetteer = Gazetteer.from_frames(frame)
    assert len(gazetteer.entries) == len(addresses)
    return Matcher(gazetteer, np.arange(len(addresses)))


@pytest.fixture(scope="module")
def all_known() -> tuple[Matcher, list[str]]:
    addresses = sorted({one for pair in PAIRS for one in pair})
    return known(addresses), addresses


def test_there_are_two_hundred_pairs() -> None:
    assert len(PAIRS) >= 200


def test_each_is_found_as_itself_where_all_are_known(all_known: tuple[Matcher, list[str]]) -> None:
    matcher, addresses = all_known
    for at, text in enumerate(addresses):
        found = matcher.match(text)
        assert found.area == at or found.reason in {"which-building", "which-stairwell"}, (text, found)


@pytest.mark.parametrize("seed", range(6))
def test_a_neighbour_that_is_not_known_is_never_taken_for_one_that_is(seed: int) -> None:
    """Half of them are known; who asks for one of the others is refused, or told only what both stand in."""
    chance = np.random.default_rng(seed)
    addresses = sorted({one for pair in PAIRS for one in pair})
    there = [text for text in addresses if chance.random() < 0.5]
    matcher = known(there)
    for one, another in PAIRS:
        for asked, neighbour in ((one, another), (another, one)):
            if asked not in there and neighbour in there:
                found = matcher.match(asked)
                assert found.area != there.index(neighbour) or found.level in COARSER, (asked, neighbour, found)


#: what stands around a building or stairwell that is not known, or between numbers
COARSER = {"building", "compound", "road", "interpolated"}


VARIANTS = [
    ("中山路１２号", "中山路12号"),
    ("中山路十二號", "中山路12号"),
    ("青禾区中山路12号501室", "中山路12号"),
    ("中山路3号甲", "中山路甲3号"),
    ("中山路3附1号", "中山路3号附1号"),
    ("中山路3号之1", "中山路3号附1号"),
    ("五一路五十一号", "五一路51号"),
    ("玉兰家园十一幢", "玉兰家园11栋"),
    ("玉兰家园11#", "玉兰家园11栋"),
    ("玉兰家园11號樓", "玉兰家园11栋"),
    ("玉兰家园1-2-1001", "玉兰家园1栋2单元"),
    ("玉兰家园1座2门", "玉兰家园1栋2单元"),
    ("中山路106弄3号301", "中山路106弄3号"),
    ("【云州市】中山路106弄(中山路106弄3号)", "中山路106弄3号"),
]


@pytest.mark.parametrize(("typed", "meant"), VARIANTS)
def test_variants_are_the_place_that_they_mean(typed: str, meant: str) -> None:
    addresses = list(dict.fromkeys(address for _, address in VARIANTS))
    matcher = known([*addresses, "玉兰家园12栋", "中山路121号", "五一路5号"])
    assert matcher.match(typed).area == addresses.index(meant)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "empty"),
        ("中山路", "which-number"),
        ("玉兰家园", "which-building"),
        ("中山路12号对面", "near"),
        ("中山路12号玉兰家园11栋", "contradiction"),
        ("天涯路9号", "unknown"),
    ],
)
def test_what_may_be_two_places_is_refused_with_its_reason(typed: str, reason: str) -> None:
    matcher = known(["中山路12号", "中山路14号", "玉兰家园11栋", "玉兰家园12栋"])
    found = matcher.match(typed)
    assert (found.area, found.reason) == (-1, reason)
    assert bool(found.alternatives) == (reason not in {"empty", "unknown"})
