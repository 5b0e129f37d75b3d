"""Plan files: what is written comes back, QGIS finds its styles, and a failure leaves the old file alone."""

from __future__ import annotations

import dataclasses
import hashlib
import resource
import signal
import sqlite3
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal
from pandas.testing import assert_frame_equal, assert_series_equal

from gis_grid.errors import OutputError, PlanFileError
from gis_grid.frames import check_frame
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan, write_plan
from gis_grid.scheme import Scheme
from small import CRS, small_plan

GRIDS = (
    "grid_id code name kind tier parent_code community_code households blocks area_m2 perimeter_m compactness "
    "bounds_zh bounds_en legal status valid_from valid_to"
).split()


@pytest.fixture
def plan_file(tmp_path: Path) -> Path:
    return write_plan(small_plan(), tmp_path / "plan.gpkg")


def test_layers_and_columns_are_those_of_the_contract(plan_file: Path) -> None:
    layers = [str(name) for name in pyogrio.list_layers(plan_file)[:, 0]]
    assert {"grids", "blocks", "borders", "issues", "outline", "communities", "posts", "metadata"} <= set(layers)
    columns = {name: list(pyogrio.read_info(plan_file, layer=name)["fields"]) for name in layers}
    assert columns["grids"][: len(GRIDS)] == GRIDS
    blocks = "block_id parent_block_id atom grid_code street_office_code community_code households own_note".split()
    assert columns["blocks"] == blocks
    assert columns["borders"] == ["a", "b", "shared_m", "street_name", "street_class", "barrier"]
    issues = ["rule", "severity", "grid_code", "block_ids", "found", "wanted", "message_zh", "message_en", "remedies"]
    assert columns["issues"] == issues
    assert columns["metadata"] == ["key", "value"]
    assert gpd.read_file(plan_file, layer="grids").crs == CRS


def test_a_plan_comes_back_as_it_was(plan_file: Path) -> None:
    plan, back = small_plan(), read_plan(plan_file)
    assert back.scheme == plan.scheme
    loose = {"check_dtype": False, "check_column_type": False, "check_like": True, "check_index_type": False}
    for name in ("blocks", "borders", "outline", "communities", "grids"):
        assert_geodataframe_equal(getattr(back, name), getattr(plan, name), normalize=True, **loose)
    assert_series_equal(back.assignment, plan.assignment, check_index_type=False)
    assert_frame_equal(back.issues[plan.issues.columns], plan.issues, check_dtype=False)
    assert dict(back.metadata).items() >= dict(plan.metadata).items()
    for kind in ("blocks", "borders", "grids", "communities"):
        check_frame(getattr(back, kind), kind)
    again = read_plan(write_plan(back, plan_file.with_name("again.gpkg")))
    assert_geodataframe_equal(again.grids, back.grids)
    assert_geodataframe_equal(again.blocks, back.blocks)


def test_equal_plans_make_equal_bytes(tmp_path: Path) -> None:
    sums = [
        hashlib.sha256(write_plan(small_plan(), tmp_path / name).read_bytes()).hexdigest()
        for name in ("a.gpkg", "b.gpkg")
    ]
    assert sums[0] == sums[1]


def test_a_scheme_of_ones_own_travels_with_the_plan(tmp_path: Path) -> None:
    scheme = dataclasses.replace(Scheme.load("qinzhou").with_band(min=80, max=120), name="own", barriers=("river",))
    plan = dataclasses.replace(small_plan(), scheme=scheme)
    assert read_plan(write_plan(plan, tmp_path / "own.gpkg")).scheme == scheme


def test_columns_that_sqlite_cannot_tell_apart_are_kept(tmp_path: Path) -> None:
    plan = small_plan()
    more = plan.blocks.assign(Households="x", fid=1, geom="y", mixed=[1, "two", None, 4.5] * 5)
    back = read_plan(write_plan(dataclasses.replace(plan, blocks=more), tmp_path / "plan.gpkg")).blocks
    assert {"households", "Households_2", "fid_2", "geom_2"} <= set(back.columns)
    assert back["households"].tolist() == plan.blocks["households"].tolist()
    assert back["mixed"].tolist()[:4] == ["1", "two", "", "4.5"]


def test_empty_layers_are_written_and_read(tmp_path: Path) -> None:
    plan = small_plan()
    bare = dataclasses.replace(plan, issues=plan.issues.iloc[:0], outline=plan.outline.iloc[:0])
    back = read_plan(write_plan(bare, tmp_path / "plan.gpkg"))
    assert len(back.issues) == len(back.outline) == 0
    assert list(back.outline.columns) == list(plan.outline.columns)


def test_an_issue_stands_inside_the_blocks_it_names(plan_file: Path) -> None:
    point = gpd.read_file(plan_file, layer="issues").geometry.iloc[0]
    assert shapely.covers(small_plan().blocks.geometry.loc[["b30", "b31"]].union_all(), point)


def test_neighbouring_grids_differ_in_colour(plan_file: Path) -> None:
    colours = gpd.read_file(plan_file, layer="grids")["map_colour"].tolist()
    assert all(a != b for a, b in pairwise(colours))


