"""Several tiers from the top down: every unit lies in one unit of the tier above it, by construction.

::

    given tiers ─► divided tiers, top down ─► joined tiers ─► strips and atoms
                   │ large units from lumps of blocks
                   └ mended where homes are out of reach, or where what lies below cannot be in band

A tier is one call of `partition` with the load of the tier and the units above it as communities. Barriers bind the
main tier and what lies below it, and the tiers above wherever the ground on either side can make units of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from gis_grid.partition import PartitionOptions, PartitionResult, partition
from gis_grid.partition.coarse import FEWEST, PIECES, lumps, opened
from gis_grid.partition.crew import stop_asked
from gis_grid.partition.fronts import atoms, fronts
from gis_grid.partition.joined import join
from gis_grid.partition.mending import mend
from gis_grid.partition.shares import share_out, wanted_count
from gis_grid.units import block_load, put_together

if TYPE_CHECKING:
    import geopandas as gpd

    from gis_grid.partition.cells import Ints
    from gis_grid.scheme import Band, Scheme, Tier

#: Perimeter is so many times dearer where a tier has a radius to keep.
COMPACT = 4.0
#: Fewer blocks than this are divided sooner than other processes start, of which a build with tiers starts several.
WORTH_PROCESSES = 4_000
#: Called with the id of a tier, the share of its work that is done, and its cost (None: not known) and units out of
#: band so far.
TierProgress = Callable[[str, float, float | None, int], None]


@dataclass(frozen=True)
class Hierarchy:
    """Hold the units of every tier: a row a block, a column a tier; and the division that the main tier came from.

    Labels of one tier are unlike one another and say nothing else; given tiers keep what was given. `short` maps tiers
    to by how many units their number was missed.
    """

    units: pd.DataFrame
    main: PartitionResult
    short: Mapping[str, int]


@dataclass
class Builder:
    """Divide tier after tier; `units` grows by a column each.

    Of a time limit every tier gets an even share of what those before it left.
    """

    blocks: gpd.GeoDataFrame
    borders: gpd.GeoDataFrame
    scheme: Scheme
    options: PartitionOptions
    given: pd.DataFrame
    say: TierProgress
    units: pd.DataFrame
    results: dict[str, PartitionResult] = field(default_factory=dict)
    wanted: dict[str, int] = field(default_factory=dict)
    asked: dict[str, dict[str, int]] = field(default_factory=dict)
    turn: int = 0
    ends: float | None = None
    until: float | None = None

    def __post_init__(self) -> None:
        if self.options.time_limit is not None:
            self.ends = time.time() + self.options.time_limit

    def is_over(self) -> bool:
        """Tell whether the search of this tier has to end."""
        return stop_asked() or (self.until is not None and time.time() > self.until)

    def _start(self, tier: Tier) -> None:
        self.say(tier.id, 0.0, None, 0)
        if self.ends is not None:
            now = time.time()
            searched = [one for one in self.scheme.tiers if one.made in ("divided", "joined")]
            open_yet = sum(one.id not in self.units and one.id not in self.given for one in searched)
            self.until = now + (self.ends - now) / max(1, open_yet)

    def _options(self, *, seed: int = 0, workers: int = 1) -> PartitionOptions:
        """Return the options of one search, with the time that this tier has left."""
        left = None if self.until is None else max(self.until - time.time(), 1e-3)
        return replace(self.options, seed=self.options.seed + seed, workers=workers, time_limit=left)

    def settle(self, tier: Tier) -> None:
        """Give every block its unit of a tier, unless it has one."""
        if tier.id in self.units:
            return
        if tier.id in self.given:
            self.units[tier.id] = self.given[tier.id].astype(str).reindex(self.units.index)
            return
        if tier.made == "joined":
            below = self.scheme.tier(tier.of)
            assert below is not None
            self.settle(below)
            self._start(tier)
            self.units[tier.id] = self._joined(tier, below)
        elif tier.made == "divided":
            self._start(tier)
            home = self.home(tier)
            counts = self.counts(tier, home)
            self.asked[tier.id] = counts or {}
            compactness = COMPACT if tier.radius_m else 1.0
            self.units[tier.id] = self.divide(tier, home, counts=counts, compactness=compactness)
            mend(self, tier)
        elif tier.made == "given":
            self.units[tier.id] = self.home(tier)
        else:
            make = fronts if tier.made == "strips" else atoms
            self.units[tier.id] = make(self.blocks, self.borders, tier, self.home(tier))
        self.say(tier.id, 1.0, None, 0)

    def above(self, tier: Tier) -> Tier | None:
        """Return the tier whose units a tier is divided in: its parent, or above one that is joined from its own."""
        parent = self.scheme.tier(tier.parent)
        while parent is not None and parent.id not in self.units:
            parent = self.scheme.tier(parent.parent)
        return parent

    def home(self, tier: Tier) -> pd.Series:
        """Return the unit above each block, and its community where communities were given."""
        parent = self.above(tier)
        home = pd.Series("", index=self.units.index) if parent is None else self.units[parent.id].astype(str)
        if "community" in self.given and tier.made != "joined" and tier.id != "street_office":
            home = self.given["community"].astype(str) + "/" + home
        return home

    def divide(
        self,
        tier: Tier,
        home: pd.Series,
        *,
        counts: Mapping[str, int] | None,
        compactness: float = 1.0,
        seed: int = 0,
    ) -> pd.Series:
        """Divide the blocks of every `home` (a label a block, some blocks or all) into units of a tier.

        `compactness` is a factor on the price of perimeter; `seed` is added to that of the options.
        """
        frame, borders = self.ground(tier, home), self.borders
        if len(home) < len(self.blocks):
            borders = borders[borders["a"].isin(home.index) & borders["b"].isin(home.index)]
        if self._is_above_main(tier):
            borders = opened(frame, borders, self.scheme.cost, self.band(tier))
        scheme = self._alone(tier, compactness)
        workers = self.options.workers if len(home) >= WORTH_PROCESSES else 1
        options = self._options(seed=seed, workers=workers)
        number = self._lumps(tier, frame, borders, counts)
        if number is None:
            result = partition(frame, borders, scheme, options=options, progress=self._progress(tier), counts=counts)
            labels = result.assignment
        else:
            pieces = put_together(frame, borders, number)
            options = replace(options, workers=workers if len(pieces.blocks) >= WORTH_PROCESSES else 1)
            result = partition(pieces.blocks, pieces.borders, scheme, options=options, counts=counts)
            labels = pd.Series(result.assignment.to_numpy()[number], index=frame.index)
        self.keep(tier, result, home)
        return labels.astype(str)

    def ground(self, tier: Tier, home: pd.Series) -> gpd.GeoDataFrame:
        """Return the blocks of some homes as `partition` takes them: the load of the tier, the unit above."""
        blocks = self.blocks.loc[home.index]
        return blocks.assign(households=block_load(blocks, tier.load), community_code=home)

    def keep(self, tier: Tier, result: PartitionResult, home: pd.Series) -> None:
        """Keep what a search of a tier found out; that of some homes only adds whether it was cut short."""
        before = self.results.get(tier.id, result)
        early = before.stopped_early or result.stopped_early
        self.results[tier.id] = replace(before if len(home) < len(self.blocks) else result, stopped_early=early)

    def counts(self, tier: Tier, home: pd.Series) -> dict[str, int] | None:
        """Return how many units every home is to have by the scheme; None where that is free."""
        frame = self.ground(tier, home)
        total = wanted_count(tier, self.scheme, int(frame["households"].sum()))
        if not total:
            return None
        self.wanted[tier.id] = total
        return self._shared(tier, frame, total)

    def shared(self, tier: Tier, home: pd.Series, total: int) -> dict[str, int]:
        """Share so many units out over homes."""
        return self._shared(tier, self.ground(tier, home), total)

    def _shared(self, tier: Tier, frame: gpd.GeoDataFrame, total: int) -> dict[str, int]:
        load = frame["households"].groupby(frame["community_code"]).agg(["sum", "size"])
        room = load["size"].to_numpy(dtype=np.int64)
        share, _ = share_out(total, load["sum"].to_numpy(dtype=np.int64), self.band(tier), room)
        return dict(zip(load.index.astype(str), share.tolist(), strict=True))

    def fresh(self) -> int:
        """Return a number that no label begins with yet."""
        self.turn += 1
        return self.turn

    def band(self, tier: Tier) -> Band:
        """Return the band to divide a tier by: what the tier below can be cut from, where both count the same."""
        for below in self.scheme.tiers:
            if below.parent == tier.id and below.made == "divided" and below.load == tier.load:
                return tier.band.narrowed(below.band) or tier.band
        return tier.band

    def _alone(self, tier: Tier, compactness: float) -> Scheme:
        """Return a scheme of this tier alone, for one call of `partition`."""
        cost = replace(self.scheme.cost, compactness=self.scheme.cost.compactness * compactness)
        return replace(self.scheme, tiers=(replace(tier, main=True, band=self.band(tier)),), cost=cost)

    def _is_above_main(self, tier: Tier) -> bool:
        ids = [one.id for one in self.scheme.tiers]
        main = self.scheme.main
        return ids.index(tier.id) < ids.index(main.id) and tier.id != main.of

    def _lumps(
        self, tier: Tier, frame: gpd.GeoDataFrame, borders: gpd.GeoDataFrame, counts: Mapping[str, int] | None
    ) -> Ints | None:
        """Return lumps of blocks for units above that have far more blocks than they need; None for the blocks."""
        if not self._is_above_main(tier):
            return None
        size = frame.groupby("community_code")["households"].agg(["sum", "size"])
        units = size["sum"] / max(1, tier.band.target) if counts is None else pd.Series(counts).reindex(size.index)
        wanted = np.minimum(PIECES * units.clip(lower=1), size["size"] / 3).round().astype(int)
        many = wanted.index[wanted >= FEWEST * units]
        if not len(many):
            return None
        chosen = {str(code): int(wanted[code]) for code in many}
        return lumps(frame, borders, self.scheme.cost, chosen, self.options.seed)

    def _joined(self, tier: Tier, below: Tier) -> pd.Series:
        """Put adjoining units together."""
        code, _ = pd.factorize(self.units[below.id])
        frame = self.blocks.assign(households=0, community_code=self.home(tier))
        # a grid straddles no barrier; a zone of grids may
        borders = self.borders if tier.id == self.scheme.main.id else self.borders.assign(barrier=False)
        pieces = put_together(frame, borders, code.astype(np.int64))
        pieces = pieces._replace(blocks=pieces.blocks.assign(households=1))
        total = wanted_count(tier, self.scheme, len(pieces.blocks))
        counts = None
        if total and tier.band.min < tier.band.max:
            self.wanted[tier.id] = total
            counts = self._shared(tier, pieces.blocks, total)
        result = join(pieces, self._alone(tier, 1.0), counts, self._options())
        self.results[tier.id] = result
        return pd.Series(result.assignment.to_numpy()[code], index=self.blocks.index).astype(str)

    def _progress(self, tier: Tier) -> Callable[[int, int, float, int], None]:
        return lambda done, total, cost, out: self.say(tier.id, done / max(1, total), cost, out)


def divide_tiers(
    blocks: gpd.GeoDataFrame,
    borders: gpd.GeoDataFrame,
    scheme: Scheme,
    *,
    given: pd.DataFrame | None = None,
    options: PartitionOptions | None = None,
    progress: TierProgress | None = None,
) -> Hierarchy:
    """Divide blocks into the units of every tier of a scheme, from the top down.

    `given` holds the units that came with the input, a column for each such tier and a row for each block. What a
    tier's band cannot hold is divided as well as it can be; `gis_grid.rules.check` finds it. The same input and seed
    give the same units on any number of workers.

    Raises
    ------
    InputError
        As for `partition`.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> from gis_grid.scheme import Scheme
    >>> index = pd.Index([f"b{n}" for n in range(6)], name="block_id")
    >>> shapes = [shapely.box(100 * n, 0, 100 * n + 100, 100) for n in range(6)]
    >>> columns = {"community_code": "1", "households": 200}
    >>> row = gpd.GeoDataFrame(columns, index=index, geometry=shapes, crs=32650)
    >>> lines = pd.DataFrame({"a": index[:-1], "b": index[1:], "shared_m": 100.0, "street_class": "residential"})
    >>> lines = gpd.GeoDataFrame(lines.assign(street_name="", barrier=False), geometry=[None] * 5)
    >>> found = divide_tiers(row, lines, Scheme.load("luyuan"))
    >>> found.units.nunique().to_dict()
    {'community': 1, 'grid': 3, 'police_zone': 1}
    """
    builder = Builder(
        blocks,
        borders,
        scheme,
        options or PartitionOptions(),
        pd.DataFrame(index=blocks.index) if given is None else given,
        progress or (lambda *_: None),
        pd.DataFrame(index=blocks.index),
    )
    for tier in scheme.tiers:
        builder.settle(tier)
    main = builder.results[scheme.main.id]
    early = next((found.stopped_early for found in builder.results.values() if found.stopped_early), "")
    grids = builder.units[scheme.main.id].rename("grid_id").rename_axis("block_id")
    main = replace(main, assignment=grids, stopped_early=early)
    units = builder.units[[tier.id for tier in scheme.tiers]]
    missed = {name: count - units[name].nunique() for name, count in builder.wanted.items()}
    short = {name: count for name, count in missed.items() if count}
    return Hierarchy(units, main, short)
