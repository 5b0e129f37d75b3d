"""Who may read what is published: whoever has a token, and everybody where lookups are public."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from api.deps import Anyone, Service, refuse_strangers
from gis_grid.store.access import Actor


def reader(who: Anyone, state: Service) -> Actor:
    """Return the caller if it may read what is published.

    Raises
    ------
    Problem
        401 without a token, where lookups are not public.
    """
    refuse_strangers(who, state)
    who.require("read_published")
    return who.actor


Reader = Annotated[Actor, Depends(reader)]
