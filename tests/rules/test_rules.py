"""Each rule finds what breaks it and nothing else; a legal plan has no issue of weight."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_grid.plan import Plan
from gis_grid.rules import RULES, SEVERITIES, Issue, Limits, check, issues_frame
from gis_grid.rules.issues import COLUMNS
from gis_grid.scheme import Band
from lattice import CODE, blocks_of, borders_of, found, name, plan_of

ROOT = Path(__file__).resolve().parents[2]
#: four grids of 400, two by two
QUIET = [[200, 200, 200, 200], [200, 200, 200, 200]]
PAIRS = {name(r, c): f"g{r * 2 + c // 2 + 1}" for r in range(2) for c in range(4)}


def quiet() -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    blocks = blocks_of(QUIET)
    return blocks, borders_of(blocks)


def test_a_legal_plan_has_no_issue() -> None:
    assert check(plan_of(*quiet(), PAIRS)) == []


def test_an_issue_fills_the_columns_of_the_plan_file() -> None:
    plan = plan_of(*quiet(), {**PAIRS, name(0, 0): "g9"})
    issues = check(plan)
    frame = issues_frame(issues)
    assert list(frame.columns) == list(COLUMNS)
    assert len(frame) == len(issues) > 0
    assert set(frame["severity"]) <= set(SEVERITIES)
    assert frame.map(lambda value: isinstance(value, str)).all(axis=None)
    assert issues_frame([]).columns.to_list() == list(COLUMNS)


def test_the_worst_comes_first_and_single_rules_can_be_asked() -> None:
    blocks = blocks_of([[650, 200, 200, 200, 100]])
    grid_of = {name(0, c): f"g{min(c, 2) + 1}" for c in range(5)}
    issues = check(plan_of(blocks, borders_of(blocks), grid_of), limits=Limits(compactness=0.9))
    places = [SEVERITIES.index(issue.severity) for issue in issues]
    assert places == sorted(places)
    assert set(places) == {0, 1, 2}
    assert {issue.rule for issue in found(plan_of(blocks, borders_of(blocks), grid_of), "band")} == {"band"}
    with pytest.raises(KeyError):
        found(plan_of(blocks, borders_of(blocks), grid_of), "no-such-rule")


# ---- tiling ----------------------------------------------------------------------------------------------------


def test_inside_parent_names_the_blocks_of_the_smaller_share() -> None:
    blocks = blocks_of(QUIET, community_code=[CODE] * 3 + ["420199001002"] + [CODE] * 4)
    (issue,) = found(plan_of(blocks, borders_of(blocks), PAIRS), "inside-parent")
    assert (issue.severity, issue.grid_id, issue.block_ids) == ("error", "g2", (name(0, 3),))
    assert "2号社区" in issue.message_zh


def test_inside_parent_finds_a_block_outside_the_community_it_names() -> None:
    blocks = blocks_of(QUIET, community_code=[CODE, CODE, "420199001002", "420199001002"] * 2)
    plan = plan_of(blocks, borders_of(blocks), PAIRS)
    swapped = blocks.assign(community_code=[CODE] * 3 + ["420199001002"] + [CODE, CODE] + ["420199001002"] * 2)
    issues = found(dataclasses.replace(plan, blocks=swapped), "inside-parent")
    assert any(issue.block_ids == (name(0, 2),) and "outside the outline" in issue.message_en for issue in issues)


def test_no_gap_finds_blocks_without_a_grid() -> None:
    blocks, borders = quiet()
    (issue,) = found(plan_of(blocks, borders, {b: g for b, g in PAIRS.items() if b != name(0, 0)}), "no-gap")
    assert issue.block_ids == (name(0, 0),)
    assert issue.found == "1"


def test_no_gap_finds_ground_that_no_block_covers() -> None:
    blocks, borders = quiet()
    plan = plan_of(blocks, borders, PAIRS)
    wider = plan.communities.assign(geometry=[shapely.union(blocks.union_all(), shapely.box(0, 0, 50, 20))])
    (issue,) = found(dataclasses.replace(plan, communities=wider), "no-gap")
    assert issue.found == "1000 m²"


def test_a_shape_that_is_not_the_union_of_its_blocks_is_a_gap_or_an_overlap() -> None:
    plan = plan_of(*quiet(), PAIRS)
    shapes = plan.grids.geometry.copy()
    shapes["g1"], shapes["g4"] = shapes["g1"].buffer(-1), shapes["g4"].buffer(1)
    drawn = dataclasses.replace(plan, grids=plan.grids.set_geometry(shapes))
    (gap,), (overlap,) = found(drawn, "no-gap"), found(drawn, "no-overlap")
    assert (gap.grid_id, overlap.grid_id) == ("g1", "g4")


def test_no_overlap_names_the_pair_and_the_ground() -> None:
    blocks, borders = quiet()
    plan = plan_of(blocks, borders, PAIRS)
    shapes = blocks.geometry.copy()
    west, south, east, north = shapes.iloc[0].bounds
    shapes.iloc[0] = shapely.box(west, south, east + 10, north)
    issues = found(dataclasses.replace(plan, blocks=blocks.set_geometry(shapes)), "no-overlap")
    pairs = [issue for issue in issues if issue.block_ids]
    assert [issue.block_ids for issue in pairs] == [(name(0, 0), name(0, 1))]
    assert pairs[0].found == "1000.0 m²"


def test_neighbours_that_do_not_share_their_nodes_are_a_warning() -> None:
    blocks, borders = quiet()
    shapes = blocks.geometry.copy()
    west, south, east, north = shapes.iloc[0].bounds
    shapes.iloc[0] = shapely.Polygon([(west, south), (east, south), (east, south + 30), (east, north), (west, north)])
    plan = plan_of(blocks, borders, PAIRS)
    (issue,) = found(dataclasses.replace(plan, blocks=blocks.set_geometry(shapes)), "no-overlap")
    assert issue.severity == "warning"


# ---- pieces ----------------------------------------------------------------------------------------------------


def test_contiguous_finds_a_grid_in_two_pieces_and_a_corner_does_not_join() -> None:
    crossed = {**PAIRS, name(0, 0): "g4", name(1, 3): "g1"}
    blocks, borders = quiet()
    broken = found(plan_of(blocks, borders, crossed), "contiguous")
    assert sorted((issue.grid_id, issue.severity) for issue in broken) == [("g1", "error"), ("g4", "error")]
    corner = {**PAIRS, name(0, 1): "g3", name(1, 0): "g1", name(1, 1): "g3", name(0, 0): "g1"}
    assert found(plan_of(blocks, borders, corner), "contiguous") == []
    touching = {name(0, 0): "a", name(1, 1): "a", name(0, 1): "b", name(1, 0): "c"}
    small = blocks_of([[200, 200], [200, 200]])
    assert [issue.grid_id for issue in found(plan_of(small, borders_of(small), touching), "contiguous")] == ["a"]


def test_contiguous_lets_an_island_too_small_for_a_grid_go_with_another_part() -> None:
    blocks = blocks_of([[200, 150, None, 60]])
    whole = dict.fromkeys(blocks.index, "g1")
    (issue,) = found(plan_of(blocks, borders_of(blocks), whole), "contiguous")
    assert (issue.severity, issue.block_ids) == ("exception", (name(0, 3),))
    large = blocks_of([[200, 150, None, 360]])
    assert (
        found(plan_of(large, borders_of(large), dict.fromkeys(large.index, "g1")), "contiguous")[0].severity == "error"
    )


def test_barrier_finds_a_grid_across_a_river_and_names_it() -> None:
    blocks = blocks_of([[200, 200], [200, 200]])
    river = {(name(0, 0), name(0, 1)): ("清水河", "river", True), (name(1, 0), name(1, 1)): ("清水河", "river", True)}
    borders = borders_of(blocks, streets=river)
    across = {name(0, 0): "g1", name(0, 1): "g1", name(1, 0): "g2", name(1, 1): "g2"}
    issues = found(plan_of(blocks, borders, across), "barrier")
    assert [issue.grid_id for issue in issues] == ["g1", "g2"]
    assert "清水河" in issues[0].message_zh
    assert found(plan_of(blocks, borders, across), "contiguous") == []
    along = {name(0, 0): "g1", name(1, 0): "g1", name(0, 1): "g2", name(1, 1): "g2"}
    assert found(plan_of(blocks, borders, along), "barrier") == []


def test_a_way_round_the_barrier_inside_the_grid_is_enough() -> None:
    blocks = blocks_of([[100, 100], [100, 100]])
    borders = borders_of(blocks, streets={(name(0, 0), name(0, 1)): ("铁路", "railway", True)})
    assert found(plan_of(blocks, borders, dict.fromkeys(blocks.index, "g1")), "barrier") == []


def test_ground_where_nobody_lives_may_lie_across_the_barrier() -> None:
    blocks = blocks_of([[200, 200, 0]])
    borders = borders_of(blocks, streets={(name(0, 1), name(0, 2)): ("", "railway", True)})
    (issue,) = found(plan_of(blocks, borders, dict.fromkeys(blocks.index, "g1")), "barrier")
    assert (issue.severity, issue.block_ids) == ("exception", (name(0, 2),))


def test_an_island_of_the_grid_is_not_what_lies_across_its_barrier() -> None:
    blocks = blocks_of([[100, None, 200, 0]])
    borders = borders_of(blocks, streets={(name(0, 2), name(0, 3)): ("", "railway", True)})
    (issue,) = found(plan_of(blocks, borders, dict.fromkeys(blocks.index, "g1")), "barrier")
    assert (issue.severity, issue.block_ids) == ("exception", (name(0, 3),))


# ---- band ------------------------------------------------------------------------------------------------------


def bands(loads: list[int], groups: list[int], **more: object) -> list[tuple[str, str]]:
    blocks = blocks_of([loads], **more)
    grid_of = dict(zip(blocks.index, (f"g{g}" for g in groups), strict=True))
    issues = found(plan_of(blocks, borders_of(blocks), grid_of), "band")
    return sorted((issue.grid_id, issue.severity) for issue in issues)


def test_574_as_one_grid_is_an_exception_and_as_two_has_an_error() -> None:
    assert bands([287, 287], [1, 1]) == [("g1", "exception")]
    assert sorted(severity for _, severity in bands([287, 287], [1, 2])) == ["error", "exception"]


def test_a_grid_out_of_band_without_need_is_an_error_with_a_move_that_mends_it() -> None:
    blocks = blocks_of([[200, 90, 150, 160, 200]])
    grid_of = dict(zip(blocks.index, ["g1", "g1", "g2", "g2", "g2"], strict=True))
    issues = found(plan_of(blocks, borders_of(blocks), grid_of), "band")
    assert [(issue.grid_id, issue.severity) for issue in issues] == [("g1", "error"), ("g2", "error")]
    assert issues[0].remedies[0].endswith(f"move block {name(0, 2)} (150 households) to grid {CODE}001")
    assert issues[0].found == "290"
    assert issues[0].wanted == "300–500"


def test_an_under_band_grid_beside_a_light_one_is_told_to_merge() -> None:
    blocks = blocks_of([[200, 250]])
    grid_of = {name(0, 0): "g1", name(0, 1): "g2"}
    issues = found(plan_of(blocks, borders_of(blocks), grid_of), "band")
    assert all(issue.severity == "error" for issue in issues)
    assert any("merge it into" in remedy for remedy in issues[0].remedies)


def test_a_grid_of_twice_the_band_is_told_to_divide() -> None:
    blocks = blocks_of([[200, 200, 200, 200]])
    (issue,) = found(plan_of(blocks, borders_of(blocks), dict.fromkeys(blocks.index, "g1")), "band")
    assert issue.severity == "error"
    assert any("divide it into 2 grids" in remedy for remedy in issue.remedies)


def test_an_oversize_block_excuses_itself_and_what_nothing_else_can_hold_but_no_more() -> None:
    assert bands([620, 350], [1, 2]) == [("g1", "exception")]
    assert bands([620, 350], [1, 1]) == [("g1", "error")]
    assert bands([620, 120], [1, 1]) == [("g1", "exception")]
    assert bands([620, 120], [1, 2]) == [("g1", "exception"), ("g2", "exception")]
    assert bands([620, 0, 0], [1, 1, 1]) == [("g1", "exception")]
    assert bands([620, 0, 0], [1, 2, 2]) == [("g1", "exception"), ("g2", "error")]
    assert bands([620, 700], [1, 1]) == [("g1", "error")]


def test_a_remainder_is_excused_once() -> None:
    assert bands([620, 100, 100], [1, 2, 2]) == [("g1", "exception"), ("g2", "exception")]
    assert bands([620, 100, 100], [1, 1, 2]) == [("g1", "exception"), ("g2", "error")]


def test_a_grid_over_a_community_line_is_never_an_exception() -> None:
    codes = [CODE, "420199001002"]
    assert bands([150, 100], [1, 1], community_code=codes) == [("g1", "error")]
    assert bands([150, 100], [1, 2], community_code=codes) == [("g1", "exception"), ("g2", "exception")]


def test_the_proof_is_made_again_and_not_taken_from_the_file() -> None:
    blocks = blocks_of([[200, 200, 200, 200]])
    grid_of = dict(zip(blocks.index, ["g1", "g1", "g1", "g2"], strict=True))
    claims = [Issue("band", "exception", "不可避免", "cannot be avoided", grid_id=grid) for grid in ("g1", "g2")]
    issues = found(plan_of(blocks, borders_of(blocks), grid_of, issues=issues_frame(claims)), "band")
    assert [issue.severity for issue in issues] == ["error", "error"]


def test_a_scheme_with_another_band_is_judged_by_it() -> None:
    plan = plan_of(*quiet(), PAIRS)
    narrow = dataclasses.replace(plan, scheme=plan.scheme.with_band(min=100, max=300, target=200))
    assert len(found(narrow, "band")) == 4
    assert Band(100, 300, 200) == narrow.scheme.main.band


# ---- shape -----------------------------------------------------------------------------------------------------


def test_whole_atoms_finds_a_compound_cut_though_it_fits() -> None:
    parents = ["k", "k", "", "", "", "", "", ""]
    blocks = blocks_of(QUIET, parent_block_id=parents, atom=["stairwell", "stairwell", *["face"] * 6])
    cut = {**PAIRS, name(0, 1): "g2"}
    (issue,) = found(plan_of(blocks, borders_of(blocks), cut), "whole-atoms")
    assert (issue.severity, issue.block_ids) == ("error", (name(0, 0), name(0, 1)))
    assert found(plan_of(blocks, borders_of(blocks), PAIRS), "whole-atoms") == []
    drawn = blocks.assign(atom=["cut", "cut", *["face"] * 6])
    assert found(plan_of(drawn, borders_of(drawn), cut), "whole-atoms")[0].severity == "warning"


def test_whole_atoms_lets_an_oversize_compound_be_cut() -> None:
    blocks = blocks_of([[300, 300]], parent_block_id="k", atom="building")
    assert found(plan_of(blocks, borders_of(blocks), {name(0, 0): "g1", name(0, 1): "g2"}), "whole-atoms") == []


def test_whole_atoms_sees_compounds_by_name() -> None:
    blocks = blocks_of(QUIET, compound=["锦绣花园", "", "", "", "锦绣花园", "", "", ""])
    (issue,) = found(plan_of(blocks, borders_of(blocks), PAIRS), "whole-atoms")
    assert "锦绣花园" in issue.message_zh


def test_on_lines_weighs_the_metres_through_blocks() -> None:
    blocks, _ = quiet()
    borders = borders_of(blocks, streets={(name(0, 1), name(0, 2)): ("", "cell", False)})
    issues = found(plan_of(blocks, borders, PAIRS), "on-lines")
    assert [issue.grid_id for issue in issues] == ["g1", "g2"]
    assert issues[0].found == "33%"  # 100 of 300 metres of border with others
    inside = borders_of(blocks, streets={(name(0, 0), name(0, 1)): ("", "cell", False)})
    assert found(plan_of(blocks, inside, PAIRS), "on-lines") == []


def test_compact_finds_the_stringy_and_the_pinched() -> None:
    long = blocks_of([[20] * 30, [20] * 30])
    rows = {block: f"g{block[1:3]}" for block in long.index}
    issues = found(plan_of(long, borders_of(long), rows), "compact")
    assert [issue.severity for issue in issues] == ["warning", "warning"]
    assert "stringy" in issues[0].message_en
    blocks, borders = quiet()
    plan = plan_of(blocks, borders, PAIRS)
    west, south, east, north = plan.grids.geometry["g1"].bounds
    middle = (west + east) / 2
    waist = shapely.union_all(
        [
            shapely.box(west, south, middle - 5, north),
            shapely.box(middle - 5, south, middle + 5, south + 8),
            shapely.box(middle + 5, south, east, north),
        ]
    )
    shapes = plan.grids.geometry.copy()
    shapes["g1"] = waist
    (issue,) = found(dataclasses.replace(plan, grids=plan.grids.set_geometry(shapes)), "compact")
    assert "neck" in issue.message_en


def test_compact_lets_a_grid_without_neighbours_in_its_community_pass() -> None:
    long = blocks_of([[10] * 40])
    assert found(plan_of(long, borders_of(long), dict.fromkeys(long.index, "g1")), "compact") == []


def test_radius_measures_from_the_best_place_and_only_where_the_tier_has_one() -> None:
    plan = plan_of(*quiet(), PAIRS)
    assert found(plan, "radius") == []

    def within(radius_m: float) -> Plan:
        tier = dataclasses.replace(plan.scheme.main, radius_m=radius_m)
        return dataclasses.replace(plan, scheme=dataclasses.replace(plan.scheme, tiers=(tier,)))

    assert found(within(60), "radius") == []
    issues = found(within(40), "radius")
    assert [issue.grid_id for issue in issues] == ["g1", "g2", "g3", "g4"]
    assert {(issue.severity, issue.found, issue.wanted) for issue in issues} == {("error", "50 m", "≤ 40 m")}


def test_balance_looks_at_each_community() -> None:
    blocks = blocks_of([[300, 300, 300, 500, 500, 500]])
    spread = {block: f"g{n}" for n, block in enumerate(blocks.index)}
    (issue,) = found(plan_of(blocks, borders_of(blocks), spread), "balance")
    assert issue.severity == "warning"
    assert issue.found == "0.25"
    assert found(plan_of(*quiet(), PAIRS), "balance") == []


# ---- records ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", "no code"),
        ("42019900100100A", "pattern"),
        (CODE + "000", "pattern"),
        (CODE + "0001", "pattern"),
        ("４２０１９９００１００１００１", "pattern"),
        ("420199001002001", "not of community"),
        (CODE + "002", "held by 2 grids"),
        (CODE + "009", "retired"),
    ],
)
def test_code_finds_every_kind_of_wrong_code(code: str, said: str) -> None:
    plan = plan_of(*quiet(), PAIRS, metadata={"retired_codes": CODE + "009"})
    codes = plan.grids["code"].copy()
    codes["g1"] = code
    issues = found(dataclasses.replace(plan, grids=plan.grids.assign(code=codes)), "code")
    assert any(said in issue.message_en and issue.grid_id == "g1" for issue in issues)
    assert all(issue.severity == "error" for issue in issues)
    assert len(issues) == (2 if "held by" in said else 1)


def test_staffed_counts_posts_against_people() -> None:
    rows = [("张三", "网格协调员", False)] * 3 + [
        ("", "coordinator", True),
        ("李四", "站长", False),
        ("王五", "deputy", False),
    ]
    staff = pd.DataFrame(rows, columns=["name", "post", "vacant"])
    (issue,) = found(plan_of(*quiet(), PAIRS, staff=staff), "staffed")
    assert (issue.severity, issue.found, issue.wanted) == ("warning", "3", "4")
    assert "1 listed as vacant" in issue.message_en
    assert found(plan_of(*quiet(), PAIRS), "staffed") == []


# ---- pages -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", sorted(RULES))
def test_every_rule_has_its_page(rule: str) -> None:
    text = (ROOT / "docs" / "rules" / f"{rule}.md").read_text(encoding="utf-8")
    title = f"# {rule} · {RULES[rule].title_zh} · {RULES[rule].title_en}"
    assert text.splitlines()[0] == title
    for heading in ("## 中文", "## English"):
        assert heading in text
    severities = set(re.findall(r"`(error|exception|warning)`", text))
    assert severities


def test_no_page_is_about_a_rule_that_does_not_exist() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "rules").glob("*.md")} - {"README"}
    assert pages == set(RULES)
