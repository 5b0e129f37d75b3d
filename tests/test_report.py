"""The report: every grid and issue in it, in both languages, one page without a network, nothing unescaped."""

from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import pytest

from gis_grid.errors import OutputError
from gis_grid.report import report_page, write_report
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


@pytest.mark.parametrize("name", ["report.xlsx", "report.pdf", "report.txt"])
def test_kinds_of_file_that_are_not_written_yet_are_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="html"):
        write_report(small_plan(), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


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
