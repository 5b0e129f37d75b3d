"""Tiles as the service hands them out: of published plans from their archives, of drafts as they stand."""

from __future__ import annotations

import gzip
import hashlib
import secrets
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pandas as pd
from sqlalchemy import select

from api.shelf import Shelf
from gis_grid.store.models import Tileset
from gis_grid.tiles.archive import TileArchive, tilejson
from gis_grid.tiles.drafts import DraftTiles
from gis_grid.tiles.encoder import zipped

if TYPE_CHECKING:
    from gis_grid.store import Store
    from gis_grid.tiles.drafts import Counts, Division

#: archives and drafts that one process keeps open, and compressed tiles of drafts
ARCHIVES, DRAFTS, TILES = 64, 8, 2000
#: how documents about maps are described
JSON: dict[int | str, dict[str, Any]] = {200: {"content": {"application/json": {"schema": {"type": "object"}}}}}


@dataclass(frozen=True)
class Tile:
    """A tile compressed with gzip, its entity tag, and whether it can never change under its address."""

    data: bytes
    etag: str
    lasting: bool


class PlanMaps:
    """Read the tiles of published plans from archives, which the store hands over once and the disk keeps.

    An archive lies on the disk under its checksum, so that a file there is either whole or not there.
    """

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._archives: Shelf[TileArchive] = Shelf(ARCHIVES, TileArchive.close)

    def archive(self, plan_id: str, audience: str) -> TileArchive | None:
        """Return the archive of a published plan for an audience; None while it is being drawn."""
        mine = (Tileset.plan_id == plan_id, Tileset.audience == audience)
        with self._store.reading() as session:
            sha = session.execute(select(Tileset.sha256).where(*mine)).scalar_one_or_none()
        return None if sha is None else self._archives.get(sha, lambda: self._opened(sha, plan_id, audience))

    def close(self) -> None:
        """Close every archive."""
        self._archives.clear()

    def _opened(self, sha: str, plan_id: str, audience: str) -> TileArchive:
        path = self._folder / f"{sha}.pmtiles"
        if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sha:
            content = select(Tileset.content).where(Tileset.plan_id == plan_id, Tileset.audience == audience)
            with self._store.reading() as session:
                _write(path, session.execute(content).scalar_one())
        return TileArchive(path)


def tile_in(archive: TileArchive, z: int, x: int, y: int, *, version: str | None) -> Tile | None:
    """Return a tile of an archive, or None where nothing is.

    Raises
    ------
    InputError
        If there is no such tile in the world.
    """
    data = archive.tile(z, x, y)
    if data is None:
        return None
    return Tile(data if archive.packed else zipped(data), archive.tile_etag(data), version == version_of(archive))


def version_of(archive: TileArchive) -> str:
    """Return what stands for an archive in addresses: another one for whatever differs in a byte."""
    return archive.etag.strip('"')[:16]


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is whole or not there, whoever else writes it at the same moment."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    part.write_bytes(content)
    part.replace(path)


@dataclass
class _Drawn:
    """A draft as tiles know it: its blocks, which grid each is in at a revision, and that made ready for tiles.

    `assignment` is that of the beginning, and `away` says which blocks have moved since.
    """

    tiles: DraftTiles
    grids: pd.DataFrame
    assignment: pd.Series
    away: dict[str, str]
    revision: int
    division: Division
    lock: threading.Lock


class DraftMaps:
    """Encode the tiles of drafts, and of plans that are not published, when they are asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._drawn: Shelf[_Drawn] = Shelf(DRAFTS)
        self._packed: Shelf[bytes] = Shelf(TILES)

    def tile(self, id_: str, counts: Counts, place: tuple[int, int, int], *, version: str | None) -> Tile | None:
        """Return a tile of a draft as it stands, or of a plan, or None where nothing is.

        Raises
        ------
        AbsentError
            If there is no such draft or plan.
        InputError
            If there is no such tile in the world.
        """
        tiles, division, revision = self._now(id_, counts)
        etag = tiles.etag(*place, division)
        lasting = id_.startswith("d") and version == str(revision)
        data = self._packed.get((id_, counts, place, etag), lambda: zipped(tiles.tile(*place, division)))
        return Tile(data, etag, lasting) if len(data) > _EMPTY else None

    def about(self, id_: str, counts: Counts, url: str) -> dict[str, Any]:
        """Return the TileJSON of a draft or plan; `url` is the template of its tiles, without a version."""
        tiles, _, revision = self._now(id_, counts)
        return tilejson(f"{url}?v={revision}", tiles.zooms, tiles.bounds, tiles.vector_layers(), name=id_)

    def _now(self, id_: str, counts: Counts) -> tuple[DraftTiles, Division, int]:
        """Return what it takes to draw a draft as it stands: all three of one revision."""
        drawn = self._drawn.get((self._key(id_), counts), lambda: self._begun(id_, counts))
        with drawn.lock:
            if id_.startswith("d"):
                self._follow(id_, drawn, counts)
            return drawn.tiles, drawn.division, drawn.revision

    def _key(self, id_: str) -> str:
        """Return the key of what is drawn: a plan is another one after a step on its way."""
        from gis_grid.store.catalogue import version_of

        if id_.startswith("d"):
            return id_
        with self._store.reading() as session:
            return f"{id_}@{version_of(session, id_)}"

    def _begun(self, id_: str, counts: Counts) -> _Drawn:
        from gis_grid.store.draft_plans import load_draft
        from gis_grid.store.drafts import draft
        from gis_grid.store.plans import load_plan

        with self._store.reading() as session:
            revision = draft(session, id_).revision if id_.startswith("d") else 0
            plan = load_draft(session, id_, checked=False) if id_.startswith("d") else load_plan(session, id_)
        tiles = DraftTiles(plan.blocks, borders=plan.borders, counts=counts)
        division = tiles.division(plan.assignment, plan.grids)
        return _Drawn(tiles, plan.grids, plan.assignment, {}, revision, division, threading.Lock())

    def _follow(self, draft_id: str, drawn: _Drawn, counts: Counts) -> None:
        """Take in what was entered since; a cut makes other blocks, so that everything begins anew."""
        from gis_grid.store.drafts import draft, journal

        with self._store.reading() as session:
            if draft(session, draft_id).revision == drawn.revision:
                return
            entries = journal(session, draft_id, since=drawn.revision)
        if any(entry.cut is not None for entry in entries):
            fresh = self._begun(draft_id, counts)
            drawn.tiles, drawn.grids, drawn.assignment = fresh.tiles, fresh.grids, fresh.assignment
            drawn.away, drawn.revision, drawn.division = {}, fresh.revision, fresh.division
            return
        ends = {move.block: move.new for entry in entries for move in entry.moves}
        drawn.away |= ends
        drawn.revision = entries[-1].revision
        drawn.division = drawn.tiles.moved(drawn.division, ends) or self._anew(drawn)

    @staticmethod
    def _anew(drawn: _Drawn) -> Division:
        now = drawn.assignment.copy()
        now.loc[list(drawn.away)] = list(drawn.away.values())
        return drawn.tiles.division(now, drawn.grids)


#: the length of nothing, compressed
_EMPTY = len(zipped(b""))


def dumped(document: dict[str, Any]) -> bytes:
    """Return a document about maps as JSON."""
    return orjson.dumps(document)


def plain(data: bytes) -> bytes:
    """Return a tile for a caller who does not take gzip."""
    return gzip.decompress(data)
