"""The house keeps its own rules: docs cover every command, pins name no index, modules stay small."""

from __future__ import annotations

import ast
import re
import resource
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import click
import pytest

from gis_grid.cli import main
from gis_grid.planfile.layers import NEEDED

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("gis_grid", "api")
MODULES = sorted(path for name in FOLDERS for path in (ROOT / name).rglob("*.py") if "node_modules" not in path.parts)
FRONT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
PAGES = [*(ROOT / name for name in FRONT), *sorted((ROOT / "docs").rglob("*.md"))]
#: "About 40" lines a function: a long table or a list of plain calls may be a little longer.
LINES_OF_MODULE, LINES_OF_FUNCTION = 400, 50


NAMES = main.list_commands(click.Context(main))


def command_of(name: str) -> click.Command:
    found = main.get_command(click.Context(main), name)
    assert found is not None
    return found


def paragraphs() -> dict[str, str]:
    text = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_the_docs_have_a_paragraph_for_each_command_and_no_other() -> None:
    assert sorted(paragraphs()) == sorted(NAMES)
    assert "serve" in NAMES, "the command of the package api is entered in the installed metadata: make setup"
    for name, paragraph in paragraphs().items():
        assert f"`gis-grid {name}" in paragraph, name


@pytest.mark.parametrize("name", NAMES)
def test_options_in_the_docs_exist_and_every_option_has_help(name: str) -> None:
    command = command_of(name)
    below = list(command.commands.values()) if isinstance(command, click.Group) else []
    params = [param for each in (command, *below) for param in each.params]
    options = {flag for option in params for flag in (*option.opts, *option.secondary_opts)}
    assert set(re.findall(r"`(?:[^`]* )?(--[a-z-]+)", paragraphs()[name])) <= options | {"--json", "--scheme"}
    assert all(each.help for each in (command, *below))
    assert all("\\b" not in each.help for each in (command, *below)), "a mark for click stands in the text"
    for option in params:
        if isinstance(option, click.Option):
            assert option.help, option.name


def test_the_docs_name_every_layer_of_a_plan_file_with_its_columns() -> None:
    text = (ROOT / "docs" / "plan-file.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|(.+)$", text, flags=re.MULTILINE))
    assert set(NEEDED) <= set(rows)
    for layer, columns in NEEDED.items():
        for column in columns:
            assert f"`{column}`" in rows[layer], (layer, column)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("name", ["", "-dev", "-bench", "-node"])
def test_requirements_pin_with_hashes_and_name_no_index(name: str) -> None:
    text = (ROOT / f"requirements{name}.txt").read_text(encoding="utf-8")
    assert "://" not in text
    pins = re.findall(r"^[a-z0-9][^ \\]*==", text, flags=re.MULTILINE)
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert len(pins) == len(blocks)
    assert all("--hash=sha256:" in block for block in blocks)


def test_requirements_hold_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    form = re.compile(r"^([a-z0-9._-]+)(?:\[.+\])?==", flags=re.MULTILINE)
    few, all_ = (set(form.findall((ROOT / f"requirements{kind}.txt").read_text("utf-8"))) for kind in ("", "-dev"))
    name_of = re.compile(r"^[A-Za-z0-9._-]+")
    wanted = {name_of.findall(one)[0] for one in project["project"]["dependencies"]}
    assert wanted <= few <= all_
    assert {name_of.findall(one)[0] for one in project["dependency-groups"]["dev"]} <= all_


@pytest.mark.parametrize("folder", ["gis_grid/webmap_npm", "api/viewer"])
def test_the_npm_lock_names_no_index(folder: str) -> None:
    text = (ROOT / folder / "package-lock.json").read_text(encoding="utf-8")
    assert "://" not in text
    assert '"integrity": "sha512-' in text


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_stay_small(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_OF_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1 if body else 0
            assert lines <= LINES_OF_FUNCTION, f"{node.name}: {lines} lines"


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_of_the_domain(module: Path) -> None:
    parts = set(module.with_suffix("").relative_to(ROOT).parts)
    assert not parts & {"utils", "util", "helpers", "helper", "manager", "misc", "common"}
    assert not re.search(r"\b(TODO|FIXME|XXX)\b", module.read_text(encoding="utf-8"))


def test_help_answers_at_once() -> None:
    """Half a second is the promise; counted is the processor's time, since others may be at work beside it."""
    seconds = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [sys.executable, "-m", "gis_grid.cli", "--help"], capture_output=True, text=True, check=True
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    assert min(seconds) <= 0.5
    assert all(name in done.stdout for name in NAMES)


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, gis_grid.cli; print(sorted(m for m in sys.modules if '.' not in m))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = set("numpy pandas geopandas shapely numba folium scipy pandera pyogrio tqdm sqlalchemy alembic".split())
    heavy |= {"fastapi", "uvicorn", "pydantic"}
    assert not heavy & set(ast.literal_eval(done.stdout))


def test_the_wheel_carries_what_the_pages_need(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        names = set(opened.namelist())
    wanted = (
        "webmap/page.js webmap/page.css webmap_assets/leaflet.js webmap_assets/LICENSE schemes/qinzhou.toml py.typed"
    )
    assert {f"gis_grid/{name}" for name in wanted.split()} <= names
    assert {"api/main.py", "api/routes/lookup.py"} <= names
    if (ROOT / "api/viewer/dist").exists():
        assert {"api/viewer/dist/planner.html", "api/viewer/dist/my-grid.html"} <= names
    left_out = ("webmap_npm", "node_modules", "viewer/src")
    assert not [name for name in names if name.startswith("tests") or any(part in name for part in left_out)]
