"""One job, in a process of its own: `python -m api.jobs.work`, told on its standard input what to do.

The process says on its standard output how far it is, a line of JSON each time, and keeps its result in the store in
one transaction with the end of the job. When its input ends, the service is gone, and it goes too.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from api.safety import SAFE_READING
from gis_grid.chinese import told
from gis_grid.errors import ClashError, Fault, GridError, InputError
from gis_grid.store import Store, audit, jobs, open_store
from gis_grid.store.access import Actor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from gis_grid.plan import Plan

#: rows that are named of faults that are the same in every other respect
SHOWN_ROWS = 5
#: faults that are told of one job
SHOWN_FAULTS = 100
#: the inputs of a build that are files
INPUTS = ("boundary", "streets", "households", "communities", "barriers", "compounds", "buildings", "staff", "blocks")


def main() -> None:
    """Do the job that standard input names."""
    os.environ.update(SAFE_READING)  # before GDAL is loaded, which reads it once
    told = orjson.loads(sys.stdin.buffer.readline())
    said = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)  # whatever else prints, prints beside
    _follow()

    def progress(stage: str, share: float) -> None:
        _say(said, stage, share)

    with open_store(told["store"]) as store:
        work(store, told["job"], told["attempt"], Path(told["files"]), progress)


def _say(out: BinaryIO | Any, stage: str, share: float) -> None:
    try:
        out.write(orjson.dumps({"stage": stage, "share": share}) + b"\n")
    except OSError:
        return


def _follow() -> None:
    """Have this process and its own ones ended when the service has gone, which closes the input.

    A process of its own sees to it, not a thread: compiled code that this one is in the middle of lets no thread have
    its turn.
    """
    subprocess.Popen(["/bin/sh", "-c", "while read -r _; do :; done; kill -KILL 0"], stdout=subprocess.DEVNULL)


def work(store: Store, job_id: str, attempt: int, files: Path, progress: Callable[[str, float], None]) -> None:
    """Do a job and keep its result, or the reason why there is none."""
    with store.reading() as session:
        kind, district, wanted, who = jobs.wanted(session, job_id)
    actor = Actor(**{**wanted["actor"], "name": who, "also": tuple(wanted["actor"].get("also", ()))})
    try:
        if kind == "suggest":
            result = _suggestion(store, wanted)
            with store.writing() as session:
                _keep(jobs.finish(session, job_id, attempt, result=result))
            return
        plan = _built(store, wanted, files, progress)
        progress("keeping", 0.0)
        with store.writing() as session:
            plan_id = _kept(session, plan, district=district, wanted=wanted, actor=actor)
            result = {"plan": plan_id, "grids": len(plan.grids), "blocks": len(plan.blocks), "notes": _notes(plan)}
            _keep(jobs.finish(session, job_id, attempt, result=result))
            audit.record(session, actor, "import", plan_id, district=district, detail={"job": job_id})
    except _UnwantedError:
        return
    except GridError as caught:
        faults = caught.faults if isinstance(caught, InputError) else (Fault(str(caught)),)
        english, chinese = ([_without_places(one, files) for one in each] for each in worded(faults))
        with store.writing() as session:
            result = {"faults": english, "faults_zh": chinese}
            jobs.fail(session, job_id, attempt, problem="\n".join(english[:20]), result=result)


def worded(faults: Iterable[Fault]) -> tuple[list[str], list[str]]:
    """Return faults in English and in Chinese, those that differ only in their row as one: no file hides another's.

    >>> found = [*(Fault("no geometry", "a.gpkg", row=n) for n in range(1, 9)), Fault("the file has no CRS", "b.gpkg")]
    >>> english, chinese = worded(found)
    >>> english
    ['a.gpkg, row 1, 2, 3, 4, 5 and 3 more: no geometry', 'b.gpkg: the file has no CRS']
    >>> chinese
    ['a.gpkg，第 1、2、3、4、5 等 8 行：没有几何', 'b.gpkg：文件没有坐标系']
    """
    rows: dict[Fault, list[str]] = {}
    for one in faults:
        rows.setdefault(replace(one, row=None), []).append("" if one.row is None else str(one.row))
    english, chinese = [], []
    for fault, found in list(rows.items())[:SHOWN_FAULTS]:
        named, more = list(dict.fromkeys(row for row in found[:SHOWN_ROWS] if row)), len(found) - SHOWN_ROWS
        in_english, in_chinese = ", ".join(named), "、".join(named)
        if named and more > 0:
            in_english, in_chinese = f"{in_english} and {more} more", f"{in_chinese} 等 {len(found)}"
        english.append(str(replace(fault, row=in_english or None)))
        chinese.append(told(replace(fault, row=in_chinese or None)))
    return english, chinese


class _UnwantedError(Exception):
    """The job was cancelled or given to somebody else meanwhile: nothing of it may be kept."""


def _keep(still_wanted: bool) -> None:
    if not still_wanted:
        raise _UnwantedError


def _kept(session: Any, plan: Plan, *, district: int, wanted: Mapping[str, Any], actor: Actor) -> str:
    from gis_grid.store.plans import import_plan

    name = wanted.get("name") or "build"
    return import_plan(session, plan, district=district, name=name, who=actor.name, based_on=wanted.get("plan"))


def _built(store: Store, wanted: Mapping[str, Any], files: Path, progress: Callable[[str, float], None]) -> Plan:
    """Build the plan that is asked for, from uploaded files and perhaps an earlier plan."""
    from gis_grid.pipeline import BuildOptions, Inputs, build
    from gis_grid.planfile import write_plan
    from gis_grid.scheme import DEFAULT_SCHEME, Scheme
    from gis_grid.store.plans import load_plan

    chosen = {name: _place(files, given) for name, given in wanted["files"].items() if name in INPUTS}
    with tempfile.TemporaryDirectory() as folder:
        scheme, previous = None, None
        if wanted.get("plan"):
            with store.reading() as session:
                before = load_plan(session, wanted["plan"])
            scheme = before.scheme if not wanted.get("scheme") else None
            previous = str(write_plan(before, Path(folder) / "previous.gpkg"))
        scheme = scheme or Scheme.load(wanted.get("scheme") or DEFAULT_SCHEME)
        band = wanted.get("band") or {}
        scheme = scheme.with_band(min=band.get("min"), max=band.get("max"), target=band.get("target"))
        inputs = Inputs(**chosen, previous=previous, crs=wanted.get("crs"), count_column=wanted.get("count_column"))
        names = ("seed", "time_limit", "prove", "max_moved")
        options = BuildOptions(**{name: wanted[name] for name in names if wanted.get(name) is not None})
        return build(inputs, scheme, options, progress=progress)


def _place(files: Path, given: str) -> str:
    """Return where an uploaded file is, with the layer that is wanted of it."""
    from api.uploads import dataset_of

    file_id, _, layer = given.partition(":")
    found = dataset_of(files, file_id)
    if found is None:
        raise InputError(Fault("this file is not here any more", file_id, remedy="hand it in again"))
    return f"{found}|layer={layer}" if layer else str(found)


def _suggestion(store: Store, wanted: Mapping[str, Any]) -> dict[str, Any]:
    from api.offers import suggested

    if not wanted.get("draft"):
        raise ClashError("a suggestion is made for a draft")
    return suggested(store, wanted["draft"], wanted["grids"], wanted.get("seed") or 0)


def _notes(plan: Plan) -> list[str]:
    return [line for line in str(plan.metadata.get("notes", "")).splitlines() if line][:100]


def _without_places(text: str, files: Path) -> str:
    """Leave out where files lie on this machine.

    >>> _without_places("/srv/files/f12/streets.gpkg: no CRS", Path("/srv/files"))
    'f12/streets.gpkg: no CRS'
    """
    return text.replace(f"{files}/", "").replace(tempfile.gettempdir(), "…")


if __name__ == "__main__":
    main()
