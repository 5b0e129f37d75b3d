"""Long work that was asked for: queued, claimed by a process, taken up again if that process dies.

::

    queued ──claim──► running ──finish──► done
       ▲                 │ ├────fail────► failed
       └──── reclaim ────┘ └───cancel───► cancelled

Whoever runs a job holds its number of attempts as a key: what an earlier attempt still wants to say is not heard.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, or_, select, text, update

from gis_grid.errors import AbsentError, ClashError, Fault
from gis_grid.store import audit
from gis_grid.store.columns import now
from gis_grid.store.models import Area, Job
from gis_grid.store.plans import new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy import Update
    from sqlalchemy.orm import Session

    from gis_grid.store.access import Actor

#: states that a job does not leave any more
ENDED = ("done", "failed", "cancelled")
#: what says in PostgreSQL that one process at a time decides who runs what
_CLAIMING = 7106143


@dataclass(frozen=True)
class Terms:
    """Say how jobs are run: how many at once, how many may wait, and how often one is tried.

    Whoever runs one is taken for dead after `patience_s` seconds without a word.
    """

    at_once: int = 2
    waiting: int = 20
    attempts: int = 3
    patience_s: float = 15.0


@dataclass(frozen=True)
class JobState:
    """Say what a job is and how far it has come; `share` is that of its stage, `result` what came of it."""

    id: str
    kind: str
    district_id: int | None
    state: str
    stage: str
    share: float
    result: Mapping[str, Any]
    problem: str
    attempts: int
    who: str
    at: datetime
    changed_at: datetime

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.state in ENDED


def enqueue(
    session: Session, *, kind: str, district: int, wanted: Mapping[str, Any], actor: Actor, terms: Terms
) -> str:
    """Queue a job for a district and return its id.

    Raises
    ------
    AbsentError
        If there is no such district.
    RightsError
        If the actor may not have plans built there.
    ClashError
        If too many jobs are waiting already.
    """
    area = session.get(Area, district)
    if area is None or area.level != "district":
        raise AbsentError(Fault(f"there is no district {district}", code="no-district"))
    actor.require("build", area.path)
    _one_at_a_time(session)
    waiting = session.execute(select(func.count()).where(Job.state == "queued")).scalar_one()
    if waiting >= terms.waiting:
        raise ClashError(
            Fault(f"{waiting} jobs are waiting already", remedy="ask again later, or cancel one", code="queue-full")
        )
    moment = now()
    job = Job(
        id=new_id("j"),
        kind=kind,
        district_id=district,
        wanted=dict(wanted),
        state="queued",
        stage="",
        share=0.0,
        result={},
        problem="",
        attempts=0,
        created_by=actor.name,
        created_at=moment,
        changed_at=moment,
    )
    session.add(job)
    audit.record(session, actor, "build", job.id, district=district, detail={"kind": kind})
    return job.id


def job(session: Session, job_id: str, *, actor: Actor) -> JobState:
    """Return the state of a job.

    Raises
    ------
    AbsentError
        If there is no such job, or none in the actor's part of the tree.
    """
    return _state(_mine(session, job_id, actor))


def list_jobs(session: Session, *, actor: Actor, state: str | None = None, limit: int = 50) -> list[JobState]:
    """Return the jobs of the actor's part of the tree, the newest first."""
    query = select(Job, Area.path).join(Area, Area.id == Job.district_id)
    if state is not None:
        query = query.where(Job.state == state)
    found = session.execute(query.order_by(Job.created_at.desc(), Job.id))
    return [_state(kept) for kept, path in found if actor.may("build", path)][:limit]


def cancel(session: Session, job_id: str, *, actor: Actor) -> JobState:
    """Cancel a job that is waiting or running; one that has ended stays as it is.

    Raises
    ------
    AbsentError
        If there is no such job, or none in the actor's part of the tree.
    """
    kept = _mine(session, job_id, actor)
    change = _changed(kept.id).where(Job.state.in_(("queued", "running"))).values(state="cancelled", stage="")
    if _rows(session, change):
        audit.record(session, actor, "build", job_id, district=kept.district_id, detail={"kind": "cancel"})
    session.refresh(kept)
    return _state(kept)


def claim(session: Session, *, terms: Terms) -> tuple[str, int] | None:
    """Take the job that has waited longest, if one more may run, and return its id and the number of this attempt.

    Jobs whose process has not said a word for too long are queued again first, or have failed if they were tried often
    enough.
    """
    _one_at_a_time(session)
    _reclaim(session, terms)
    running = session.execute(select(func.count()).where(Job.state == "running")).scalar_one()
    if running >= terms.at_once:
        return None
    query = select(Job.id, Job.attempts).where(Job.state == "queued").order_by(Job.created_at, Job.id).limit(1)
    found = session.execute(query).one_or_none()
    if found is None:
        return None
    attempt = found.attempts + 1
    _rows(session, _changed(found.id).values(state="running", attempts=attempt, stage="starting", share=0.0))
    return found.id, attempt


