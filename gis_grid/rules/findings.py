"""What a proof says and what may be done about it: `Finding` and `Remedy`, plain values."""

from __future__ import annotations

from dataclasses import dataclass

#: The causes of grids that cannot be in band.
CAUSES = ("oversize", "arithmetic", "detached", "trapped")
#: What a planner may do, in the order in which remedies that do equally well are listed.
KINDS = ("divide", "cross", "transfer", "swap", "accept")


@dataclass(frozen=True)
class Remedy:
    """Say one thing a planner may do, what it was found to lead to, and how many households it touches.

    `kind` is `divide` (a block into the parts whose households `parts` gives), `cross` (a barrier is opened),
    `transfer` (`blocks` go to community `to`), `swap` (`back` come from there in turn) or `accept`.
    `exceptions_removed` and `exceptions_left` count grids that cannot be in band, finding by finding, in the
    communities it touches. `grids` are the households of the grids in band that were found to be possible afterwards
    where it was tried.
    """

    kind: str
    text_zh: str
    text_en: str
    blocks: tuple[str, ...] = ()
    back: tuple[str, ...] = ()
    to: str = ""
    parts: tuple[int, ...] = ()
    grids: tuple[int, ...] = ()
    households: int = 0
    exceptions_removed: int = 0
    exceptions_left: int = 0

    def __str__(self) -> str:
        """Return both languages on one line, as a plan file keeps it."""
        return f"{self.text_zh} / {self.text_en}"

    @property
    def rank(self) -> tuple[bool, int, int, bool, int]:
        """What remedies are sorted by: exceptions removed, households touched, whether a community line moves."""
        moves = self.kind in {"transfer", "swap"}
        return self.kind == "accept", -self.exceptions_removed, self.households, moves, KINDS.index(self.kind)


ACCEPT = Remedy("accept", "作为例外予以认可", "accept it as an exception")


@dataclass(frozen=True)
class Finding:
    """Prove that at least `least` grids holding some of these blocks are out of band, whoever divides.

    What lies beside a block above the band in its grid counts as a grid of its own, piece by piece.
    `block_ids` are the blocks the proof is about and `households` what they hold together. `least_households` is
    proved, too: where no more than `least` grids are out of band for this finding, they miss the band by so many
    households in sum, or by more; over the findings of a district these add up. Both hold for divisions in which no
    grid could give up a whole one: none without a block above the band holds `min + max` or more, and what lies
    beside such a block in its grid hangs together in pieces of less than `min`. `tried` are remedies, the best first.
    """

    cause: str
    community_code: str
    block_ids: tuple[str, ...]
    households: int
    message_zh: str
    message_en: str
    tried: tuple[Remedy, ...] = ()
    least: int = 1
    least_households: int = 1

    @property
    def remedies(self) -> tuple[str, ...]:
        """The remedies in words, each "Chinese / English"."""
        return tuple(map(str, self.tried))
