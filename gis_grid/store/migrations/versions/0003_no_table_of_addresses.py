"""Addresses lie beside the blocks of a plan, and the table that was meant for them goes."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the table; nothing ever wrote to it."""
    op.drop_index("ix_addresses_street", "addresses")
    op.drop_index("ix_addresses_district_id", "addresses")
    op.drop_table("addresses")
