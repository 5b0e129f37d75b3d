"""Addresses over HTTP: told, refused with what they may be, completed, and written nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from calls import Calls
from town_in_force import Town

from gis_grid.store.addresses import addresses_in_store, keep_addresses

Serving = Callable[..., Calls]


def test_an_address_is_answered(published: Town, serving: Serving) -> None:
    written, code = published.door()
    found = serving(public_lookup=True).get("/api/lookup", params={"address": f"{written}1807室"})
    assert found.status_code == 200, found.text
    told = found.json()
    assert told["grid"]["code"] == code
    assert (told["level"], told["plan"]) == ("stairwell", published.plan_id)
    assert told["people"]
    assert "1807" not in found.text


def test_a_doubtful_address_is_refused_with_the_grids_it_may_lie_in(published: Town, serving: Serving) -> None:
    found = serving(public_lookup=True).get("/api/lookup", params={"address": "人民大道"})
    assert found.json()["plan"] == published.plan_id
    assert found.status_code == 404
    assert found.headers["content-type"] == "application/problem+json"
    told = found.json()
    assert told["reason"] == "which-number"
    assert len(told["also_possible"]) > 1


def test_no_word_of_an_address_is_logged(published: Town, serving: Serving, capfd: pytest.CaptureFixture[str]) -> None:
    written, _ = published.door()
    calls = serving(public_lookup=True, log_level="info")
    calls.get("/api/lookup", params={"address": f"{written} 王女士 13800001234"})
    calls.get("/api/suggest", params={"q": "人民大"})
    logged = "".join(capfd.readouterr())
    row = published.plan.addresses[published.plan.addresses["stairwell"] != ""].iloc[40]
    for word in (row["road"], row["compound"], "13800001234", "王女士", "%E", "人民"):
        assert word not in logged


def test_a_batch_may_hold_addresses(published: Town, serving: Serving) -> None:
    written, code = published.door()
    calls = serving(token=published.token("planner"))
    body = f"编号,地址\n7,{written}\n8,人民大道\n".encode("gb18030")
    found = calls.post("/api/lookup/batch", content=body, headers={"content-type": "text/csv"})
    assert found.status_code == 200
    lines = found.content.decode("gb18030").splitlines()
    assert len(lines) == 3
    assert code in lines[1]
    assert ",refused," in lines[2]


@pytest.mark.usefixtures("published")
def test_what_is_typed_is_completed(serving: Serving) -> None:
    calls = serving(public_lookup=True)
    for typed in ("人民大", "renminda"):
        found = calls.get("/api/suggest", params={"q": typed})
        assert found.status_code == 200
        assert {"text": "人民大道", "kind": "road"} in found.json()["suggestions"]


def test_addresses_can_be_put_in_the_place_of_others(published: Town) -> None:
    fewer = published.plan.addresses.iloc[:10]
    with published.store.writing() as session:
        before = addresses_in_store(session, published.plan_id, "样例区")
        keep_addresses(session, published.plan_id, fewer)
    with published.store.reading() as session:
        after = addresses_in_store(session, published.plan_id, "样例区", before)
        again = addresses_in_store(session, published.plan_id, "样例区", after)
    assert before is not None
    assert after is not None
    assert len(before.gazetteer.entries) == len(published.plan.addresses)
    assert len(after.gazetteer.entries) == 10
    assert again is after, "what has not changed is not read again"
