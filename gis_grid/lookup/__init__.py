"""Which grid a point lies in, who looks after it, and how sure that is: one point, arrays, and files row by row."""

from gis_grid.lookup.index import DEDICATED, LookupIndex

__all__ = ["DEDICATED", "LookupIndex"]
