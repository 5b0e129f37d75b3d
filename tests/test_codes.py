"""Codes are read off the map the same way every time, and outlive redrawing."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gis_grid.assignment import apply, make_assignment, merge, split
from gis_grid.codes import assign_codes, is_code, reading_order, succession
from gis_grid.errors import InputError
from gis_grid.scheme import CodePattern

CODE, OTHER = "420199001001", "420199001002"
PATTERN = CodePattern()


def squares(cells: list[tuple[float, float]], codes: list[str] | str = CODE) -> gpd.GeoDataFrame:
    shapes = [shapely.box(x * 100, y * 100, x * 100 + 100, y * 100 + 100) for x, y in cells]
    index = pd.Index([f"g{n}" for n in range(len(cells))], name="grid_id")
    return gpd.GeoDataFrame({"community_code": codes}, geometry=shapes, index=index, crs="EPSG:4547")


def serials(frame: gpd.GeoDataFrame, **more: object) -> list[int]:
    return [int(code[-3:]) for code in assign_codes(frame, PATTERN, **more)]  # type: ignore[arg-type]


def test_rows_run_north_to_south_and_each_west_to_east() -> None:
    assert serials(squares([(1, 0), (0, 0), (2, 1), (0, 1), (1, 1), (2, 0)])) == [5, 4, 3, 1, 2, 6]


def test_a_little_up_or_down_does_not_break_a_row() -> None:
    assert serials(squares([(0, 1.0), (1, 1.3), (2, 0.8), (0, 0.0), (1, 0.2), (2, -0.2)])) == [1, 2, 3, 4, 5, 6]


def test_each_community_counts_for_itself() -> None:
    frame = squares([(0, 0), (1, 0), (2, 0), (3, 0)], [CODE, OTHER, CODE, OTHER])
    assert assign_codes(frame, PATTERN).to_list() == [f"{CODE}001", f"{OTHER}001", f"{CODE}002", f"{OTHER}002"]


@given(st.permutations(range(9)))
def test_the_order_of_the_frame_and_the_ids_do_not_matter(order: list[int]) -> None:
    frame = squares([(k % 3, k // 3) for k in range(9)])
    codes = assign_codes(frame, PATTERN)
    shuffled = frame.iloc[order]
    assert assign_codes(shuffled, PATTERN).reindex(frame.index).equals(codes)
    renamed = shuffled.set_axis([f"x{n}" for n in range(9)])
    assert assign_codes(renamed, PATTERN).to_list() == codes.iloc[order].to_list()


def test_grids_at_the_same_place_fall_back_on_their_ids() -> None:
    assert serials(squares([(0, 0), (0, 0)])) == [1, 2]


def test_a_code_that_goes_on_is_kept_and_new_ones_follow_the_highest_ever_used() -> None:
    frame = squares([(0, 0), (1, 0), (2, 0)])
    codes = assign_codes(frame, PATTERN, previous={"g1": f"{CODE}004"}, retired=[f"{CODE}007", f"{OTHER}050"])
    assert codes.to_list() == [f"{CODE}008", f"{CODE}004", f"{CODE}009"]


def test_codes_of_grids_that_are_gone_are_not_given_again() -> None:
    assert serials(squares([(0, 0)]), previous={"gone": f"{CODE}005"}) == [6]


def test_other_patterns_work() -> None:
    assert assign_codes(squares([(0, 0)]), CodePattern(12, 2)).to_list() == [f"{CODE}01"]


def test_every_fault_is_named_at_once() -> None:
    frame = squares([(0, 0), (1, 0), (2, 0), (3, 0)], [CODE, CODE, CODE, "4201"])
    previous = {"g0": f"{CODE}001", "g1": f"{CODE}001", "g2": f"{OTHER}001"}
    with pytest.raises(InputError) as caught:
        assign_codes(frame, PATTERN, previous=previous, retired=[f"{CODE}001"])
    said = str(caught.value)
    for part in ("'4201' has not 12 digits", "held by several grids (g0, g1)", "is retired", "is no code of community"):
        assert part in said


def test_a_full_community_is_refused() -> None:
    with pytest.raises(InputError, match="more than 9 serial numbers"):
        assign_codes(squares([(k, 0) for k in range(10)]), CodePattern(12, 1))


@pytest.mark.parametrize("text", ["", "42019900100100", f"{CODE}000", f"{CODE}0A1", "４２０１９９００１００１００１"])
def test_what_is_no_code(text: str) -> None:
    assert not is_code(text, PATTERN)


def test_reading_order_is_a_permutation_of_nothing_too() -> None:
    assert reading_order(squares([])).tolist() == []
    assert assign_codes(squares([]), PATTERN).empty


# ---- redrawing -------------------------------------------------------------------------------------------------

BEFORE = make_assignment({f"b{n}": f"g{n // 4 + 1:04d}" for n in range(12)})
CODES = pd.Series({"g0001": "1", "g0002": "2", "g0003": "3"})
COUNTS = pd.Series(100, index=BEFORE.index)


def events(after: pd.Series) -> dict[tuple[str, str], str]:
    table = succession(BEFORE, CODES, after, COUNTS).lineage
    keys = zip(table["old_code"], table["grid_id"], strict=True)
    return dict(zip(keys, table["event"], strict=True))


def test_a_moved_border_keeps_both_codes() -> None:
    after = BEFORE.copy()
    after["b3"] = "g0002"
    found = succession(BEFORE, CODES, after, COUNTS)
    assert dict(found.kept) == {"g0001": "1", "g0002": "2", "g0003": "3"}
    assert found.retired == ()
    assert events(after)["1", "g0002"] == "redrawn"


def test_new_ids_alone_retire_nothing() -> None:
    after = BEFORE.map({"g0001": "x", "g0002": "y", "g0003": "z"})
    assert dict(succession(BEFORE, CODES, after, COUNTS).kept) == {"x": "1", "y": "2", "z": "3"}


def test_a_split_retires_the_code_and_names_the_predecessor() -> None:
    after = apply(BEFORE, split(BEFORE, "g0001", ["b2", "b3"]))
    found = succession(BEFORE, CODES, after, COUNTS)
    assert dict(found.kept) == {"g0002": "2", "g0003": "3"}
    assert found.retired == ("1",)
    assert events(after) == {
        ("1", "g0001"): "split",
        ("1", "g0004"): "split",
        ("2", "g0002"): "kept",
        ("3", "g0003"): "kept",
    }


def test_a_merger_retires_both_codes() -> None:
    after = apply(BEFORE, merge(BEFORE, ["g0002", "g0003"]))
    found = succession(BEFORE, CODES, after, COUNTS)
    assert dict(found.kept) == {"g0001": "1"}
    assert found.retired == ("2", "3")
    assert events(after)["3", "g0002"] == "merged"


def test_grids_without_households_are_told_apart_by_blocks() -> None:
    after = BEFORE.copy()
    after["b3"] = "g0002"
    found = succession(BEFORE, CODES, after, COUNTS * 0)
    assert dict(found.kept) == {"g0001": "1", "g0002": "2", "g0003": "3"}


@given(st.lists(st.sampled_from(["g0001", "g0002", "g0003", "g0004"]), min_size=12, max_size=12))
def test_no_code_is_both_kept_and_retired_and_none_is_lost(grids: list[str]) -> None:
    after = pd.Series(grids, index=BEFORE.index)
    found = succession(BEFORE, CODES, after, COUNTS)
    assert len(set(found.kept.values())) == len(found.kept)
    assert set(found.kept.values()) | set(found.retired) == set(CODES)
    assert not set(found.kept.values()) & set(found.retired)
    assert found.lineage["blocks"].sum() == 12
    assert found.lineage["households"].sum() == 1200
    assert np.isin(found.lineage["event"], ["kept", "split", "merged", "redrawn"]).all()


def test_the_chain_from_plan_to_plan() -> None:
    frame = squares([(0, 0), (1, 0), (2, 0)]).set_axis(["g0001", "g0002", "g0003"])
    codes = assign_codes(frame, PATTERN)
    after = apply(BEFORE, split(BEFORE, "g0002", ["b6", "b7"]))
    told = succession(BEFORE, codes, after, COUNTS)
    wider = squares([(0, 0), (1, 0), (2, 0), (1, 1)]).set_axis(["g0001", "g0002", "g0003", "g0004"])
    new = assign_codes(wider, PATTERN, previous=told.kept, retired=told.retired)
    assert new.to_dict() == {
        "g0001": f"{CODE}001",
        "g0002": f"{CODE}005",
        "g0003": f"{CODE}003",
        "g0004": f"{CODE}004",
    }
