"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from gis_grid.store.columns import Document, Moment, Shape
from gis_grid.store.migrations.operations import index_shapes, write_once

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
    _access()
    for table in ("areas", "blocks", "grids"):
        index_shapes(table)
    for table in ("journal", "approvals", "audit"):
        write_once(table)


def _areas_and_grounds() -> None:
    op.create_table(
        "areas",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("geom", Shape("MULTIPOLYGON"), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "level IN ('province', 'city', 'district', 'street', 'community')", name=op.f("ck_areas_level")
        ),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name=op.f("ck_areas_days")),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name=op.f("fk_areas_parent_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_areas")),
        sa.UniqueConstraint("path", "valid_from", name=op.f("uq_areas_path_valid_from")),
    )
    op.create_index(op.f("ix_areas_code"), "areas", ["code"], unique=False)
    op.create_index(op.f("ix_areas_parent_id"), "areas", ["parent_id"], unique=False)
    op.create_index(op.f("ix_areas_path"), "areas", ["path"], unique=False)
    op.create_table(
        "area_predecessors",
        sa.Column("area_id", sa.Integer(), nullable=False),
        sa.Column("predecessor_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_area_predecessors_area_id")),
        sa.ForeignKeyConstraint(["predecessor_id"], ["areas.id"], name=op.f("fk_area_predecessors_predecessor_id")),
        sa.PrimaryKeyConstraint("area_id", "predecessor_id", name=op.f("pk_area_predecessors")),
    )
    op.create_table(
        "grounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("crs", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_grounds_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grounds")),
    )
    op.create_index(op.f("ix_grounds_district_id"), "grounds", ["district_id"], unique=False)
    op.create_table(
        "ground_layers",
        sa.Column("ground_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["ground_id"], ["grounds.id"], name=op.f("fk_ground_layers_ground_id")),
        sa.PrimaryKeyConstraint("ground_id", "name", name=op.f("pk_ground_layers")),
    )
    op.create_table(
        "blocks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ground_id", sa.Integer(), nullable=False),
        sa.Column("block_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("parent_block_id", sa.String(), nullable=False),
        sa.Column("atom", sa.String(), nullable=False),
        sa.Column("community_code", sa.String(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.Column("geom", Shape("MULTIPOLYGON"), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["ground_id"], ["grounds.id"], name=op.f("fk_blocks_ground_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blocks")),
        sa.UniqueConstraint("ground_id", "block_id", name=op.f("uq_blocks_ground_id_block_id")),
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("ground_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("main_tier", sa.String(), nullable=False),
        sa.Column("scheme", Document, nullable=False),
        sa.Column("notes", Document, nullable=False),
        sa.Column("based_on", sa.String(), nullable=True),
        sa.Column("from_draft", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('proposed', 'submitted', 'approved', 'published', 'returned')", name=op.f("ck_plans_state")
        ),
        sa.ForeignKeyConstraint(["based_on"], ["plans.id"], name=op.f("fk_plans_based_on")),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_plans_district_id")),
        sa.ForeignKeyConstraint(["ground_id"], ["grounds.id"], name=op.f("fk_plans_ground_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_district_id"), "plans", ["district_id"], unique=False)
    op.create_table(
        "plan_layers",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_plan_layers_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "name", name=op.f("pk_plan_layers")),
    )
    op.create_table(
        "assignments",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("block_id", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_assignments_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "tier", "block_id", name=op.f("pk_assignments")),
    )
    op.create_table(
        "grids",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("parent_code", sa.String(), nullable=False),
        sa.Column("community_code", sa.String(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("bounds_zh", sa.String(), nullable=False),
        sa.Column("bounds_en", sa.String(), nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.Column("geom", Shape("MULTIPOLYGON"), nullable=True),
        sa.Column("west", sa.Double(), nullable=True),
        sa.Column("south", sa.Double(), nullable=True),
        sa.Column("east", sa.Double(), nullable=True),
        sa.Column("north", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_grids_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grids")),
        sa.UniqueConstraint("plan_id", "code", name=op.f("uq_grids_plan_id_code")),
        sa.UniqueConstraint("plan_id", "grid_id", name=op.f("uq_grids_plan_id_grid_id")),
    )
    op.create_index("ix_grids_code", "grids", ["code"], unique=False)


def _drafts() -> None:
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'submitted', 'discarded')", name=op.f("ck_drafts_state")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_drafts_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(op.f("ix_drafts_plan_id"), "drafts", ["plan_id"], unique=False)
    op.create_table(
        "draft_assignments",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("block_id", sa.String(), nullable=False),
        sa.Column("grid_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_assignments_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "block_id", name=op.f("pk_draft_assignments")),
    )
    op.create_table(
        "draft_blocks",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("block_id", sa.String(), nullable=False),
        sa.Column("cut_from", sa.String(), nullable=False),
        sa.Column("parent_block_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("counts", Document, nullable=False),
        sa.Column("shape", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_blocks_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "block_id", name=op.f("pk_draft_blocks")),
    )
    op.create_table(
        "journal",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("moves", Document, nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.Column("cut", Document, nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.CheckConstraint("kind IN ('moves', 'undo', 'cut')", name=op.f("ck_journal_kind")),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_journal_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "revision", name=op.f("pk_journal")),
    )
    op.create_table(
        "draft_requests",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Boolean(), nullable=False),
        sa.Column("answer", Document, nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_draft_requests_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "key", name=op.f("pk_draft_requests")),
    )


def _publications() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.CheckConstraint(
            "step IN ('submit', 'approve', 'return', 'publish', 'withdraw')", name=op.f("ck_approvals_step")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_approvals_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(op.f("ix_approvals_plan_id"), "approvals", ["plan_id"], unique=False)
    op.create_table(
        "publications",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("effective", sa.Date(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_publications_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_publications_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_publications")),
        sa.UniqueConstraint("district_id", "effective", name=op.f("uq_publications_district_id_effective")),
    )
    op.create_table(
        "grid_codes",
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("retired_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_grid_codes_district_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"], name=op.f("fk_grid_codes_plan_id")),
        sa.PrimaryKeyConstraint("district_id", "code", name=op.f("pk_grid_codes")),
    )
    op.create_table(
        "lineage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("old_code", sa.String(), nullable=False),
        sa.Column("new_code", sa.String(), nullable=False),
        sa.Column("relation", sa.String(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["publications.plan_id"], name=op.f("fk_lineage_plan_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lineage")),
        sa.UniqueConstraint("plan_id", "old_code", "new_code", name=op.f("uq_lineage_plan_id_old_code_new_code")),
    )
    op.create_index(op.f("ix_lineage_new_code"), "lineage", ["new_code"], unique=False)
    op.create_index(op.f("ix_lineage_old_code"), "lineage", ["old_code"], unique=False)
    op.create_table(
        "tilesets",
        sa.Column("plan_id", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["publications.plan_id"], name=op.f("fk_tilesets_plan_id")),
        sa.PrimaryKeyConstraint("plan_id", "audience", name=op.f("pk_tilesets")),
    )


def _people() -> None:
    op.create_table(
        "staff",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("work_phone", sa.String(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=True),
        sa.Column("lat", sa.Double(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_staff_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff")),
        sa.UniqueConstraint("district_id", "number", name=op.f("uq_staff_district_id_number")),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("name_zh", sa.String(), nullable=False),
        sa.Column("name_en", sa.String(), nullable=False),
        sa.Column("lines", Document, nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_posts_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posts")),
        sa.UniqueConstraint("district_id", "number", "valid_from", name=op.f("uq_posts_district_id_number_valid_from")),
    )
    op.create_table(
        "post_units",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_post_units_post_id")),
        sa.PrimaryKeyConstraint("post_id", "tier", "code", name=op.f("pk_post_units")),
    )
    op.create_index(op.f("ix_post_units_code"), "post_units", ["code"], unique=False)
    op.create_table(
        "staff_assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.CheckConstraint("kind IN ('holder', 'substitute', 'leave')", name=op.f("ck_staff_assignments_kind")),
        sa.CheckConstraint("valid_to IS NULL OR valid_to > valid_from", name=op.f("ck_staff_assignments_days")),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], name=op.f("fk_staff_assignments_post_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_assignments_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_assignments")),
    )
    op.create_index(op.f("ix_staff_assignments_post_id"), "staff_assignments", ["post_id"], unique=False)
    op.create_index(op.f("ix_staff_assignments_staff_id"), "staff_assignments", ["staff_id"], unique=False)
    op.create_table(
        "addresses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=False),
        sa.Column("street", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("compound", sa.String(), nullable=False),
        sa.Column("building", sa.String(), nullable=False),
        sa.Column("stairwell", sa.String(), nullable=False),
        sa.Column("households", sa.Integer(), nullable=False),
        sa.Column("block_id", sa.String(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_addresses_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_addresses")),
    )
    op.create_index(op.f("ix_addresses_district_id"), "addresses", ["district_id"], unique=False)
    op.create_index(op.f("ix_addresses_street"), "addresses", ["street"], unique=False)


def _access() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("area_id", sa.Integer(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "role IN ('guest', 'field', 'planner', 'approver', 'administrator')", name=op.f("ck_tokens_role")
        ),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name=op.f("fk_tokens_area_id")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_tokens_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("hash", name=op.f("uq_tokens_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=True),
        sa.Column("detail", Document, nullable=False),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_audit_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_district_id"), "audit", ["district_id"], unique=False)
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("district_id", sa.Integer(), nullable=True),
        sa.Column("wanted", Document, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("share", sa.Double(), nullable=False),
        sa.Column("result", Document, nullable=False),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.CheckConstraint("state IN ('queued', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_jobs_state")),
        sa.ForeignKeyConstraint(["district_id"], ["areas.id"], name=op.f("fk_jobs_district_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(op.f("ix_jobs_district_id"), "jobs", ["district_id"], unique=False)
    op.create_index(op.f("ix_jobs_state"), "jobs", ["state"], unique=False)
    op.create_table(
        "presence",
        sa.Column("draft_id", sa.String(), nullable=False),
        sa.Column("who", sa.String(), nullable=False),
        sa.Column("grids", Document, nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_presence_draft_id")),
        sa.PrimaryKeyConstraint("draft_id", "who", name=op.f("pk_presence")),
    )
