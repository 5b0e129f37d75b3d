"""Which grid a point lies in, who looks after it, and how sure that is: one point, arrays, and files row by row."""

from gis_grid.lookup.answers import Answers
from gis_grid.lookup.batch import Batch, BatchOptions, BatchSummary
from gis_grid.lookup.found import Answer, Found
from gis_grid.lookup.index import DEDICATED, LookupIndex
from gis_grid.lookup.publications import Published

__all__ = [
    "DEDICATED",
    "Answer",
    "Answers",
    "Batch",
    "BatchOptions",
    "BatchSummary",
    "Found",
    "LookupIndex",
    "Published",
]
