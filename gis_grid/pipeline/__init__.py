"""The one place that strings the stages together: files or frames in, a plan out."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from time import perf_counter
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis_grid import rules
from gis_grid.adjacency import borders, outline
from gis_grid.blocks import BlockOptions, build_blocks, fit_communities, refine_blocks
from gis_grid.blocks.counts import block_of
from gis_grid.codes import assign_codes
from gis_grid.describe import describe
from gis_grid.errors import Fault, InputError
from gis_grid.frames import check_frame
from gis_grid.grids import grids as dissolve
from gis_grid.partition import PartitionOptions, PartitionResult, partition
from gis_grid.partition.again import partition_again
from gis_grid.partition.crew import first_interrupt_stops, stop_asked
from gis_grid.partition.update import UpdateOptions
from gis_grid.pipeline import update
from gis_grid.pipeline.account import account
from gis_grid.pipeline.district import District, Inputs, Progress, read_district, sample_frames
from gis_grid.pipeline.update import Carried
from gis_grid.plan import Plan
from gis_grid.rules import Finding
from gis_grid.scheme import Scheme

#: Called before the search with what no division can meet.
Tell = Callable[[Sequence[Finding]], None]
#: Called during the search with the cost and the number of grids out of band so far.
Watch = Callable[[float, int], None]
#: The community of a district that came without any.
WHOLE_DISTRICT = "000000000001"
PACKAGES = ("gis-grid", "geopandas", "shapely", "pyproj", "numpy", "numba", "scipy", "pymetis")

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
    so far is returned; it says so in its metadata (`stopped_early`). `max_moved` is the share of households that may
    change grid where the district has an earlier plan to follow.
    """

    seed: int = 0
    workers: int = 1
    time_limit: float | None = None
    refinements: int = 2
    keep_best: bool = False
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
        If a file is missing or cannot be used; faults of all files are told at once.
    """
    scheme = scheme or Scheme.load()
    clock = _Clock(progress or (lambda *_: None), tell or (lambda _: None), watch or (lambda *_: None))
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
    communities = _communities(district)
    with clock.stage("blocks"):
        blocks = _blocks(district, communities, scheme, options, clock.progress)
        if district.blocks is not None:
            communities = _as_held(communities, blocks)
    with first_interrupt_stops() if options.keep_best else nullcontext():
        plan, result = _divided(district, communities, blocks, scheme, options, clock)
        if district.blocks is None and options.blocks.divide:
            plan, result = _refine(district, plan, result, options, clock)
    with clock.stage("describing"):
        plan = _finished(plan, scheme)
        if district.previous is not None:
            plan = update.with_concordance(plan, district.previous)
    return replace(plan, metadata=MappingProxyType(_told(district, plan, options, result, clock)))


def _refine(
    district: District, plan: Plan, result: PartitionResult, options: BuildOptions, clock: _Clock
) -> tuple[Plan, PartitionResult]:
    """Divide blocks that keep grids out of the band, and search anew, until that helps no more or time is up."""
    for _ in range(options.refinements):
        chosen = _stuck(plan, district.previous)
        if not chosen or result.stopped_early:
            break
        if stop_asked():
            return plan, replace(result, stopped_early="interrupted")
        with clock.stage("refining"):
            finer = _refined(district, plan.blocks, chosen, plan.scheme, options)
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
        clock.tell(rules.explain(blocks, edges, scheme.main.band, communities=names, remedies=False))
    with clock.stage("partition"):
        if district.previous is None:
            result = _searched(blocks, edges, scheme, options, clock, before)
        else:
            bounds = UpdateOptions(seed=options.seed, max_moved=options.max_moved)
            result = update.carried(blocks, edges, scheme, district.previous, bounds)
    with clock.stage("checking"):
        shapes = dissolve(blocks, result.assignment, edges, rim)
        follow = update.codes_to_keep(result)
        shapes["code"] = assign_codes(shapes, scheme.code, **follow)
        plan = Plan(
            scheme=scheme,
            blocks=blocks,
            borders=edges,
            outline=rim,
            communities=communities,
            assignment=result.assignment,
            grids=shapes,
            issues=rules.issues_frame([]),
            streets=district.streets,
            staff=district.staff,
        )
        found = rules.check(plan)
    broken = {issue.grid_id for issue in found if issue.severity == "error"}
    return replace(
        plan, grids=shapes.assign(legal=~shapes.index.isin(broken)), issues=rules.issues_frame(found)
    ), result


def _searched(
    blocks: gpd.GeoDataFrame,
    edges: gpd.GeoDataFrame,
    scheme: Scheme,
    options: BuildOptions,
    clock: _Clock,
    before: PartitionResult | None,
) -> PartitionResult:
    left = options.time_limit
    if left is not None:  # what earlier searches took is gone
        left = max(left - clock.seconds.get("partition", 0.0), 1e-3)
    search = PartitionOptions(seed=options.seed, workers=options.workers, time_limit=left)

    def progress(done: int, total: int, cost: float, out_of_band: int) -> None:
        clock.watch(cost, out_of_band)
        clock.progress("partition", done / max(total, 1))

    if before is None:
        return partition(blocks, edges, scheme, options=search, progress=progress)
    return partition_again(blocks, edges, scheme, before, options=search, progress=progress)


def _out_of_band(plan: Plan) -> int:
    return int((plan.issues["rule"] == "band").sum())


def _stuck(plan: Plan, previous: Plan | None) -> set[str]:
    """Return the blocks whose size keeps grids out of the band: those of such grids, and those beside them.

    What an earlier plan took as an exception stays one.
    """
    off = plan.issues[plan.issues["rule"] == "band"]
    if previous is not None:
        off = off[~off["grid_id"].isin(update.exceptions(previous)) | (off["severity"] == "error")]
    named = {block for ids in off["block_ids"] for block in ids.split(",") if block}
    named |= set(plan.assignment.index[plan.assignment.isin(off["grid_id"])])
    near = plan.borders["a"].isin(named) | plan.borders["b"].isin(named)
    named |= set(plan.borders.loc[near, "a"]) | set(plan.borders.loc[near, "b"])
    band = plan.scheme.main.band
    # where the sum itself fits no number of grids, dividing blocks changes nothing
    proofs = rules.explain(plan.blocks, plan.borders, band, remedies=False)
    named -= {block for proof in proofs if proof.cause in ("arithmetic", "detached") for block in proof.block_ids}
    held = plan.blocks["households"].reindex(sorted(named))
    return set(held.index[held > (band.max - band.min) // 2])


def _refined(
    district: District, blocks: gpd.GeoDataFrame, chosen: set[str], scheme: Scheme, options: BuildOptions
) -> gpd.GeoDataFrame:
    assert district.streets is not None
    assert district.households is not None
    return refine_blocks(
        blocks,
        chosen,
        district.streets,
        district.households,
        compounds=district.compounds,
        buildings=district.buildings,
        band=scheme.main.band,
        options=options.blocks,
    )


def _finished(plan: Plan, scheme: Scheme) -> Plan:
    """Name the grids and say their bounds in words."""
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    bounds = describe(plan.grids, plan.assignment, plan.borders, plan.outline, communities=names)
    return replace(plan, grids=_named(plan.grids, bounds, names, scheme))


def _communities(district: District) -> gpd.GeoDataFrame:
    """Return the communities made to tile the district, or the whole district as one provisional community."""
    whole = shapely.union_all(district.boundary.geometry.to_numpy())
    if district.communities is None:
        columns = {"community_code": [WHOLE_DISTRICT], "name": [""]}
        return gpd.GeoDataFrame(columns, geometry=[whole], crs=district.boundary.crs)
    drawn = district.communities
    fitted = drawn.set_geometry(fit_communities(whole, drawn.geometry.to_numpy()), crs=drawn.crs)
    left = fitted[~fitted.is_empty].reset_index(drop=True)
    if left.empty:
        remedy = "check the CRS of both files"
        raise InputError(Fault("no community lies inside the boundary", "communities", remedy=remedy))
    return left


def _blocks(
    district: District, communities: gpd.GeoDataFrame, scheme: Scheme, options: BuildOptions, progress: Progress
) -> gpd.GeoDataFrame:
    """Return ready-made blocks with their communities, or blocks made from streets."""
    if district.blocks is not None:
        inside = shapely.point_on_surface(district.blocks.geometry.to_numpy())
        at = block_of(inside, communities.geometry.to_numpy())
        if (at < 0).any():
            rows = district.blocks.index[at < 0]
            faults = [Fault("the block lies in no community", "blocks", row=str(r), remedy="extend one") for r in rows]
            raise InputError(faults)
        codes = communities["community_code"].to_numpy(dtype=object)[at]
        return check_frame(district.blocks.assign(community_code=codes).sort_index(), "blocks")
    if district.streets is None or district.households is None:
        raise InputError(Fault("streets and households are missing", remedy="pass them, or ready-made blocks"))
    steps = {"faces": 0.1, "dividing": 0.6, "counting": 0.9}
    made = build_blocks(
        district.boundary,
        district.streets,
        district.households,
        communities=communities,
        compounds=district.compounds,
        buildings=district.buildings,
        band=scheme.main.band,
        options=options.blocks,
        progress=lambda step: progress("blocks", steps[step]),
    )
    return made if district.previous is None else update.as_before(made, district.previous, district.households, scheme)


def _as_held(communities: gpd.GeoDataFrame, blocks: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the communities as the ground of their blocks, which ready-made blocks decide."""
    geometry, codes = blocks.geometry.to_numpy(), blocks["community_code"].to_numpy()
    held = communities[communities["community_code"].isin(codes)].reset_index(drop=True)
    ground = [shapely.coverage_union_all(geometry[codes == code]) for code in held["community_code"]]
    return held.set_geometry(np.array(ground, dtype=object), crs=communities.crs)


