"""Plans and drafts as files: written down before a byte leaves, whichever route sends them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Response

from api import offers
from api.state import State
from gis_grid.store import audit
from gis_grid.store.access import Actor

#: formats that hold all layers in one file
_WHOLE = ("gpkg", "xlsx", "pdf")


@dataclass(frozen=True)
class Export:
    """What is asked for: a format, the layer of formats that hold one, and of `pdf` the id of one grid."""

    format: offers.Format
    layer: offers.Layer
    grid: str


def _wanted(
    format_: Annotated[offers.Format, Query(alias="format")] = "gpkg",
    layer: Annotated[offers.Layer, Query(description="Of formats that hold one layer.")] = "grids",
    grid: Annotated[str, Query(max_length=64, description="Of pdf: only the card of this grid, by its id.")] = "",
) -> Export:
    return Export(format_, layer, grid if format_ == "pdf" else "")


Wanted = Annotated[Export, Depends(_wanted)]


def sent(state: State, actor: Actor, subject: str, district: int, wanted: Export) -> Response:
    """Return a plan or draft as a file for an actor who may have it."""
    content, ending, media = state.workshop.pool.call(
        offers.exported, subject, wanted.format, wanted.layer, wanted.grid
    )
    detail = {"format": wanted.format, "layer": wanted.layer, "grid": wanted.grid}
    with state.store.writing() as session:
        audit.record(session, actor, "export", subject, district=district, detail=detail)
    whole = f"{subject}-card.{ending}" if wanted.grid else f"{subject}.{ending}"
    name = whole if ending in _WHOLE else f"{subject}-{wanted.layer}.{ending}"
    return Response(content, media_type=media, headers={"Content-Disposition": f'attachment; filename="{name}"'})
