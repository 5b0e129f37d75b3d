"""The pages take the service's answers for what its description says: the types are made from it, never by hand."""

from __future__ import annotations

import os
import re

import pytest

import typescript
from api.main import create_app
from api.openapi import describe
from api.settings import Settings

#: a parameter of `get` itself, and a style, which MapLibre describes
NOT_OURS = {"T", "StyleSpecification"}
#: a type that stands for an answer where it is asked for
ASKED = re.compile(r"\b(?:get|post|patch)<(\w+)>\(")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return the types as the service describes its answers now."""
    app = create_app(Settings(store=str(tmp_path_factory.mktemp("types") / "none.sqlite")))
    return typescript.written(describe(app)["components"]["schemas"], typescript.named())


def test_the_types_are_what_the_service_describes_now(made: str) -> None:
    if os.environ.get("GIS_GRID_WRITE"):
        typescript.FILE.write_text(made, encoding="utf-8")
    remedy = "GIS_GRID_WRITE=1 pytest tests/viewer/test_types.py writes them anew"
    assert typescript.FILE.read_text(encoding="utf-8") == made, remedy


def test_every_answer_that_a_page_asks_for_has_such_a_type(made: str) -> None:
    known = set(re.findall(r"export interface (\w+)", made)) | NOT_OURS
    strange = []
    for path in typescript.sources(typescript.SOURCE):
        text = path.read_text(encoding="utf-8")
        other = dict(re.findall(r"(\w+) as (\w+)", text))
        own = {called: name for name, called in other.items()}
        strange += [f"{path.name}: {name}" for name in ASKED.findall(text) if own.get(name, name) not in known]
    assert strange == []


def test_a_field_that_the_service_gives_another_name_is_found() -> None:
    schema = {"properties": {"revision": {"type": "integer"}}, "required": ["revision"]}
    drifted = typescript.written({"Draft": schema}, {"Draft"})
    renamed = typescript.written({"Draft": {"properties": {"version": {"type": "integer"}}}}, {"Draft"})
    assert "{ revision: number }" in drifted
    assert "{ version?: number }" in renamed
    assert drifted != renamed
