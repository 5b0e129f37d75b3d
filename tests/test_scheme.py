"""A scheme is one TOML file, and a wrong one is told apart fault by fault."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis_grid.errors import SchemeError
from gis_grid.scheme import Band, CodePattern, Cost, Place, Post, Scheme, Station, Tier, needs, scheme_names
from gis_grid.scheme.posts import shared_out
from gis_grid.scheme.tiers import LOADS, MADE

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


def units_of(name: str) -> dict[str, int]:
    return {tier.id: tier.count for tier in Scheme.load(name).tiers}


def people(name: str, **filled: int) -> dict[str, int]:
    return {need.post.id: need.people for need in needs(Scheme.load(name), units_of(name), filled=filled)}


@pytest.mark.parametrize(
    ("name", "units"),
    [
        ("luyuan", {"community": 81, "grid": 324, "police_zone": 108}),
        ("shouguang", {"community": 13, "area": 103, "grid": 586}),
        ("sifang", {"street_office": 7, "community": 93, "area": 1_180, "group": 2_780}),
        ("huangmen", {"grid": 8}),
        ("jianghan", {"zone": 75, "unit_grid": 1_003}),
        ("yanji", {"community": 78}),
    ],
)
def test_shipped_schemes_have_the_numbers_of_their_places(name, units):
    assert {tier: count for tier, count in units_of(name).items() if count} == units


def test_posts_come_to_the_numbers_of_their_places():
    assert people("luyuan") == {"leader": 324, "police": 108, "assistant": 606}
    assert shared_out(606, 324) == {2: 282, 1: 42}
    assert people("jianghan") == {"supervisor": 150}
    yanji = {need.post.id: need for need in needs(Scheme.load("yanji"), units_of("yanji"))}
    assert (yanji["station_head"].places, yanji["station_head"].people) == (234, 0)
    assert (yanji["police"].people, yanji["auxiliary"].people) == (78, 156)
    leader = needs(Scheme.load("shouguang"), units_of("shouguang"), filled={"leader": 100})[1]
    assert (leader.places, leader.vacant, leader.allowed) == (586, 486, True)


def test_posts_are_per_unit_per_several_units_from_to_and_per_district(tmp_path):
    post = '[[post]]\nid = "{}"\nname_zh = "岗"\nname_en = "post"\nper = "{}"\n'
    text = (
        HEAD + TIER + post.format("one", "grid") + "every = 3\ncount = 2\nmost = 4\n" + post.format("two", "district")
    )
    need, other = needs(load(tmp_path, text), {"grid": 10})
    assert (need.units, need.places, need.most, need.people) == (10, 8, 16, 8)
    assert (other.places, other.vacant) == (1, 0)


def test_the_main_tier_is_the_one_that_is_marked_else_the_last_that_is_divided():
    assert [Scheme.load(name).main.id for name in scheme_names()] == [
        "grid", "unit_grid", "grid", "grid", "grid", "area", "group",
    ]  # fmt: skip
    scheme = Scheme.load("yanji")
    unmarked = [dataclasses.replace(tier, main=False) for tier in scheme.tiers]
    assert dataclasses.replace(scheme, tiers=tuple(unmarked)).main.id == "group"


def tier_of(name: str, **keys: object) -> str:
    plain = {"id": name, "name_zh": "格", "name_en": name} | keys
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in plain.items()]
    return "[[tier]]\n" + "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (tier_of("a", made="drawn"), ("[[tier]] 1 (a)", "'made' is 'drawn'", "use given, divided")),
        (tier_of("a", load="people"), ("'load' is 'people'", "households+shops")),
        (tier_of("a", parent="b"), ("[[tier]] 1 (a)", "parent 'b' is no tier above it", "top down")),
        (tier_of("a") + tier_of("a"), ("'a' stands 2 times",)),
        (tier_of("A b"), ("'A b'", "small letters")),
        (tier_of("a", made="joined"), ("needs 'of'",)),
        (tier_of("a") + tier_of("z", made="joined", of="b"), ("'of' is 'b'", "name a")),
        (tier_of("a") + tier_of("s", made="strips"), ("[[tier]] 2 (s)", "needs 'streets'")),
        (tier_of("a") + tier_of("s", made="strips", streets=["alley"]), ("'alley' is not known here", "residential")),
        (tier_of("a", main=True) + tier_of("b", parent="a", main=True), ("a, b are all marked as main",)),
        (tier_of("a", main="yes"), ("'main' is 'yes', not true or false",)),
        (tier_of("a", made="given"), ("no tier is divided",)),
        (tier_of("a", radius_m=-1), ("'radius_m' is -1",)),
        (tier_of("a", min=500, max=600) + tier_of("b", parent="a", min=300, max=500),
         ("[[tier]] 2 (b)", "a a of 501–599 households cannot be cut into units of 300–500")),
        (tier_of("a", count=9) + tier_of("b", parent="a", count=8), ("8 units cannot lie in 9 of 'a'",)),
        (tier_of("a", count=10) + "[place]\nhouseholds = 9000\n",
         ("9,000 households in 10 units are 900.0 each, outside the band",)),
        (tier_of("a") + '[[post]]\nid = "p"\nname_zh = "岗"\nname_en = "post"\nper = "zone"\n',
         ("[[post]] 1 (p)", "'per' is 'zone'", "name one of a")),
        (tier_of("a") + '[[post]]\nid = "p"\nname_zh = "岗"\nname_en = "post"\nper = "a"\nheld_by = "q"\n',
         ("'held_by' is 'q'",)),
        (tier_of("a") + '[[post]]\nid = "p"\nname_zh = "岗"\nname_en = "post"\nper = "a"\ntotal = 3\ncount = 2\n',
         ("'total' does not go with",)),
        (tier_of("a") + '[[station]]\nid = "s"\nname_zh = "站"\nname_en = "s"\nper = "b"\n', ("[[station]] 1 (s)",)),
        (tier_of("a") + "[cost.per_m]\nwall = -1\n", ("[cost.per_m]", "'wall' is -1")),
    ],
)  # fmt: skip
def test_a_fault_names_its_table_its_key_and_a_remedy(tmp_path, text, parts):
    with pytest.raises(SchemeError) as caught:
        load(tmp_path, HEAD + text)
    said = str(caught.value)
    assert "mine.toml" in said
    assert "→" in said
    for part in parts:
        assert part in said, said


def test_the_example_in_the_docs_is_a_scheme(tmp_path):
    page = (Path(__file__).parents[1] / "docs" / "schemes.md").read_text(encoding="utf-8")
    scheme = load(tmp_path, re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)[0])
    assert (scheme.main.id, scheme.main.counted, scheme.tiers[2].counted) == ("grid", "households+shops", "units")
    assert Scheme.from_content(scheme.content()) == scheme


def test_the_docs_name_every_key_and_every_scheme():
    page = (Path(__file__).parents[1] / "docs" / "schemes.md").read_text(encoding="utf-8")
    keys = {
        one.name for kind in (Tier, Post, Station, Place, Cost, CodePattern, Band) for one in dataclasses.fields(kind)
    }
    for word in [*keys - {"band", "per_m"}, *scheme_names(), *MADE, *LOADS]:
        assert f"`{word}`" in page, word


@given(st.integers(1, 400), st.integers(0, 300), st.integers(1, 900), st.integers(0, 900))
def test_what_is_left_of_a_narrowed_band_can_always_be_cut(low, width, least, more):
    below, above = Band(low, low + width, low), Band(least, least + more, least + more // 2)
    gaps = [load for first, last in below.gaps(above.min, above.max) for load in range(first, last + 1)]
    fits = [load for load in range(above.min, above.max + 1) if len(below.feasible_counts(load))]
    assert sorted([*gaps, *fits]) == list(range(above.min, above.max + 1))
    narrow = above.narrowed(below)
    if narrow is None:
        assert above.target in gaps
    else:
        assert set(range(narrow.min, narrow.max + 1)) <= set(fits)
        assert narrow.min == above.min or narrow.min - 1 in gaps
        assert narrow.max == above.max or narrow.max + 1 in gaps
