"""The objective: every term with the quantity behind it, whole compounds, and households that stay where they were."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis_grid.compare import compare
from gis_grid.partition import PartitionOptions, partition
from gis_grid.partition.bill import COLUMNS, ITEMS, TERMS, bill, bill_rows, cost_of
from gis_grid.partition.cells import cell_graph
from gis_grid.partition.compounds import households_moved
from gis_grid.partition.cost import terms
from gis_grid.scheme import Cost, Scheme
from lattice import blocks_of, borders_of, name, plan_of
from small import small_plan
from towns import delaunay, lattice, scheme, town

CLASSES = np.array(["primary", "secondary", "residential", "wall", "cell", "stairwell", "river", ""], dtype=object)


@settings(max_examples=40, deadline=None)
@given(blocks=st.integers(4, 40), grids=st.integers(1, 6), seed=st.integers(0, 2**16), communities=st.integers(1, 3))
def test_the_bill_adds_up_to_the_terms_the_search_works_with(
    blocks: int, grids: int, seed: int, communities: int
) -> None:
    rng = np.random.default_rng(seed)
    pairs = delaunay(blocks, seed)
    home = rng.integers(-1, 4, blocks)
    codes = np.sort(rng.integers(0, communities, blocks)).astype(str)
    frame, borders = town(
        rng.integers(0, 200, blocks),
        pairs,
        communities=codes,
        barrier=rng.random(len(pairs)) < 0.2,
        classes=rng.choice(CLASSES, len(pairs)),
        shared_m=rng.uniform(1, 90, len(pairs)),
    )
    frame["compound"] = rng.choice(np.array(["", "甲", "乙", "丙"], dtype=object), blocks)
    # no grid lies in two communities; a barrier inside one is not priced
    label = rng.integers(0, grids, blocks) + 100 * codes.astype(int)
    borders["barrier"] &= label[pairs[:, 0]] != label[pairs[:, 1]]
    assignment = pd.Series(label.astype(str), index=frame.index)
    before = pd.Series(home, index=frame.index).where(home >= 0)
    plain = scheme()
    graph, ids, _ = cell_graph(frame, borders, plain.cost, plain.main.band)
    assert list(ids) == list(frame.index)
    wanted = terms(graph, label, plain.main.band, plain.cost, home)
    items = bill(frame, borders, assignment, plain, home=before)
    assert cost_of(items) == pytest.approx(wanted, abs=1e-6)
    assert tuple(items.columns) == COLUMNS
    assert set(items["term"]) <= set(TERMS)
    assert set(items["item"]) <= set(ITEMS)
    assert wanted["total"] == pytest.approx(sum(value for term, value in wanted.items() if term != "total"))


def test_a_bill_by_hand() -> None:
    plan = small_plan()  # four rows of five squares of 100 m, a grid to a row; 60, 62, … households
    items = bill(plan.blocks, plan.borders, plan.assignment, plan.scheme).set_index(["term", "item"])
    assert items.loc[("border", "secondary"), "quantity"] == 1000.0  # rows 1|2 and 3|4
    assert items.loc[("border", "secondary"), "cost"] == pytest.approx(1000 * 0.2)
    assert items.loc[("border", "parent"), ["quantity", "cost"]].tolist() == [500.0, 0.0]  # the river between them
    assert items.loc[("compactness", "perimeter"), "quantity"] == pytest.approx(4 * 1200.0)
    assert items.loc[("balance", "off_target"), "quantity"] == 80 + 30 + 20 + 70
    squares = (80**2 + 30**2 + 20**2 + 70**2) / 100**2
    assert items.loc[("balance", "imbalance"), "quantity"] == pytest.approx(squares)
    assert items.loc[("moved", "households"), "quantity"] == 0.0


def test_a_compound_that_fits_is_cut_only_when_that_is_cheap() -> None:
    # two squares of one compound in the middle; cutting between them gives the shortest and best balanced border
    load, pairs = np.array([300, 100, 100, 300]), lattice(1, 4)
    blocks, borders = town(load, pairs, shared_m=np.array([100.0, 60.0, 100.0]))
    blocks["compound"] = ["", "锦绣花园", "锦绣花园", ""]
    plain = scheme()

    def cuts(price: float) -> bool:
        chosen = dataclasses.replace(plain, cost=dataclasses.replace(plain.cost, compound_per_m=price))
        result = partition(blocks, borders, chosen)
        items = bill(blocks, borders, result.assignment, chosen).set_index(["term", "item"])
        found = bool(items.loc[("compounds", "cut"), "quantity"])
        assert items.loc[("compounds", "through"), "quantity"] == (60.0 if found else 0.0)
        return found

    assert cuts(0.0)
    assert not cuts(40.0)
    # a compound above the band has to be cut somewhere and costs nothing more
    heavy = blocks.assign(households=[300, 260, 260, 300])
    items = bill(heavy, borders, pd.Series([0, 0, 1, 1], index=heavy.index), plain).set_index(["term", "item"])
    assert items.loc["compounds", "quantity"].tolist() == [0.0, 0.0]


def test_a_barrier_is_free_even_inside_a_compound() -> None:
    blocks, borders = town(np.array([200, 200]), lattice(1, 2), barrier=np.array([True]))
    blocks["compound"] = "锦绣花园"
    graph, _, _ = cell_graph(blocks, borders, Cost(), scheme().main.band)
    assert graph.border_price.tolist() == graph.compound_price.tolist() == [0.0]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**16))
def test_households_move_as_two_plans_say_that_they_do(seed: int) -> None:
    rng = np.random.default_rng(seed)
    blocks = blocks_of(rng.integers(1, 90, (3, 4)).tolist())
    borders = borders_of(blocks)
    old, new = rng.integers(0, 4, 12), rng.integers(0, 4, 12)
    plans = [plan_of(blocks, borders, pd.Series(at.astype(str), index=blocks.index)) for at in (old, new)]
    moved = households_moved(blocks["households"].to_numpy(), new, old)
    assert moved == compare(*plans).totals["households_moved"]


def test_no_previous_plan_no_move() -> None:
    load = np.array([100, 200, 300])
    assert households_moved(load, np.array([0, 1, 1]), np.array([-1, -1, -1])) == 0
    assert households_moved(load, np.array([0, 1, 1]), np.array([7, 3, 3])) == 0  # other names, the same grids
    assert households_moved(load, np.array([0, 0, 0]), np.array([7, 7, -1])) == 0  # a new block moves nobody
    blocks, borders = town(load, lattice(1, 3))
    home = pd.Series(["a", "b"], index=blocks.index[:2])
    items = bill(blocks, borders, pd.Series(["x", "x", "y"], index=blocks.index), scheme(), home=home)
    assert items.iloc[-1][["term", "quantity", "cost"]].tolist() == ["moved", 100.0, 500.0]


def test_a_bill_in_words_names_every_term_it_charges() -> None:
    plan = small_plan()
    rows = bill_rows(bill(plan.blocks, plan.borders, plan.assignment, plan.scheme), most=1)
    said = {name: measured for name, measured, *_ in rows}
    assert set(said) == {"划界 borders", "形状 compactness", "户数均衡 distance from the target"}
    assert said["形状 compactness"] == "网格周长 perimeter of all grids 4.80 km"
    assert said["划界 borders"] == "次干路 secondary road 1.00 km; … +1"
    assert sum(float(share.rstrip("%")) for *_, share in rows) == pytest.approx(100, abs=0.2)


def test_weights_of_a_scheme_change_the_plan() -> None:
    rng = np.random.default_rng(1)
    pairs = lattice(8, 8)
    classes = rng.choice(np.array(["secondary", "service"], dtype=object), len(pairs))
    blocks, borders = town(rng.integers(30, 70, 64), pairs, classes=classes)
    plain = scheme()
    tables = plain.content()
    tables["cost"] |= {"balance": 2000.0}
    even = Scheme.from_content(tables)
    options = PartitionOptions(effort=0.5)
    off, metres = {}, {}
    for called, chosen in (("plain", plain), ("even", even)):
        items = bill(blocks, borders, partition(blocks, borders, chosen, options=options).assignment, chosen)
        off[called] = items.loc[items["item"] == "imbalance", "quantity"].sum()
        metres[called] = items.loc[(items["term"] == "border") & (items["item"] == "service"), "quantity"].sum()
    assert off["even"] < off["plain"]
    assert metres["even"] > metres["plain"]


def test_a_block_without_a_grid_costs_nothing_to_balance() -> None:
    blocks = blocks_of([[200, 200, 90]])
    assignment = pd.Series({name(0, 0): "g1", name(0, 1): "g1"})
    items = bill(blocks, borders_of(blocks), assignment, Scheme.load())
    assert items.loc[items["item"] == "off_target", "quantity"].tolist() == [0.0]
