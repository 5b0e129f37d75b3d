"""What must hold, what was seen, and whether it holds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import cases
import numpy as np

if TYPE_CHECKING:
    from partition import Bench, Row

#: The share of the cheapest fully valid METIS run, and of Mt-KaHyPar's at the same number of grids, that is allowed.
OF_METIS, OF_KAHYPAR, OF_KAHYPAR_OPEN = 0.75, 1.02, 0.97
#: Seconds at 10,000 and 100,000 blocks, and until the first legal plan; memory at 100,000 blocks (MB).
SECONDS, SECONDS_LARGE, FIRST_S, MEMORY_MB = 12.0, 150.0, 1.0, 1_500.0
#: Seconds grow with blocks to the power of at most so much.
GROWTH = 1.15
#: What must hold besides, and the command that measures it.
ELSEWHERE = {
    "small communities: the proven optimum up to 40 blocks, a rigorous gap on Ottawa's districts": "proofs.py",
    "least churn: few households moved when counts change": "churn.py",
}


class Verdict(NamedTuple):
    """Hold one line: what must hold, what was seen, and the verdict."""

    must: str
    seen: str
    verdict: str


def verdicts(bench: Bench, main: int) -> list[Verdict]:
    """Judge a run; what was not measured in it is said to be so."""
    return [
        *_legal_and_cheap(bench, f"town-{main}", nested=True),
        *_legal_and_cheap(bench, "ottawa", nested=True),
        *_legal_and_cheap(bench, f"open-{main}", nested=False),
        *_legal_and_cheap(bench, "ottawa-open", nested=False),
        *_fast(bench, main),
        *_heavy(bench, main),
        *_ottawa_plan(bench),
        *_same_for_any_workers(bench, f"town-{main}"),
        *(Verdict(must, f"`benchmarks/{script}`", "see there") for must, script in ELSEWHERE.items()),
    ]


def judged(must: str, seen: str | None, holds: bool) -> Verdict:
    """Return a line; None as what was seen says that it was not measured."""
    return Verdict(must, seen or "–", "not measured" if seen is None else "holds" if holds else "fails")


def _row(bench: Bench, case: str, key: str) -> Row | None:
    row = bench.rows.get((case, key))
    return row if row and row.measures else None


def _legal_and_cheap(bench: Bench, case: str, *, nested: bool) -> Iterator[Verdict]:
    own = _row(bench, case, "engine")
    seen, good = None, False
    if own and own.measures:
        told = own.measures
        good = own.avoidable == 0 and told.nested == 1 and told.one_piece == 1
        shares = f"in one piece {told.one_piece:.1%}, in one community {told.nested:.1%}"
        seen = f"{own.avoidable} avoidable of {round((1 - told.in_band) * told.grids)} out of band; {shares}"
    yield judged(f"{case}: no avoidable grid out of band, nested, in one piece", seen, good)
    if not case.endswith(("-10000", "ottawa", "ottawa-open")):
        return  # the bounds on cost are meant for districts of 10,000 blocks, and for real ones
    if nested:
        metis = _row(bench, case, "metis-best")
        note = _of_no_valid_run(metis) if metis and metis.measures and metis.measures.faults else ""
        yield _ratio(own, metis, f"{case}: cost ≤ {OF_METIS} × METIS, cheapest fully valid run", OF_METIS, note)
    most = OF_KAHYPAR if nested else OF_KAHYPAR_OPEN
    kahypar = _row(bench, case, "mtkahypar-best")
    yield _ratio(own, kahypar, f"{case}: cost ≤ {most} × Mt-KaHyPar quality at as many grids", most)


def _of_no_valid_run(metis: Row) -> str:
    """Say that METIS is compared by the run with fewest faults, and what its cheapest run of all cost."""
    runs, cheapest = metis.ran.notes["runs"], metis.ran.notes["cheapest_km"]
    return f": none of {runs} runs is fully valid; this one has fewest faults, the cheapest cost {cheapest} km"


def _ratio(own: Row | None, peer: Row | None, must: str, most: float, note: str = "") -> Verdict:
    if not (own and peer and own.measures and peer.measures):
        return judged(must, None, False)
    ratio = own.measures.cost_km / peer.measures.cost_km
    costs = f"{own.measures.cost_km:.2f} / {peer.measures.cost_km:.2f} km"
    return judged(must, f"{ratio:.3f} ({costs}){note}", ratio <= most)


def _fast(bench: Bench, main: int) -> Iterator[Verdict]:
    some, many = (_row(bench, f"town-{size}", "engine") for size in (10_000, 100_000))
    for row, must, most in ((some, "10,000 blocks", SECONDS), (many, "100,000 blocks", SECONDS_LARGE)):
        seen = f"{row.ran.seconds:.1f} s" if row else None
        yield judged(f"{must} ≤ {most:.0f} s", seen, row is not None and row.ran.seconds <= most)
    power = math.log10(many.ran.seconds / some.ran.seconds) if some and many else math.inf
    seen = f"blocks to the power of {power:.2f} from 10,000 to 100,000" if some and many else None
    yield judged(f"growth close to linear (a power of at most {GROWTH})", seen, power <= GROWTH)
    memory = max(many.ran.largest_mb, many.ran.together_mb) if many else math.inf
    seen = f"{many.ran.largest_mb:.0f} MB the largest process, {many.ran.together_mb:.0f} MB together" if many else None
    yield judged(f"memory ≤ {MEMORY_MB / 1000:.1f} GB at 100,000 blocks, all processes", seen, memory <= MEMORY_MB)
    first = _row(bench, f"town-{main}", "engine-first")
    seen = f"{first.ran.seconds:.2f} s, {first.avoidable} avoidable" if first else None
    good = first is not None and first.ran.seconds <= FIRST_S and first.avoidable == 0
    yield judged(f"first legal plan of {main:,} blocks within {FIRST_S:.0f} s (1 worker, stopped)", seen, good)


def _heavy(bench: Bench, main: int) -> Iterator[Verdict]:
    row = _row(bench, f"heavy-{main}", "engine")
    seen, good = None, False
    if row and row.measures:
        case = bench.kept(row.case)
        _, grid = np.unique(bench.labels(row), return_inverse=True)
        held = np.bincount(grid, case.load)
        off = (held < cases.BAND.min) | (held > cases.BAND.max)
        oversize = np.bincount(grid, case.load > cases.BAND.max) > 0
        spare = int((off & ~oversize).sum())
        seen = f"{int(off.sum())} out of band, {spare} of them without an oversize block; {row.avoidable} avoidable"
        good = spare == 0 and row.avoidable == 0
    yield judged("heavy tails: only oversize blocks are exceptions while they are not divided", seen, good)
    row = _row(bench, f"divided-{main}", "engine")
    off_band = round((1 - row.measures.in_band) * row.measures.grids) if row and row.measures else -1
    yield judged("heavy tails: no exception once they are", f"{off_band} out of band" if row else None, off_band == 0)


def _ottawa_plan(bench: Bench) -> Iterator[Verdict]:
    row = _row(bench, "ottawa", "plan-w2")
    seen, good = None, False
    if row:
        own, official = float(row.ran.notes["compactness"]), cases.official_compactness()
        errors = int(row.ran.notes["errors"])
        seen = f"{own:.3f} (official zones {official:.3f}), {errors} avoidable grids out of band"
        good = own >= official and errors == 0
    yield judged("Ottawa: median compactness ≥ the official zones'", seen, good)


def _same_for_any_workers(bench: Bench, case: str) -> Iterator[Verdict]:
    rows = [_row(bench, case, key) for key in ("engine-w1", "engine", "engine-w4")]
    labels = [] if None in rows else [bench.labels(row) for row in rows if row]
    same = bool(labels) and all(np.array_equal(labels[0], one) for one in labels)
    seen = ("the same grids" if same else "different grids") if labels else None
    yield judged(f"{case}: 1, 2 and 4 workers give the same", seen, same)
    plans = [_row(bench, "ottawa", f"plan-w{workers}") for workers in (1, 2, 4)]
    digests = {row.ran.notes["digest"] for row in plans if row}
    seen = None if None in plans else ("the same layers" if len(digests) == 1 else "different layers")
    yield judged("Ottawa's plan files: 1, 2 and 4 workers give the same", seen, len(digests) == 1)
