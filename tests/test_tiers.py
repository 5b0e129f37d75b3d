"""From blocks to a plan with all its tiers, on disk and on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import geopandas as gpd
import pytest
from click.testing import CliRunner, Result
from pattern import pattern

from gis_grid.adjacency import mended
from gis_grid.cli import main
from gis_grid.pipeline import District, build_from
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan
from gis_grid.scheme import Scheme, scheme_names

EXAMPLE = Path(__file__).parents[1] / "docs" / "schemes.md"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(one) for one in arguments])


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with blocks, the outlines of their communities, and the scheme of the docs."""
    path = tmp_path_factory.mktemp("tiers")
    made = pattern(260, seed=3, households=14, community=1_000, ground_m2=3_000).blocks
    made["shops"] = 0
    made.loc[made.index[::5], "shops"] = 3
    made[["households", "shops", "geometry"]].to_file(path / "blocks.gpkg")
    districts = made.dissolve("community_code")[["geometry"]].reset_index()
    districts["office_code"] = districts["community_code"].str[:9]
    districts["name"] = [f"社区{n}" for n in range(len(districts))]
    districts.to_file(path / "communities.gpkg")
    (path / "lakeside.toml").write_text(
        re.findall(r"```toml\n(.*?)```", EXAMPLE.read_text("utf-8"), re.DOTALL)[0], "utf-8"
    )
    return path


@pytest.fixture(scope="module")
def built(folder: Path) -> tuple[dict, Plan]:
    done = run("build", "--blocks", folder / "blocks.gpkg", "--scheme", folder / "lakeside.toml", "--json",
               "--out", folder / "plan.gpkg")  # fmt: skip
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout), read_plan(folder / "plan.gpkg")


def test_a_scheme_of_ones_own_is_built_end_to_end(built):
    summary, plan = built
    assert list(summary["tiers"]) == ["community", "grid", "watch_zone"]
    assert summary["tiers"]["grid"] == summary["grids"] == len(plan.grids)
    assert summary["in_band"] == summary["grids"]
    assert summary["issues"]["error"] == 0
    codes = plan.blocks[["community_code", "watch_zone_code"]].assign(grid=plan.assignment)
    load = plan.blocks["households"] + plan.blocks["shops"]
    assert load.groupby(codes["grid"]).sum().between(80, 160).all()
    assert plan.blocks.groupby("community_code")["households"].sum().between(900, 1_600).all()
    assert (codes.groupby("grid")[["community_code", "watch_zone_code"]].nunique() == 1).all(axis=None)
    assert codes.groupby("watch_zone_code")["grid"].nunique().isin([2, 3]).all()


def test_codes_tell_where_a_unit_lies(built):
    _, plan = built
    assert plan.grids["code"].str.fullmatch(r"99\d{13}").all()
    assert (plan.grids["code"].str[:12] == plan.grids["parent_code"]).all()
    assert plan.blocks["watch_zone_code"].str.fullmatch(r"L\d{2}").all()
    assert set(plan.communities["community_code"]) == set(plan.blocks["community_code"])
    assert plan.communities["name"].str.fullmatch(r"\d号社区").all()


def test_the_plan_file_draws_every_tier_and_checks_again(built, folder):
    summary, plan = built
    drawn = gpd.read_file(folder / "plan.gpkg", layer="tiers")
    assert drawn["tier"].value_counts().to_dict() == {
        name: count for name, count in summary["tiers"].items() if name != "grid"
    }
    community = drawn[drawn["tier"] == "community"]
    assert community.area.sum() == pytest.approx(plan.blocks.area.sum())
    assert (community["reach_m"] <= 700).all()
    zone = drawn[drawn["tier"] == "watch_zone"]
    assert zone["load"].isin([2, 3]).all()
    assert zone["households"].sum() == plan.blocks["households"].sum()
    assert gpd.read_file(folder / "plan.gpkg", layer="grids")["tier"].unique().tolist() == ["grid"]
    assert run("check", folder / "plan.gpkg").exit_code == 0
    assert run("report", folder / "plan.gpkg", "--out", folder / "plan.html").exit_code == 0


def test_a_band_broken_in_an_upper_tier_is_found_in_the_file(built):
    from gis_grid.rules import check

    _, plan = built
    first = plan.blocks["watch_zone_code"].min()
    worse = plan.blocks.assign(watch_zone_code=first)
    found = check(Plan(**{**vars(plan), "blocks": worse}), rules=["band"])
    assert [(issue.severity, issue.grid_code) for issue in found] == [("error", first)]


