"""The table and the shapes of a draft, kept compressed: as fresh as the draft, and ready when a service starts."""

from __future__ import annotations

import gzip
import threading
import time
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import pytest
from offices import Office

from api.errors import Problem
from api.pool import Pool
from api.sheets import Sheets, contents, made, ready
from gis_grid.errors import AbsentError


class Here:
    """Works things out in this process, and notes for what it was asked."""

    def __init__(self, office: Office) -> None:
        self.store = office.store
        self.asked: list[Any] = []

    def call(self, work: Any, *given: Any) -> Any:
        self.asked.append(given)
        return work(self.store, *given)


@pytest.mark.parametrize("part", ["table", "shapes"])
def test_a_sheet_is_sent_with_and_without_gzip_and_once(office: Office, part: str) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    path = f"/api/drafts/{draft}/{part}"
    expected = dict(zip(("table", "shapes"), contents(office.store, draft), strict=True))[part]
    packed = office.calls.get(path, token=lin, headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", expected)
    plain = office.calls.get(path, token=lin, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == expected
    assert plain.headers["etag"] == packed.headers["etag"]
    for encoding in ("gzip", "identity"):
        headers = {"Accept-Encoding": encoding, "If-None-Match": plain.headers["etag"]}
        again = office.calls.get(path, token=lin, headers=headers)
        assert (again.status_code, again.content) == (304, b"")


def test_a_sheet_is_that_of_the_draft_as_it_stands(office: Office) -> None:
    draft, lin = office.draft(), office.tokens["lin"]
    path = f"/api/drafts/{draft}/table"
    before = office.calls.get(path, token=lin)
    body = {"revision": 0, "moves": [{"block": "b00003", "old": "g0001", "new": "g0002"}]}
    assert office.calls.patch(f"/api/drafts/{draft}", json=body, token=lin).status_code == 200
    after = office.calls.get(path, token=lin)
    assert (before.json()["revision"], after.json()["revision"]) == (0, 1)
    assert before.headers["etag"] != after.headers["etag"]
    moved = after.json()["blocks"]["id"].index("b00003")
    assert after.json()["grids"]["id"][after.json()["blocks"]["grid"][moved]] == "g0002"


def test_the_drafts_changed_last_are_ready_when_the_service_starts(office: Office) -> None:
    drafts = [office.draft() for _ in range(3)]
    here: Any = Here(office)
    first: Future[Any] = Future()
    sheets = Sheets(here, first)
    threading.Timer(0.2, lambda: first.set_result(ready(office.store))).start()  # whoever asks before waits for it
    for draft in drafts[1:]:
        assert gzip.decompress(sheets.get(draft, 0).table.content) == contents(office.store, draft)[0]
    assert not here.asked  # none was made anew
    sheets.get(drafts[0], 0)
    assert here.asked == [(drafts[0],)]


@pytest.mark.parametrize("failed", [True, False])
def test_what_was_not_made_ready_is_made_when_it_is_asked_for(office: Office, failed: bool) -> None:
    draft = office.draft()
    here: Any = Here(office)
    first: Future[Any] = Future()
    if failed:
        first.set_exception(BrokenProcessPool())
    else:
        first.cancel()
    sheets = Sheets(here, first)
    assert gzip.decompress(sheets.get(draft, 0).table.content) == contents(office.store, draft)[0]
    assert here.asked == [(draft,)]


def test_a_pool_that_has_ended_begins_no_processes(office: Office) -> None:
    pool = Pool(office.store, processes=1)
    pool.stop()
    with pytest.raises(Problem, match="ending"):
        pool.call(made, office.draft())


def test_a_draft_that_is_begun_is_made_ready_at_once(office: Office) -> None:
    draft = office.draft()
    here: Any = Here(office)
    sheets = Sheets(here)
    sheets.expect(draft, 0)
    for _ in range(100):
        if here.asked:
            break
        time.sleep(0.1)
    assert gzip.decompress(sheets.get(draft, 0).table.content) == contents(office.store, draft)[0]
    assert here.asked == [(draft,)]
    sheets.expect("d000000000000", 0)  # there is none: nobody is told before they ask
    with pytest.raises(AbsentError):
        sheets.get("d000000000000", 0)
