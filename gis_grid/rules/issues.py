"""What a rule has to say: one `Issue`, and the table of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from gis_grid.rules.findings import Remedy

#: How bad an issue is, worst first.
SEVERITIES = ("error", "exception", "warning")
#: The columns of the plan file's `issues` layer, and the grid's id beside its code.
COLUMNS = (
    "rule",
    "severity",
    "grid_id",
    "grid_code",
    "block_ids",
    "found",
    "wanted",
    "message_zh",
    "message_en",
    "remedies",
)


@dataclass(frozen=True)
class Issue:
    """Say what is wrong with a plan, where, and what a planner may do about it, best remedy first.

    `severity` is `error` (to be mended), `exception` (cannot be avoided, and why) or `warning` (a matter of taste).
    `grid_id` and `grid_code` are "" for what concerns no single grid. Each remedy reads "Chinese / English"; where
    remedies were tried (exceptions), `tried` holds the same ones as values.
    """

    rule: str
    severity: str
    message_zh: str
    message_en: str
    grid_id: str = ""
    grid_code: str = ""
    block_ids: tuple[str, ...] = ()
    found: str = ""
    wanted: str = ""
    remedies: tuple[str, ...] = ()
    tried: tuple[Remedy, ...] = ()


def issues_frame(issues: Iterable[Issue]) -> pd.DataFrame:
    """Return issues as the table a plan file holds: block ids joined by commas, remedies by line breaks.

    >>> frame = issues_frame([Issue("band", "error", "超出", "out of band", block_ids=("b1", "b2"))])
    >>> frame[["rule", "block_ids"]].to_dict("records")
    [{'rule': 'band', 'block_ids': 'b1,b2'}]
    """
    rows = [
        {
            **{name: getattr(issue, name) for name in COLUMNS},
            "block_ids": ",".join(issue.block_ids),
            "remedies": "\n".join(issue.remedies),
        }
        for issue in issues
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(str)
