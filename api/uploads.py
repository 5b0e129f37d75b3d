"""Files that callers hand in: streamed into a folder, looked at before anybody reads them, removed after a time.

Each file has a folder of its own, `<id>/`, with `about.json` beside it; a file that is not whole yet, or is refused,
is never there under its id. Archives are taken apart here, so that no other program meets a bomb or a path in them.
"""

from __future__ import annotations

import asyncio
import re
import secrets
import shutil
import time
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool

from api.errors import Problem
from api.leaving import hold, is_left, let_go
from gis_grid.errors import AbsentError, Fault, InputError
from gis_grid.store.access import Actor

#: what a file is called that may be opened, and how it must begin; text is looked at more closely
KINDS: dict[str, tuple[bytes, ...]] = {
    "gpkg": (b"SQLite format 3\x00",),
    "zip": (b"PK\x03\x04",),
    "xlsx": (b"PK\x03\x04",),
    "parquet": (b"PAR1",),
    "fgb": (b"fgb",),
    "pbf": (b"\x00\x00",),
    "geojson": (b"{",),
    "json": (b"{",),
    "kml": (b"<",),
    "csv": (b"",),
}
#: the members of an archive that are kept, the one to open first in front
INSIDE = ("gpkg", "shp", "geojson", "json", "fgb", "kml", "csv", "shx", "dbf", "prj", "cpg", "qix")
MAIN = INSIDE[:7]
#: members of an archive at most, and how much larger they may be than the archive
MEMBERS, GROWTH = 200, 100
HEAD = 4096
FILE_ID = re.compile(r"f[0-9a-f]{24}")
_NAME = re.compile(r"[^\w.\-]+")
_LEFT_S = 3600
#: so long nothing may come of a file that is on its way (seconds)
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Bounds:
    """Say how large a file may be, how many a caller may have, how much lies here in all, and for how many hours."""

    file_bytes: int
    count: int = 40
    all_bytes: int = 4_000_000_000
    hours: float = 24.0


@dataclass(frozen=True)
class Upload:
    """Say what was handed in: id, name, bytes, whose it is, until when it is kept (seconds since 1970)."""

    id: str
    name: str
    size: int
    owner: str
    path: str
    until: float


