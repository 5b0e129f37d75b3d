"""Every sentence that a fault of an input says has its Chinese: found in the sources, and tried on real files."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from gis_grid.chinese import SENTENCES, chinese, told
from gis_grid.crs import coordinate_faults
from gis_grid.errors import InputError
from gis_grid.sources import read_households
from gis_grid.sources.columns import whole_counts

ROOT = Path(__file__).resolve().parents[1] / "gis_grid"
#: what reads the files of a build
MODULES = [*ROOT.glob("sources/*.py"), *ROOT.glob("crs/*.py"), *ROOT.glob("pipeline/*.py"), ROOT / "frames.py"]
MODULES += [ROOT / "blocks" / "__init__.py", ROOT / "adjacency.py"]
MODULES.remove(ROOT / "pipeline" / "update.py")  # its faults are of a command's options
#: put together of words that have their Chinese (tried below)
TOGETHER = {"no column {} was recognised", "eastings have 8 digits: zone {} stands in front ({}), {}"}


def sentences(node: ast.expr, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield what an expression may say, with {} for what is put in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = [[part.value] if isinstance(part, ast.Constant) else list(put_in(part, names)) for part in node.values]
        whole = [""]
        for part in parts:
            whole = [one + str(more) for one in whole for more in part]
        yield from whole
    elif isinstance(node, ast.IfExp):
        yield from sentences(node.body, names)
        yield from sentences(node.orelse, names)
    elif isinstance(node, ast.Name) and node.id in names:
        for one in names[node.id]:
            yield from sentences(one, {})


def put_in(part: ast.expr, names: dict[str, list[ast.expr]]) -> Iterator[str]:
    """Yield what stands for a value in a sentence: a constant of the module as it is, everything else as {}."""
    inner = part.value if isinstance(part, ast.FormattedValue) else part
    if (isinstance(inner, ast.Name) and inner.id.isupper()) or isinstance(inner, ast.IfExp):
        found = list(sentences(inner, names))
        if found:
            yield from found
            return
    yield "{}"


def faults_in(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the sentences of all faults that a module makes, with their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: dict[str, list[ast.expr]] = {}
    for node in ast.walk(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                    pairs += zip(target.elts, node.value.elts, strict=True)
                else:
                    pairs.append((target, node.value))
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            pairs.append((node.target, node.value))
        for target, value in pairs:
            if isinstance(target, ast.Name):
                names.setdefault(target.id, []).append(value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Fault":
            given = {word.arg: word.value for word in node.keywords}
            for place, name in ((0, "problem"), (4, "remedy")):
                value = node.args[place] if len(node.args) > place else given.get(name)
                if value is not None:
                    yield from ((node.lineno, one) for one in sentences(value, names) if one)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_sentence_has_its_chinese(path: Path) -> None:
    found = [(line, said) for line, said in faults_in(path) if said not in TOGETHER]
    assert not [(line, said) for line, said in found if chinese(said.replace("{}", "7")) is None]


def test_sentences_are_found_in_the_sources() -> None:
    found = {said for path in MODULES for _, said in faults_in(path)}
    assert {"the column is missing", "it holds {} layers", "check the path", "its columns are: {}"} <= found
    assert len(found) > 80


def test_chinese_puts_in_what_the_english_does() -> None:
    for english, words in SENTENCES.items():
        used = {int(name) for _, name, _, _ in string.Formatter().parse(words) if name}
        assert used <= set(range(english.count("{}")))
        assert not any(mark in words for mark in ".;") or "：" in words or "." in english or "CSV" in words


def test_what_is_wrong_with_counts_is_said_in_chinese() -> None:
    assert chinese("no column of compound names was recognised") == "没有识别出 compound names 列"
    counts = whole_counts(pd.Series(["-3", "2.5", "many", None, "1e30", "inf"]))
    assert [chinese(why) for why in counts.why] == [
        "-3 小于零",
        "2.5 不是整数",
        "'many' 不是数字",
        "没有户数",
        "1e+30 过大，不会是户数",
        "inf 不是有限的数",
    ]


@pytest.mark.parametrize(
    ("x", "y", "crs"),
    [
        (38528750, 3386231, 4547),
        (528750, 3386231, 4526),
        (30.6, 114.3, 4326),
        (114.3, 30.6, 4547),
        (528750, 3386231, 4326),
        (38528750, 3386231, 4326),
    ],
)
def test_what_is_wrong_with_coordinates_is_said_in_chinese(x: float, y: float, crs: int) -> None:
    (fault,) = coordinate_faults(gpd.GeoDataFrame(geometry=gpd.points_from_xy([x], [y]), crs=crs))
    assert chinese(fault.problem)
    assert chinese(fault.remedy)


def test_a_broken_file_is_told_in_chinese(tmp_path: Path) -> None:
    file = tmp_path / "hh.csv"
    file.write_text("lon,lat,户数\n114.3,30.6,-3\n114.3,30.6,many\n", encoding="utf-8")
    area = gpd.GeoDataFrame(geometry=[shapely.box(114, 30, 115, 31)], crs=4326)
    with pytest.raises(InputError) as caught:
        read_households(file, boundary=area, crs="EPSG:4326", target="EPSG:4547")
    assert [told(one) for one in caught.value.faults] == [
        "hh.csv，“户数”列，第 1 行：-3 小于零 → 换一列作户数，或更正这些行",
        "hh.csv，“户数”列，第 2 行：'many' 不是数字 → 换一列作户数，或更正这些行",
    ]


def test_a_name_that_looks_like_many_sentences_holds_nobody_up() -> None:
    assert chinese(f"'{', ' * 200_000}' is no coordinate system") == f"“{', ' * 200_000}”不是坐标系"
    assert chinese(", " * 200_000 + "stands for ' and for '" * 1000) is None
