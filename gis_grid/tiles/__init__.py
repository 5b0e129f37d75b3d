"""Maps in tiles: a published plan as one PMTiles file, a draft tile by tile while it is edited, and their style."""

from gis_grid.tiles.archive import TileArchive, tilejson
from gis_grid.tiles.drafts import Counts, Division, DraftTiles
from gis_grid.tiles.encoder import zipped
from gis_grid.tiles.pyramid import Pyramid, TileOptions, check_tiles_place, write_tiles
from gis_grid.tiles.style import Theme, map_style

__all__ = [
    "Counts",
    "Division",
    "DraftTiles",
    "Pyramid",
    "Theme",
    "TileArchive",
    "TileOptions",
    "check_tiles_place",
    "map_style",
    "tilejson",
    "write_tiles",
    "zipped",
]
