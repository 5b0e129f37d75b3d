"""Comments on grids of a plan in review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Moment
from gis_grid.store.migrations.operations import columns, link, write_once

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table of comments."""
    op.create_table(
        "comments",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "grid_id", "kind"),
        link("about", "comments.id", nullable=True),
        *columns(sa.String, "sentence", "who"),
        *columns(Moment, "at"),
        sa.CheckConstraint("kind IN ('comment', 'answer', 'settled')", name="kind"),
    )
    op.create_index("ix_comments_plan_id", "comments", ["plan_id"])
    op.create_index("ix_comments_about", "comments", ["about"])
    write_once("comments")
