"""Try to move a community line or to open a barrier: blocks handed over or swapped, two sides of a line joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from gis_grid.rules import words
from gis_grid.rules.fields import Case, Fields
from gis_grid.rules.findings import Finding, Remedy
from gis_grid.rules.parts import Ints, link_matrix

#: how many changes of each kind are looked at, the lightest first
_TRIES = 400

_NONE = np.zeros(0, dtype=np.int64)


class _Change(NamedTuple):
    """Say which blocks leave a piece for a piece of another community, and which come from there."""

    giving: Ints
    taking: Ints
    other: int

    def weight(self, load: Ints) -> int:
        return int(load[self.giving].sum() + load[self.taking].sum())


def transfers(fields: Fields, case: Case) -> Iterator[Remedy]:
    """Try to hand over one block or to take one; if that never helps, two; if that does not either, to swap two."""
    doors = _doors(fields, case)
    for propose in (_single, _double, _swaps):
        found: set[tuple[bool, int]] = set()
        changes = sorted(propose(fields, case, doors), key=lambda one: _order(fields, one))
        for change in _that_add_up(fields, case, changes):
            way = (len(change.giving) > 0, change.other)
            if way in found:
                continue
            remedy = _tried(fields, case, change)
            if remedy is not None:
                found.add(way)
                yield remedy
        if found:
            return


def _order(fields: Fields, change: _Change) -> tuple[int, list[int], list[int]]:
    return change.weight(fields.parts.load), change.giving.tolist(), change.taking.tolist()


def _doors(fields: Fields, case: Case) -> Ints:
    """Return pairs of a block of the piece and a neighbour in another community, neither above the band."""
    parts = fields.parts
    mine = case.piece if case.is_whole else np.intersect1d(fields.around(case.blocks), case.piece)
    held = np.isin(parts.doors, mine)
    pairs = np.concatenate([parts.doors[held[:, 0]], parts.doors[held[:, 1]][:, ::-1]])
    return np.unique(pairs[~parts.oversize[pairs[:, 1]]], axis=0)


def _single(fields: Fields, case: Case, doors: Ints) -> Iterator[_Change]:
    rest = fields.parts.rest
    for mine, theirs in doors.tolist():
        if case.is_whole:
            yield _Change(np.array([mine]), _NONE, int(rest[theirs]))
        yield _Change(_NONE, np.array([theirs]), int(rest[theirs]))
        if (not case.is_whole and mine in case.blocks) or fields.parts.load[case.piece].sum() < fields.band.min:
            yield _Change(case.blocks, _NONE, int(rest[theirs]))


def _double(fields: Fields, case: Case, doors: Ints) -> Iterator[_Change]:
    """Propose a block at the line together with a neighbour behind it."""
    parts = fields.parts
    for mine, theirs in doors.tolist():
        if case.is_whole:
            for more in parts.neighbours(mine)[~parts.oversize[parts.neighbours(mine)]].tolist():
                yield _Change(np.array(sorted((mine, more))), _NONE, int(parts.rest[theirs]))
        for more in parts.neighbours(theirs)[~parts.oversize[parts.neighbours(theirs)]].tolist():
            yield _Change(_NONE, np.array(sorted((theirs, more))), int(parts.rest[theirs]))


def _swaps(fields: Fields, _: Case, doors: Ints) -> Iterator[_Change]:
    """Propose a block of mine at the line against one of theirs."""
    rest = fields.parts.rest
    for other in np.unique(rest[doors[:, 1]]).tolist():
        here = doors[rest[doors[:, 1]] == other]
        for mine in np.unique(here[:, 0]).tolist():
            for theirs in np.unique(here[:, 1]).tolist():
                yield _Change(np.array([mine]), np.array([theirs]), other)


def _that_add_up(fields: Fields, case: Case, changes: Iterable[_Change]) -> Iterator[_Change]:
    """Pass on changes that may help, each once, and not too many.

    None takes away all of a community's piece that is large enough for a grid.
    """
    load, band = fields.parts.load, fields.band
    total = int(load[case.piece].sum())
    sizes = np.bincount(fields.parts.rest[~fields.parts.oversize])
    seen: set[tuple[int, bytes, bytes]] = set()
    for change in changes:
        key = (change.other, change.giving.tobytes(), change.taking.tobytes())
        if key in seen or change.weight(load) == 0 or len(change.taking) == sizes[change.other]:
            continue
        seen.add(key)
        gone = int(load[change.giving].sum() - load[change.taking].sum())
        emptied = len(change.giving) == len(case.piece)
        if emptied and total >= band.min:
            continue
        if case.is_whole and not emptied and not band.feasible_counts(total - gone):
            continue
        if len(seen) > _TRIES:
            return
        yield change


def _tried(fields: Fields, case: Case, change: _Change) -> Remedy | None:
    """Try one change: both sides are divided anew."""
    parts = fields.parts
    theirs = np.flatnonzero(parts.rest == change.other)
    here, there = case.finding.community_code, str(parts.community[theirs[0]])
    whole = [one for one in fields.about(there, [change.other]) if len(one.block_ids) == len(theirs)]
    solved = [case.finding, *whole]
    spared, left = fields.others([here, there], solved)
    if spared[change.giving].any() or spared[change.taking].any():
        return None
    sides = []
    for members, leaving, coming in (
        (case.piece, change.giving, change.taking),
        (theirs, change.taking, change.giving),
    ):
        seeds = np.concatenate([leaving, coming])
        field = fields.field(np.setdiff1d(members, leaving), fields.around(seeds), spared)
        if field is None:
            return None
        grids = fields.divided(np.concatenate([field, coming]), parts.open_links, case.effort)
        if grids is None:
            return None
        sides.append(grids)
    return _remedy(fields, change, (here, there), sides, solved, left)


def _remedy(
    fields: Fields,
    change: _Change,
    codes: tuple[str, str],
    sides: list[tuple[int, ...]],
    solved: list[Finding],
    left: int,
) -> Remedy:
    load, called = fields.parts.load, fields.called
    here, there = called.community(codes[0]), called.community(codes[1])
    ids = [tuple(str(block) for block in fields.parts.ids[blocks]) for blocks in (change.giving, change.taking)]
    removed = sum(one.least for one in solved)
    then_zh, then_en = words.then([(*here, sides[0]), (*there, sides[1])], removed, left)
    if ids[0] and ids[1]:
        zh, en = words.swap(called, change.giving, change.taking, load, there)
    elif ids[0]:
        zh, en = words.hand_over(called, change.giving, int(load[change.giving].sum()), there)
    else:
        zh, en = words.hand_over(called, change.taking, int(load[change.taking].sum()), here)
    giving = bool(ids[0])
    return Remedy(
        kind="swap" if ids[0] and ids[1] else "transfer",
        text_zh=zh + then_zh,
        text_en=en + then_en,
        blocks=ids[0] if giving else ids[1],
        back=ids[1] if giving else (),
        to=codes[1] if giving else codes[0],
        grids=(*sides[0], *sides[1]),
        households=change.weight(load),
        exceptions_removed=removed,
        exceptions_left=left,
    )


def crossings(fields: Fields, case: Case) -> Iterator[Remedy]:
    """Try to declare a line no barrier, so that a piece is joined to what lies behind it."""
    parts, code = fields.parts, case.finding.community_code
    own = parts.rest[case.piece[0]]
    sides = parts.rest[parts.walls]
    between = ((sides == own).sum(axis=1) == 1) & (sides >= 0).all(axis=1)
    for other in np.unique(sides[between & (sides != own).any(axis=1)]).tolist():
        if other == own:
            continue
        rows = np.flatnonzero(between & (sides == other).any(axis=1))
        joined = np.concatenate([case.piece, np.flatnonzero(parts.rest == other)])
        about = fields.about(code, [own, other])
        for solved in (about, [case.finding]) if len(about) > 1 else (about,):
            spared, left = fields.others([code], solved)
            links = parts.links + link_matrix(parts.walls[rows], len(parts.ids))
            field = fields.field(np.sort(joined), np.append(parts.walls[rows].ravel(), case.blocks), spared)
            grids = None if field is None else fields.divided(field, links.tocsr(), case.effort)
            if grids is not None:
                removed = sum(one.least for one in solved)
                zh, en = words.open_barrier(fields.proofs.borders.iloc[parts.wall_rows[rows]])
                then_zh, then_en = words.then([("", "", grids)], removed, left)
                ends = tuple(sorted({str(block) for block in parts.ids[parts.walls[rows].ravel()]}))
                yield Remedy(
                    kind="cross",
                    text_zh=zh + then_zh,
                    text_en=en + then_en,
                    blocks=ends,
                    grids=grids,
                    exceptions_removed=removed,
                    exceptions_left=left,
                )
                break
