"""Tiers: the levels of a division, how the units of each come about, and the band their load must keep."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from gis_grid.errors import Fault, SchemeError

#: How units of a tier come about, and what that means.
MADE = {
    "given": "comes with the input (else the whole parent is one unit)",
    "divided": "the ground of each parent is divided by load",
    "joined": "adjoining units of another tier are put together",
    "strips": "street fronts form strips, what lies behind them courtyards",
    "atoms": "every building or stairwell is one",
}
#: What a band can count; a tier that is `joined` counts units of the tier it joins.
LOADS = ("households", "households+shops", "area_m2")
#: Levels that an input may bring with it: tiers of these names are `given` unless they say otherwise.
ADMINISTRATIVE = ("street_office", "community")
#: The whole that is divided: the parent of a tier that names none.
DISTRICT = "district"


@dataclass(frozen=True)
class Band:
    """Bound the load of a grid: [min, max] is the law, `target` the wish (counts of households).

    >>> Band(300, 500, 400).feasible_counts(1000)
    range(2, 4)
    >>> len(Band(300, 500, 400).feasible_counts(574))
    0
    """

    min: int = 300
    max: int = 500
    target: int = 400

    def __post_init__(self) -> None:
        if not 0 <= self.min <= self.target <= self.max or self.max == 0:
            problem = f"the band {self.min} ≤ {self.target} ≤ {self.max} does not hold"
            raise SchemeError(Fault(problem, remedy="choose 0 ≤ min ≤ target ≤ max and max > 0"))

    def feasible_counts(self, load: int) -> range:
        """Return the numbers of grids into which a load can be cut with every grid in the band."""
        fewest = max(1, math.ceil(load / self.max))
        most = load // self.min if self.min else load
        return range(fewest, max(most, fewest - 1) + 1)

    def off_by(self, load: int) -> int:
        """Return by how many households a load misses the band: below zero under it, above zero over it."""
        return min(0, load - self.min) + max(0, load - self.max)

    def gaps(self, low: int, high: int) -> list[tuple[int, int]]:
        """Return the runs of loads from `low` to `high` that no number of units within the band fits.

        >>> Band(300, 500, 400).gaps(200, 2000)
        [(200, 299), (501, 599)]
        """
        found = []
        for k in range(high // max(1, self.max) + 1):
            first, last = max(low, k * self.max + 1), min(high, (k + 1) * self.min - 1)
            if first <= last:
                found.append((first, last))
        return found

    def narrowed(self, below: Band) -> Band | None:
        """Return the part of the band around its target that can always be cut into units of a lower band, if any.

        >>> Band(400, 900, 700).narrowed(Band(300, 500, 400))
        Band(min=600, max=900, target=700)
        >>> Band(500, 600, 550).narrowed(Band(300, 500, 400)) is None
        True
        """
        low, high = self.min, self.max
        for first, last in below.gaps(self.min, self.max):
            if first <= self.target <= last:
                return None
            if last < self.target:
                low = max(low, last + 1)
            else:
                high = min(high, first - 1)
        return Band(low, high, self.target)


@dataclass(frozen=True)
class Tier:
    """One level of the division: what it is called, what it nests in, how it is made, and the band of its load.

    `made` is one of `MADE`, `load` what the band counts (one of `LOADS`). `count` says how many units a whole district
    like that of the scheme has (0: as many as the band makes). `radius_m` bounds how far the farthest home may be from
    the best place for a service point (0: no bound). `of` names the tier whose units a `joined` tier puts together,
    `streets` the classes of main street along which `strips` run, `atom` what `atoms` are. `main` marks the tier of
    grids. A unit's code is its parent's, `code_prefix`, and `code_digits` digits.
    """

    id: str
    name_zh: str
    name_en: str
    parent: str = ""
    made: str = ""
    load: str = "households"
    count: int = 0
    radius_m: float = 0.0
    of: str = ""
    streets: tuple[str, ...] = ()
    atom: str = ""
    main: bool = False
    code_prefix: str = ""
    code_digits: int = 2
    band: Band = field(default_factory=Band)

    def __post_init__(self) -> None:
        if not self.made:
            object.__setattr__(self, "made", "given" if self.id in ADMINISTRATIVE else "divided")
        faults = [Fault(problem, remedy=remedy) for wrong, problem, remedy in self._checks() if wrong]
        if faults:
            raise SchemeError(faults)

    def _checks(self) -> tuple[tuple[bool, str, str], ...]:
        joined = self.made == "joined"
        return (
            (
                not re.fullmatch(r"[a-z][a-z0-9_]*", self.id),
                f"'id' is {self.id!r}, which cannot name a column",
                "use small letters, digits and _",
            ),
            (self.made not in MADE, f"'made' is {self.made!r}", f"use {', '.join(MADE)}"),
            (self.load not in LOADS, f"'load' is {self.load!r}", f"use {', '.join(LOADS)}"),
            (self.count < 0, f"'count' is {self.count}, below zero", "leave it out for as many as the band makes"),
            (self.radius_m < 0, f"'radius_m' is {self.radius_m:g}, below zero", "leave it out for no bound"),
            (self.code_digits < 1, f"'code_digits' is {self.code_digits}", "use 1 or more"),
            (joined and not self.of, "a tier that is joined needs 'of'", "name the tier whose units it joins"),
            (bool(self.of) and not joined, "'of' is for a tier that is joined", 'add made = "joined", or drop it'),
            (joined and self.band.min < 1, "a unit of a joined tier holds one unit at least", "use min = 1 or more"),
            (
                self.made == "strips" and not self.streets,
                "a tier of strips needs 'streets'",
                'name classes of street, such as ["primary", "secondary"]',
            ),
            (
                self.made == "atoms" and self.atom not in ("building", "stairwell"),
                f"'atom' is {self.atom!r}",
                "use building or stairwell",
            ),
            (
                self.main and self.made not in ("divided", "joined"),
                f"the main tier cannot be {self.made}",
                "mark one that is divided or joined",
            ),
        )

    @property
    def is_bounded(self) -> bool:
        """Whether the band of the tier is a law that units of ours must keep."""
        return self.made in ("divided", "joined")

    @property
    def counted(self) -> str:
        """What the band counts: one of `LOADS`, or "units"."""
        return "units" if self.made == "joined" else self.load
