"""The record of who did what: one entry a write, export or approval, in the transaction of the deed itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from gis_grid.store.columns import now
from gis_grid.store.models import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: str,
    *,
    district: int | None = None,
    detail: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Write down that an actor did something to an object; the database refuses to alter the entry later.

    `subject` names the object (`p…`, `d…`, `t…`, the code of an area); `detail` holds what JSON can, and never the text
    of an address or anything about residents.

    >>> from gis_grid.store import open_store
    >>> from gis_grid.store.access import LOCAL
    >>> from gis_grid.store.setup import init
    >>> with open_store("sqlite://") as store:
    ...     revision = init(store)
    ...     with store.writing() as session:
    ...         record(session, LOCAL, "import", "p1").role
    'administrator'
    """
    entry = AuditEntry(
        at=now(),
        who=actor.name,
        role=actor.role,
        action=action,
        subject=subject,
        district_id=district,
        detail=dict(detail or {}),
    )
    session.add(entry)
    session.flush()
    return entry


def entries(
    session: Session,
    *,
    district: int | None = None,
    action: str | None = None,
    subject: str | None = None,
    who: str | None = None,
    since: datetime | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[AuditEntry]:
    """Return entries of the record, the newest first; `before` is the id of the last one seen, to go on from there."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    wanted = {"district_id": district, "action": action, "subject": subject, "who": who}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(AuditEntry, name) == value)
    if since is not None:
        query = query.where(AuditEntry.at >= since)
    if before is not None:
        query = query.where(AuditEntry.id < before)
    return list(session.execute(query).scalars())
