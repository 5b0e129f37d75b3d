"""A gazetteer that was changed in place answers as one that was built from what is left."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.addresses import Gazetteer, Matcher
from gis_grid.addresses.entries import COLUMNS
from gis_grid.errors import InputError
from gis_grid.lookup import LookupIndex

ROADS = ("东湖路", "建设大道", "柳荫街", "北环路")
RENAMED = (("东湖路", "滨江路"), ("滨江路", "东湖路"), ("玉兰家园", "海棠苑"))
NUMBERS = ("1", "2", "3", "5", "7", "7b", "甲9", "12")


def entries(rows: list[tuple[int, int, int]]) -> gpd.GeoDataFrame:
    """Return entries of roads, numbers and places on a lattice of ten metres."""
    frame = pd.DataFrame(
        [(ROADS[road], NUMBERS[number], "玉兰家园" if place % 7 == 0 else "", "", "") for road, number, place in rows],
        columns=list(COLUMNS),
    )
    spots = [shapely.Point(114.3 + place * 1e-4, 30.6 + road * 1e-4) for road, _, place in rows]
    return gpd.GeoDataFrame(frame, geometry=spots, crs=4326)


def strips(cut: float) -> LookupIndex:
    shapes = [shapely.box(114.2, 30.5, cut, 30.7), shapely.box(cut, 30.5, 114.4, 30.7)]
    return LookupIndex(gpd.GeoDataFrame({"code": ["1", "2"]}, geometry=shapes, crs=4326))


row = st.tuples(st.integers(0, 3), st.integers(0, len(NUMBERS) - 1), st.integers(0, 60))
steps = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.lists(row, min_size=1, max_size=5)),
        st.tuples(st.just("remove"), st.lists(st.integers(0, 40), min_size=1, max_size=4)),
        st.tuples(
            st.just("rename"), st.sampled_from([("东湖路", "滨江路"), ("滨江路", "东湖路"), ("玉兰家园", "海棠苑")])
        ),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(row, min_size=1, max_size=25), steps)
def test_changes_in_place_come_to_the_same_as_building_anew(first, then) -> None:
    gazetteer = Gazetteer(entries(first))
    assert len(gazetteer.places.within(114.0, 30.0, 115.0, 31.0)) == len(first)
    matcher = Matcher(gazetteer, strips(114.303).locate(gazetteer.lon, gazetteer.lat), ground=strips(114.303))
    for what, how in then:
        if what == "add":
            gazetteer.add(entries(how))
        elif what == "remove":
            gazetteer.remove([n for n in how if n < len(gazetteer.lon)])
        elif (gazetteer.columns["road"][gazetteer.held] == how[0]).any() or (
            gazetteer.columns["compound"][gazetteer.held] == how[0]
        ).any():
            gazetteer.rename(*how)
        else:
            with pytest.raises(InputError, match=how[0]):
                gazetteer.rename(*how)
    matcher.follow()
    anew = Gazetteer(gazetteer.entries, aliases=gazetteer.aliases)
    other = Matcher(anew, strips(114.303).locate(anew.lon, anew.lat), ground=strips(114.303))
    for road in (*ROADS, "滨江路", "玉兰家园", "海棠苑"):
        for number in ("", *NUMBERS):
            text = f"{road}{number}号" if number else road
            mine, theirs = matcher.match(text), other.match(text)
            assert (mine.area, mine.level, mine.reason, mine.label) == (
                theirs.area, theirs.level, theirs.reason, theirs.label,
            ), text  # fmt: skip
        assert gazetteer.suggest(road) == anew.suggest(road)
    held = np.flatnonzero(gazetteer.held)
    assert gazetteer.places.within(114.0, 30.0, 115.0, 31.0).tolist() == held.tolist()


def test_blocks_that_change_grids_take_their_doors_along() -> None:
    """Only doors in the box are looked up anew; the others would come out the same."""
    gazetteer = Gazetteer(entries([(0, 0, n) for n in range(40)]))
    before, after = strips(114.301), strips(114.302)
    matcher = Matcher(gazetteer, before.locate(gazetteer.lon, gazetteer.lat), ground=after)
    assert matcher.follow([(114.3009, 30.5, 114.3021, 30.7)]) == 13
    assert matcher.areas.tolist() == after.locate(gazetteer.lon, gazetteer.lat).tolist()
    assert matcher.areas.tolist() != before.locate(gazetteer.lon, gazetteer.lat).tolist()


def test_an_old_name_is_still_understood() -> None:
    gazetteer = Gazetteer(entries([(0, 0, 1), (0, 3, 2), (1, 1, 3)]))
    assert gazetteer.rename("东湖路", "滨江路") == 2
    assert gazetteer.match("东湖路5号").label == "滨江路5号"
    assert gazetteer.match("滨江路5号").label == "滨江路5号"
    assert [one.text for one in gazetteer.suggest("binjiang")] == ["滨江路"]
    with pytest.raises(InputError, match="长江路"):
        gazetteer.rename("长江路", "黄河路")


def test_the_nearest_doors_are_found_where_doors_come_and_go() -> None:
    gazetteer = Gazetteer(entries([(0, n, n * 5) for n in range(4)]))
    assert gazetteer.places.nearest(114.3011, 30.6).tolist() == [2]
    gazetteer.remove([2])
    assert gazetteer.places.nearest(114.3011, 30.6).tolist() == [3]
    (row,) = gazetteer.add(entries([(0, 7, 11)])).tolist()
    assert gazetteer.places.nearest(114.3011, 30.6).tolist() == [row]
    assert gazetteer.label(row) == "东湖路12号"
