"""Try to divide a block: into how few parts, of how many households, so that what cannot be in band can be."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import sparse

from gis_grid.rules import words
from gis_grid.rules.cuts import Ground
from gis_grid.rules.fields import Case, Fields
from gis_grid.rules.findings import Finding, Remedy
from gis_grid.rules.parts import Ints

#: how many blocks are tried to be divided for one finding
_BLOCKS = 3
#: how many more parts than the fewest that fit are tried
_MORE_PARTS = 2


def divisions(fields: Fields, case: Case) -> Iterator[Remedy]:
    """Try to divide the block above the band, or those beside what is left, or the heavy ones around what is trapped.

    The parts are taken to touch one another and whatever the block touches: how it can be drawn is for the ground to
    say.
    """
    for block in _candidates(fields, case):
        touching = np.unique(fields.parts.rest[np.append(fields.parts.neighbours(block), block)])
        near = fields.about(case.finding.community_code, touching.tolist())
        few = _distinct([*fields.about_block(block), case.finding])
        for solved in (_distinct([*few, *near]), few):
            remedy = _tried(fields, case, block, solved)
            if remedy is not None:
                yield remedy
                break
            if len(solved) == len(few):
                break


def _candidates(fields: Fields, case: Case) -> list[int]:
    parts, finding = fields.parts, case.finding
    if finding.cause == "oversize":
        return [int(case.blocks[0])]
    if finding.cause in {"arithmetic", "detached"}:
        return []  # the sum itself does not fit
    near = np.setdiff1d(np.concatenate([parts.neighbours(int(block)) for block in case.blocks]), case.blocks)
    big = near[parts.oversize[near]]
    if len(big):
        chosen = big
    elif case.is_whole:
        chosen = case.blocks
    else:  # what is trapped alone gains nothing by being divided itself
        chosen = np.union1d(near, case.blocks) if len(case.blocks) > 1 else near
    return [int(block) for block in chosen[np.lexsort((chosen, -parts.load[chosen]))][:_BLOCKS]]


def _distinct(findings: list[Finding]) -> list[Finding]:
    return list(dict.fromkeys(findings))


def _tried(fields: Fields, case: Case, block: int, solved: list[Finding]) -> Remedy | None:
    """Try to divide one block so that all of `solved` is mended."""
    total = int(fields.parts.load[block])
    spared, left = fields.others([case.finding.community_code], solved)
    found = None
    if all(one.cause == "oversize" for one in solved):  # its parts may be grids by themselves
        found = _alone(fields, total)
    if found is None:
        rest = fields.parts.rest[np.append(fields.parts.neighbours(block), block)]
        members = np.flatnonzero(np.isin(fields.parts.rest, rest[rest >= 0]))
        field = fields.field(members[members != block], np.append(case.blocks, block), spared)
        found = None if field is None else _with_field(fields, case, block, field)
    if found is None:
        return None
    sizes, grids = found
    removed = sum(one.least for one in solved)
    zh, en = words.divide(fields.called, block, sizes)
    then_zh, then_en = words.then([("", "", grids)] if grids != sizes else [], removed, left)
    return Remedy(
        kind="divide",
        text_zh=zh + then_zh,
        text_en=en + then_en,
        blocks=(str(fields.parts.ids[block]),),
        parts=sizes,
        grids=grids,
        households=total,
        exceptions_removed=removed,
        exceptions_left=left,
    )


def _alone(fields: Fields, total: int) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    counts = fields.band.feasible_counts(total)
    if not len(counts):
        return None
    sizes = _even(total, counts[0])
    return sizes, sizes


def _with_field(fields: Fields, case: Case, block: int, field: Ints) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the parts, as few as possible, with which the block and a field can be cut in band, and the grids."""
    total = int(fields.parts.load[block])
    weight = int(fields.parts.load[case.blocks].sum())
    fewest = max(2, -(-total // fields.band.max))
    for count in range(fewest, fewest + _MORE_PARTS + 1):
        for sizes in _sizes(total, count, weight, fields):
            grids = fields.loads(_with_parts(fields, block, sizes, field), case.effort)
            if grids is not None:
                return sizes, grids
    return None


def _sizes(total: int, count: int, weight: int, fields: Fields) -> list[tuple[int, ...]]:
    """Return sizes of parts to try: even ones, then two of which one is a grid, or completes what is trapped to one."""
    wanted = [_even(total, count)]
    if count == 2:
        band = fields.band
        ones = [band.min, total - band.min, band.max, band.target]
        ones += [one - weight for one in (band.min, band.target, band.max)] + [total // 3, total // 4]
        wanted += [(max(one, total - one), min(one, total - one)) for one in ones if 0 < one < total]
    return [sizes for sizes in dict.fromkeys(wanted) if max(sizes) <= fields.band.max and min(sizes) > 0]


def _even(total: int, count: int) -> tuple[int, ...]:
    more = total % count
    return (*(total // count + 1 for _ in range(more)), *(total // count for _ in range(count - more)))


def _with_parts(fields: Fields, block: int, sizes: tuple[int, ...], field: Ints) -> Ground:
    """Return a field with the parts of a divided block in place of it."""
    count, more = len(field), len(sizes)
    links = fields.parts.links[field][:, field]
    touching = np.isin(field, fields.parts.neighbours(block)).astype(np.int8)
    side = sparse.csr_array(np.repeat(touching[:, None], more, axis=1).reshape(count, more))
    among = sparse.csr_array(1 - np.eye(more, dtype=np.int8))
    load = np.concatenate([fields.parts.load[field], np.array(sizes, dtype=np.int64)])
    return Ground(load, sparse.block_array([[links, side], [side.T, among]], format="csr"))
