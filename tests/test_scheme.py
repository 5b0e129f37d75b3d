"""A scheme is one TOML file, and a wrong one is told apart fault by fault."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_grid.errors import SchemeError
from gis_grid.scheme import Band, Scheme, scheme_names

TIER = '[[tier]]\nid = "grid"\nname_zh = "网格"\nname_en = "grid"\n'
HEAD = 'name = "mine"\ntitle_zh = "我的"\ntitle_en = "mine"\n'


def load(tmp_path: Path, text: str) -> Scheme:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return Scheme.load(path)


def test_a_scheme_of_ones_own_is_one_file(tmp_path):
    scheme = load(
        tmp_path,
        HEAD + 'barriers = ["river"]\n' + TIER + "min = 80\nmax = 120\ntarget = 100\n[cost.per_m]\nwall = 0.1\n",
    )
    assert scheme.main.band == Band(80, 120, 100)
    assert scheme.barriers == ("river",)
    assert scheme.cost.price("wall", False) == 0.1
    assert scheme.cost.price("wall", True) == 0.0


def test_every_fault_is_told_at_once(tmp_path):
    text = (
        'name = 3\nbarriers = ["hedge"]\ncolour = "red"\n' + TIER + 'min = 500\nmax = 300\n[cost]\nbalance = "dear"\n'
    )
    with pytest.raises(SchemeError) as caught:
        load(tmp_path, text)
    said = str(caught.value)
    for part in ("'name' is 3", "'hedge'", "'colour'", "'title_zh' is missing", "500 ≤", "'balance' is 'dear'"):
        assert part in said, part
    assert "mine.toml" in said


@pytest.mark.parametrize("text", ["tier = 3", "[tier]\nid = 1", "cost = 5\n" + TIER, "code = []\n" + TIER, "= ="])
def test_a_misshapen_file_is_refused_without_a_traceback(tmp_path, text):
    with pytest.raises(SchemeError):
        load(tmp_path, text)


def test_an_unknown_scheme_names_those_there_are():
    with pytest.raises(SchemeError, match="qinzhou"):
        Scheme.load("atlantis")


@pytest.mark.parametrize("name", scheme_names())
def test_shipped_schemes_load_and_come_back_from_their_tables(name):
    scheme = Scheme.load(name)
    assert scheme.name == name
    assert Scheme.from_content(scheme.content()) == scheme


def test_a_new_band_moves_an_unset_target_to_its_middle():
    scheme = Scheme.load()
    assert scheme.with_band(min=100, max=140).main.band == Band(100, 140, 120)
    assert scheme.with_band(target=350).main.band == Band(300, 500, 350)
    with pytest.raises(SchemeError):
        scheme.with_band(min=600)


@given(st.integers(0, 5000), st.integers(1, 400), st.integers(0, 400))
def test_feasible_counts_are_exactly_the_numbers_that_fit(load, low, width):
    band = Band(low, low + width, low)
    fits = [k for k in range(1, load + 2) if k * band.min <= load <= k * band.max]
    assert list(band.feasible_counts(load)) == fits
