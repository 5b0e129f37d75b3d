"""Files that builds read: handed in one at a time, as the body of a request."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from starlette.concurrency import run_in_threadpool

from api import offers
from api.deps import Service, may
from api.plan_models import FileAnswer, FileList, FileTold
from api.uploads import Upload
from gis_grid.errors import InputError
from gis_grid.store.access import Actor

router = APIRouter(tags=["jobs"])

FileId = Annotated[str, Path(pattern=r"^f[0-9a-f]{24}$", description="Id of the file.")]
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post("/files", status_code=201, openapi_extra=_BODY)
async def hand_in(
    request: Request,
    state: Service,
    actor: Annotated[Actor, may("build", rate="write")],
    name: Annotated[str, Query(min_length=1, max_length=200, description="What the file is called, with its ending.")],
) -> FileAnswer:
    """Take a file in; the body is the file itself. It is kept for a day, for whoever handed it in."""
    taken = await state.workshop.uploads.take(name, request.stream(), actor)
    try:
        layers = await run_in_threadpool(
            state.workshop.pool.call, offers.layers_of_file, str(state.workshop.uploads.folder), taken.id
        )
    except InputError:
        await run_in_threadpool(state.workshop.uploads.remove, taken.id, actor)
        raise
    return FileAnswer.model_validate(_told(taken) | {"layers": layers})


@router.get("/files")
def files(state: Service, actor: Annotated[Actor, may("build")]) -> FileList:
    """List the caller's files, the newest first."""
    return FileList(files=[FileTold(**_told(one)) for one in state.workshop.uploads.of(actor)])


@router.delete("/files/{file_id}", status_code=204)
def remove(file_id: FileId, state: Service, actor: Annotated[Actor, may("build", rate="write")]) -> None:
    """Remove a file of the caller's."""
    state.workshop.uploads.remove(file_id, actor)


def _told(one: Upload) -> dict[str, Any]:
    told = dataclasses.asdict(one)
    return {
        "id": told["id"],
        "name": told["name"],
        "size": told["size"],
        "until": datetime.fromtimestamp(one.until, UTC),
    }
