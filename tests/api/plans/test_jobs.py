"""Jobs: built in a process of their own, watched, cancelled at once, taken up again where a process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
from offices import CODE, Office, opened

from api.jobs import runner, work
from gis_grid.store import Store, jobs
from gis_grid.store.access import LOCAL, Actor
from gis_grid.store.columns import now
from gis_grid.store.jobs import Terms
from gis_grid.store.models import Job
from gis_grid.store.plans import load_plan

TERMS = Terms(at_once=1, waiting=2, attempts=2, patience_s=60)


def _ask(office: Office, **more: object) -> dict:
    found = office.calls.post("/api/jobs", json={"kind": "build", **more}, token=office.tokens["lin"])
    assert found.status_code == 202, found.text
    return found.json()


def _hand_in(office: Office, name: str, content: bytes, who: str = "lin") -> str:
    found = office.calls.post(f"/api/files?name={name}", content=content, token=office.tokens[who])
    assert found.status_code == 201, found.text
    return str(found.json()["id"])


def _blocks(office: Office) -> str:
    frame = office.plan.blocks.reset_index()[["block_id", "households", "geometry"]]
    return _hand_in(office, "blocks.geojson", frame.to_crs(4326).to_json().encode())


def _until(office: Office, job_id: str, *states: str, seconds: float = 90) -> dict:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = office.calls.get(f"/api/jobs/{job_id}", token=office.tokens["lin"]).json()
        if found["state"] in states:
            return found
        time.sleep(0.1)
    raise AssertionError(found)


def test_a_build_from_files_becomes_a_plan_and_tells_how_far_it_is(office: Office) -> None:
    asked = _ask(office, district=CODE, inputs={"blocks": _blocks(office)}, count_column="households", name="b")
    assert asked["state"] == "queued"
    stream = office.calls.get(f"/api/jobs/{asked['id']}/events", token=office.tokens["lin"])  # ends with the job
    done = _until(office, asked["id"], "done", "failed")
    assert done["state"] == "done", done["problem"]
    with office.store.reading() as session:
        plan = load_plan(session, done["result"]["plan"])
    assert int(plan.blocks["households"].sum()) == 32 * 30
    last = [line for line in stream.text.splitlines() if line.startswith("data:")][-1]
    assert '"state":"done"' in last
    ids = [line.removeprefix("id: ") for line in stream.text.splitlines() if line.startswith("id:")]
    again = office.calls.get(
        f"/api/jobs/{asked['id']}/events", token=office.tokens["lin"], headers={"Last-Event-ID": ids[-1]}
    )
    assert "data:" not in again.text


def test_a_build_that_cannot_be_says_why_and_keeps_nothing(office: Office) -> None:
    bad = _hand_in(office, "blocks.geojson", b'{"type":"FeatureCollection","features":[]}')
    asked = _ask(office, district=CODE, inputs={"blocks": bad})
    done = _until(office, asked["id"], "done", "failed")
    assert done["state"] == "failed"
    assert "blocks.geojson" in done["problem"]
    assert str(Path.cwd().anchor + "tmp") not in done["problem"]
    plans = office.calls.get("/api/plans", token=office.tokens["lin"]).json()["plans"]
    assert [one["id"] for one in plans] == [office.plan_id]


def test_a_running_job_ends_at_once_with_all_its_processes_when_it_is_cancelled(
    office: Office, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = tmp_path / "busy.py"
    script.write_text(
        "import subprocess, sys, numba\n"
        "@numba.njit\ndef busy():\n    n = 0\n    while n >= 0:\n        n = (n + 1) % 7\n    return n\n"
        "sys.stdin.readline()\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        'print(\'{"stage":"busy","share":0.5}\', flush=True)\nbusy()\n'
    )
    begin = subprocess.Popen
    monkeypatch.setattr(runner.subprocess, "Popen", lambda args, **more: begin([args[0], str(script)], **more))
    asked = _ask(office, district=CODE, inputs={"blocks": _blocks(office)})
    end = time.monotonic() + 30
    while not (
        children := [one for one in psutil.Process().children(recursive=True) if "busy.py" in str(one.cmdline())]
    ):
        assert time.monotonic() < end
        time.sleep(0.1)
    while len(family := [*children, *children[0].children()]) < 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    told = office.calls.request("DELETE", f"/api/jobs/{asked['id']}", token=office.tokens["lin"]).json()
    assert told["state"] == "cancelled"
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    assert _until(office, asked["id"], "cancelled")["result"] == {}


def test_a_job_whose_process_is_killed_is_tried_again_and_then_given_up(store: Store, tmp_path: Path) -> None:
    with opened(store, _address(store), tmp_path / "files", job_attempts=2) as office:
        asked = _ask(office, district=CODE, inputs={"blocks": _blocks(office)})
        killed = 0
        while _until(office, asked["id"], "queued", "running", "failed", "done")["state"] not in ("failed", "done"):
            for one in psutil.Process().children():
                if "api.jobs.work" in " ".join(one.cmdline()):
                    os.kill(one.pid, signal.SIGKILL)
                    killed += 1
                    psutil.wait_procs([one], timeout=1)
            time.sleep(0.05)
        done = _until(office, asked["id"], "failed", "done")
        assert (done["state"], done["attempts"]) == ("failed", 2)
        assert killed >= 2
        assert len(office.calls.get("/api/plans", token=office.tokens["lin"]).json()["plans"]) == 1


def test_a_service_that_stops_leaves_its_jobs_to_the_next(store: Store, tmp_path: Path) -> None:
    with opened(store, _address(store), tmp_path / "files") as office:
        asked = _ask(office, district=CODE, inputs={"blocks": _blocks(office)})
        _until(office, asked["id"], "running", "done")
    with store.reading() as session:
        found = jobs.job(session, asked["id"], actor=LOCAL)
    assert (found.state, found.attempts) in (("queued", 0), ("done", 1))
    follow = runner.Runner(store, tmp_path / "files" / "files")
    follow.start()
    try:
        end = time.monotonic() + 90
        while found.state != "done":
            assert time.monotonic() < end, found
            time.sleep(0.2)
            with store.reading() as session:
                found = jobs.job(session, asked["id"], actor=LOCAL)
    finally:
        follow.stop()


def _address(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


@pytest.fixture
def queue(store: Store) -> tuple[Store, list[str]]:
    from townlet import district

    home, asked = district(store), []
    for _ in range(2):
        with store.writing() as session:
            wanted = {"files": {}, "actor": {"name": "lin", "role": "planner", "path": "/"}}
            asked.append(jobs.enqueue(session, kind="build", district=home, wanted=wanted, actor=LOCAL, terms=TERMS))
    return store, asked


def test_the_queue_is_bounded_and_so_is_what_runs_at_once(queue: tuple[Store, list[str]]) -> None:
    from gis_grid.errors import ClashError

    store, asked = queue
    with store.writing() as session, pytest.raises(ClashError, match="waiting already"):
        jobs.enqueue(session, kind="build", district=1, wanted={}, actor=LOCAL, terms=TERMS)
    with store.writing() as session:
        assert jobs.claim(session, terms=TERMS) == (asked[0], 1)
    with store.writing() as session:
        assert jobs.claim(session, terms=TERMS) is None


def test_who_lost_a_job_can_say_nothing_more_about_it(queue: tuple[Store, list[str]]) -> None:
    store, (first, _) = queue
    with store.writing() as session:
        jobs.claim(session, terms=TERMS)
    with store.writing() as session:
        session.get_one(Job, first).changed_at = now() - timedelta(seconds=61)  # not a word for so long
    with store.writing() as session:
        assert jobs.claim(session, terms=TERMS) == (first, 2)
    with store.writing() as session:
        assert not jobs.beat(session, first, 1, stage="x", share=0.5)
        assert not jobs.finish(session, first, 1, result={"plan": "p1"})
        assert not jobs.fail(session, first, 1, problem="x")
        assert jobs.finish(session, first, 2, result={"plan": "p2"})
    with store.reading() as session:
        found = jobs.job(session, first, actor=LOCAL)
    assert (found.state, found.result) == ("done", {"plan": "p2"})


def test_a_plan_built_for_a_job_that_was_cancelled_meanwhile_is_not_kept(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = {"files": {}, "actor": {"name": "lin", "role": "planner", "path": "/"}}
    with office.store.writing() as session:
        job_id = jobs.enqueue(
            session, kind="build", district=office.district, wanted=wanted, actor=LOCAL, terms=Terms()
        )
        session.get_one(Job, job_id).state = "cancelled"
    monkeypatch.setattr(work, "_built", lambda *_: office.plan)
    work.work(office.store, job_id, 1, tmp_path, lambda *_: None)
    plans = office.calls.get("/api/plans", token=office.tokens["lin"]).json()["plans"]
    assert [one["id"] for one in plans] == [office.plan_id]


def test_jobs_of_another_part_of_the_tree_are_not_there(queue: tuple[Store, list[str]]) -> None:
    from gis_grid.errors import AbsentError

    store, (first, _) = queue
    with store.reading() as session, pytest.raises(AbsentError):
        jobs.job(session, first, actor=Actor("x", "planner", "/999/"))


def test_a_wish_that_lacks_something_says_what(office: Office) -> None:
    lin = office.tokens["lin"]
    lacking = office.calls.post("/api/jobs", json={"kind": "build", "district": CODE}, token=lin)
    assert lacking.status_code == 422
    assert "boundary, streets, households" in lacking.text
    strange = office.calls.post("/api/jobs", json={"kind": "build", "distrct": CODE}, token=lin)
    assert strange.status_code == 422
    theirs = {"blocks": _blocks(office)}
    foreign = office.calls.post(
        "/api/jobs", json={"kind": "build", "district": CODE, "inputs": theirs}, token=office.tokens["wang"]
    )
    assert foreign.status_code == 404
