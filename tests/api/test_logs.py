"""The log and the figures tell what happened, and nothing that somebody asked about."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from calls import Calls
from town_in_force import Town

Serving = Callable[..., Calls]


def test_requests_are_logged_by_route_and_lookups_by_grid(
    published: Town, serving: Serving, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    point, code = published.inside()
    secret = published.token("planner")
    calls = serving(token=secret)
    calls.get("/api/lookup", params=point)
    calls.get("/api/lookup", params={"address": "和平路12号3室"})
    calls.get(f"/api/grids/{code}", params={"at": "2024-05-01"})
    calls.get("/api/secret-place/13800000000")
    calls.app.front.book.write()
    said = capsysbinary.readouterr().err.decode()
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert [one["grid"] for one in lines if one["event"] == "lookup"] == [code, ""]
    requests = [one for one in lines if one["event"] == "request"]
    assert [(one["route"], one["status"]) for one in requests] == [("/api/grids/{code}", 200), ("none", 404)]
    assert requests[0]["who"] == "planner"
    for private in ("和平路", "%E5", str(point["lon"]), secret, "13800000000", "2024-05-01"):
        assert private not in said


def test_what_fails_is_logged_by_its_places_and_answered_without_them(
    published: Town, serving: Serving, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("和平路12号")

    monkeypatch.setattr("api.routes.staff.posts_in", fail)
    monkeypatch.setattr("api.front.answer", fail)
    calls = serving(token=published.token("planner"))
    for path in ("/api/staff", "/api/lookup?lon=1&lat=1"):
        found = calls.get(path)
        assert found.status_code == 500
        assert found.headers["content-type"] == "application/problem+json"
        assert set(found.json()) == {"type", "title", "status", "detail"}
        said = capsysbinary.readouterr().err.decode()
        assert "ValueError" in said
        assert "test_logs.py" in said
        assert "和平路" not in said + found.text


def test_figures_count_requests_by_route_and_lookups_by_outcome(published: Town, serving: Serving) -> None:
    point, code = published.inside()
    calls = serving(public_lookup=True, public_metrics=True)
    calls.get("/api/lookup", params=point)
    calls.get("/api/lookup", params={"lon": 0, "lat": 0})
    calls.get(f"/api/grids/{code}")
    figures = calls.get("/api/metrics").text
    assert 'gis_grid_lookups_total{kind="point",outcome="inside"} 1.0' in figures
    assert 'gis_grid_lookups_total{kind="point",outcome="outside"} 1.0' in figures
    assert 'gis_grid_requests_total{method="GET",route="/api/grids/{code}",status="200"} 1.0' in figures
    assert "gis_grid_publications 1.0" in figures
    assert code not in figures
    closed = serving()
    assert closed.get("/api/metrics").status_code == 401
    assert closed.get("/api/metrics", token=published.token("planner")).status_code == 403
    assert closed.get("/api/metrics", token=published.token("administrator")).status_code == 200
