"""The pages are served under a strict policy, and a folder of one's own comes first."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from calls import Calls

from api.pages import BUILT

built = pytest.mark.skipif(not BUILT.exists(), reason="the pages are not built: make setup")


@built
@pytest.mark.parametrize(("path", "name"), [("/", "planner"), ("/planner", "planner"), ("/my", "my-grid")])
def test_pages_are_served_under_a_policy(serving: Callable[..., Calls], path: str, name: str) -> None:
    answer = serving().get(path)
    assert answer.status_code == 200
    assert answer.text == (BUILT / f"{name}.html").read_text(encoding="utf-8")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "://" not in policy
    assert answer.headers["cache-control"] == "no-cache"


@built
def test_parts_with_their_content_in_the_name_are_kept_for_ever(serving: Callable[..., Calls]) -> None:
    script = next((BUILT / "assets").glob("*.js"))
    answer = serving().get(f"/assets/{script.name}", headers={"accept-encoding": "gzip"})
    assert "immutable" in answer.headers["cache-control"]
    assert "javascript" in answer.headers["content-type"]
    packed = script.with_name(f"{script.name}.gz").stat().st_size
    assert (answer.headers["content-encoding"], answer.headers["content-length"]) == ("gzip", str(packed))
    plain = serving().get(f"/assets/{script.name}", headers={"accept-encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content == script.read_bytes()
    assert plain.headers["vary"] == answer.headers["vary"] == "Accept-Encoding"
    assert serving().get("/assets/none.js").status_code == 404
    assert serving().get("/../main.py").status_code == 404


def test_the_code_on_a_card_leads_to_the_phone(serving: Callable[..., Calls]) -> None:
    answer = serving().get("/?grid=B-07")
    assert answer.status_code == 307
    assert answer.headers["location"] == "/my?grid=B-07"


def test_a_folder_of_ones_own_comes_first(serving: Callable[..., Calls], tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("ours", encoding="utf-8")
    (tmp_path / "report.html").write_text("figures", encoding="utf-8")
    calls = serving(pages=str(tmp_path))
    assert calls.get("/").text == "ours"
    assert calls.get("/report.html").text == "figures"
    assert calls.get("/../conftest.py").status_code == 404
