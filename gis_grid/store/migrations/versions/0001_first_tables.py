"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Document, Moment
from gis_grid.store.migrations.operations import boxed, columns, index_shapes, link, write_once

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of areas, grounds, plans, drafts, publications, people and access."""
    _areas_and_grounds()
    _plans()
    _drafts()
    _publications()
    _people()
    _addresses()
    _access()
    for table in ("areas", "blocks", "grids"):
        index_shapes(table)
    for table in ("journal", "approvals", "audit"):
        write_once(table)


def _areas_and_grounds() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.Integer(), primary_key=True),
        *columns(sa.String, "code", "level", "name"),
        link("parent_id", "areas.id", nullable=True),
        *columns(sa.String, "path", "timezone"),
        *columns(sa.Date, "valid_from"),
        *columns(sa.Date, "valid_to", nullable=True),
        *boxed(),
        sa.CheckConstraint("level IN ('province', 'city', 'district', 'street', 'community')", name="level"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="days"),
        sa.UniqueConstraint("path", "valid_from"),
    )
    op.create_index("ix_areas_code", "areas", ["code"])
    op.create_index("ix_areas_parent_id", "areas", ["parent_id"])
    op.create_index("ix_areas_path", "areas", ["path"])
    op.create_table(
        "area_predecessors",
        link("area_id", "areas.id"),
        link("predecessor_id", "areas.id"),
        sa.PrimaryKeyConstraint("area_id", "predecessor_id"),
    )
    op.create_table(
        "grounds",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.String, "crs"),
        *columns(Moment, "created_at"),
    )
    op.create_index("ix_grounds_district_id", "grounds", ["district_id"])
    op.create_table(
        "ground_layers",
        link("ground_id", "grounds.id"),
        *columns(sa.String, "name"),
        *columns(sa.LargeBinary, "content"),
        sa.PrimaryKeyConstraint("ground_id", "name"),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("ground_id", "grounds.id"),
        *columns(sa.String, "block_id"),
        *columns(sa.Integer, "place"),
        *columns(sa.String, "parent_block_id", "atom", "community_code"),
        *columns(sa.Integer, "households"),
        *columns(sa.LargeBinary, "shape"),
        *boxed(),
        sa.UniqueConstraint("ground_id", "block_id"),
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.String(), primary_key=True),
        link("district_id", "areas.id"),
        link("ground_id", "grounds.id"),
        *columns(sa.String, "name", "state", "main_tier"),
        *columns(Document, "scheme", "notes"),
        link("based_on", "plans.id", sa.String, nullable=True),
        *columns(sa.String, "from_draft", nullable=True),
        *columns(Moment, "created_at"),
        *columns(sa.String, "created_by"),
        sa.CheckConstraint("state IN ('proposed', 'submitted', 'approved', 'published', 'returned')", name="state"),
    )
    op.create_index("ix_plans_district_id", "plans", ["district_id"])
    op.create_table(
        "plan_layers",
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "name"),
        *columns(sa.LargeBinary, "content"),
        sa.PrimaryKeyConstraint("plan_id", "name"),
    )
    op.create_table(
        "assignments",
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "tier", "block_id", "unit"),
        sa.PrimaryKeyConstraint("plan_id", "tier", "block_id"),
    )
    op.create_table(
        "grids",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "grid_id"),
        *columns(sa.Integer, "place"),
        *columns(sa.String, "code", "name", "kind", "tier", "parent_code", "community_code"),
        *columns(sa.Integer, "households"),
        *columns(sa.String, "bounds_zh", "bounds_en"),
        *columns(sa.LargeBinary, "shape"),
        *boxed(),
        sa.UniqueConstraint("plan_id", "code"),
        sa.UniqueConstraint("plan_id", "grid_id"),
    )
    op.create_index("ix_grids_code", "grids", ["code"])


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(), primary_key=True),
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "name", "state"),
        *columns(sa.Integer, "revision"),
        *columns(Moment, "created_at"),
        *columns(sa.String, "created_by"),
        *columns(Moment, "changed_at"),
        sa.CheckConstraint("state IN ('open', 'submitted', 'discarded')", name="state"),
    )
    op.create_index("ix_drafts_plan_id", "drafts", ["plan_id"])
    op.create_table(
        "draft_assignments",
        link("draft_id", "drafts.id", sa.String),
        *columns(sa.String, "block_id", "grid_id"),
        sa.PrimaryKeyConstraint("draft_id", "block_id"),
    )
    op.create_table(
        "draft_blocks",
        link("draft_id", "drafts.id", sa.String),
        *columns(sa.String, "block_id", "cut_from", "parent_block_id"),
        *columns(sa.Integer, "revision"),
        *columns(Document, "counts"),
        *columns(sa.LargeBinary, "shape"),
        sa.PrimaryKeyConstraint("draft_id", "block_id"),
    )
    op.create_table(
        "journal",
        link("draft_id", "drafts.id", sa.String),
        *columns(sa.Integer, "revision"),
        *columns(sa.String, "kind"),
        *columns(Document, "moves"),
        *columns(sa.Integer, "undoes", nullable=True),
        *columns(Document, "cut", nullable=True),
        *columns(sa.String, "why", "who"),
        *columns(Moment, "at"),
        sa.PrimaryKeyConstraint("draft_id", "revision"),
        sa.CheckConstraint("kind IN ('moves', 'undo', 'cut')", name="kind"),
    )
    op.create_table(
        "draft_requests",
        link("draft_id", "drafts.id", sa.String),
        *columns(sa.String, "key", "content"),
        *columns(sa.Integer, "revision"),
        *columns(sa.Boolean, "changed"),
        *columns(Document, "answer"),
        sa.PrimaryKeyConstraint("draft_id", "key"),
    )


def _publications() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("plan_id", "plans.id", sa.String),
        *columns(sa.String, "step", "who"),
        *columns(Moment, "at"),
        *columns(sa.String, "comment"),
        sa.CheckConstraint("step IN ('submit', 'approve', 'return', 'publish', 'withdraw')", name="step"),
    )
    op.create_index("ix_approvals_plan_id", "approvals", ["plan_id"])
    op.create_table(
        "publications",
        link("plan_id", "plans.id", sa.String, primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.Date, "effective"),
        *columns(Moment, "at"),
        *columns(sa.String, "who"),
        sa.UniqueConstraint("district_id", "effective"),
    )
    op.create_table(
        "grid_codes",
        link("district_id", "areas.id"),
        *columns(sa.String, "code"),
        link("plan_id", "plans.id", sa.String),
        *columns(sa.Date, "valid_from"),
        *columns(sa.Date, "retired_on", nullable=True),
        sa.PrimaryKeyConstraint("district_id", "code"),
    )
    op.create_table(
        "lineage",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("plan_id", "publications.plan_id", sa.String),
        *columns(sa.String, "old_code", "new_code", "relation"),
        *columns(sa.Integer, "households"),
        sa.UniqueConstraint("plan_id", "old_code", "new_code"),
    )
    op.create_index("ix_lineage_new_code", "lineage", ["new_code"])
    op.create_index("ix_lineage_old_code", "lineage", ["old_code"])
    op.create_table(
        "tilesets",
        link("plan_id", "publications.plan_id", sa.String),
        *columns(sa.String, "audience", "sha256"),
        *columns(sa.LargeBinary, "content"),
        sa.PrimaryKeyConstraint("plan_id", "audience"),
    )


def _people() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.String, "number", "name", "work_phone"),
        *columns(sa.Double, "lon", "lat", nullable=True),
        *columns(sa.Date, "valid_from"),
        *columns(sa.Date, "valid_to", nullable=True),
        sa.UniqueConstraint("district_id", "number"),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.String, "number", "role", "name_zh", "name_en"),
        *columns(Document, "lines"),
        *columns(sa.Date, "valid_from"),
        *columns(sa.Date, "valid_to", nullable=True),
        sa.UniqueConstraint("district_id", "number", "valid_from"),
    )
    op.create_table(
        "post_units",
        link("post_id", "posts.id"),
        *columns(sa.String, "tier", "code"),
        sa.PrimaryKeyConstraint("post_id", "tier", "code"),
    )
    op.create_index("ix_post_units_code", "post_units", ["code"])
    op.create_table(
        "staff_assignments",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("post_id", "posts.id"),
        link("staff_id", "staff.id"),
        *columns(sa.String, "kind"),
        *columns(sa.Date, "valid_from"),
        *columns(sa.Date, "valid_to", nullable=True),
        sa.CheckConstraint("kind IN ('holder', 'substitute', 'leave')", name="kind"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name="days"),
    )
    op.create_index("ix_staff_assignments_post_id", "staff_assignments", ["post_id"])
    op.create_index("ix_staff_assignments_staff_id", "staff_assignments", ["staff_id"])


def _addresses() -> None:
    op.create_table(
        "addresses",
        sa.Column("id", sa.Integer(), primary_key=True),
        link("district_id", "areas.id"),
        *columns(sa.String, "street", "number", "compound", "building", "stairwell"),
        *columns(sa.Integer, "households"),
        *columns(sa.String, "block_id"),
        *columns(sa.Double, "lon", "lat"),
    )
    op.create_index("ix_addresses_district_id", "addresses", ["district_id"])
    op.create_index("ix_addresses_street", "addresses", ["street"])


def _access() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(), primary_key=True),
        *columns(sa.String, "hash", "name", "role"),
        link("area_id", "areas.id", nullable=True),
        link("staff_id", "staff.id", nullable=True),
        *columns(Moment, "created_at", "expires_at"),
        *columns(Moment, "revoked_at", nullable=True),
        sa.CheckConstraint("role IN ('guest', 'field', 'planner', 'approver', 'administrator')", name="role"),
        sa.UniqueConstraint("hash"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), primary_key=True),
        *columns(Moment, "at"),
        *columns(sa.String, "who", "role", "action", "subject"),
        link("district_id", "areas.id", nullable=True),
        *columns(Document, "detail"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_district_id", "audit", ["district_id"])
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), primary_key=True),
        *columns(sa.String, "kind"),
        link("district_id", "areas.id", nullable=True),
        *columns(Document, "wanted"),
        *columns(sa.String, "state", "stage"),
        *columns(sa.Double, "share"),
        *columns(Document, "result"),
        *columns(sa.String, "problem"),
        *columns(sa.Integer, "attempts"),
        *columns(sa.String, "created_by"),
        *columns(Moment, "created_at", "changed_at"),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name="state"),
    )
    op.create_index("ix_jobs_district_id", "jobs", ["district_id"])
    op.create_index("ix_jobs_state", "jobs", ["state"])
    op.create_table(
        "presence",
        link("draft_id", "drafts.id", sa.String),
        *columns(sa.String, "who"),
        *columns(Document, "grids"),
        *columns(Moment, "at"),
        sa.PrimaryKeyConstraint("draft_id", "who"),
    )
