"""Write a file beside its place, then rename it, so that no half file is ever seen."""

from __future__ import annotations

import os
from pathlib import Path

from gis_grid.errors import OutputError


def put_file(content: bytes, path: str | Path) -> Path:
    """Write a file whole or not at all, and return its path.

    Raises
    ------
    OutputError
        If it cannot be written; what stood there is untouched.
    """
    path = Path(path)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as caught:
        raise OutputError(
            f"{path}: the file could not be written ({caught.strerror}); what stood there is untouched"
        ) from caught
    finally:
        beside.unlink(missing_ok=True)
    return path