def test_communities_and_offices_of_the_input_are_taken(folder):
    done = run("build", "--blocks", folder / "blocks.gpkg", "--communities", folder / "communities.gpkg",
               "--scheme", "qinzhou", "--min", 80, "--max", 160, "--json", "--out", folder / "given.gpkg")  # fmt: skip
    assert done.exit_code == 0, done.output
    plan, given = read_plan(folder / "given.gpkg"), gpd.read_file(folder / "communities.gpkg")
    assert set(plan.blocks["community_code"]) == set(given["community_code"])
    assert (plan.blocks["street_office_code"] == plan.blocks["community_code"].str[:9]).all()
    assert (plan.grids["parent_code"] == plan.grids["community_code"]).all()
    own = run("build", "--blocks", folder / "blocks.gpkg", "--communities", folder / "communities.gpkg",
              "--scheme", folder / "lakeside.toml", "--json", "--out", folder / "own.gpkg")  # fmt: skip
    assert own.exit_code == 0, own.output
    kept = read_plan(folder / "own.gpkg")
    assert set(kept.blocks["community_code"]) == set(given["community_code"])


def test_strips_and_courtyards_carry_their_letter():
    made = pattern(200, seed=5, households=24, community=0, ground_m2=8_000)
    blocks = mended(made.blocks)
    streets = made.borders[made.borders["street_class"] != ""].assign(name="", link=False)
    streets["name"] = streets["street_class"].map({"primary": "人民路", "tertiary": "学府路"}).fillna("")
    whole = gpd.GeoDataFrame(geometry=[made.blocks.union_all()], crs=made.blocks.crs)
    plan = build_from(
        District(boundary=whole, streets=streets[["name", "street_class", "link", "barrier", "geometry"]],
                 blocks=blocks),
        Scheme.load("huangmen"),
    )  # fmt: skip
    code = plan.blocks["courtyard_code"]
    grid = plan.assignment.map(plan.grids["code"])
    assert all(one.startswith(home) for one, home in zip(code, grid, strict=True))
    assert set(code.str[15]) == {"S", "Y"}
    assert not plan.issues["rule"].isin(["contiguous", "inside-parent"]).any()


def test_what_the_district_cannot_meet_is_said_before_the_search(tmp_path, folder):
    told: list[str] = []
    text = (folder / "lakeside.toml").read_text("utf-8").replace("max = 160\n", "max = 160\ncount = 400\n")
    (tmp_path / "many.toml").write_text(text, "utf-8")
    made = pattern(120, seed=3, households=14, community=0)
    whole = gpd.GeoDataFrame(geometry=[made.blocks.union_all()], crs=made.blocks.crs)
    district = District(boundary=whole, blocks=mended(made.blocks))
    build_from(
        district, Scheme.load(tmp_path / "many.toml"), tell=lambda found: told.extend(f.message_en for f in found)
    )
    assert any(said.startswith("400 units (grid) need 32,000 to 64,000 households and shops") for said in told), told


def test_only_a_scheme_of_grids_alone_is_plain():
    assert [name for name in scheme_names() if Scheme.load(name).is_plain] == ["qinzhou"]


@pytest.mark.parametrize("name", scheme_names())
def test_every_scheme_is_explained_in_both_languages(name):
    scheme = Scheme.load(name)
    both, zh, en = run("schemes", name), run("schemes", name, "--lang", "zh"), run("schemes", name, "--lang", "en")
    for said, title in ((zh, scheme.title_zh), (en, scheme.title_en)):
        assert said.exit_code == 0
        assert title in said.output
        assert said.output in both.output
    for tier in scheme.tiers:
        assert tier.name_zh in zh.output
        assert tier.name_en in en.output
        if tier.count:
            assert f"{tier.count:,}" in en.output
    for post in scheme.posts:
        assert post.name_zh in zh.output
        assert post.name_en in en.output


def test_a_scheme_is_printed_as_a_file_to_start_from(tmp_path):
    (tmp_path / "mine.toml").write_text(run("schemes", "sifang", "--toml").stdout, "utf-8")
    assert Scheme.load(tmp_path / "mine.toml") == Scheme.load("sifang")
    told = json.loads(run("schemes", "luyuan", "--json").stdout)
    assert told["numbers"]["people"] == {"leader": 324, "police": 108, "assistant": 606}
    assert told["main"] == "grid"
    assert [one["name"] for one in json.loads(run("schemes", "--json").stdout)] == scheme_names()


def test_a_faulty_scheme_is_refused_with_every_fault(tmp_path):
    (tmp_path / "mine.toml").write_text('name = "x"\n[[tier]]\nid = "a"\nmade = "drawn"\n', "utf-8")
    done = run("schemes", tmp_path / "mine.toml")
    assert done.exit_code == 2
    for part in ("title_zh", "[[tier]] 1 (a)", "name_en"):
        assert part in done.stderr
    assert run("schemes", "--toml").exit_code == 2
