"""The addresses of a district on its plan, so that it can be asked by address wherever it goes."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import geopandas as gpd

from gis_grid import sources
from gis_grid.addresses import DISTRICTS, Gazetteer

if TYPE_CHECKING:
    from gis_grid.pipeline.district import District
    from gis_grid.plan import Plan


def with_addresses(plan: Plan, district: District) -> Plan:
    """Return a plan with the addresses of its district: those given for it, else those of households and buildings."""
    given = district.addresses
    if given is None:
        given = _held(district)
    if given is None and district.street_numbers is None:
        return plan
    return addressed(plan, given, district.street_numbers)


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


def read_for_plan(plan: Plan, addresses: str | None, numbers: str | None, *, crs: str | None = None) -> Plan:
    """Return a plan with the addresses of files.

    Raises
    ------
    InputError
        If a file cannot be used.
    """
    target = plan.blocks.crs
    points = sources.read_addresses(addresses, target=target, crs=crs).frame if addresses else None
    ranges = sources.read_street_numbers(numbers, target=target, crs=crs).frame if numbers else None
    return addressed(plan, points, ranges)


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