class Uploads:
    """Keep uploaded files in a folder that processes of one service share."""

    def __init__(self, folder: Path, bounds: Bounds) -> None:
        self.folder = folder
        self.bounds = bounds
        self._coming: list[tuple[str, str]] = []  # whose files are on the way in this process

    async def take(self, name: str, chunks: AsyncIterator[bytes], actor: Actor) -> Upload:
        """Take a file in as it arrives.

        Raises
        ------
        InputError
            If it is of no kind that can be read, or not what its name says.
        Problem
            413 if it is too large, 429 if the caller has too many files here or on the way, 507 if there is no more
            room, 408 if nothing comes for too long.
        """
        kind, plain = plain_name(name)
        await run_in_threadpool(self._room, actor)
        self._coming.append((actor.name, actor.path))
        try:
            return await self._taken(plain, kind, chunks, actor)
        finally:
            self._coming.remove((actor.name, actor.path))

    async def _taken(self, plain: str, kind: str, chunks: AsyncIterator[bytes], actor: Actor) -> Upload:
        file_id = f"f{secrets.token_hex(12)}"
        part = self.folder / f"{file_id}.part"
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        await run_in_threadpool(part.mkdir)
        held = hold(part)
        try:
            size = 0
            with (part / plain).open("wb") as out:
                async for chunk in _timely(chunks):
                    size += len(chunk)
                    if size > self.bounds.file_bytes:
                        raise Problem(413, "too-large", f"a file may have {self.bounds.file_bytes:,} bytes")
                    await run_in_threadpool(out.write, chunk)
            told = Upload(file_id, plain, size, actor.name, actor.path, time.time() + self.bounds.hours * 3600)
            await run_in_threadpool(self._checked, part, plain, kind)
            (part / "about.json").write_bytes(orjson.dumps(told))
            part.rename(self.folder / file_id)
        except BaseException:
            await run_in_threadpool(shutil.rmtree, part, ignore_errors=True)
            raise
        finally:
            let_go(held)
        return told

    def of(self, actor: Actor) -> list[Upload]:
        """Return the files of a caller, the newest first."""
        mine = [one for one in self._all() if (one.owner, one.path) == (actor.name, actor.path)]
        return sorted(mine, key=lambda one: -one.until)

    def find(self, file_id: str, actor: Actor) -> Upload:
        """Return a file of a caller's own.

        Raises
        ------
        AbsentError
            If there is none of that id.
        """
        for one in self.of(actor):
            if one.id == file_id:
                return one
        raise AbsentError(Fault(f"there is no file {file_id[:40]}", remedy="hand it in first"))

    def remove(self, file_id: str, actor: Actor) -> None:
        """Remove a file of a caller's own."""
        shutil.rmtree(self.folder / self.find(file_id, actor).id, ignore_errors=True)

    def tidy(self) -> None:
        """Remove what has been here for too long, and what nobody will finish: its process has gone."""
        moment = time.time()
        for one in self._all():
            if one.until < moment:
                shutil.rmtree(self.folder / one.id, ignore_errors=True)
        for part in self.folder.glob("f*.part"):
            with suppress(FileNotFoundError):  # finished meanwhile
                if is_left(part) or part.stat().st_mtime < moment - _LEFT_S:
                    shutil.rmtree(part, ignore_errors=True)

    def _room(self, actor: Actor) -> None:
        self.tidy()
        kept = self._all()
        coming = list(self._coming)
        if len(self.of(actor)) + coming.count((actor.name, actor.path)) >= self.bounds.count:
            raise Problem(429, "too-many-files", f"you have {self.bounds.count} files here; remove some first")
        if sum(one.size for one in kept) + (1 + len(coming)) * self.bounds.file_bytes > self.bounds.all_bytes:
            raise Problem(507, "no-room", "there is no room for more files just now", headers={"Retry-After": "3600"})

    def _all(self) -> list[Upload]:
        found = []
        for about in self.folder.glob("f*/about.json"):
            try:
                found.append(Upload(**orjson.loads(about.read_bytes())))
            except (OSError, orjson.JSONDecodeError, TypeError):  # just removed, or not ours
                continue
        return found

    def _checked(self, part: Path, name: str, kind: str) -> None:
        """Refuse a file that is not what its name says, and take an archive apart."""
        path = part / name
        check_content(path, kind)
        if kind in ("zip", "xlsx"):
            limit = min(self.bounds.file_bytes * 4, max(path.stat().st_size, 100_000) * GROWTH)
            take_apart(path, limit, keep=kind == "zip")
            if kind == "zip":
                path.unlink()
                if dataset_in(part) is None:
                    remedy = "put a shapefile with its .dbf, .shx and .prj, or another layer, into it"
                    raise InputError(Fault("no layer lies in the archive", name, remedy=remedy, code="archive-empty"))


