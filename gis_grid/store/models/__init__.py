"""The tables of the store, one model for SQLite and PostgreSQL."""

from __future__ import annotations

from gis_grid.store.models.access import ROLES, AuditEntry, Job, Token
from gis_grid.store.models.base import Base, Boxed
from gis_grid.store.models.comments import Comment
from gis_grid.store.models.ground import Area, AreaPredecessor, Block, Ground, GroundLayer
from gis_grid.store.models.people import Post, PostUnit, Staff, StaffAssignment
from gis_grid.store.models.plans import (
    Approval,
    Assignment,
    Draft,
    DraftAssignment,
    DraftBlock,
    DraftRequest,
    Grid,
    GridCode,
    JournalEntry,
    Lineage,
    Plan,
    PlanLayer,
    Publication,
    Tileset,
)
from gis_grid.store.models.presence import Presence
from gis_grid.store.models.reports import Report

__all__ = [
    "ROLES",
    "Approval",
    "Area",
    "AreaPredecessor",
    "Assignment",
    "AuditEntry",
    "Base",
    "Block",
    "Boxed",
    "Comment",
    "Draft",
    "DraftAssignment",
    "DraftBlock",
    "DraftRequest",
    "Grid",
    "GridCode",
    "Ground",
    "GroundLayer",
    "Job",
    "JournalEntry",
    "Lineage",
    "Plan",
    "PlanLayer",
    "Post",
    "PostUnit",
    "Presence",
    "Publication",
    "Report",
    "Staff",
    "StaffAssignment",
    "Tileset",
    "Token",
]
