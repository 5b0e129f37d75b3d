"""A plan goes into the store and comes out as it was, on both databases."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import geopandas as gpd
import pytest
from sqlalchemy import func, select

import gis_grid as gg
from gis_grid.errors import AbsentError
from gis_grid.plan import Plan
from gis_grid.store import Store
from gis_grid.store.models import Area, Block, Grid
from gis_grid.store.plans import import_plan, load_plan


def district(store: Store, code: str = "980101") -> int:
    with store.writing() as session:
        area = Area(code=code, level="district", name="样例区", path="/1/", valid_from=date(2020, 1, 1))
        session.add(area)
        session.flush()
        area.path = f"/{area.id}/"
        return area.id


def kept(store: Store, plan: Plan) -> str:
    home = district(store)
    with store.writing() as session:
        return import_plan(session, plan, district=home, name="first", who="tester")


def test_a_plan_file_comes_back_byte_for_byte(store: Store, town: Plan, tmp_path: Path) -> None:
    file = gg.write_plan(town, tmp_path / "in.gpkg")
    plan_id = kept(store, gg.read_plan(file))
    with store.reading() as session:
        back = gg.write_plan(load_plan(session, plan_id), tmp_path / "out.gpkg")
    assert back.read_bytes() == file.read_bytes()


def test_a_plan_just_built_comes_back_as_its_file_would(store: Store, town: Plan, tmp_path: Path) -> None:
    plan_id = kept(store, town)
    with store.reading() as session:
        back = gg.write_plan(load_plan(session, plan_id), tmp_path / "out.gpkg")
    assert back.read_bytes() == gg.write_plan(town, tmp_path / "in.gpkg").read_bytes()


def test_shapes_in_the_tables_lie_where_the_plan_does(store: Store, town: Plan) -> None:
    plan_id = kept(store, town)
    with store.reading() as session:
        rows = session.execute(select(Grid.code, Grid.geom, Grid.west).where(Grid.plan_id == plan_id)).all()
        blocks = session.execute(select(func.count()).select_from(Block)).scalar_one()
    assert blocks == len(town.blocks)
    seen = gpd.GeoSeries([row.geom for row in rows], index=[row.code for row in rows], crs=4326).to_crs(town.grids.crs)
    exact = town.grids.set_index("code").geometry.reindex(seen.index)
    assert seen.hausdorff_distance(exact).max() < 1e-3
    assert [row.west for row in rows] == pytest.approx([row.geom.bounds[0] for row in rows])


def test_what_is_not_there_is_said(store: Store, town: Plan) -> None:
    with store.writing() as session, pytest.raises(AbsentError, match="there is no district 7"):
        import_plan(session, town, district=7, name="x", who="tester")
    with store.reading() as session, pytest.raises(AbsentError, match="there is no plan p1"):
        load_plan(session, "p1")
