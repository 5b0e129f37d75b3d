"""Addresses: read, found in a gazetteer of the district, and refused where they may be two places."""

from gis_grid.addresses.gazetteer import DISTRICTS, AddressFrames, Gazetteer
from gis_grid.addresses.match import Match, Matcher

__all__ = ["DISTRICTS", "AddressFrames", "Gazetteer", "Match", "Matcher"]
