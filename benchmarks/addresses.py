"""Addresses beside cpca, jionlp and a plain rapidfuzz search, on the same queries in the same run; Cambridge and Essen.

Run with ``make bench BENCHMARKS=benchmarks/addresses.py`` or ``python benchmarks/addresses.py``; ``--doors`` sets the
size of the made-up city. cpca and jionlp know the administrative names of the whole country and no streets: what they
leave of an address is looked up in the register as it stands, and counted is how often they put an address of the
made-up district into a place that it does not name. Seconds are CPU seconds of one process.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from addressed.city import City, build_city, whole
from addressed.corrupt import corrupted
from addressed.essen import essen, of_rows, planned, points_of, straight
from addressed.measured import Outcome, cambridge, city_matcher, measured
from addressed.mistype import Mistyper
from gis_grid.addresses import Matcher

DATA = Path(os.environ.get("GIS_GRID_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
#: a plain search looks at every registered address for every query: so many of them are asked
PLAIN_QUERIES = 300


def line(name: str, right: float, wrong: float, refused: float, rate: float, note: str = "") -> None:
    print(f"{name:<34} right {right:7.2%}  wrong {wrong:7.3%}  refused {refused:7.2%}  {rate:9,.0f}/s  {note}")


def ours(name: str, matcher: Matcher, texts: list[str], truth: np.ndarray) -> None:
    start = time.process_time()
    found = measured(matcher, texts, truth)
    line(f"gis-grid, {name}", found.right, found.wrong, found.refused, len(texts) / (time.process_time() - start))
    reasons: dict[str, int] = {}
    for match in found.matches:
        if match.reason:
            reasons[match.reason] = reasons.get(match.reason, 0) + 1
    print("    refused:", ", ".join(f"{reason} {n}" for reason, n in sorted(reasons.items(), key=lambda one: -one[1])))


def single(matcher: Matcher, texts: list[str]) -> None:
    """Print the time of one address, and of one suggestion."""
    took = []
    for text in texts:
        start = time.perf_counter()
        matcher.match(text)
        took.append(time.perf_counter() - start)
    print(f"    one at a time: median {np.median(took) * 1e3:.3f} ms, p99 {np.quantile(took, 0.99) * 1e3:.3f} ms")
    matcher.gazetteer.suggest("a")
    took = []
    for text in [one[:n] for one in texts[:300] for n in (1, 2, 3, 5, 8)] + ["dhl", "zhong", "jiefang", "zsd", "j"]:
        start = time.perf_counter()
        matcher.gazetteer.suggest(text)
        took.append(time.perf_counter() - start)
    print(f"    suggest: median {np.median(took) * 1e3:.3f} ms, p99 {np.quantile(took, 0.99) * 1e3:.3f} ms")


def peers(city: City, texts: list[str], truth: np.ndarray) -> None:
    """Print what others make of the same queries."""
    register = {whole(door)[3:]: grid for door, grid in zip(city.doors.itertuples(), city.grid_of, strict=True)}
    for name, parse in (("cpca", _cpca), ("jionlp", _jionlp)):
        try:
            start = time.process_time()
            found = parse(texts)
            seconds = time.process_time() - start
        except ImportError:
            print(f"{name}: not installed")
            continue
        got = np.array([register.get(rest, -1) for _, rest in found])
        false = np.mean([bool(place) for place, _ in found])
        right, wrong = (got == truth).mean(), ((got >= 0) & (got != truth)).mean()
        line(name, right, wrong, (got < 0).mean(), len(texts) / seconds, f"a false place on {false:.1%}")
    _plain(register, texts[:PLAIN_QUERIES], truth[:PLAIN_QUERIES])


def _cpca(texts: list[str]) -> list[tuple[str, str]]:
    import cpca

    found = cpca.transform(texts).fillna("")
    return list(zip(found["省"] + found["市"] + found["区"], found["地址"], strict=True))


def _jionlp(texts: list[str]) -> list[tuple[str, str]]:
    import jionlp

    found = [jionlp.parse_location(text) for text in texts]
    return [("".join(one[key] or "" for key in ("province", "city", "county")), one["detail"] or "") for one in found]


def _plain(register: dict[str, int], texts: list[str], truth: np.ndarray) -> None:
    from rapidfuzz import fuzz, process

    choices, grids = list(register), np.array(list(register.values()))
    for name, cutoff in (("rapidfuzz ratio", 0.0), ("rapidfuzz ratio ≥ 90", 90.0)):
        start = time.process_time()
        found = [process.extractOne(text, choices, scorer=fuzz.ratio, score_cutoff=cutoff) for text in texts]
        rate = len(texts) / (time.process_time() - start)
        got = np.array([-1 if one is None else grids[one[2]] for one in found])
        note = f"on {len(texts)} of the queries"
        line(name, (got == truth).mean(), ((got >= 0) & (got != truth)).mean(), (got < 0).mean(), rate, note)


def real(name: str, found: Outcome) -> None:
    shares = f"{found.right:.2%} right, {found.wrong:.3%} wrong, {found.refused:.2%} refused"
    print(f"{name:<58} {found.queries:,} asked: {shares}")


def real_towns() -> None:
    """Print what is found in Cambridge, and in Essen in cells of four kinds."""
    real("Cambridge, 2020 census blocks", cambridge(DATA.joinpath))
    points = points_of(DATA.joinpath)
    grids = planned(points, workers=2)
    for seed in (1, 2, 3, 4):
        real(f"Essen, {len(grids)} grids of 300-500 houses, held out with seed {seed}", essen(points, grids, seed))
    for houses in (500, 166):
        real(f"Essen, cells of whole rows, {houses} houses", essen(points, of_rows(points, houses)))
        real(f"Essen, cells between straight lines, {houses} houses", essen(points, straight(points, houses)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--doors", type=int, default=200_000)
    parser.add_argument("--only", choices=("city", "real"), help="one half of it")
    parser.add_argument("--queries", type=int, default=20_000)
    chosen = parser.parse_args()
    if chosen.only != "real":
        made_up(chosen.doors, chosen.queries)
    if chosen.only != "city":
        real_towns()


def made_up(wanted: int, queries: int) -> None:
    """Print what is found in a made-up city, by us and by others."""
    city = build_city(wanted)
    start = time.process_time()
    matcher = city_matcher(city)
    print(f"{len(city.doors):,} doors, {len(city.grids)} grids; gazetteer in {time.process_time() - start:.1f} s")
    picked = np.random.default_rng(3).integers(0, len(city.doors), queries)
    truth = city.grid_of[picked]
    chance, clerk = np.random.default_rng(5), Mistyper(7)
    doors = list(city.doors.iloc[picked].itertuples())
    first = [corrupted(door, chance) for door in doors]
    ours("the first corruptor", matcher, first, truth)
    ours("the second corruptor", matcher, [clerk.typed(whole(door), door.community) for door in doors], truth)
    single(matcher, first[:5000])
    peers(city, first[:5000], truth[:5000])


if __name__ == "__main__":
    main()
