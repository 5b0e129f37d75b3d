"""Where results are put: looked at before long work, written beside, and renamed once they are whole."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gis_grid.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator


def check_place(path: str | Path, *endings: str, what: str = "a result") -> Path:
    """Return the path if a file can stand there, so that long work need not start in vain.

    >>> check_place("plan.txt", ".gpkg", what="a plan is a GeoPackage")
    Traceback (most recent call last):
    gis_grid.errors.OutputError: plan.txt: a plan is a GeoPackage → give a name that ends in .gpkg

    Raises
    ------
    OutputError
        If the name has another ending, it is a folder, or its folder is missing or closed to writing.
    """
    path = Path(path)
    if endings and path.suffix.lower() not in endings:
        raise OutputError(f"{path}: {what} → give a name that ends in {' or '.join(endings)}")
    if path.is_dir() or not path.parent.is_dir():
        problem = "this is a folder" if path.is_dir() else f"there is no folder {path.parent}"
        raise OutputError(f"{path}: {problem} → create the folder and name a file in it")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"{path}: the folder {path.parent} is closed to writing → choose another")
    return path


@contextmanager
def whole_file(
    path: str | Path, *, faults: tuple[type[Exception], ...] = (), mode: int | None = None
) -> Iterator[Path]:
    """Give a hidden file to write to; it takes the place of `path`, flushed to the disk, if nothing is raised.

    A reader sees the old file or the new one, never half of one. `faults` are errors besides `OSError` that mean
    that it could not be written, and `mode` who may read it.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there is untouched.
    """
    path = Path(path)
    with beside(path, faults=faults, mode=mode) as part:
        yield part
        _flush(part)
        part.replace(path)
        _flush(path.parent)


@contextmanager
def beside(path: Path, *, faults: tuple[type[Exception], ...] = (), mode: int | None = None) -> Iterator[Path]:
    """Give a hidden file beside a place; it is gone afterwards, and so are those that killed processes left there.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there is untouched.
    """
    for rest in path.parent.glob(f".{path.stem}.*.part{path.suffix}*"):
        if not _alive(rest.name.removeprefix(f".{path.stem}.").partition(".")[0]):
            with suppress(OSError):
                rest.unlink()
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        if mode is not None:
            part.touch(mode=mode)
        yield part
    except Exception as caught:
        if not isinstance(caught, (OSError, *faults)):
            raise
        reason = caught.strerror if isinstance(caught, OSError) and caught.strerror else caught
        raise OutputError(f"{path}: it could not be written ({reason}); what stood there is untouched") from caught
    finally:
        for rest in path.parent.glob(f"{part.name}*"):
            with suppress(OSError):
                rest.unlink()


def put_file(content: bytes, path: str | Path) -> Path:
    """Write a file whole or not at all, and return its path; faults as in `whole_file`."""
    with whole_file(path) as part:
        part.write_bytes(content)
    return Path(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _alive(process: str) -> bool:
    """Tell whether a process still runs; what is no number of one is left alone."""
    if not process.isdecimal():
        return True
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
