"""The report: every grid and issue in it, in both languages, one page without a network, nothing unescaped."""

from __future__ import annotations

import dataclasses
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pypdfium2 as pdfium
import pytest
from openpyxl import load_workbook

from gis_grid.errors import InputError, OutputError
from gis_grid.report import CardOptions, Holder, grid_card, report_page, write_report
from gis_grid.report.sheet import SCALES, MapFrame, font_file
from small import small_plan

VOID = {"meta", "br", "img", "link", "input"}


class Outline(HTMLParser):
    """Note the text of table cells and the tags of a page, and whether tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.rows: list[list[str]] = []
        self.frame = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag == "td":
            self.rows[-1].append("")
        self.frame = dict(attrs).get("srcdoc") or self.frame

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "td" in self.open:
            self.rows[-1][-1] += data


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


def test_every_grid_stands_in_the_report_with_counts_and_bounds() -> None:
    read = outline(report_page(small_plan()))
    grids = {row[0]: row for row in read.rows if len(row) == 7}
    plan = small_plan()
    assert sorted(grids) == sorted(plan.grids["code"])
    for code, households in zip(plan.grids["code"], plan.grids["households"], strict=True):
        assert grids[code][2] == str(households)
        assert "东至环城路" in grids[code][6]
        assert "east to 环城路" in grids[code][6]


def test_issues_come_with_remedies_in_both_languages() -> None:
    read = outline(report_page(small_plan()))
    (issue,) = [row for row in read.rows if len(row) == 5]
    assert issue[1] == "band"
    assert "接近上限close to the upper limit" in issue[3]
    assert "hand b30 to the neighbour" in issue[4]


def test_the_map_is_inside() -> None:
    read = outline(report_page(small_plan()))
    assert "gisGrid.addLegend" in read.frame
    assert "iframe" in read.tags
    assert "script" not in read.tags


def test_text_of_a_plan_never_becomes_a_tag() -> None:
    evil = "<script>x</script>"
    plan = small_plan(name=evil)
    plan = dataclasses.replace(plan, metadata={evil: evil}, issues=plan.issues.assign(message_zh=evil, remedies=evil))
    assert "script" not in outline(report_page(plan)).tags


def test_a_plan_without_issues_or_grids_still_makes_a_report() -> None:
    plan = small_plan()
    outline(report_page(dataclasses.replace(plan, issues=plan.issues.iloc[:0])))


def test_a_page_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = write_report(small_plan(), tmp_path / "report.html")
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_other_kinds_of_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"\.pdf or \.xlsx"):
        write_report(small_plan(), tmp_path / "report.txt")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["report.html", "report.pdf", "report.xlsx"])
def test_equal_plans_make_equal_files(tmp_path: Path, name: str) -> None:
    first = write_report(small_plan(), tmp_path / name).read_bytes()
    assert write_report(small_plan(), tmp_path / name).read_bytes() == first
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def texts(content: bytes) -> list[str]:
    with closing(pdfium.PdfDocument(content)) as document:
        return [page.get_textpage().get_text_bounded() for page in document]


def test_an_atlas_has_a_map_and_a_card_for_each_grid(tmp_path: Path) -> None:
    plan = small_plan()
    overview, *cards = texts(write_report(plan, tmp_path / "atlas.pdf").read_bytes())
    assert f"{len(plan.grids)} 格" in overview
    assert "1:" in overview
    grids = plan.grids.sort_values("code")
    assert len(cards) == len(grids)
    for card, code, count in zip(cards, grids["code"], grids["households"], strict=True):
        assert str(code) in card
        assert f"{count:,} 户" in card
        assert "Who answers" not in card  # the roster names no grids


def test_a_card_names_who_answers_or_says_that_nobody_does() -> None:
    plan = small_plan()
    code = str(plan.grids["code"].iloc[0])
    options = CardOptions([Holder("网格员", "王某某", "0000-1")], valid_from="2026-12-01", least=1000)
    (named,) = texts(grid_card(plan, code, options))
    for text in ("网格员", "王某某", "0000-1", "2026-12-01", "< 1000 户"):
        assert text in named
    crowd = CardOptions([Holder("网格员", f"王某{n:02d}", "0000-1") for n in range(20)], valid_from="2026-12-01")
    (crowded,) = texts(grid_card(plan, code, crowd))
    assert "王某05" in crowded
    assert "14 more" in crowded
    assert "2026-12-01" in crowded
    (vacant,) = texts(grid_card(plan, code, CardOptions(holders=[])))
    assert "空缺 vacant" in vacant
    with pytest.raises(InputError, match="there is no grid 7"):
        grid_card(plan, "7")


def test_a_card_is_drawn_to_its_scale() -> None:
    frame = MapFrame.around(np.array([0.0, 0.0, 300.0, 200.0]), (10, 10, 100, 80))
    corners = frame.on_page(np.array([[0.0, 0.0], [300.0, 0.0], [frame.window[0], frame.window[3]]]))
    assert corners[1, 0] - corners[0, 0] == pytest.approx(300 * 1000 / frame.scale)
    assert corners[2].tolist() == pytest.approx([10, 10])
    assert frame.scale in SCALES


def test_without_a_chinese_font_an_atlas_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIS_GRID_FONT", str(tmp_path / "none.ttf"))
    font_file.cache_clear()
    try:
        with pytest.raises(OutputError, match=r"no Chinese font in .*none\.ttf"):
            write_report(small_plan(), tmp_path / "atlas.pdf")
    finally:
        font_file.cache_clear()


def test_a_workbook_holds_every_grid_and_no_formula(tmp_path: Path) -> None:
    plan = small_plan()
    plan = dataclasses.replace(plan, grids=plan.grids.assign(name="=1+1"))
    book = load_workbook(write_report(plan, tmp_path / "plan.xlsx"))
    rows = list(book["网格 grids"].iter_rows(min_row=2))
    assert sorted(row[0].value for row in rows) == sorted(plan.grids["code"])
    assert {(row[1].value, row[1].data_type) for row in rows} == {("=1+1", "s")}
    total = sum(row[4].value for row in rows)
    assert total == int(plan.grids["households"].sum())
    blocks = {row[0].value for row in book["街块 blocks"].iter_rows(min_row=2)}
    assert blocks == set(plan.blocks.index)


def test_the_report_says_what_the_plan_costs_as_it_stands() -> None:
    plan = small_plan()
    moved = plan.assignment.where(plan.assignment.index != "b00", "g0002")  # drawn anew by hand
    costs = []
    for each in (plan, dataclasses.replace(plan, assignment=moved)):
        rows = {row[0]: row for row in outline(report_page(each)).rows if len(row) == 4}
        assert float(rows["合计 total"][1].replace(",", "")) > 0
        costs.append(rows["划界 borders"][1])
        assert "次干路 secondary road" in rows["划界 borders"][3]
    assert costs[0] != costs[1]
