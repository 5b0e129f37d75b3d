"""People and posts: which posts a plan has, who takes which, and what changes hands when it is redrawn."""

from gis_grid.staffing.assignments import assignments_of, with_assignments
from gis_grid.staffing.handover import HandOver, handover
from gis_grid.staffing.moving import moved
from gis_grid.staffing.people import Crew, crew_of
from gis_grid.staffing.posts import posts
from gis_grid.staffing.rosters import roster_of, write_roster
from gis_grid.staffing.suggest import Suggestion, SuggestOptions, suggest
from gis_grid.staffing.words import explained

__all__ = [
    "Crew",
    "HandOver",
    "SuggestOptions",
    "Suggestion",
    "assignments_of",
    "crew_of",
    "explained",
    "handover",
    "moved",
    "posts",
    "roster_of",
    "suggest",
    "with_assignments",
    "write_roster",
]
