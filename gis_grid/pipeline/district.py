"""Files to a district: every input read into one metric CRS, the faults of all files told at once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType

import geopandas as gpd
import pandas as pd
import shapely

from gis_grid import sources
from gis_grid.adjacency import mended
from gis_grid.crs import offset_warning
from gis_grid.errors import Fault, InputError
from gis_grid.frames import check_frame
from gis_grid.plan import Plan
from gis_grid.planfile import read_plan
from gis_grid.scheme import Scheme
from gis_grid.sources.staff import Roster

#: Called with the stage and the share of it that is done.
Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Inputs:
    """Name the files of a district, as `gis-grid build` takes them; `blocks` skips the street stage.

    `previous` is a plan file to follow with few households moved.
    """

    boundary: str | None = None
    streets: str | None = None
    households: str | None = None
    communities: str | None = None
    barriers: str | None = None
    compounds: str | None = None
    buildings: str | None = None
    staff: str | None = None
    addresses: str | None = None
    street_numbers: str | None = None
    aliases: str | None = None
    blocks: str | None = None
    previous: str | None = None
    crs: str | None = None
    count_column: str | None = None

    def files(self) -> dict[str, str]:
        """Return the files that are given, by what they are."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("crs", "count_column")}
        return {name: path for name, path in named.items() if path is not None}


@dataclass(frozen=True)
class District:
    """Hold the checked frames of a district in one metric CRS, with what was said while reading them.

    `previous` is the plan that the next one should follow with few households moved.
    """

    boundary: gpd.GeoDataFrame
    streets: gpd.GeoDataFrame | None = None
    households: gpd.GeoDataFrame | None = None
    communities: gpd.GeoDataFrame | None = None
    compounds: gpd.GeoDataFrame | None = None
    buildings: gpd.GeoDataFrame | None = None
    blocks: gpd.GeoDataFrame | None = None
    addresses: gpd.GeoDataFrame | None = None
    street_numbers: gpd.GeoDataFrame | None = None
    aliases: pd.DataFrame | None = None
    staff: pd.DataFrame | None = None
    previous: Plan | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def sample_frames(seed: int = 0) -> District:
    """Return the made-up district of `gis_grid.sources.sample`, ready for `build_from`."""
    from gis_grid.sources.sample import sample_district

    town = sample_district(seed)
    lines = pd.concat([town.streets, town.barriers], ignore_index=True)
    return District(
        boundary=town.boundary,
        streets=check_frame(gpd.GeoDataFrame(lines, geometry="geometry", crs=town.streets.crs), "streets"),
        households=town.households,
        communities=town.communities,
        compounds=town.compounds,
        buildings=town.buildings,
        staff=town.staff,
        metadata=MappingProxyType({"inputs": json.dumps({"sample": seed})}),
    )


def read_district(inputs: Inputs, scheme: Scheme, progress: Progress | None = None) -> District:
    """Read the files of a district into one metric CRS, telling the faults of all files at once."""
    say = progress or (lambda *_: None)
    files = inputs.files()
    if inputs.blocks is None:
        missing = [name for name in ("boundary", "streets", "households") if name not in files]
        if missing:
            remedy = "pass them, or ready-made blocks with --blocks"
            raise InputError(Fault(f"{', '.join('--' + name for name in missing)} missing", remedy=remedy))
    faults: list[Fault] = []
    reads: dict[str, sources.Read] = {}

    def read(name: str, reader: Callable[..., sources.Read], **more: object) -> None:
        if name in files:
            say("reading", len(reads) / len(files))
            try:
                reads[name] = reader(files[name], crs=inputs.crs, **more)
            except InputError as caught:
                faults.extend(caught.faults)

    read("boundary", sources.read_boundary)
    target = reads["boundary"].frame.crs if "boundary" in reads else None
    read("blocks", sources.read_blocks, target=target, count_column=inputs.count_column)
    if target is None and "blocks" in reads:
        target = reads["blocks"].frame.crs
    read("streets", sources.read_streets, target=target, scheme_barriers=scheme.barriers)
    read("barriers", sources.read_barriers, target=target)
    read("communities", sources.read_communities, target=target)
    read("compounds", sources.read_compounds, target=target)
    read("buildings", sources.read_buildings, target=target)
    read("addresses", sources.read_addresses, target=target)
    read("street_numbers", sources.read_street_numbers, target=target)
    read("aliases", lambda path, **_: sources.read_aliases(path))
    if "boundary" in reads:
        boundary = reads["boundary"].frame
        read("households", sources.read_households, boundary=boundary, target=target, count_column=inputs.count_column)
    elif faults and "households" in files:
        # without a boundary nobody can be placed, but what is wrong with the file itself can be told
        faults.extend(_faults_of(files["households"], inputs.crs))
    staff, previous = None, None
    try:
        staff = sources.read_roster(inputs.staff) if inputs.staff is not None else None
    except InputError as caught:
        faults.extend(caught.faults)
    try:
        previous = read_plan(inputs.previous) if inputs.previous is not None else None
    except InputError as caught:
        faults.extend(caught.faults)
    if faults:
        raise InputError(faults)
    return replace(_district(inputs, reads, staff), previous=previous)