def test_styles_stand_where_qgis_looks(plan_file: Path) -> None:
    with closing(sqlite3.connect(plan_file)) as file:
        rows = file.execute(
            "SELECT f_table_name, f_geometry_column, useAsDefault, styleQML FROM layer_styles WHERE f_table_schema = ''"
        ).fetchall()
    names = {row[0] for row in rows}
    assert {"grids", "blocks", "borders", "issues"} <= names
    for name, column, default, qml in rows:
        assert (column, default) == ("geom", 1), name
        root = ET.fromstring(qml.partition("\n")[2])
        symbols = {symbol.get("name") for symbol in root.iter("symbol")}
        used = {part.get("symbol") for kind in ("category", "rule") for part in root.iter(kind) if part.get("symbol")}
        assert used <= symbols, name


def test_what_is_not_a_plan_is_refused_with_every_fault(tmp_path: Path, plan_file: Path) -> None:
    with pytest.raises(PlanFileError, match="no such file"):
        read_plan(tmp_path / "none.gpkg")
    with pytest.raises(PlanFileError, match="folder"):
        read_plan(tmp_path)
    text = tmp_path / "text.gpkg"
    text.write_text("not a database")
    with pytest.raises(PlanFileError, match=r"text\.gpkg"):
        read_plan(text)
    other = tmp_path / "other.gpkg"
    gpd.GeoDataFrame({"x": [1]}, geometry=[shapely.Point(0, 0)], crs=CRS).to_file(other, layer="blocks")
    with pytest.raises(PlanFileError) as caught:
        read_plan(other)
    assert len(caught.value.faults) >= 5
    blocks = gpd.read_file(plan_file, layer="blocks")
    blocks.assign(grid_code=["gone", *blocks["grid_code"][1:]]).to_file(plan_file, layer="blocks")
    with pytest.raises(PlanFileError, match=r"row b00: there is no grid 'gone'"):
        read_plan(plan_file)
    with closing(sqlite3.connect(plan_file)) as file:
        file.execute("UPDATE metadata SET value = 'gis-grid plan 99' WHERE key = 'format'")
        file.commit()
    with pytest.raises(PlanFileError, match="gis-grid plan 99"):
        read_plan(plan_file)


def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="gpkg"):
        write_plan(small_plan(), tmp_path / "plan.shp")
    with pytest.raises(OutputError, match="folder"):
        write_plan(small_plan(), tmp_path / "none" / "plan.gpkg")


def test_a_full_disk_leaves_the_old_file_untouched(plan_file: Path) -> None:
    """A limit on the size of files stands in for a full disk."""
    before = plan_file.read_bytes()
    script = f"""
        import sys
        sys.path.insert(0, {str(Path(__file__).parent)!r})
        from small import small_plan
        from gis_grid.errors import OutputError
        from gis_grid.planfile import write_plan
        try:
            write_plan(small_plan(), {str(plan_file)!r})
        except OutputError as caught:
            print("refused:", caught)
    """

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    code = [sys.executable, "-c", textwrap.dedent(script)]
    done = subprocess.run(code, preexec_fn=limit, capture_output=True, text=True, check=False)
    assert "refused:" in done.stdout, done.stderr
    assert plan_file.read_bytes() == before
    assert [path.name for path in plan_file.parent.iterdir()] == [plan_file.name]


def test_an_interruption_leaves_the_old_file_untouched(plan_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = plan_file.read_bytes()
    real, calls = pyogrio.write_dataframe, []

    def interrupted(*args: object, **kwargs: object) -> None:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        real(*args, **kwargs)

    monkeypatch.setattr(pyogrio, "write_dataframe", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_plan(small_plan(), plan_file)
    assert plan_file.read_bytes() == before
    assert [path.name for path in plan_file.parent.iterdir()] == [plan_file.name]


def test_what_maps_show_of_the_ground_travels_too(town: Plan, tmp_path: Path) -> None:
    back = read_plan(write_plan(town, tmp_path / "p.gpkg"))
    for name in ("compounds", "buildings"):
        kept = getattr(town, name)
        assert len(kept)
        assert_geodataframe_equal(getattr(back, name), kept, check_dtype=False)
    assert list(back.buildings.columns) == ["name", "storeys", "geometry"], "and nothing of who lives there"


def test_staff_and_streets_travel_too(tmp_path: Path) -> None:
    plan = small_plan()
    staff = pd.DataFrame({"name": ["张敏", ""], "post": ["coordinator"] * 2, "phone": ["0938-1", ""]})
    streets = gpd.GeoDataFrame(
        {"name": ["新华路"], "street_class": ["secondary"], "link": [False], "barrier": [False]},
        geometry=[shapely.LineString([(530_000, 3_386_100), (530_500, 3_386_100)])],
        crs=CRS,
    )
    back = read_plan(write_plan(dataclasses.replace(plan, staff=staff, streets=streets), tmp_path / "p.gpkg"))
    assert back.staff is not None
    assert back.staff["name"].tolist() == ["张敏", ""]
    assert back.streets is not None
    assert_geodataframe_equal(back.streets, streets, check_dtype=False)
