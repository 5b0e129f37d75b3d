"""Who answers for a grid: the people of the grid itself, then of the units around it, the smallest first."""

from __future__ import annotations

from typing import Any

import pandas as pd

#: what is told of somebody who answers for a grid
TOLD = ("person", "name", "role", "role_zh", "role_en", "kind", "work_phone", "lines", "tier", "code")


def units_around(grids: pd.DataFrame, around: pd.DataFrame, main_tier: str) -> pd.DataFrame:
    """Return the units that each grid lies in whole: columns `grid` (its code), `tier` and `code`.

    The grid itself comes first, then the units around it from the smallest to the district, whose code is "". A unit
    that a grid only has a part in does not answer for it. `grids` has the columns `grid` and `community` (their
    codes), `around` rows of `grid`, `tier` and `code` of every unit that a block of a grid lies in.

    >>> grids = pd.DataFrame({"grid": ["g1"], "community": ["c"]})
    >>> around = pd.DataFrame({"grid": "g1", "tier": ["area", "team", "team"], "code": ["a", "t1", "t2"]})
    >>> units_around(grids, around, "grid")["tier"].tolist()
    ['grid', 'area', 'community', 'district']
    """
    around = around.drop_duplicates()
    whole = around[~around.duplicated(["grid", "tier"], keep=False)]
    parts = [
        pd.DataFrame({"grid": grids["grid"], "tier": main_tier, "code": grids["grid"]}),
        whole[["grid", "tier", "code"]],
        pd.DataFrame({"grid": grids["grid"], "tier": "community", "code": grids["community"]}),
        pd.DataFrame({"grid": grids["grid"], "tier": "district", "code": ""}),
    ]
    units = pd.concat(parts, ignore_index=True).drop_duplicates()
    units["size"] = units.groupby(["tier", "code"])["grid"].transform("nunique")
    return units.sort_values(["grid", "size"], kind="stable", ignore_index=True)[["grid", "tier", "code"]]


def answering(people: pd.DataFrame, units: pd.DataFrame) -> dict[str, list[dict[str, Any]]]:
    """Return who answers for each grid, from the frames of people (`TOLD`) and `units_around`.

    Where nobody fills a post, the kind is `station`, with the name and phone of who stands in: for a post of the grid
    itself the first of the next unit around that has somebody (the community's station, else who stands above it), for
    a post of a station somebody else there, else who stands above it. Only where there is nobody at all are names
    empty and the kind `vacant`.

    >>> people = pd.DataFrame([["s1", "Lin", "head", "", "", "holder", "5550100", ("safety",), "grid", "g1"]],
    ...                       columns=TOLD)
    >>> answering(people, pd.DataFrame({"grid": ["g1"], "tier": ["grid"], "code": ["g1"]}))["g1"][0]["name"]
    'Lin'
    """
    rows = units.merge(people[list(TOLD)], on=["tier", "code"], how="inner", sort=False)
    rows = rows.assign(lines=rows["lines"].map(list), nth=range(len(rows)))
    rows = _by_station(rows)
    told: dict[str, list[dict[str, Any]]] = {str(grid): [] for grid in units["grid"].unique()}
    for grid, row in zip(rows["grid"], rows[list(TOLD)].to_dict("records"), strict=True):
        told[grid].append({str(name): value for name, value in row.items()})
    return told


def _by_station(rows: pd.DataFrame) -> pd.DataFrame:
    """Let others answer where a post is vacant; rows of a grid run from the smallest unit up."""
    vacant = (rows["kind"] == "vacant").to_numpy()
    if not vacant.any():
        return rows
    unit = rows.groupby(["grid", "tier", "code"], sort=False).ngroup()
    grid = rows["grid"].groupby(unit).first()
    there: Any = rows["nth"].where(~vacant).groupby(unit).min().groupby(grid).bfill()
    above = there.groupby(grid).shift(-1)
    after = unit.map(above).where(rows["code"] == rows["grid"], unit.map(there))
    found = after.where(vacant).dropna().astype("int64")
    above = rows.set_index("nth").loc[found]
    out = rows.copy()
    for column in ("person", "name", "work_phone"):
        out.loc[found.index, column] = above[column].to_numpy()
    out.loc[found.index, "kind"] = "station"
    return out


def handling(people: list[dict[str, Any]], line: str) -> list[dict[str, Any]]:
    """Return who of those who answer for a grid handles a service line: posts that have it, at the nearest unit.

    Where no post has the line, everybody at the nearest unit answers, for somebody must.

    >>> both = [{"tier": tier, "code": "1", "lines": [line]} for tier, line in (("grid", "safety"), ("area", "noise"))]
    >>> [one["tier"] for one in handling(both, "noise")], [one["tier"] for one in handling(both, "water")]
    (['area'], ['grid'])
    """
    with_it = [one for one in people if line in one["lines"]] or people
    return [one for one in with_it if (one["tier"], one["code"]) == (with_it[0]["tier"], with_it[0]["code"])]


def with_handling(told: Any, line: str) -> Any:
    """Return an answer in which `handling` stands beside the people of every grid: who of them handles a line.

    >>> with_handling({"people": [{"tier": "grid", "code": "1", "lines": ["noise"]}]}, "noise")["handling"]
    [{'tier': 'grid', 'code': '1', 'lines': ['noise']}]
    """
    if isinstance(told, list):
        return [with_handling(one, line) for one in told]
    if not isinstance(told, dict):
        return told
    out = {key: value if key == "people" else with_handling(value, line) for key, value in told.items()}
    return out | {"handling": handling(told["people"], line)} if "people" in told else out
