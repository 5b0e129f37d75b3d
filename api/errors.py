"""Every error is answered as a problem (RFC 9457); one table says with which status."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
import structlog
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from gis_grid.chinese import chinese
from gis_grid.errors import (
    AbsentError,
    ClashError,
    Fault,
    GridError,
    InputError,
    MoveError,
    OutputError,
    RightsError,
    StoreError,
)

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request

MEDIA_TYPE = "application/problem+json"

#: the statuses of errors, the most particular first
STATUS_OF: dict[type[GridError], int] = {
    AbsentError: 404,
    ClashError: 409,
    RightsError: 403,
    StoreError: 503,
    InputError: 422,
    MoveError: 422,
    OutputError: 500,
    GridError: 500,
}
#: what a caller is told of errors that name places of the machine
_UNTOLD = {500: "the service could not do this; its log says why", 503: "the store cannot be used just now"}

_log = structlog.get_logger("api")


class Problem(HTTPException):
    """Answer with a problem from anywhere in a handler or dependency.

    `kind` becomes the end of the problem's `type`; further members of the answer are keywords.

    >>> Problem(404, "outside", "the point lies in no grid", nearest=None).content()["type"]
    '/api/docs#problem-outside'
    """

    def __init__(
        self, status: int, kind: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(status, detail, headers=headers)
        self.kind = kind
        self.members = members

    def content(self) -> dict[str, Any]:
        """Return the members of the answer."""
        return problem(self.status_code, self.detail, kind=self.kind, **self.members)


def problem(status: int, detail: str, *, kind: str = "", **members: Any) -> dict[str, Any]:
    """Return the members of a problem.

    >>> problem(409, "the day is taken")
    {'type': 'about:blank', 'title': 'Conflict', 'status': 409, 'detail': 'the day is taken'}
    """
    type_ = f"/api/docs#problem-{kind}" if kind else "about:blank"
    return {"type": type_, "title": HTTPStatus(status).phrase, "status": status, "detail": detail, **members}


def status_of(error: GridError) -> int:
    """Return the status that an error of gis-grid is answered with.

    >>> status_of(AbsentError("no such plan")), status_of(InputError("no number"))
    (404, 422)
    """
    return next(status for kind, status in STATUS_OF.items() if isinstance(error, kind))


def answer(members: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return the response of a problem."""
    body = orjson.dumps(members, default=str, option=orjson.OPT_NON_STR_KEYS)
    return Response(body, int(members["status"]), headers=headers, media_type=MEDIA_TYPE)


def members_of(error: GridError) -> dict[str, Any]:
    """Return the members of the problem that an error of gis-grid is answered with."""
    status = status_of(error)
    if status in _UNTOLD:
        return problem(status, _UNTOLD[status])
    faults = error.faults if isinstance(error, InputError) else (Fault(str(error)),)
    return problem(status, "; ".join(fault.problem for fault in faults[:3]), faults=[_fault(one) for one in faults])


def _fault(fault: Fault) -> dict[str, Any]:
    members: dict[str, Any] = {name: getattr(fault, name) for name in ("problem", "column", "row", "remedy", "code")}
    members["values"] = dict(fault.values) or None
    said = [chinese(one) for one in (fault.problem, fault.remedy) if one and not fault.code]
    members["zh"] = " → ".join(one for one in said if one) if all(said) else None  # what has a code is worded by it
    return {name: value for name, value in members.items() if value not in ("", None)}


def faults_of(errors: Sequence[Any]) -> list[dict[str, Any]]:
    """Name what does not fit in a request, without repeating what was sent."""
    return [{"problem": str(one["msg"]), "where": ".".join(str(part) for part in one["loc"])} for one in errors]


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, GridError)
    members = members_of(error)
    if members["status"] >= 500:
        _log.error("refused", error=type(error).__name__, reason=str(error))
    headers = {"Retry-After": "5"} if members["status"] == 503 else None
    return answer(members, headers)


async def _invalid(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(problem(422, "the request does not fit", kind="invalid", faults=faults_of(error.errors())))


async def _http(_request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return answer(error.content(), error.headers)
    assert isinstance(error, HTTPException)
    return answer(problem(error.status_code, str(error.detail)), error.headers)


async def _unforeseen(_request: Request, error: Exception) -> Response:
    del error  # logged by `api.watch`
    return answer(problem(500, _UNTOLD[500]))


def add_handlers(app: FastAPI) -> None:
    """Let an app answer every error as a problem."""
    app.add_exception_handler(GridError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