def _faults_of(place: str, crs: str | None) -> tuple[Fault, ...]:
    try:
        sources.read_any(place, crs=crs)
    except InputError as caught:
        return caught.faults
    return ()


def _district(inputs: Inputs, reads: Mapping[str, sources.Read], staff: Roster | None) -> District:
    """Put what was read together."""
    frames = {name: read.frame for name, read in reads.items()}
    notes = [note for read in reads.values() for note in read.notes] + list(staff.notes if staff is not None else ())
    blocks = frames.get("blocks")
    if blocks is not None:
        blocks = mended(blocks)
    boundary = frames.get("boundary")
    if boundary is None:
        assert blocks is not None
        boundary = gpd.GeoDataFrame(geometry=[shapely.coverage_union_all(blocks.geometry.to_numpy())], crs=blocks.crs)
    lines = [frames[name] for name in ("streets", "barriers") if name in frames]
    streets = None
    if lines:
        both = pd.concat(lines, ignore_index=True)
        for flag in {"roundabout", "oneway", "bridge", "tunnel", "inner"} & set(both.columns):
            both[flag] = both[flag].fillna(False).astype(bool)
        streets = check_frame(gpd.GeoDataFrame(both, geometry="geometry", crs=boundary.crs), "streets")
        warning = offset_warning(boundary, streets)
        notes += [f"warning: {warning}"] if warning else []
    notes += _uncovered(boundary, frames.get("communities"))
    tallies = {name: dict(read.tally) for name, read in reads.items() if read.tally}
    told = {
        "inputs": json.dumps({name: _checksum(path) for name, path in inputs.files().items()}, ensure_ascii=False),
        "notes": "\n".join(dict.fromkeys(notes)),
        "tally": json.dumps(tallies),
        "columns": json.dumps({name: dict(read.columns) for name, read in reads.items() if read.columns}),
    }
    return District(
        boundary=boundary,
        streets=streets,
        households=frames.get("households"),
        communities=frames.get("communities"),
        compounds=frames.get("compounds"),
        buildings=frames.get("buildings"),
        blocks=blocks,
        addresses=frames.get("addresses"),
        street_numbers=frames.get("street_numbers"),
        aliases=frames.get("aliases"),
        staff=None if staff is None else staff.frame,
        metadata=MappingProxyType(told),
    )


def _uncovered(boundary: gpd.GeoDataFrame, communities: gpd.GeoDataFrame | None) -> list[str]:
    """Say so where communities leave much of the district out; the nearest ones are given that ground."""
    if communities is None:
        return []
    whole = shapely.union_all(boundary.geometry.to_numpy())
    share = 1 - shapely.area(shapely.intersection(whole, communities.union_all())) / shapely.area(whole)
    if share < 0.005:
        return []
    return [f"warning: {share:.1%} of the district lies in no community; it was joined to the communities beside it"]


def _checksum(place: str) -> dict[str, str]:
    """Return the name of an input and the SHA-256 of its bytes; a layer of a file is summed with its file."""
    from gis_grid.sources.tables import parse_place

    path = Path(parse_place(place).path)
    told = {"name": place[len(str(path.parent)) :].lstrip("/") if place.startswith(str(path)) else path.name}
    if path.is_file():
        with path.open("rb") as stream:
            told["sha256"] = hashlib.file_digest(stream, "sha256").hexdigest()
    return told
