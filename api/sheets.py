"""What a page needs before it can draw a plan, its table and its shapes: worked out once for both, kept compressed."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as OutOfTimeError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from api import shapes, tables
from api.errors import Problem
from api.offers import draft_of, plan_of
from api.shelf import Shelf
from api.tags import tag_of
from gis_grid.errors import GridError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from api.pool import Pool
    from gis_grid.store import Store

#: plans and drafts kept by one process of the service; one of 20,000 blocks takes 0.7 MB
KEPT = 16
#: drafts made ready when the service starts, those changed last
READY = 2
#: how long they are waited for (seconds)
FIRST_S = 30


@dataclass(frozen=True)
class Packed:
    """Bytes in gzip, and the entity tag of what they are without it."""

    content: bytes
    etag: str


@dataclass(frozen=True)
class Sheet:
    """The table and the shapes of a plan or a draft, of one revision."""

    table: Packed
    shapes: Packed


class Sheets:
    """Keep the sheets asked for last; whoever asks for one while it is made waits for it, and it is made once.

    Parameters
    ----------
    pool
        The processes that make them.
    first
        What one of them is making ready (`ready`), if it is.
    """

    def __init__(self, pool: Pool, first: Future[Any] | None = None) -> None:
        self._pool, self._first = pool, first
        self._kept: Shelf[Sheet] = Shelf(KEPT)

    def get(self, id_: str, revision: int) -> Sheet:
        """Return the sheet of a plan or a draft as it stands.

        Parameters
        ----------
        id_
            Its id.
        revision
            A number that is another one whenever it has changed, read before the call: what is kept is never older.
        """
        return self._kept.get((id_, revision), lambda: self._made(id_, revision))

    def expect(self, id_: str, revision: int) -> None:
        """Make the sheet of a draft that somebody is about to open, beside everything else."""

        def make() -> None:
            with suppress(Problem, GridError, CancelledError):  # who asks for it is told
                self.get(id_, revision)

        threading.Thread(target=make, name="sheet", daemon=True).start()

    def _made(self, id_: str, revision: int) -> Sheet:
        for one in self._awaited():
            if (one.id, one.revision) == (id_, revision):
                return one.sheet
        return self._pool.call(made, id_)

    def _awaited(self) -> list[Ready]:
        """Return what is made ready, once it is; nothing if that fails, for whoever asks for it then is told why."""
        with suppress(CancelledError, OutOfTimeError):
            if self._first is not None and self._first.exception(FIRST_S) is None:
                found = self._first.result()
                return found if isinstance(found, list) else []
        return []


@dataclass(frozen=True)
class Ready:
    """The sheet of a draft at a revision."""

    id: str
    revision: int
    sheet: Sheet


def ready(store: Store) -> list[Ready]:
    """Make the sheets of the drafts that were changed last, in the first process of the pool."""
    from gis_grid.store.drafts import list_drafts

    with store.reading() as session:
        found = list_drafts(session)[:READY]
    return [Ready(one.id, one.revision, made(store, one.id)) for one in found]


def made(store: Store, id_: str) -> Sheet:
    """Make the sheet of a plan or a draft, in a process of the pool."""
    return Sheet(*map(packed, contents(store, id_)))


def contents(store: Store, id_: str) -> tuple[bytes, bytes]:
    """Return the table and the shapes of a plan or a draft as it stands; a plan has the revision 0."""
    draft = id_.startswith("d")
    plan, revision = draft_of(store, id_) if draft else (plan_of(store, id_), 0)
    degrees = plan.blocks.geometry.to_crs("EPSG:4326")
    told = {"draft" if draft else "plan": id_, "revision": revision}
    return tables.written(plan, degrees, told), shapes.packed(degrees)


def packed(content: bytes) -> Packed:
    """Keep an answer in gzip, with its tag.

    >>> gzip.decompress(packed(b"a").content)
    b'a'
    """
    return Packed(gzip.compress(content, 3, mtime=0), tag_of(content))
