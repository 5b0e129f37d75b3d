"""One PMTiles file, read tile by tile: mapped into memory, its directory kept as numbers in order."""

from __future__ import annotations

import gzip
import hashlib
import json
import mmap
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pmtiles.tile import (
    Compression,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    deserialize_directory,
    deserialize_header,
    zxy_to_tileid,
)

from gis_grid.errors import Fault, InputError
from gis_grid.tiles.mercator import check_tile

if TYPE_CHECKING:
    from types import TracebackType

#: Depth of directories that the format allows.
DEPTH = 4


class _Directory(NamedTuple):
    """Hold the entries of a directory as rows of numbers: first tile, offset, length, run (0: a leaf directory)."""

    first: list[int]
    offset: list[int]
    length: list[int]
    run: list[int]


class TileArchive:
    """Read tiles, metadata and TileJSON from a PMTiles file; threads may share it.

    The file is mapped, so processes that serve it share one copy in memory; it must not change in place (files are
    renamed into place, and an open archive goes on reading the old one).

    Raises
    ------
    InputError
        If there is no such file, or it is no PMTiles file of version 3.

    Examples
    --------
    >>> TileArchive("nowhere.pmtiles")
    Traceback (most recent call last):
    gis_grid.errors.InputError: nowhere.pmtiles: there is no such file → write it with gis-grid tiles
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(Fault("there is no such file", str(path), remedy="write it with gis-grid tiles"))
        try:
            with self.path.open("rb") as file:
                self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            self.header: Mapping[str, Any] = deserialize_header(self._data[:127])
            self._root = self._directory(self.header["root_offset"], self.header["root_length"])
        except (OSError, ValueError, EOFError, IndexError, MagicNumberNotFound, SpecVersionUnsupported) as caught:
            remedy = "write it anew with gis-grid tiles"
            raise InputError(Fault("this is no PMTiles file of version 3", str(path), remedy=remedy)) from caught
        self._leaf = lru_cache(maxsize=64)(self._directory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._data.close()

    @property
    def zooms(self) -> tuple[int, int]:
        """First and last zoom."""
        return self.header["min_zoom"], self.header["max_zoom"]

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees."""
        west, south, east, north = (self.header[f"{name}_e7"] / 1e7 for name in _BOUNDS)
        return west, south, east, north

    @property
    def packed(self) -> bool:
        """Whether tiles are compressed with gzip (`Content-Encoding: gzip`)."""
        return bool(self.header["tile_compression"] == Compression.GZIP)

    @cached_property
    def metadata(self) -> dict[str, Any]:
        """What the file says of itself: name, vector_layers and more."""
        start = self.header["metadata_offset"]
        text = self._data[start : start + self.header["metadata_length"]]
        if self.header["internal_compression"] == Compression.GZIP:
            text = gzip.decompress(text)
        found: dict[str, Any] = json.loads(text)
        return found

    @cached_property
    def etag(self) -> str:
        """A strong entity tag of the whole file, quoted; equal files have equal tags."""
        return f'"{hashlib.blake2b(self._data, digest_size=16).hexdigest()}"'

    def tile(self, z: int, x: int, y: int) -> bytes | None:
        """Return a tile as it stands in the file (see `packed`), None where there is none.

        Raises
        ------
        InputError
            If there is no such tile in the world.
        """
        check_tile(z, x, y)
        if not self.header["min_zoom"] <= z <= self.header["max_zoom"]:
            return None
        wanted = zxy_to_tileid(z, x, y)
        directory = self._root
        for _ in range(DEPTH):
            at = bisect_right(directory.first, wanted) - 1
            if at < 0:
                return None
            offset, length, run = directory.offset[at], directory.length[at], directory.run[at]
            if run:
                start = self.header["tile_data_offset"] + offset
                return self._data[start : start + length] if wanted < directory.first[at] + run else None
            directory = self._leaf(self.header["leaf_directory_offset"] + offset, length)
        return None

    def tile_etag(self, tile: bytes) -> str:
        """Return a strong entity tag of a tile's bytes, quoted: it outlives a new publication that left them alone."""
        return f'"{hashlib.blake2b(tile, digest_size=16).hexdigest()}"'

    def tilejson(self, url: str) -> dict[str, Any]:
        """Return a TileJSON 3.0.0 document; `url` is the template of the tiles with {z}, {x} and {y}."""
        about = self.metadata
        return tilejson(
            url, self.zooms, self.bounds, about["vector_layers"], name=about.get("name", ""), version=self.etag[1:9]
        )

    def _directory(self, offset: int, length: int) -> _Directory:
        entries = deserialize_directory(self._data[offset : offset + length])
        rows = [(one.tile_id, one.offset, one.length, one.run_length) for one in entries]
        return _Directory(*(list(column) for column in zip(*rows, strict=True))) if rows else _Directory([], [], [], [])


_BOUNDS = ("min_lon", "min_lat", "max_lon", "max_lat")


def tilejson(
    url: str,
    zooms: tuple[int, int],
    bounds: tuple[float, float, float, float],
    layers: list[dict[str, Any]],
    *,
    name: str = "",
    version: str = "",
) -> dict[str, Any]:
    """Return a TileJSON 3.0.0 document for tiles under a template of addresses.

    >>> tilejson("/t/{z}/{x}/{y}", (10, 16), (114.0, 30.0, 115.0, 31.0), [])["center"]
    [114.5, 30.5, 10]
    """
    west, south, east, north = bounds
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "scheme": "xyz",
        "tiles": [url],
        "minzoom": zooms[0],
        "maxzoom": zooms[1],
        "bounds": [west, south, east, north],
        "center": [round((west + east) / 2, 7), round((south + north) / 2, 7), zooms[0]],
        "vector_layers": layers,
    }
    if name:
        document["name"] = name
    if version:
        # TileJSON wants a version of the form x.y.z; what tells two publications apart goes into the last place
        document["version"] = f"1.0.{int(version, 16)}"
    return document
