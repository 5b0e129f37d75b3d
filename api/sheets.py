"""What a page needs before it can draw a plan, its table and its shapes: worked out once for both, kept compressed."""

from __future__ import annotations

import gzip
import threading
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api import shapes, tables
from api.errors import Problem
from api.maps import Shelf
from api.tags import tag_of
from gis_grid.errors import GridError

if TYPE_CHECKING:
    from api.pool import Pool
    from gis_grid.store import Store

#: plans and drafts kept by one process of the service; one of 20,000 blocks takes 0.7 MB
KEPT = 16
#: drafts made ready when the service starts, those changed last
READY = 2


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
    """Keep the sheets asked for last; whoever asks for one while it is made waits for it, and it is made once."""

    def __init__(self, store: Store, pool: Pool) -> None:
        self._store, self._pool = store, pool
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
        return self._kept.get((id_, revision), lambda: self._pool.call(made, id_))

    def begin(self) -> None:
        """Make the drafts ready that were changed last, beside everything else; then begin all processes of the pool.

        One process does it, and the others begin after it: together they would take the processor from each other.
        """
        threading.Thread(target=self._begun, name="sheets", daemon=True).start()

    def _begun(self) -> None:
        from gis_grid.store.drafts import list_drafts

        with suppress(Problem, GridError, CancelledError):  # whoever asks for it then is told
            with self._store.reading() as session:
                found = list_drafts(session)[:READY]
            for one in found:
                self.get(one.id, one.revision)
            self._pool.warm()


def made(store: Store, id_: str) -> Sheet:
    """Make the sheet of a plan or a draft, in a process of the pool."""
    if id_.startswith("d"):
        return Sheet(packed(tables.draft_table(store, id_)), packed(shapes.draft_shapes(store, id_)))
    return Sheet(packed(tables.plan_table(store, id_)), packed(shapes.plan_shapes(store, id_)))


def packed(content: bytes) -> Packed:
    """Keep an answer in gzip, with its tag.

    >>> gzip.decompress(packed(b"a").content)
    b'a'
    """
    return Packed(gzip.compress(content, 3, mtime=0), tag_of(content))
