"""Every answer that is no success is a problem."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from calls import Calls
from sqlalchemy import event

from api.deps import Writing
from api.main import create_app
from api.settings import Settings
from gis_grid.errors import StoreError


@pytest.fixture
def client(store_address: str) -> Iterator[Calls]:
    with Calls(create_app(Settings(store=store_address))) as calls:
        yield calls


def test_it_is_alive_and_ready(client: Calls) -> None:
    assert client.get("/api/health").json() == {"status": "ok"}
    client.app.state.service.desk.renew()
    assert client.get("/api/ready").json() == {"status": "ready", "publications": 0}


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/nothing", 404), ("POST", "/api/health", 405)])
def test_what_is_not_there_is_a_problem(client: Calls, method: str, path: str, status: int) -> None:
    found = client.request(method, path)
    assert found.status_code == status == found.json()["status"]
    assert found.headers["content-type"] == "application/problem+json"


def test_a_store_without_tables_is_not_ready(tmp_path: Path) -> None:
    with Calls(create_app(Settings(store=str(tmp_path / "none.sqlite")))) as client:
        found = client.get("/api/ready")
    assert found.status_code == 503
    assert "gis-grid init" in found.json()["detail"]


def test_the_description_tells_every_error_as_a_problem(client: Calls) -> None:
    schema = client.get("/api/openapi.json").json()
    assert "/api/lookup" in schema["paths"]
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (method, path)
            assert "422" not in operation["responses"], (method, path)
            assert operation.get("description"), (method, path)


def test_the_page_needs_no_script_and_no_other_server(client: Calls) -> None:
    found = client.get("/api/docs")
    assert "/api/lookup/batch" in found.text
    assert not re.search(r"<script|https?://|@import|<link", found.text)
    assert found.headers["content-security-policy"].startswith("default-src 'none'")


def test_every_setting_stands_in_the_docs() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "service.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `GIS_GRID_(\w+)` \|", page, flags=re.MULTILINE)) == {
        name.upper() for name in Settings.model_fields
    }


def test_a_change_is_on_the_disk_before_the_answer_leaves(store_address: str) -> None:
    app = create_app(Settings(store=store_address))

    @app.post("/api/change")
    def change(session: Writing) -> dict[str, str]:
        event.listen(session, "before_commit", _refuse)
        return {"status": "done"}

    app.router.routes.insert(0, app.router.routes.pop())  # before the pages, which are below everything
    with Calls(app) as calls:
        assert calls.post("/api/change").status_code == 503


def _refuse(_session: object) -> None:
    raise StoreError("the disk is full")
