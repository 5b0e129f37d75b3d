"""The description of the service: what FastAPI finds, with every error told as the problem that it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE
from api.models import Problem

if TYPE_CHECKING:
    from fastapi import FastAPI

ABOUT = """Divides a district into community grids, keeps the plans, and answers which grid a point lies in
and who looks after it. Errors are problems (RFC 9457). Tokens are made with `gis-grid token`."""
_NOT_OURS = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI description of an app; it is made once."""
    if app.openapi_schema is None:
        from importlib.metadata import version

        schema = get_openapi(title="gis-grid", version=version("gis-grid"), description=ABOUT, routes=app.routes)
        parts = schema.setdefault("components", {}).setdefault("schemas", {})
        for name in _NOT_OURS:
            parts.pop(name, None)
        parts["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        parts.update(parts["Problem"].pop("$defs", {}))
        told = {"schema": {"$ref": "#/components/schemas/Problem"}}
        for operations in schema["paths"].values():
            for operation in operations.values():
                answers = operation["responses"]
                answers.pop("422", None)
                answers["default"] = {"description": "A problem: why not.", "content": {MEDIA_TYPE: told}}
        app.openapi_schema = schema
    return app.openapi_schema
