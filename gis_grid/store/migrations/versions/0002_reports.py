"""Reports of wrong lines."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Moment
from gis_grid.store.migrations.operations import columns, link

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of reports."""
    op.create_table(
        "reports",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.String, "plan_id", "grid_code", "path"),
        *columns(sa.Double, "lon", "lat"),
        *columns(sa.String, "sentence", "state", "who"),
        *columns(Moment, "at"),
        *columns(sa.String, "closed_by"),
        *columns(Moment, "closed_at", nullable=True),
        sa.CheckConstraint("state IN ('open', 'closed')", name="state"),
    )
    op.create_index("ix_reports_district_id", "reports", ["district_id"])