async def _timely(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a file for as long as they come.

    Raises
    ------
    Problem
        408 if nothing comes for too long: a sender who holds on would keep a place for ever.
    """
    while True:
        try:
            async with asyncio.timeout(PATIENCE_S):
                chunk = await anext(chunks, None)
        except TimeoutError as caught:
            raise Problem(408, "slow", f"nothing came for {PATIENCE_S:.0f} s") from caught
        if chunk is None:
            return
        yield chunk


def plain_name(name: str) -> tuple[str, str]:
    """Return the kind of a file by its name, and the name without anything that leads elsewhere.

    >>> plain_name("../../etc/街道.GeoJSON")
    ('geojson', '街道.geojson')

    Raises
    ------
    InputError
        If files of that kind are not taken.
    """
    last = PurePosixPath(name.replace("\\", "/")).name
    stem, _, kind = last.rpartition(".")
    kind = kind.lower()
    if kind not in KINDS or not stem:
        remedy = f"use {', '.join(KINDS)}"
        raise InputError(Fault("files of this kind are not taken", column="name", remedy=remedy, code="file-kind"))
    stem = _NAME.sub("_", stem).strip("._")[:60] or "file"
    return kind, f"{stem}.{kind}"


def check_content(path: Path, kind: str) -> None:
    """Refuse a file whose content is not what its name says.

    Raises
    ------
    InputError
        If so.
    """
    with path.open("rb") as file:
        head = file.read(HEAD)
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip() if kind in ("geojson", "json", "kml", "csv") else head
    fits = bool(bare) and bare.startswith(KINDS[kind])
    if kind == "pbf":
        fits = b"OSMHeader" in head[:64]
    elif kind == "kml":
        fits = fits and re.search(rb"<(?![?!])\s*(?:\w+:)?(\w+)", bare) is not None and _root(bare) == b"kml"
    elif kind == "csv":
        fits = fits and b"\x00" not in head and not bare.startswith((b"<", b"PK\x03\x04", b"SQLite"))
    if not fits:
        raise InputError(
            Fault(f"this is no {kind} file", path.name, remedy="hand it in under its own name", code="file-content")
        )


def _root(text: bytes) -> bytes:
    """Return the name of the first element of an XML text.

    >>> _root(b'<?xml version="1.0"?><!-- a --><kml xmlns="x">')
    b'kml'
    """
    for element in re.finditer(rb"<!--.*?-->|<\?.*?\?>|<!.*?>|<(?:\w+:)?(\w+)", text, flags=re.DOTALL):
        if element[1]:
            return element[1]
    return b""


def take_apart(path: Path, limit: int, *, keep: bool) -> None:
    """Inflate an archive, at most `limit` bytes of it; with `keep`, put the layers in it beside it.

    Nothing in the archive decides where anything is written: of each name only the last part counts, and how large
    things are is what is counted here, not what the archive says.

    Raises
    ------
    InputError
        If it holds too much or too many, is broken or encrypted.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir()]
            if len(members) > MEMBERS:
                said = f"more than {MEMBERS} files lie in the archive"
                raise InputError(Fault(said, path.name, code="archive-large"))
            left = limit
            for member in members:
                target = _target(path.parent, member.filename) if keep else None
                with archive.open(member) as source:
                    left = _inflate(source.read, target, left, path.name)
                if target is not None and target.suffix[1:] in KINDS:
                    check_content(target, target.suffix[1:])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError, ValueError) as caught:
        raise InputError(
            Fault("the archive cannot be opened", path.name, remedy="pack it again", code="archive-broken")
        ) from caught


def _target(folder: Path, inner: str) -> Path | None:
    """Return where a member of an archive goes, or None if it is of no use."""
    last = PurePosixPath(inner.replace("\\", "/")).name
    stem, _, kind = last.rpartition(".")
    if kind.lower() not in INSIDE or not stem or last.startswith("."):
        return None
    return folder / f"{_NAME.sub('_', stem).strip('._')[:60] or 'layer'}.{kind.lower()}"


def _inflate(read: Callable[[int], bytes], target: Path | None, left: int, name: str) -> int:
    out: Any = target.open("wb") if target is not None else None
    try:
        while chunk := read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise InputError(
                    Fault("the archive holds too much", name, remedy="hand in less at once", code="archive-large")
                )
            if out is not None:
                out.write(chunk)
    finally:
        if out is not None:
            out.close()
    return left


def dataset_in(folder: Path) -> Path | None:
    """Return what is to be opened in the folder of a file."""
    found = [path for path in sorted(folder.iterdir()) if path.name != "about.json"]
    for kind in (*MAIN, *KINDS):
        for path in found:
            if path.suffix == f".{kind}":
                return path
    return None


def dataset_of(files: Path, file_id: str) -> Path | None:
    """Return what is to be opened of an uploaded file, or None if it is not here."""
    if not FILE_ID.fullmatch(file_id) or not (files / file_id).is_dir():
        return None
    return dataset_in(files / file_id)
