"""Rules on how many households a grid holds: the band, with its proved exceptions, and the balance."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gis_grid.rules.context import Context
from gis_grid.rules.findings import Finding, Remedy
from gis_grid.rules.issues import Issue
from gis_grid.rules.mend import mends
from gis_grid.rules.parts import Ints
from gis_grid.rules.proofs import Proofs
from gis_grid.rules.remedies import try_remedies


def band(ctx: Context) -> Iterator[Issue]:
    """Find grids out of band: an exception where the blocks prove that one cannot be avoided there, else an error.

    The proof is made again from blocks and borders (`gis_grid.rules.proofs`), never taken from a file. A grid is
    an exception if all of this holds: it lies in one part; it answers to a finding, and no more than `least` grids do;
    of oversize blocks it holds at most one, and beside it only blocks that findings cover; without one it holds less
    than `min + max` households, as a heavier grid could give some up.
    """
    out = [grid for grid in range(len(ctx.grid_ids)) if ctx.band.off_by(int(ctx.load[grid]))]
    if not out:
        return
    where = {str(code) for grid in out for code in ctx.plan.blocks["community_code"].to_numpy()[ctx.members[grid]]}
    proofs = Proofs(ctx.parts, ctx.plan.borders, ctx.band, ctx.called)
    cases = _judge(ctx, out, [finding for code in sorted(where) for finding in proofs.of(code)])
    doubtful = [ctx.members[case.grid] for case in cases if not case.proofs]
    if doubtful and proofs.look_closer(np.concatenate(doubtful)):
        cases = _judge(ctx, out, [finding for code in sorted(where) for finding in proofs.of(code)])
    shown = list(dict.fromkeys(proof for case in cases for proof in case.proofs))
    cures = dict(zip(shown, try_remedies(proofs, shown, ctx.grid), strict=True))
    for case in cases:
        yield _exception(ctx, case, cures) if case.proofs else _error(ctx, case)


@dataclass(frozen=True)
class _Case:
    """One grid out of band, with the findings that excuse it, or why none does."""

    grid: int
    proofs: tuple[Finding, ...] = ()
    why: tuple[str, str] = ("", "")


def _judge(ctx: Context, out: list[int], findings: list[Finding]) -> list[_Case]:
    place = {str(block): n for n, block in enumerate(ctx.ids)}
    of = np.full(len(ctx.ids), -1)
    for number, finding in enumerate(findings):
        of[[place[block] for block in finding.block_ids]] = number
    left = [finding.least for finding in findings]
    heavy = ctx.parts.oversize
    ranked = sorted(out, key=lambda g: (not heavy[ctx.members[g]].any(), -abs(ctx.band.off_by(int(ctx.load[g]))), g))
    judged = {}
    for grid in ranked:
        members = ctx.members[grid]
        answered = _answered(ctx, members, of)
        why = _faults(ctx, grid, members, answered, of)
        if why is None and not heavy[members].any() and not any(left[k] > 0 for k in answered):
            count = findings[answered[0]].least
            why = f"此处至多需要 {count} 个超出范围的网格", f"no more than {count} grid out of band is needed here"
        for k in _used(ctx, members, of):
            left[k] = max(0, left[k] - 1)
        if why is None:
            judged[grid] = _Case(grid, _ranked(answered, findings))
        else:
            judged[grid] = _Case(grid, why=why)
    return [judged[grid] for grid in out]


def _answered(ctx: Context, members: Ints, of: Ints) -> list[int]:
    """Return the findings a grid answers to: those about any of its populated blocks, or of its blocks if none is."""
    lived = members[ctx.households[members] > 0]
    numbers = np.unique(of[lived if len(lived) else members])
    return [int(k) for k in numbers if k >= 0]


def _used(ctx: Context, members: Ints, of: Ints) -> list[int]:
    """Return the findings a grid uses up; each piece that lies beside a block above the band does so by itself."""
    heavy = ctx.parts.oversize[members]
    if not heavy.any():
        return _answered(ctx, members, of)
    rest = members[~heavy & (ctx.households[members] > 0)]
    pieces = ctx.parts.pieces(members[~heavy])[ctx.households[members[~heavy]] > 0]
    apart = [members[heavy], *(rest[pieces == number] for number in np.unique(pieces))]
    return [k for piece in apart for k in _answered(ctx, piece, of)]


def _ranked(answered: list[int], findings: list[Finding]) -> tuple[Finding, ...]:
    chosen = [findings[k] for k in answered]
    order = sorted(chosen, key=lambda finding: (finding.cause != "oversize", -finding.households, finding.block_ids))
    return tuple(order)


def _faults(ctx: Context, grid: int, members: Ints, answered: list[int], of: Ints) -> tuple[str, str] | None:
    """Say why a grid out of band is not excused, if that can be told from the grid alone."""
    if len(np.unique(ctx.parts.part[members])) > 1:
        return "网格跨越屏障或社区", "it crosses a barrier or a community line"
    if not answered:
        return "未证明无法避免", "nothing proves that this cannot be avoided"
    heavy = members[ctx.parts.oversize[members]]
    if len(heavy) > 1:
        zh, en = ctx.called.blocks(heavy)
        return f"{zh}应分属不同网格", f"{en} belong in different grids"
    spare = _spare(ctx, members, of) if len(heavy) else members[:0]
    if len(spare):
        zh, en = ctx.called.blocks(spare)
        return f"{zh}可以划出", f"{en} can be taken out"
    if not len(heavy) and ctx.load[grid] >= ctx.band.min + ctx.band.max:
        return "可以再划分", "it can give up a whole grid"
    return None


def _spare(ctx: Context, members: Ints, of: Ints) -> Ints:
    """Return the blocks beside one above the band that need not be there: pieces without proof, or fit for a grid."""
    rest = members[~ctx.parts.oversize[members]]
    pieces = ctx.parts.pieces(rest)
    count = int(pieces.max(initial=-1)) + 1
    lived = ctx.households[rest] > 0
    proved = np.bincount(pieces[lived & (of[rest] >= 0)], minlength=count) > 0
    load = np.bincount(pieces, ctx.households[rest], count)
    return rest[lived & ~(proved & (load < ctx.band.min))[pieces]]


def _measured(ctx: Context, grid: int) -> tuple[str, str]:
    zh, en = ctx.grid_called(grid)
    load, limits = int(ctx.load[grid]), ctx.band
    side = ("低于", limits.min, "fewer than") if load < limits.min else ("超过", limits.max, "more than")
    return f"{zh}有 {load} 户，{side[0]} {side[1]} 户", f"{en} holds {load} households, {side[2]} {side[1]}"


def _exception(ctx: Context, case: _Case, cures: dict[Finding, tuple[Remedy, ...]]) -> Issue:
    said_zh, said_en = _measured(ctx, case.grid)
    zh = "；".join([said_zh, *(proof.message_zh for proof in case.proofs)])
    en = "; ".join([said_en, *(proof.message_en for proof in case.proofs)])
    tried = dict.fromkeys(sorted((cure for proof in case.proofs for cure in cures[proof]), key=lambda cure: cure.rank))
    return _issue(ctx, case.grid, "exception", (zh, en), tuple(map(str, tried)), tuple(tried))


def _error(ctx: Context, case: _Case) -> Issue:
    zh, en = _measured(ctx, case.grid)
    said = f"{zh}；{case.why[0]}", f"{en}; {case.why[1]}"
    return _issue(ctx, case.grid, "error", said, mends(ctx, case.grid))


def _issue(
    ctx: Context,
    grid: int,
    severity: str,
    said: tuple[str, str],
    remedies: tuple[str, ...],
    tried: tuple[Remedy, ...] = (),
) -> Issue:
    wanted = f"{ctx.band.min}–{ctx.band.max}"
    load = int(ctx.load[grid])
    members = ctx.members[grid]
    return ctx.issue(
        "band", severity, said, grid=grid, blocks=members, found=load, wanted=wanted, remedies=remedies, tried=tried
    )


def balance(ctx: Context) -> Iterator[Issue]:
    """Find communities whose grids in band scatter widely around their mean."""
    if not len(ctx.grid_ids):
        return
    home = np.array([ctx.community[members[0]] if len(members) else "" for members in ctx.members], dtype=object)
    fits = (ctx.load >= ctx.band.min) & (ctx.load <= ctx.band.max)
    for code in np.unique(home[fits].astype(str)):
        loads = ctx.load[fits & (home == code)]
        spread = round(float(loads.std() / loads.mean()), 2) if loads.sum() else 0.0
        if spread > ctx.limits.spread:
            zh, en = ctx.called.community(code)
            said = (
                f"{zh}的网格为 {loads.min()}–{loads.max()} 户，离散系数 {spread:.2f}",
                f"the grids of {en} hold {loads.min()} to {loads.max()} households, spread {spread:.2f}",
            )
            cure = "在相邻网格之间调整街坊 / move blocks between neighbouring grids"
            wanted = f"≤ {ctx.limits.spread:.2f}"
            yield ctx.issue("balance", "warning", said, found=f"{spread:.2f}", wanted=wanted, remedies=(cure,))
