"""The one place that strings the stages together: files or frames in, a plan out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from time import perf_counter
from types import MappingProxyType

import geopandas as gpd

from gis_grid import rules
from gis_grid.adjacency import borders, outline
from gis_grid.blocks import BlockOptions
from gis_grid.codes import assign_codes
from gis_grid.finish import checked, described
from gis_grid.grids import grids as dissolve
from gis_grid.partition import PartitionOptions, PartitionResult, partition
from gis_grid.partition.again import partition_again
from gis_grid.partition.crew import first_interrupt_stops, stop_asked
from gis_grid.partition.update import UpdateOptions
from gis_grid.pipeline import update
from gis_grid.pipeline.account import told
from gis_grid.pipeline.addresses import with_addresses
from gis_grid.pipeline.district import District, Inputs, Progress, read_district, sample_frames
from gis_grid.pipeline.ground import as_held, blocks_of, communities_of, refined, shown, stuck
from gis_grid.pipeline.tiers import Divided, before_search, divide_all, given_units, with_units
from gis_grid.plan import Plan
from gis_grid.rules import Finding
from gis_grid.scheme import Scheme
from gis_grid.staffing import with_assignments

#: Called before the search with what no division can meet.
Tell = Callable[[Sequence[Finding]], None]
#: Called during the search with the cost and the number of grids out of band so far.
Watch = Callable[[float, int], None]

__all__ = [
    "BuildOptions",
    "District",
    "Inputs",
    "Progress",
    "Tell",
    "Watch",
    "build",
    "build_from",
    "read_district",
    "sample_frames",
]


@dataclass(frozen=True)
class BuildOptions:
    """Choose how a plan is built; any number of workers gives the same plan.

    `refinements` is how often blocks that keep their neighbours out of the band are divided further. `time_limit`
    bounds the seconds of all searches together. With `keep_best`, the first Ctrl-C ends the search and the best plan
    so far is returned; it says so in its metadata (`stopped_early`). `prove` asks for bounds on the cost of every
    part of up to 400 blocks. `max_moved` is the share of households that may change grid where the district has an
    earlier plan to follow.
    """

    seed: int = 0
    workers: int = 1
    time_limit: float | None = None
    refinements: int = 2
    keep_best: bool = False
    prove: bool = False
    max_moved: float | None = None
    blocks: BlockOptions = field(default_factory=BlockOptions)


@dataclass
class _Clock:
    """Say which stage runs, and keep how long each took."""

    progress: Progress
    tell: Tell
    watch: Watch
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        self.progress(name, 0.0)
        start = perf_counter()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + perf_counter() - start
        self.progress(name, 1.0)


def build(
    inputs: Inputs,
    scheme: Scheme | None = None,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Plan:
    """Read a district from files and divide it into grids.

    `tell` is called once before the search with what no division of these blocks can meet, and why; `watch` during
    it with the cost and the number of grids out of band so far.

    Raises
    ------
    InputError
        If a file is missing or cannot be used; faults of all files are told at once. If an earlier plan is to be
        followed and the scheme divides more than grids of households.
    """
    scheme = scheme or Scheme.load()
    clock = _Clock(progress or (lambda *_: None), tell or (lambda _: None), watch or (lambda *_: None))
    if inputs.previous is not None:
        update.refuse_tiers(scheme)
    with clock.stage("reading"):
        district = read_district(inputs, scheme, clock.progress)
    return _plan(district, scheme, options or BuildOptions(), clock)


def build_from(
    district: District,
    scheme: Scheme | None = None,
    options: BuildOptions | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
    watch: Watch | None = None,
) -> Plan:
    """Divide a district that is already in memory into grids; `progress`, `tell` and `watch` as for `build`.

    Examples
    --------
    >>> plan = build_from(sample_frames())
    >>> int(plan.grids["households"].sum()) == int(plan.blocks["households"].sum())
    True
    """
    clock = _Clock(progress or (lambda *_: None), tell or (lambda _: None), watch or (lambda *_: None))
    return _plan(district, scheme or Scheme.load(), options or BuildOptions(), clock)


def _plan(district: District, scheme: Scheme, options: BuildOptions, clock: _Clock) -> Plan:
    """Run the stages after reading."""
    if district.previous is not None:
        update.refuse_tiers(scheme)
    communities = communities_of(district)
    with clock.stage("blocks"):
        blocks = blocks_of(district, communities, scheme, options.blocks, clock.progress)
        if district.blocks is not None:
            communities = as_held(communities, blocks)
    with first_interrupt_stops() if options.keep_best else nullcontext():
        plan, result = _divided(district, communities, blocks, scheme, options, clock)
        if district.blocks is None and options.blocks.divide:
            plan, result = _refine(district, plan, result, options, clock)
    with clock.stage("describing"):
        plan = described(plan)
        plan = with_addresses(plan, district)
        if district.previous is not None:
            plan = update.with_concordance(plan, district.previous)
        plan = with_assignments(plan, note=True)
    facts = told(district, plan, result, seed=options.seed, max_moved=options.max_moved, seconds=clock.seconds)
    return replace(plan, metadata=MappingProxyType(facts))


def _refine(
    district: District, plan: Plan, result: PartitionResult, options: BuildOptions, clock: _Clock
) -> tuple[Plan, PartitionResult]:
    """Divide blocks that keep grids out of the band, and search anew, until that helps no more or time is up."""
    for _ in range(options.refinements):
        chosen = stuck(plan, district.previous)
        if not chosen or result.stopped_early:
            break
        if stop_asked():
            return plan, replace(result, stopped_early="interrupted")
        with clock.stage("refining"):
            finer = refined(district, plan.blocks, chosen, plan.scheme, options.blocks)
        if len(finer) == len(plan.blocks):
            break
        other, found = _divided(district, plan.communities, finer, plan.scheme, options, clock, before=result)
        if _out_of_band(other) >= _out_of_band(plan):
            return plan, replace(result, stopped_early=found.stopped_early)
        plan, result = other, found
    return plan, result


def _divided(
    district: District,
    communities: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
    scheme: Scheme,
    options: BuildOptions,
    clock: _Clock,
    before: PartitionResult | None = None,
) -> tuple[Plan, PartitionResult]:
    """Divide blocks into grids with codes, and check them."""
    with clock.stage("borders"):
        edges = borders(blocks, district.streets)
        rim = outline(blocks, district.streets)
    if before is None:
        names = dict(zip(communities["community_code"], communities["name"], strict=True))
        clock.tell(before_search(blocks, edges, scheme, given_units(district, blocks, scheme), names))
    with clock.stage("partition"):
        divided = _searched(district, communities, blocks, edges, scheme, options, clock, before)
    with clock.stage("checking"):
        result = divided.result
        shapes = dissolve(divided.blocks, result.assignment, edges, rim)
        shapes["code"] = assign_codes(shapes, scheme.code, **update.codes_to_keep(result))
        plan = Plan(
            scheme=scheme,
            blocks=divided.blocks,
            borders=edges,
            outline=rim,
            communities=divided.communities,
            assignment=result.assignment,
            grids=shapes,
            issues=rules.issues_frame([]),
            streets=district.streets,
            compounds=shown(district.compounds),
            buildings=shown(district.buildings),
            staff=district.staff,
            metadata={"given_tiers": ",".join(map(str, given_units(district, blocks, scheme).columns))},
        )
        return checked(with_units(plan, divided)), result


def _searched(
    district: District,
    communities: gpd.GeoDataFrame,
    blocks: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    scheme: Scheme,
    options: BuildOptions,
    clock: _Clock,
    before: PartitionResult | None,
) -> Divided:
    """Divide blocks into grids, and into the units of the other tiers where the scheme has such."""
    left = options.time_limit
    if left is not None:  # what earlier searches took is gone
        left = max(left - clock.seconds.get("partition", 0.0), 1e-3)
    search = PartitionOptions(options.seed, options.workers, left, prove=options.prove)
    given = given_units(district, blocks, scheme)

    def say(share: float, cost: float | None, out_of_band: int) -> None:
        if cost is not None:
            clock.watch(cost, out_of_band)
        clock.progress("partition", share)

    def progress(done: int, total: int, cost: float, out_of_band: int) -> None:
        say(done / max(total, 1), cost, out_of_band)

    if district.previous is not None:
        bounds = UpdateOptions(seed=options.seed, max_moved=options.max_moved, time_limit=left)
        moved = update.carried(blocks, edges, scheme, district.previous, bounds)
        return Divided(blocks, communities, moved, given, {})
    if not scheme.is_plain:
        return divide_all(blocks, communities, edges, scheme, given, search, say)
    if before is None:
        result = partition(blocks, edges, scheme, options=search, progress=progress)
    else:
        result = partition_again(blocks, edges, scheme, before, options=search, progress=progress)
    return Divided(blocks, communities, result, given, {})


def _out_of_band(plan: Plan) -> int:
    return int((plan.issues["rule"] == "band").sum())