def _named(
    shapes: gpd.GeoDataFrame, bounds: pd.DataFrame, communities: Mapping[str, str], scheme: Scheme
) -> gpd.GeoDataFrame:
    """Fill the columns of a grid that are not measured."""
    tier = scheme.main
    serial = shapes["code"].str[-scheme.code.serial_digits :].str.lstrip("0")
    community = shapes["community_code"].map(communities).fillna("")
    community = community.where(~community.str.contains(r"[0-9A-Za-z]$", regex=True), community + " ")
    return shapes.assign(
        name=community + serial + tier.name_zh,
        kind="community_grid",
        tier=tier.id,
        parent_code=shapes["community_code"],
        bounds_zh=bounds["bounds_zh"],
        bounds_en=bounds["bounds_en"],
        status="draft",
        valid_from="",
        valid_to="",
    ).sort_values("code")


def _told(
    district: District, plan: Plan, options: BuildOptions, result: PartitionResult, clock: _Clock
) -> dict[str, str]:
    """Return the plan's metadata: everything needed to say how it came about and to make it again."""
    scheme, band = plan.scheme, plan.scheme.main.band
    crs = district.boundary.crs
    facts: dict[str, object] = {
        "scheme": scheme.name,
        "band_min": band.min,
        "band_max": band.max,
        "band_target": band.target,
        "seed": options.seed,
        "crs": crs.to_string(),
        "versions": {name: version(name) for name in PACKAGES} | {"python": platform.python_version()},
        "seconds": {name: round(seconds, 3) for name, seconds in clock.seconds.items()},
        **account(plan, result, home=result.home if isinstance(result, Carried) else None),
    }
    if district.communities is None or district.communities.get("provisional", pd.Series([False])).any():
        facts["provisional_codes"] = True
    told = {key: value if isinstance(value, str) else json.dumps(value) for key, value in facts.items()}
    if isinstance(result, Carried):
        told |= update.told(result, plan, options.max_moved)
        notes = [district.metadata.get("notes", ""), update.note(result, options.max_moved)]
        told["notes"] = "\n".join(line for line in notes if line)
    return dict(district.metadata) | told
