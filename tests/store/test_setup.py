"""The tables are made by migrations, and are what the models say, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
import shapely
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from gis_grid.errors import StoreError
from gis_grid.store import Store, open_store
from gis_grid.store.columns import now
from gis_grid.store.models import Area, AuditEntry, Base
from gis_grid.store.setup import init, newest, revision_of

BOXES = {"areas_box", "blocks_box", "grids_box"}


@pytest.mark.filterwarnings("ignore:Did not recognize type 'geometry'")
def test_migrations_make_what_the_models_say(store: Store) -> None:
    with store.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    # PostGIS brings a table of its own; SQLite has R*Trees where PostgreSQL has indexes on the shapes
    ours = [change for change in found if not (change[0] == "remove_table" and _foreign(change[1].name))]
    ours = [change for change in ours if not (store.dialect == "sqlite" and change[0] == "add_index")]
    assert ours == []


def _foreign(table: str) -> bool:
    return table == "spatial_ref_sys" or any(table.startswith(box) for box in BOXES)


def test_a_second_start_changes_nothing(store: Store) -> None:
    assert init(store) == newest() == revision_of(store)


def test_boxes_follow_rows(tmp_path: Path) -> None:
    east_of = sa.text("SELECT id FROM areas_box WHERE west > :west")
    shape = shapely.multipolygons([shapely.box(5, 5, 6, 6)])
    with open_store(tmp_path / "boxes.sqlite") as store:
        init(store)
        with store.writing() as session:
            area = Area(code="1", level="district", name="x", path="/1/", geom=shape)
            area.west, area.south, area.east, area.north = 5, 5, 6, 6
            session.add(area)
            session.flush()
            assert session.execute(east_of, {"west": 4}).scalars().all() == [area.id]
            area.west = 3
            session.flush()
            assert session.execute(east_of, {"west": 4}).scalars().all() == []
            session.delete(area)
            session.flush()
            assert session.execute(east_of, {"west": 0}).scalars().all() == []


def test_what_is_written_once_cannot_be_altered_or_removed(store: Store) -> None:
    entry = AuditEntry(at=now(), who="a", role="b", action="c", subject="d", detail={})
    with store.writing() as session:
        session.add(entry)
    for statement in (sa.delete(AuditEntry), sa.update(AuditEntry).values(who="z")):
        with pytest.raises(sa.exc.DBAPIError, match="never altered"), store.writing() as session:
            session.execute(statement)


def test_a_database_without_tables_is_said_to_be_none(tmp_path: Path) -> None:
    store = open_store(tmp_path / "empty.sqlite")
    with pytest.raises(StoreError, match="gis-grid init"), store, store.reading() as session:
        session.get(Area, 1)


def test_a_store_of_a_newer_version_is_refused(store: Store) -> None:
    with store.writing() as session:
        session.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer gis-grid"):
        init(store)
