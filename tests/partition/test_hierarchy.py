"""Districts of the size of real places come out with the numbers of these places, checked without the rules."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pattern import Pattern, pattern
from scipy import sparse
from scipy.sparse import csgraph

from gis_grid.partition import PartitionOptions
from gis_grid.partition.hierarchy import Hierarchy, divide_tiers
from gis_grid.partition.shares import share_out
from gis_grid.scheme import Band, Scheme

#: A search that takes a tenth of the steps is good enough to be legal.
QUICK = PartitionOptions(effort=0.05, workers=2)


def fitted(counts: np.ndarray, total: int) -> np.ndarray:
    """Scale counts so that they add up to a total."""
    exact = counts * (total / counts.sum())
    whole = np.floor(exact).astype(np.int64)
    whole[np.argsort(whole - exact, kind="stable")[: total - whole.sum()]] += 1
    return whole


def town(blocks: int, total: int, *, seed: int, most: int, least: int = 0, ground_m2: float = 7_200.0) -> Pattern:
    """Make a district of so many blocks with so many households, none of them far above the mean."""
    made = pattern(blocks, seed=seed, households=total / blocks / 0.85, community=0, ground_m2=ground_m2)
    counts = fitted(made.blocks["households"].clip(least, most).to_numpy(), total)
    return Pattern(made.blocks.assign(households=counts), made.borders)


def pieces(units: pd.Series, borders: gpd.GeoDataFrame) -> int:
    """Count the connected pieces of all units, crossing only borders inside a unit."""
    place = pd.Series(np.arange(len(units)), index=units.index)
    same = units[borders["a"]].to_numpy() == units[borders["b"]].to_numpy()
    a, b = place[borders["a"][same]].to_numpy(), place[borders["b"][same]].to_numpy()
    links = sparse.coo_array((np.ones(len(a)), (a, b)), shape=(len(units), len(units)))
    return int(csgraph.connected_components(links, directed=False)[0])


def farthest_home(points: np.ndarray) -> float:
    """Return the radius of a circle around points, never too small (the method of Badoiu and Clarkson)."""
    centre = points.mean(axis=0)
    for step in range(1, 3000):
        away = points[np.argmax(np.linalg.norm(points - centre, axis=1))]
        centre = centre + (away - centre) / (step + 1)
    return float(np.linalg.norm(points - centre, axis=1).max())


def assert_nested(found: Hierarchy, district: Pattern, scheme: Scheme) -> None:
    """Every unit is in one piece, in one unit of its parent, and every block in one unit of every tier."""
    assert found.units.index.equals(district.blocks.index)
    assert list(found.units) == [tier.id for tier in scheme.tiers]
    for tier in scheme.tiers:
        units = found.units[tier.id]
        assert (units != "").all() or tier.made == "given"
        assert pieces(units, district.borders) == units.nunique(), tier.id
        if scheme.tier(tier.parent) is not None:
            assert (found.units[tier.parent].groupby(units).nunique() == 1).all(), tier.id


def loads(found: Hierarchy, tier: str, counted: pd.Series) -> pd.Series:
    return counted.groupby(found.units[tier]).sum()


@pytest.mark.slow
def test_luyuan_has_324_grids_and_a_police_zone_for_every_three():
    scheme, district = Scheme.load("luyuan"), town(3_000, 129_600, seed=1, most=140)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    assert found.units.nunique().to_dict() == {"community": 81, "grid": 324, "police_zone": 108}
    assert_nested(found, district, scheme)
    assert loads(found, "grid", district.blocks["households"]).between(300, 500).all()
    assert (found.units["grid"].groupby(found.units["police_zone"]).nunique() == 3).all()
    assert (found.units["police_zone"].groupby(found.units["grid"]).nunique() == 1).all()
    # 4 grids a community do not fall into threes: some zone must lie in two communities
    assert (found.units["community"].groupby(found.units["police_zone"]).nunique() > 1).any()
    assert not found.short


@pytest.mark.slow
def test_shouguang_has_13_communities_within_a_kilometre_103_areas_and_586_grids():
    scheme, district = Scheme.load("shouguang"), town(4_800, 60_000, seed=2, most=45, ground_m2=3_000)
    shops = np.random.default_rng(0).multinomial(4_613, np.full(4_800, 1 / 4_800))
    district = Pattern(district.blocks.assign(shops=shops), district.borders)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    assert found.units.nunique().to_dict() == {"community": 13, "area": 103, "grid": 586}
    assert_nested(found, district, scheme)
    both = district.blocks["households"] + district.blocks["shops"]
    assert both.sum() == 64_613
    assert loads(found, "community", district.blocks["households"]).between(3_000, 6_000).all()
    assert loads(found, "area", both).between(400, 900).all()
    assert loads(found, "grid", both).between(70, 150).all()
    homes = shapely.get_coordinates(shapely.point_on_surface(district.blocks.geometry.to_numpy()))
    lived = (district.blocks["households"] > 0).to_numpy()
    for community in found.units["community"].unique():
        assert farthest_home(homes[lived & (found.units["community"] == community)]) <= 1_001


@pytest.mark.slow
def test_sifang_has_7_offices_93_communities_1180_areas_of_two_or_three_groups():
    scheme, district = Scheme.load("sifang"), town(9_000, 139_000, seed=3, least=10, most=22, ground_m2=1_500)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    counts = found.units.nunique()
    assert counts[["street_office", "community", "area"]].tolist() == [7, 93, 1_180]
    assert abs(counts["group"] - 2_780) <= 10
    assert_nested(found, district, scheme)
    assert found.units["group"].groupby(found.units["area"]).nunique().isin([2, 3]).all()
    homes = district.blocks["households"]
    assert loads(found, "group", homes).between(35, 65).all()
    assert loads(found, "community", homes).between(1_000, 2_000).all()


def test_huangmen_has_8_grids_with_strips_along_main_streets_and_courtyards_behind():
    scheme, district = Scheme.load("huangmen"), town(300, 4_800, seed=4, most=60, ground_m2=6_000)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    assert found.units["grid"].nunique() == 8
    assert_nested(found, district, scheme)
    assert loads(found, "grid", district.blocks["households"]).between(450, 750).all()
    strips = found.units["courtyard"].str.startswith("S")
    assert strips.any()
    assert not strips.all()
    main = district.borders[district.borders["street_class"].isin(scheme.tier("courtyard").streets)]
    both = pd.concat([main[["a", "shared_m"]].set_axis(["b", "shared_m"], axis=1), main[["b", "shared_m"]]])
    fronting = both.groupby("b")["shared_m"].max().reindex(strips.index).fillna(0)
    assert strips[fronting >= 10].all()
    assert not strips[fronting == 0].any()


@pytest.mark.slow
def test_jianghan_has_1003_unit_grids_of_a_hectare_in_75_zones():
    scheme, district = Scheme.load("jianghan"), pattern(5_000, seed=5, community=0, ground_m2=2_006)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    assert found.units.nunique().to_dict() == {"zone": 75, "unit_grid": 1_003}
    assert_nested(found, district, scheme)
    ground = pd.Series(district.blocks.area, index=district.blocks.index)
    assert loads(found, "unit_grid", ground).between(4_990, 16_010).all()
    assert found.units["unit_grid"].groupby(found.units["zone"]).nunique().between(9, 18).all()


@pytest.mark.slow
def test_yanji_has_78_communities_of_groups_of_buildings():
    scheme, district = Scheme.load("yanji"), town(3_900, 117_000, seed=6, most=80)
    found = divide_tiers(district.blocks, district.borders, scheme, options=QUICK)
    assert found.units["community"].nunique() == 78
    assert_nested(found, district, scheme)
    assert loads(found, "community", district.blocks["households"]).between(1_000, 4_000).all()
    assert loads(found, "group", district.blocks["households"]).between(60, 140).all()
    assert found.units["stairwell"].is_unique


def test_given_communities_are_kept_and_nothing_crosses_them():
    scheme = Scheme.load("luyuan")
    made = pattern(400, seed=7, households=30, community=1_600)
    given = made.blocks[["community_code"]].rename(columns={"community_code": "community"})
    found = divide_tiers(made.blocks, made.borders, scheme, given=given, options=QUICK)
    assert (found.units["community"] == made.blocks["community_code"]).all()
    assert (found.units["community"].groupby(found.units["grid"]).nunique() == 1).all()


def test_nothing_straddles_a_barrier_where_both_sides_can_make_units():
    scheme = Scheme.load("luyuan")
    made = pattern(300, seed=8, households=40, community=0)
    east = made.blocks.geometry.centroid.x > made.blocks.total_bounds[[0, 2]].mean()
    across = east[made.borders["a"]].to_numpy() != east[made.borders["b"]].to_numpy()
    borders = made.borders.assign(barrier=across)
    found = divide_tiers(made.blocks, borders, scheme, options=QUICK)
    lived = made.blocks["households"] > 0
    for tier in ("community", "grid"):
        assert (east[lived].groupby(found.units[tier][lived]).nunique() == 1).all()
    assert loads(found, "grid", made.blocks["households"]).between(300, 500).all()


def test_any_number_of_workers_gives_the_same_units():
    scheme = Scheme.load("luyuan")
    made = pattern(500, seed=9, households=30, community=0)
    one, two = (
        divide_tiers(made.blocks, made.borders, scheme, options=PartitionOptions(effort=0.05, workers=n)).units
        for n in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)


@given(
    st.lists(st.integers(0, 5_000), min_size=1, max_size=12),
    st.integers(1, 60),
    st.integers(20, 300),
    st.integers(0, 300),
)
def test_what_is_shared_out_keeps_the_band_wherever_it_can(load, total, low, width):
    band = Band(low, low + width, low + width // 2)
    share, missed = share_out(total, np.array(load), band, np.full(len(load), 1_000))
    assert (share >= 1).all()
    assert share.sum() + missed == total
    for held, units in zip(load, share.tolist(), strict=True):
        fits = band.feasible_counts(held)
        assert units in fits or not len(fits)
    feasible = [band.feasible_counts(held) for held in load]
    if all(map(len, feasible)) and sum(f[0] for f in feasible) <= total <= sum(f[-1] for f in feasible):
        assert missed == 0


def test_a_time_limit_is_one_for_all_tiers_and_told() -> None:
    """However early it ends, every block has its unit in every tier."""
    district, scheme = town(300, 20_000, seed=5, most=200), Scheme.load("luyuan")
    shown: list[tuple[str, float | None, int]] = []
    found = divide_tiers(
        district.blocks,
        district.borders,
        scheme,
        options=PartitionOptions(time_limit=0.01),
        progress=lambda tier, _, cost, out: shown.append((tier, cost, out)),
    )
    assert found.main.stopped_early == "time limit"
    assert_nested(found, district, scheme)
    assert any(tier == "grid" and cost is not None for tier, cost, _ in shown)
