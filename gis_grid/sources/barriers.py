"""Lines that no grid may straddle, given by themselves: rivers, railways, expressways, walls."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import Any

import numpy as np

from gis_grid.crs import to_metric
from gis_grid.frames import check_frame
from gis_grid.sources import Read
from gis_grid.sources.shapes import lines
from gis_grid.sources.streets import classify
from gis_grid.sources.tables import open_layer


def read_barriers(path: str | os.PathLike[str], *, target: Any = None, crs: Any = None) -> Read:
    """Read lines that part grids; every one is a barrier, polygons (water) stand for their outlines.

    The class comes from a class column or OpenStreetMap's `waterway` and `railway`; a line that states none is taken
    as a river. The frame keeps the contract of `streets`.

    Raises
    ------
    InputError
        If the file cannot be read, has no CRS, or holds no line.
    """
    opened = open_layer(path, crs=crs, kind="barriers")
    single, mended = lines(opened.frame, opened.source)
    classed, said = classify(single, opened.source, (), default="river")
    metric = to_metric(classed, target=target, source=opened.source).reset_index(drop=True)
    parted = metric.assign(barrier=np.ones(len(metric), bool))
    notes = (*opened.notes, *mended, *(f"{opened.source}: {note}" for note in said))
    tally = MappingProxyType({"total": len(opened.frame), "in": len(parted)})
    return Read(check_frame(parted, "streets", source=opened.source), notes, tally)
