"""The made-up district: what it promises to everybody who builds on it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from gis_grid.frames import ROAD_CLASSES, check_frame
from gis_grid.sources.sample import Sample, sample_district, write_sample
from gis_grid.sources.sample_names import COMMUNITIES, community_code

BOUNDARIES = Path(__file__).parents[2] / "data" / "boundaries"
KINDS = {
    "boundary": "boundary",
    "streets": "streets",
    "barriers": "streets",
    "households": "households",
    "communities": "communities",
    "compounds": "compounds",
    "lane_quarters": "compounds",
    "buildings": "buildings",
}


@pytest.fixture(scope="module", params=[0, 1, 7])
def town(request: pytest.FixtureRequest) -> Sample:
    return sample_district(request.param)


@pytest.fixture(scope="module")
def first() -> Sample:
    return sample_district(0)


def quarters(town: Sample) -> gpd.GeoDataFrame:
    return pd.concat([town.compounds, town.lane_quarters], ignore_index=True)


def pairs(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame, predicate: str = "intersects") -> np.ndarray:
    return shapely.STRtree(other.geometry.to_numpy()).query(one.geometry.to_numpy(), predicate=predicate)


def per_community(town: Sample) -> pd.Series:
    return town.communities.sjoin(town.households).groupby("community_code")["households"].sum()


def test_every_frame_keeps_its_contract_in_a_metric_crs(town: Sample) -> None:
    for name, kind in KINDS.items():
        frame = getattr(town, name)
        assert check_frame(frame, kind).equals(frame)
        assert frame.crs.to_epsg() == 4547


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(first: Sample) -> None:
    again, other = sample_district(0), sample_district(1)
    for field in dataclasses.fields(Sample):
        one, two = getattr(first, field.name), getattr(again, field.name)
        pd.testing.assert_frame_equal(pd.DataFrame(one), pd.DataFrame(two), check_exact=True)
        if isinstance(one, gpd.GeoDataFrame):
            assert one.to_wkb().equals(two.to_wkb())
    assert not first.boundary.geometry.iloc[0].equals(other.boundary.geometry.iloc[0])


def test_there_are_about_thirty_thousand_households_in_twelve_communities(town: Sample) -> None:
    assert 29_000 <= town.households["households"].sum() <= 31_000
    assert len(town.communities) == 12
    assert per_community(town).between(2_000, 3_200).all()
    # points, buildings and communities tell one story
    assert town.buildings["households"].sum() == town.households["households"].sum() == per_community(town).sum()
    by_building = town.households[town.households["building"] != ""].groupby("building")["households"].sum()
    inhabited = town.buildings["households"][town.buildings["households"] > 0]
    assert by_building.sort_index().equals(inhabited.rename_axis("building").sort_index().astype("int64"))


def test_communities_have_codes_in_three_offices_and_tile_the_district(town: Sample) -> None:
    communities = town.communities
    assert communities["community_code"].str.fullmatch(r"\d{12}").all()
    assert communities["community_code"].is_unique
    assert communities["office_code"].nunique() == 3
    assert (communities["community_code"].str[:9] == communities["office_code"]).all()
    assert shapely.coverage_is_valid(communities.geometry.to_numpy())
    assert communities.area.sum() == pytest.approx(town.boundary.area.sum(), rel=1e-9)
    assert [community_code(n) for n in range(len(COMMUNITIES))] == sorted(communities["community_code"])


def test_one_community_has_a_pocket_behind_the_railway_that_makes_no_grid(first: Sample) -> None:
    rail = first.barriers.geometry[first.barriers["street_class"] == "railway"].iloc[0]
    sides = shapely.difference(first.communities.geometry.to_numpy(), shapely.buffer(rail, 0.05))
    parts = [part for side in sides for part in shapely.get_parts(side) if len(shapely.get_parts(side)) > 1]
    assert len(parts) == 2
    pocket = min(parts, key=shapely.area)
    assert 50 < first.households["households"][first.households.within(pocket)].sum() < 300


def test_community_borders_run_along_streets_the_river_or_the_railway(town: Sample) -> None:
    edges = shapely.get_parts(shapely.union_all(shapely.boundary(town.communities.geometry.to_numpy())))
    inner = shapely.difference(shapely.union_all(edges), shapely.buffer(shapely.boundary(town.boundary.union_all()), 1))
    lines = shapely.union_all([*town.streets.geometry, *town.barriers.geometry])
    points = shapely.line_interpolate_point(inner, np.arange(5, shapely.length(inner), 10.0))
    # half the median of the expressway is 12 m; inside a roundabout, and where a street stops short, there is no line
    off = shapely.distance(points, lines)
    assert np.mean(off < 12.1) > 0.99
    assert off.max() < 30


def test_households_lie_in_the_district_and_buildings_in_one_quarter(town: Sample) -> None:
    assert town.households.within(town.boundary.union_all()).all()
    building, quarter = pairs(town.buildings, quarters(town), "within")
    assert np.array_equal(np.sort(building), np.arange(len(town.buildings)))
    assert (quarters(town)["name"].to_numpy()[quarter] == town.buildings["quarter"].to_numpy()[building]).all()
    homes = town.households[town.households["building"] != ""]
    shapes = town.buildings.geometry.loc[homes["building"]].to_numpy()
    assert shapely.contains(shapes, homes.geometry.to_numpy()).all()


def test_nothing_is_built_on_anything_else(town: Sample) -> None:
    assert len(pairs(town.buildings, town.streets)[0]) == 0
    assert len(pairs(town.buildings, town.buildings, "overlaps")[0]) == 0
    every = quarters(town)
    assert len(pairs(every, every)[0]) == len(every)
    public = town.streets[~town.streets["inner"]]
    assert len(pairs(every, public)[0]) == 0
    assert len(pairs(every, town.barriers)[0]) == 0
    within, _ = pairs(every, town.communities, "within")
    assert len(within) == len(every)


def test_compounds_come_in_all_kinds_and_some_exceed_a_grid(town: Sample) -> None:
    assert {"slab", "midrise", "tower", "works", "public", "park", "campus"} == set(town.compounds["kind"])
    assert quarters(town)["name"].is_unique
    homes = town.buildings[town.buildings["compound"] != ""].groupby("compound")["households"].sum()
    assert 4 <= (homes > 500).sum() <= 25
    giants = town.buildings[town.buildings["households"] > 500]
    assert 1 <= len(giants) <= 5
    assert (giants["stairwells"] >= 2).all()
    assert (town.buildings["households"] % town.buildings["stairwells"] == 0).all()
    assert len(town.lane_quarters) >= 5
    assert (town.buildings["compound"] == "").sum() > 300


def test_streets_have_ranks_names_carriageways_ramps_and_a_roundabout(town: Sample) -> None:
    streets = town.streets
    length = streets.length.groupby(streets["street_class"]).sum()
    assert set(ROAD_CLASSES) - {"trunk"} == set(length.index)
    assert length["residential"] > length["tertiary"] > 2_000
    assert streets["link"].sum() >= 4
    assert streets["roundabout"].sum() >= 6
    assert streets["barrier"].eq(streets["street_class"].eq("motorway") & ~streets["link"]).all()
    named = streets[~streets["inner"] & (streets["name"] != "")]["name"].unique()
    assert len(named) > 50
    assert all(re.search(r"(大道|快速路|路|街|巷|环岛|匝道)$", name) for name in named)
    avenue = streets[streets["name"] == "人民大道"].union_all()
    across = shapely.LineString([(463_800, 3_354_700), (464_500, 3_354_700)])
    assert len(shapely.get_parts(shapely.intersection(avenue, across))) == 2
    assert set(town.barriers["street_class"]) == {"river", "railway"}
    assert streets["bridge"].any()


def test_the_linework_is_noded_but_dirty(town: Sample) -> None:
    streets = town.streets[town.streets["street_class"] != "motorway"]
    ends = np.concatenate([shapely.get_coordinates(shapely.get_point(streets.geometry, n)) for n in (0, -1)])
    _, owner, count = np.unique(ends.round(2), axis=0, return_inverse=True, return_counts=True)
    dangling = shapely.points(ends[count[owner.ravel()] == 1])
    assert np.mean(count >= 3) > 0.3
    assert 20 < len(dangling) < 0.4 * len(ends)
    lines = streets.geometry.to_numpy()
    hit, line = shapely.STRtree(lines).query(dangling, predicate="dwithin", distance=1.0)
    apart = shapely.distance(dangling[hit], lines[line])
    assert 3 <= np.sum((apart > 0.2) & (apart < 1.0)) <= 30
    assert shapely.normalize(lines).size - len({line.wkb for line in shapely.normalize(lines)}) == 1
    assert (streets["name"][~streets["inner"]] == "").any()


def test_addresses_are_unique_and_odd_and_even_numbers_face_each_other(town: Sample) -> None:
    address = town.households["address"]
    assert address.is_unique
    assert address.str.startswith("青禾区").all()
    assert address.str.contains(r"\d+栋\d+单元$").sum() > 300
    assert address.str.contains(r"\d+弄\d+号$").sum() > 200
    fronts = town.households[town.households["shops"] > 0]
    on_road = fronts[fronts["address"].str.contains("建设大道")]
    number = on_road["address"].str.extract(r"(\d+)号$")[0].astype(int)
    axis = shapely.union_all(town.streets.geometry[town.streets["name"] == "建设大道"])
    middle = shapely.get_coordinates(shapely.shortest_line(on_road.geometry.to_numpy(), axis))[1::2, 1]
    north = shapely.get_y(on_road.geometry.to_numpy()) > middle
    assert (north == (number % 2 == 1)).all()
    east = np.argsort(shapely.get_x(on_road.geometry.to_numpy()[north]))
    assert (np.diff(number.to_numpy()[north][east]) > 0).all()
    along_wenchang = address[address.str.contains("青禾区文昌路")].str.extract(r"文昌路(\d+)")[0].dropna()
    assert len(along_wenchang) > 5
    assert not along_wenchang.str.contains("4").any()


def test_the_roster_has_made_up_people_and_vacancies(town: Sample) -> None:
    staff = town.staff
    assert set(staff["community_code"]) == set(town.communities["community_code"])
    assert set(staff["post"]) == {"station_head", "deputy", "coordinator"}
    vacant = staff["status"] == "vacant"
    assert 3 <= vacant.sum() < len(staff) / 3
    assert (staff["name"][vacant] == "").all()
    assert (staff["phone"][vacant] == "").all()
    assert staff["name"][~vacant].str.fullmatch(r"(站长|副站长|网格协调员)[甲乙丙]\d\d").all()
    assert staff["name"][~vacant].is_unique
    assert staff["phone"][~vacant].str.fullmatch(r"0000-\d{7}").all()


def test_written_files_hold_what_was_made_up(first: Sample, tmp_path: Path) -> None:
    paths = write_sample(tmp_path / "town", seed=0)
    assert set(paths) == {*KINDS, "staff"} - {"lane_quarters"}
    assert all(path.is_file() for path in paths.values())
    boundary = gpd.read_file(paths["boundary"])
    assert boundary.crs.to_epsg() == 4326
    assert boundary.to_crs(4547).area.sum() == pytest.approx(first.boundary.area.sum(), rel=1e-6)
    households = gpd.read_file(paths["households"])
    assert households["households"].sum() == first.households["households"].sum()
    assert households.crs.to_epsg() == 4547
    assert {"community_code", "name"} <= set(gpd.read_file(paths["communities"]).columns)
    streets = gpd.read_file(paths["streets"])
    assert {"motorway", "motorway_link", "primary", "residential", "service"} <= set(streets["highway"])
    assert set(gpd.read_file(paths["barriers"])["waterway"]) == {"river", ""}
    staff = pd.read_csv(paths["staff"], dtype=str, keep_default_na=False, encoding="utf-8-sig")
    assert staff.equals(first.staff.astype(staff.dtypes))
    assert paths["staff"].read_bytes().startswith(b"\xef\xbb\xbf")


OUTLINES: dict[str, Callable[[Sample], gpd.GeoDataFrame]] = {
    "qinghe_district.geojson": lambda town: town.boundary,
    "qinghe_communities.geojson": lambda town: town.communities,
}


@pytest.mark.parametrize("name", OUTLINES)
def test_outlines_kept_as_files_are_those_of_seed_zero(name: str, first: Sample) -> None:
    kept, made = gpd.read_file(BOUNDARIES / name), OUTLINES[name](first)
    assert kept.crs.to_epsg() == 4326
    assert list(kept["name"]) == list(made["name"])
    apart = shapely.hausdorff_distance(kept.to_crs(4547).geometry.to_numpy(), made.geometry.to_numpy())
    assert apart.max() < 0.05