def _reclaim(session: Session, terms: Terms) -> None:
    silent = (Job.state == "running", Job.changed_at < now() - timedelta(seconds=terms.patience_s))
    given_up = update(Job).where(*silent, Job.attempts >= terms.attempts).values(state="failed", problem=_often(terms))
    session.execute(given_up.values(changed_at=now(), stage=""))
    session.execute(update(Job).where(*silent).values(state="queued", stage="", share=0.0, changed_at=now()))


def wanted(session: Session, job_id: str) -> tuple[str, int, dict[str, Any], str]:
    """Return what a job is to do: its kind, district, wishes, and on whose behalf.

    Raises
    ------
    AbsentError
        If there is no such job.
    """
    kept = session.get(Job, job_id)
    if kept is None or kept.district_id is None:
        raise AbsentError(Fault(f"there is no job {job_id}"))
    return kept.kind, kept.district_id, kept.wanted, kept.created_by


def beat(session: Session, job_id: str, attempt: int, *, stage: str, share: float) -> bool:
    """Say that an attempt is alive, and how far it is; return whether it is still wanted."""
    return _rows(session, _running(job_id, attempt).values(stage=stage, share=min(1.0, max(0.0, share)))) == 1


def finish(session: Session, job_id: str, attempt: int, *, result: Mapping[str, Any]) -> bool:
    """End a job with its result, in the transaction that keeps the result; return whether it was still wanted.

    Where it was not, the caller must keep nothing: raise, so that the transaction is undone.
    """
    return _rows(session, _running(job_id, attempt).values(state="done", stage="", share=1.0, result=dict(result))) == 1


def fail(session: Session, job_id: str, attempt: int, *, problem: str, result: Mapping[str, Any] | None = None) -> bool:
    """End a job without a result, and say why; return whether it was still wanted."""
    told = {"state": "failed", "stage": "", "problem": problem[:2000], "result": dict(result or {})}
    return _rows(session, _running(job_id, attempt).values(**told)) == 1


def let_go(session: Session, job_id: str, attempt: int) -> bool:
    """Queue a job again whose process is being ended by the service, without counting the attempt."""
    values = {"state": "queued", "stage": "", "share": 0.0, "attempts": attempt - 1}
    return _rows(session, _running(job_id, attempt).values(**values)) == 1


def lost(session: Session, job_id: str, attempt: int, *, terms: Terms) -> bool:
    """Queue a job again whose process has ended without saying how, or fail it if that was its last attempt."""
    if attempt >= terms.attempts:
        return fail(session, job_id, attempt, problem=_often(terms))
    return _rows(session, _running(job_id, attempt).values(state="queued", stage="", share=0.0)) == 1


def outcome(session: Session, job_id: str) -> tuple[str, str]:
    """Return the kind and the state of a job."""
    kept = session.execute(select(Job.kind, Job.state).where(Job.id == job_id)).one()
    return kept.kind, kept.state


def is_running(session: Session, job_id: str, attempt: int) -> bool:
    """Say whether an attempt is the one that is wanted."""
    found = session.execute(select(Job.state, Job.attempts).where(Job.id == job_id)).one_or_none()
    return found is not None and tuple(found) == ("running", attempt)


def some_wait(session: Session, *, terms: Terms) -> bool:
    """Say whether `claim` may find something to do."""
    silent = and_(Job.state == "running", Job.changed_at < now() - timedelta(seconds=terms.patience_s))
    return session.execute(select(Job.id).where(or_(Job.state == "queued", silent)).limit(1)).first() is not None


def _often(terms: Terms) -> str:
    return f"its process ended {terms.attempts} times without a result"


def _running(job_id: str, attempt: int) -> Update:
    return _changed(job_id).where(Job.state == "running", Job.attempts == attempt)


def _changed(job_id: str) -> Update:
    return update(Job).where(Job.id == job_id).values(changed_at=now())


def _rows(session: Session, change: Update) -> int:
    done: Any = session.execute(change.execution_options(synchronize_session=False))
    return int(done.rowcount)


def _mine(session: Session, job_id: str, actor: Actor) -> Job:
    found = session.execute(
        select(Job, Area.path).join(Area, Area.id == Job.district_id).where(Job.id == job_id)
    ).one_or_none()
    if found is None or not actor.may("build", found[1]):
        raise AbsentError(Fault(f"there is no job {job_id}"))
    kept: Job = found[0]
    return kept


def _state(kept: Job) -> JobState:
    return JobState(
        kept.id,
        kept.kind,
        kept.district_id,
        kept.state,
        kept.stage,
        kept.share,
        kept.result,
        kept.problem,
        kept.attempts,
        kept.created_by,
        kept.created_at,
        kept.changed_at,
    )


def _one_at_a_time(session: Session) -> None:
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CLAIMING})
