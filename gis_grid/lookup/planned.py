"""A plan file as a publication, so that a plan can be asked without a store."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pandas as pd

from gis_grid.addresses import DISTRICTS, AddressFrames
from gis_grid.lookup.publications import Published

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from gis_grid.plan import Plan
    from gis_grid.scheme import Post, Scheme

#: What stands between the grids of one post.
_BETWEEN = re.compile(r"[、,，;；/|]+")


def published_plan(plan: Plan, name: str = "", *, district: str = "") -> Published:
    """Take a plan as one that is in force at all times; `name` is what answers call it.

    Examples
    --------
    >>> import gis_grid as gg
    >>> from gis_grid.lookup import Answers
    >>> answers = Answers([published_plan(gg.build_from(gg.sample_frames()), "town")])
    >>> [standing.published.plan for standing in answers.in_force()]
    ['town']
    """
    community = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    grids = plan.grids.assign(community=plan.grids["community_code"].map(community).fillna(""))
    return Published(
        name,
        district,
        name,
        grids,
        people=people_of_plan(plan),
        tier=plan.scheme.main.id,
        addresses=addresses_of_plan(plan),
        parts=parts_of_plan(plan),
    )


def addresses_of_plan(plan: Plan, areas: Iterable[str] = ()) -> AddressFrames | None:
    """Return what addresses are looked up in, None for a plan without any; `areas` are names of the district."""
    if plan.addresses is None and plan.numbers is None:
        return None
    stated = plan.metadata.get(DISTRICTS, "").split(",")
    known = (*areas, *filter(None, stated))
    return AddressFrames(plan.addresses, plan.numbers, plan.streets, plan.communities, known, plan.aliases)


def parts_of_plan(plan: Plan) -> gpd.GeoDataFrame | None:
    """Return the blocks that are parts of buildings divided by stairwell, None if there are none."""
    parts = plan.blocks.loc[plan.blocks["atom"] == "stairwell", ["parent_block_id", plan.blocks.geometry.name]]
    return parts if len(parts) else None


def people_of_plan(plan: Plan) -> pd.DataFrame | None:
    """Return who answers for which grid by the roster of a plan, a row each; None without a roster.

    A row of the roster names grids by code or name, else its community, whose grids it then answers for, else it holds
    for the district. The grid's own people come first.
    """
    if plan.staff is None or "name" not in plan.staff or "post" not in plan.staff:
        return None
    units = _units(plan)
    rows = []
    for record in plan.staff.fillna("").astype(str).to_dict("records"):
        staff = {str(column): str(value) for column, value in record.items()}
        if not staff["name"].strip():
            continue
        rank, codes = _reach(staff, units)
        post = _post(plan.scheme, staff["post"])
        told = {
            "name": staff["name"],
            "role": post.id if post else staff["post"],
            "role_zh": post.name_zh if post else staff["post"],
            "role_en": post.name_en if post else staff["post"],
            "kind": "holder",
            "work_phone": staff.get("phone", ""),
            "lines": post.lines if post else (),
        }
        rows += [{"rank": rank, "grid": code} | told for code in codes]
    if not rows:
        return None
    return pd.DataFrame(rows).sort_values("rank", kind="stable", ignore_index=True).drop(columns="rank")


def _units(plan: Plan) -> dict[str, list[str]]:
    """Return the codes of grids by what a roster may call them: code, name, or the community's code or name."""
    units: dict[str, list[str]] = defaultdict(list)
    names = plan.grids["name"] if "name" in plan.grids else plan.grids["code"]
    called = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    for code, name, home in zip(plan.grids["code"], names, plan.grids["community_code"], strict=True):
        for key in dict.fromkeys((f"grid {code}", f"grid {name}", f"home {home}", f"home {called.get(home, '')}", "")):
            units[key].append(str(code))
    return units


def _reach(staff: dict[str, str], units: dict[str, list[str]]) -> tuple[int, list[str]]:
    """Return how wide the unit of a row of the roster is, and its grids."""
    parts = [f"grid {part.strip()}" for part in _BETWEEN.split(staff.get("grid", ""))]
    grids = [code for part in parts if len(units.get(part, ())) == 1 for code in units[part]]
    homes = [f"home {staff.get(column, '').strip()}" for column in ("community_code", "community")]
    home = next((key for key in homes if key != "home " and key in units), None)
    if grids:
        return 0, grids
    return (1, units[home]) if home else (2, units[""])


def _post(scheme: Scheme, role: str) -> Post | None:
    return next((post for post in scheme.posts if role in (post.id, post.name_zh, post.name_en)), None)
