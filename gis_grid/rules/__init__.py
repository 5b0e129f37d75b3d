"""What a legal plan is: one rule a function, one list of issues, one definition for solver, editor, report and check.

::

    plan ─► Context ─► RULES ─► issues, worst first
                         │
             blocks + borders ─► arithmetic.explain: what no division can meet, and why

Each rule has a page in ``docs/rules``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from gis_grid.plan import Plan
from gis_grid.rules import load, pieces, records, shape, tiling
from gis_grid.rules.arithmetic import explain, least_households_out_of_band, least_out_of_band
from gis_grid.rules.context import Limits, Rule, make_context
from gis_grid.rules.findings import Finding, Remedy
from gis_grid.rules.issues import SEVERITIES, Issue, issues_frame
from gis_grid.rules.tiers import views, worded

__all__ = [
    "RULES",
    "SEVERITIES",
    "Finding",
    "Issue",
    "Limits",
    "Remedy",
    "Rule",
    "check",
    "explain",
    "issues_frame",
    "least_households_out_of_band",
    "least_out_of_band",
    "worded",
]

#: Every rule, by id, in the order in which issues of one severity are listed.
RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.id: rule
        for rule in (
            Rule("inside-parent", "不跨社区", "Inside one community", tiling.inside_parent),
            Rule("no-gap", "不留空白", "No gap", tiling.no_gap),
            Rule("no-overlap", "不重叠", "No overlap", tiling.no_overlap),
            Rule("contiguous", "连成一片", "In one piece", pieces.contiguous),
            Rule("barrier", "不跨屏障", "Not across a barrier", pieces.barrier),
            Rule("band", "户数范围", "Households in the band", load.band),
            Rule("whole-atoms", "不拆小区楼栋", "Compounds and buildings stay whole", shape.whole_atoms),
            Rule("radius", "服务半径", "Within reach of a service point", shape.radius),
            Rule("code", "编码", "Codes", records.code),
            Rule("on-lines", "沿路划界", "Borders along streets", shape.on_lines),
            Rule("compact", "形状规整", "Compact", shape.compact),
            Rule("balance", "户数均衡", "Balanced", load.balance),
            Rule("staffed", "岗位到人", "Posts filled", records.staffed),
        )
    }
)


def check(plan: Plan, *, limits: Limits | None = None, rules: Iterable[str] | None = None) -> list[Issue]:
    """Check a plan against every rule and return what breaks them: errors first, then exceptions, then warnings.

    Grids are put to all rules; units of other tiers that blocks name (`<tier>_code`) to those on parents, contiguity,
    band and radius.

    `limits` sets from where on a matter of taste is a warning; `rules` picks some rules by id. A plan without errors is
    legal: an `exception` is a grid out of band that the blocks prove to be unavoidable.

    Raises
    ------
    KeyError
        If `rules` names a rule that does not exist.
    """
    chosen = [RULES[name] for name in (RULES if rules is None else rules)]
    found: list[Issue] = []
    for view in views(plan):
        context = make_context(view.plan, limits or Limits())
        asked = [rule for rule in chosen if view.looks_at(rule.id)]
        found += [view.worded(issue) for rule in asked for issue in rule.find(context)]
    place = {name: n for n, name in enumerate(RULES)}
    return sorted(found, key=lambda issue: (SEVERITIES.index(issue.severity), place[issue.rule], issue.grid_code))
