"""What a roster says of a person beside name and phone: community, service lines, base, posts at most."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Document

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of people who are there already nothing of it is known."""
    for name, kind, unknown in (
        ("community_code", sa.String(), ""),
        ("lines", Document, "[]"),
        ("base", sa.String(), ""),
        ("most", sa.Integer(), "0"),
    ):
        op.add_column("staff", sa.Column(name, kind, nullable=False, server_default=unknown))
