"""The addresses of a district on its plan, so that it can be asked by address wherever it goes."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from gis_grid import sources
from gis_grid.addresses import DISTRICTS, AddressFrames, Gazetteer
from gis_grid.addresses.normalise import fold_all
from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from gis_grid.pipeline.district import District
    from gis_grid.plan import Plan


def with_addresses(plan: Plan, district: District) -> Plan:
    """Return a plan with the addresses of its district: those given for it, else those of households and buildings."""
    given = district.addresses
    if given is None:
        given = _held(district)
    if given is not None or district.street_numbers is not None:
        plan = addressed(plan, given, district.street_numbers)
    return plan if district.aliases is None else with_aliases(plan, district.aliases)


def addressed(plan: Plan, addresses: gpd.GeoDataFrame | None, numbers: gpd.GeoDataFrame | None) -> Plan:
    """Return a plan that holds addresses, read into their parts, and the numbers along its streets.

    Floors, rooms and whatever else stands in an address behind the stairwell are not kept.
    """
    crs = plan.blocks.crs
    if addresses is None:
        addresses = gpd.GeoDataFrame({"address": []}, geometry=[], crs=crs)
    known = numbers if numbers is not None else plan.streets
    found = Gazetteer.from_frames(addresses, streets=known, communities=plan.communities)
    ranges = None if found.streets is None else found.streets.to_crs(crs)
    notes = {**plan.metadata, DISTRICTS: ",".join(found.districts)} if found.districts else plan.metadata
    return replace(plan, addresses=found.entries.to_crs(crs), numbers=ranges, metadata=MappingProxyType(dict(notes)))


def with_aliases(plan: Plan, aliases: pd.DataFrame) -> Plan:
    """Return a plan with other and old names for what its addresses and streets are called.

    `aliases` has the columns `alias`, `name` and `note`, and the rows of the file as index.

    Raises
    ------
    InputError
        If a name is not known in the district, or an alias is a name of its own; all faults at once.
    """
    book = AddressFrames(plan.addresses, plan.numbers, plan.streets, plan.communities).gazetteer.book
    source = str(aliases.attrs.get("source", "aliases"))
    faults = []
    rows = aliases[["alias", "name"]].astype(str).to_numpy().tolist()
    for row, (alias, name), old, new in zip(
        aliases.index, rows, *(fold_all([each[n] for each in rows]) for n in (0, 1)), strict=True
    ):
        if new not in book.kinds:
            remedy = "write a street, compound or community as the addresses have it"
            faults.append(Fault(f"nothing in the district is called '{name}'", source, "name", row, remedy))
        if old in book.kinds:
            remedy = "take the row out: what is called so would not be found any more"
            faults.append(Fault(f"'{alias}' is a name of its own in the district", source, "alias", row, remedy))
    if faults:
        raise InputError(faults)
    return replace(plan, aliases=pd.DataFrame(aliases.reset_index(drop=True).to_dict("list")))


def read_for_plan(
    plan: Plan, addresses: str | None, numbers: str | None, aliases: str | None = None, *, crs: str | None = None
) -> Plan:
    """Return a plan with the addresses and aliases of files.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    target = plan.blocks.crs
    points = sources.read_addresses(addresses, target=target, crs=crs).frame if addresses else None
    ranges = sources.read_street_numbers(numbers, target=target, crs=crs).frame if numbers else None
    if addresses or numbers:
        plan = addressed(plan, points, ranges)
    return with_aliases(plan, sources.read_aliases(aliases).frame) if aliases else plan


def _held(district: District) -> gpd.GeoDataFrame | None:
    """Return the addresses that households and buildings state."""
    for frame in (district.households, district.buildings):
        # a building whose stairwells have addresses of their own says nothing new
        if frame is not None and "address" in frame:
            stated = frame[frame["address"].astype("str").fillna("") != ""]
            if len(stated):
                columns = {name: stated[name] for name in ("address", "compound") if name in stated}
                return gpd.GeoDataFrame(columns, geometry=stated.geometry, crs=stated.crs)
    return None
