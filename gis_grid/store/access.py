"""Who may do what: roles, the actions each of them may take, and the part of the tree they hold for."""

from __future__ import annotations

from dataclasses import dataclass

from gis_grid.errors import Fault, RightsError
from gis_grid.store.models import ROLES

#: everything that can be asked of the store and the service, and the least role that may; what is not here is an error
ACTIONS = {
    "lookup": "guest",
    "read_published": "guest",
    "read_own": "field",
    "report": "field",
    "read_plans": "planner",
    "read_small_counts": "planner",
    "read_staff": "planner",
    "read_reports": "planner",
    "draft": "planner",
    "answer": "planner",
    "submit": "planner",
    "build": "planner",
    "export": "planner",
    "comment": "approver",
    "approve": "approver",
    "publish": "approver",
    "manage_tokens": "administrator",
    "manage_areas": "administrator",
    "manage_staff": "administrator",
    "read_audit": "administrator",
    "backup": "administrator",
}
#: the path of the whole installation
WHOLE = "/"


@dataclass(frozen=True)
class Actor:
    """Say on whose behalf something is done: a name for the record, a role, and the part of the tree it holds for.

    `path` is that of an area (see `gis_grid.store.models.Area`); the rights hold for it and everything under it. `also`
    are the paths of areas that went whole into it, so that their history stays open to who follows. `staff_id` names
    the person of the roster, if it is one.

    >>> planner = Actor("Lin", "planner", "/42/4201/420103/")
    >>> planner.may("draft", "/42/4201/420103/420103001001/"), planner.may("draft", "/42/4201/420104/")
    (True, False)
    >>> planner.may("publish", "/42/4201/420103/")
    False
    """

    name: str
    role: str
    path: str = WHOLE
    staff_id: int | None = None
    also: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise RightsError(Fault(f"there is no role {self.role!r}", remedy=f"use one of {', '.join(ROLES)}"))
        for path in (self.path, *self.also):
            if not (path.startswith(WHOLE) and path.endswith(WHOLE)):
                raise ValueError(f"{path!r} is no path of an area: it begins and ends with a slash")

    def may(self, action: str, path: str = WHOLE) -> bool:
        """Say whether the actor may take an action on what lies at a path; without a path, on the whole installation.

        Raises
        ------
        KeyError
            If there is no such action: nobody may do what has no name in `ACTIONS`.
        """
        least = ROLES.index(ACTIONS[action])
        return ROLES.index(self.role) >= least and self.reaches(path)

    def reaches(self, path: str) -> bool:
        """Say whether a path lies in the actor's part of the tree, whatever the role."""
        return any(path.startswith(own) for own in (self.path, *self.also))

    def require(self, action: str, path: str = WHOLE) -> None:
        """Refuse unless the actor may.

        Raises
        ------
        RightsError
            If the role is too low, or the path lies elsewhere in the tree.

        Examples
        --------
        >>> Actor("Wang", "field").require("draft")
        Traceback (most recent call last):
        gis_grid.errors.RightsError: Wang (field) may not draft here → ask for a token of the role planner or above
        """
        if self.may(action, path):
            return
        least = ACTIONS[action]
        remedy = f"ask for a token of the role {least} or above"
        if ROLES.index(self.role) >= ROLES.index(least):
            remedy = "ask for a token of this part of the administrative tree"
        problem = f"{self.name} ({self.role}) may not {action} here"
        raise RightsError(Fault(problem, remedy=remedy, code="rights", values={"role": least}))


#: who sits at the machine that holds the store
LOCAL = Actor("command line", "administrator")
#: who calls without a token
NOBODY = Actor("nobody", "guest")
