"""What happens to processes of the service when the one that started them has gone, however it went."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from contextlib import suppress
from multiprocessing.connection import wait
from pathlib import Path

#: how folders begin that the service makes for things of the moment, and how long they are left alone (seconds)
PREFIX, YOUNG_S = "gis-grid-service-", 1.0


def end_with_parent(how: signal.Signals = signal.SIGKILL) -> None:
    """End this process, by a signal to itself, once the one that started it has gone.

    A process that is killed ends none of those that it started. They would go on: those that answer requests under
    an address that the next start needs, those of a pool waiting for work that never comes. Nothing happens in a
    process that was not started by `multiprocessing`.
    """
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os.kill(os.getpid(), how)

    threading.Thread(target=watch, name="parent", daemon=True).start()


def hold(folder: Path) -> int | None:
    """Hold a folder for as long as this process lives, or until what is returned is let go of (`let_go`)."""
    if sys.platform == "win32":
        return None
    import fcntl

    held = os.open(folder, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return held


def scratch() -> tuple[Path, int | None]:
    """Make a folder for things of the moment, and hold it."""
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    return folder, hold(folder)


def sweep() -> None:
    """Remove such folders whose process was killed before it could remove them itself."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError):
            if is_left(folder):
                shutil.rmtree(folder, ignore_errors=True)


def is_left(folder: Path) -> bool:
    """Say whether a folder that is held from its making on was left behind by a process that has gone."""
    return time.time() - folder.stat().st_mtime > YOUNG_S and not is_held(folder)


def let_go(held: int | None) -> None:
    """Let go of what `hold` returned."""
    if held is not None:
        os.close(held)


def is_held(folder: Path) -> bool:
    """Say whether a process that lives holds a folder; where that cannot be known, that one does."""
    if sys.platform == "win32":
        return True
    import fcntl

    with suppress(FileNotFoundError):
        asking = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(asking, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(asking)
    return False
