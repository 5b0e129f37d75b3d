"""What must hold between the parts of a scheme: names that exist, and an arithmetic that works out from the top."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gis_grid.errors import Fault
from gis_grid.scheme import Scheme
from gis_grid.scheme.posts import EVERY_STATION
from gis_grid.scheme.tiers import ADMINISTRATIVE, DISTRICT, Tier


def faults_between(scheme: Scheme) -> list[Fault]:
    """Return what does not fit together in a scheme; `source` of each names the table."""
    return [*_names(scheme), *_tiers(scheme), *_posts(scheme), *_numbers(scheme)]


def _names(scheme: Scheme) -> Iterator[Fault]:
    for table, parts in (("tier", scheme.tiers), ("post", scheme.posts), ("station", scheme.stations)):
        counts = Counter(part.id for part in parts)
        for name, count in counts.items():
            if count > 1:
                yield Fault(f"'{name}' stands {count} times", f"[[{table}]]", remedy="give each an id of its own")
    marked = [tier.id for tier in scheme.tiers if tier.main]
    if len(marked) > 1:
        yield Fault(f"{', '.join(marked)} are all marked as main", "[[tier]]", remedy="leave main = true with one")
    if not any(tier.is_bounded for tier in scheme.tiers):
        yield Fault("no tier is divided", "[[tier]]", remedy='give one made = "divided" and a band')


def _tiers(scheme: Scheme) -> Iterator[Fault]:
    ids = [tier.id for tier in scheme.tiers]
    for number, tier in enumerate(scheme.tiers, 1):
        where = f"[[tier]] {number} ({tier.id})"
        above = ids[: number - 1]
        if tier.parent and tier.parent not in (*above, DISTRICT, *ADMINISTRATIVE):
            remedy = f"name one above it ({', '.join([*above, DISTRICT])}); tiers stand from the top down"
            yield Fault(f"the parent '{tier.parent}' is no tier above it", where, remedy=remedy)
        if not tier.of:
            continue
        joins = scheme.tier(tier.of)
        if joins is None or joins.made != "divided":
            divided = ", ".join(one.id for one in scheme.tiers if one.made == "divided") or "a tier of its own"
            yield Fault(f"'of' is '{tier.of}', which is no tier that is divided", where, remedy=f"name {divided}")
        elif joins.parent != tier.id and tier.parent not in ("", DISTRICT, *_parents(scheme, joins)):
            problem = f"units of '{tier.of}' do not lie in units of the parent '{tier.parent}'"
            yield Fault(problem, where, remedy=f"name a tier above '{tier.of}', or no parent")


def _parents(scheme: Scheme, tier: Tier) -> Iterator[str]:
    """Yield the ids of the tiers above one, the nearest first."""
    above = scheme.tier(tier.parent)
    while above is not None:
        yield above.id
        above = scheme.tier(above.parent)


def _posts(scheme: Scheme) -> Iterator[Fault]:
    tiers, kinds = [tier.id for tier in scheme.tiers], [station.id for station in scheme.stations]
    for number, station in enumerate(scheme.stations, 1):
        if station.per not in tiers:
            where = f"[[station]] {number} ({station.id})"
            yield Fault(f"'per' is '{station.per}', which is no tier", where, remedy=f"name one of {', '.join(tiers)}")
    every = [EVERY_STATION] if kinds else []
    posts = [post.id for post in scheme.posts]
    for number, post in enumerate(scheme.posts, 1):
        where = f"[[post]] {number} ({post.id})"
        known = [*tiers, *kinds, *every, DISTRICT, *(one for one in ADMINISTRATIVE if one not in tiers)]
        if post.per not in known:
            yield Fault(f"'per' is '{post.per}', which is no tier", where, remedy=f"name one of {', '.join(known)}")
        if post.held_by and (post.held_by == post.id or post.held_by not in posts):
            others = ", ".join(one for one in posts if one != post.id) or "another post"
            yield Fault(f"'held_by' is '{post.held_by}', which is no other post", where, remedy=f"name {others}")


def _numbers(scheme: Scheme) -> Iterator[Fault]:
    for number, tier in enumerate(scheme.tiers, 1):
        where = f"[[tier]] {number} ({tier.id})"
        above, joins = scheme.tier(tier.parent), scheme.tier(tier.of)
        whole = joins.count if joins is not None else scheme.place.load(tier.counted)
        if tier.count and whole and tier.is_bounded:
            mean = whole / tier.count
            if not tier.band.min <= mean <= tier.band.max:
                problem = f"{whole:,} {words(tier)[1]} in {tier.count:,} units are {mean:,.1f} each, outside the band"
                remedy = f"change 'count', or let the band {tier.band.min}–{tier.band.max} hold {mean:,.1f}"
                yield Fault(problem, where, remedy=remedy)
        if above is not None and 0 < tier.count < above.count:
            problem = f"{tier.count:,} units cannot lie in {above.count:,} of '{above.id}'"
            yield Fault(problem, where, remedy=f"raise 'count' to {above.count:,} or more")
        if above is None or not (above.made == tier.made == "divided" and above.load == tier.load):
            continue
        if above.band.narrowed(tier.band) is None:
            yield Fault(uncuttable(above, tier)[1], where, remedy="move a target, or widen the lower band")


def uncuttable(above: Tier, below: Tier) -> tuple[str, str]:
    """Say in Chinese and English which loads of a unit cannot be cut into units of the tier below it."""
    gaps = below.band.gaps(above.band.min, above.band.max)
    zh, en = words(above)
    runs = _runs(gaps)
    band = f"{below.band.min:,}–{below.band.max:,}"
    return (
        f"{above.name_zh}有 {runs} {zh}时，无法划分为 {band} {zh}的{below.name_zh}",
        f"a {above.name_en} of {runs} {en} cannot be cut into units of {band} ({below.name_en})",
    )


def _runs(gaps: Sequence[tuple[int, int]]) -> str:
    shown = [f"{first:,}–{last:,}" if first < last else f"{first:,}" for first, last in gaps[:4]]
    return ", ".join(shown) + (" …" if len(gaps) > 4 else "")


def words(tier: Tier) -> tuple[str, str]:
    """Return what the band of a tier counts, in Chinese and English.

    >>> from gis_grid.scheme import Scheme
    >>> words(Scheme.load("shouguang").main)
    ('户(含商铺)', 'households and shops')
    """
    said = {
        "households": ("户", "households"),
        "households+shops": ("户(含商铺)", "households and shops"),
        "area_m2": ("平方米", "m²"),
    }
    return said.get(tier.counted, ("个单元", "units"))
