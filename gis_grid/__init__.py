"""Divide a district into community grids along its streets, and answer for them.

>>> import gis_grid as gg
>>> plan = gg.build_from(gg.sample_frames())
>>> len(plan.communities)
12

Names load when they are first used, so importing the package costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gis_grid.addresses import Gazetteer
    from gis_grid.adjacency import borders as adjacency
    from gis_grid.assignment import Move
    from gis_grid.blocks import BlockOptions, build_blocks
    from gis_grid.compare import compare
    from gis_grid.crs import metric_crs
    from gis_grid.describe import describe
    from gis_grid.errors import GridError, InputError
    from gis_grid.grids import grids
    from gis_grid.lookup import LookupIndex
    from gis_grid.partition import PartitionOptions, partition
    from gis_grid.partition.suggest import suggest
    from gis_grid.pipeline import BuildOptions, District, Inputs, build, build_from, read_district, sample_frames
    from gis_grid.plan import Plan
    from gis_grid.planfile import read_plan, write_plan
    from gis_grid.rules import check
    from gis_grid.scheme import Band, Scheme

__version__ = "0.1.0"

#: Where each public name lives.
_HOME = {
    "Band": "scheme",
    "BlockOptions": "blocks",
    "BuildOptions": "pipeline",
    "District": "pipeline",
    "Gazetteer": "addresses",
    "GridError": "errors",
    "InputError": "errors",
    "Inputs": "pipeline",
    "LookupIndex": "lookup",
    "Move": "assignment",
    "PartitionOptions": "partition",
    "Plan": "plan",
    "Scheme": "scheme",
    "adjacency": "adjacency:borders",
    "build": "pipeline",
    "build_blocks": "blocks",
    "build_from": "pipeline",
    "check": "rules",
    "compare": "compare",
    "describe": "describe",
    "grids": "grids",
    "metric_crs": "crs",
    "partition": "partition",
    "read_district": "pipeline",
    "read_plan": "planfile",
    "sample_frames": "pipeline",
    "suggest": "partition.suggest",
    "write_plan": "planfile",
}

__all__ = [
    "Band",
    "BlockOptions",
    "BuildOptions",
    "District",
    "Gazetteer",
    "GridError",
    "InputError",
    "Inputs",
    "LookupIndex",
    "Move",
    "PartitionOptions",
    "Plan",
    "Scheme",
    "adjacency",
    "build",
    "build_blocks",
    "build_from",
    "check",
    "compare",
    "describe",
    "grids",
    "metric_crs",
    "partition",
    "read_district",
    "read_plan",
    "sample_frames",
    "suggest",
    "write_plan",
]


class _Package(ModuleType):
    """The package with its public names as properties.

    A property of the class wins over what the import system puts on the package, so `gg.grids` is the function even
    after the module `gis_grid.grids` has been imported; `from gis_grid.grids import …` finds the module all the same.
    """

    def __dir__(self) -> list[str]:
        return sorted([*__all__, "__version__"])


def _public(name: str) -> property:
    module, _, attribute = _HOME[name].partition(":")
    home, wanted = f"{__name__}.{module}", attribute or name
    # importing the module of the same name sets it as an attribute; that is let pass
    return property(lambda _: getattr(import_module(home), wanted), lambda *_: None)


for _name in _HOME:
    setattr(_Package, _name, _public(_name))
sys.modules[__name__].__class__ = _Package
