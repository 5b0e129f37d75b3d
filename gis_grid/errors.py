"""The errors of gis-grid.

::

    GridError
    ├── InputError          something handed in cannot be used; carries every fault found
    │   ├── CrsError        coordinates that are missing, swapped, shifted or out of range
    │   ├── FrameError      a frame breaks the contract in `gis_grid.frames`
    │   ├── SchemeError     a scheme file is wrong
    │   ├── PlanFileError   a plan file cannot be read
    │   └── StoreError      the store cannot be used
    │       ├── AbsentError there is no such thing in it
    │       ├── ClashError  what is asked does not fit the state something is in
    │       └── RightsError the caller may not do that
    ├── MoveError           a move does not fit the assignment it is applied to
    └── OutputError         a result could not be written; what stood there before is untouched
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

SHOWN_FAULTS = 20


@dataclass(frozen=True)
class Fault:
    """Say one thing that is wrong with an input, where it is, and how to mend it.

    `row` is the number a user sees in the file (1 for the first record), or an index value. `code` names what is wrong
    for programs that word it themselves, and `values` are what the words need.

    >>> print(Fault("43 is below zero", source="hh.csv", column="households", row=7, remedy="correct the count"))
    hh.csv, column 'households', row 7: 43 is below zero → correct the count
    """

    problem: str
    source: str = ""
    column: str = ""
    row: int | str | None = None
    remedy: str = ""
    code: str = ""
    values: Mapping[str, str | int] = field(default_factory=dict, compare=False)

    def __str__(self) -> str:
        places = [self.source] if self.source else []
        if self.column:
            places.append(f"column '{self.column}'")
        if self.row is not None:
            places.append(f"row {self.row}")
        where = ", ".join(places)
        return (f"{where}: " if where else "") + self.problem + (f" → {self.remedy}" if self.remedy else "")


class GridError(Exception):
    """Stand above every error that gis-grid raises on purpose."""


class InputError(GridError):
    """Refuse an input, naming every fault found in it at once.

    >>> raise InputError([Fault("no CRS", source="a.geojson", remedy="pass --crs")])
    Traceback (most recent call last):
    gis_grid.errors.InputError: a.geojson: no CRS → pass --crs
    """

    def __init__(self, faults: Iterable[Fault] | Fault | str) -> None:
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        shown = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        if len(self.faults) > SHOWN_FAULTS:
            shown.append(f"… and {len(self.faults) - SHOWN_FAULTS} more faults of this kind")
        super().__init__("\n".join(shown))


class CrsError(InputError):
    """Refuse coordinates that are missing their CRS, swapped, shifted or out of range."""


class FrameError(InputError):
    """Refuse a frame that breaks the contract in `gis_grid.frames`."""


class SchemeError(InputError):
    """Refuse a scheme file."""


class PlanFileError(InputError):
    """Refuse a plan file."""


class StoreError(InputError):
    """Report that the store cannot be used, or not for what is asked."""


class AbsentError(StoreError):
    """Say that there is no such plan, draft, grid … in the store, or none that the caller may see."""


class ClashError(StoreError):
    """Refuse what does not fit the state something is in: a draft handed in, a day already taken."""


class RightsError(StoreError):
    """Refuse what the caller's role or part of the tree does not allow."""


class MoveError(GridError):
    """Refuse a move that does not fit the assignment it is applied to."""


class OutputError(GridError):
    """Report that a result could not be written; what stood there before is untouched."""
