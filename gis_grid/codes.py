"""Codes of grids that survive redrawing: the community's digits, then a serial number.

**Order of the serials.** Inside a community grids are read like a page: rows from north to south, each row from west
to east. A grid stands where its label point is (a point inside it, half-way up the widest part). The row height is two
thirds of the side of a square of the community's mean grid area, so that neighbours a little higher or lower still
share a row. The northernmost grid opens the first row, every grid less than one row height south of it belongs to that
row, the next one south opens the second row, and so on. Positions are rounded to the centimetre; equal positions fall
back on the grid's id. Nothing else enters, so the same shapes always get the same codes.

**Redrawing.** A grid that goes on keeps its code, new grids are numbered above the highest serial the community ever
used, and a code once retired is never given again: see `succession` for which grids go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import optimize

from gis_grid.errors import Fault, InputError
from gis_grid.scheme import CodePattern

#: height of a row of grids, in sides of a square of the mean grid area
_ROW = 2 / 3


def assign_codes(
    grids: gpd.GeoDataFrame,
    pattern: CodePattern,
    *,
    retired: Iterable[str] = (),
    previous: Mapping[str, str] | None = None,
) -> pd.Series:
    """Give every grid its code: the digits of its community, then a serial read like a page, north row first.

    `previous` maps grid ids that go on to the codes they keep; `retired` are codes that must never be given again.
    New grids are numbered above every serial in either. Returns a Series ``code`` over the index of `grids`.

    Raises
    ------
    InputError
        If a community's code has the wrong number of digits, a code in `previous` stands twice, is retired or
        belongs to another community, or the serial has no digits left.

    Examples
    --------
    >>> shapes = [shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1), shapely.box(0, 1, 2, 2)]
    >>> ids = pd.Index(["east", "west", "north"], name="grid_id")
    >>> frame = gpd.GeoDataFrame({"community_code": "420103001001"}, geometry=shapes, index=ids, crs=32650)
    >>> assign_codes(frame, CodePattern()).to_dict()
    {'east': '420103001001003', 'west': '420103001001002', 'north': '420103001001001'}
    >>> kept = {"east": "420103001001002", "north": "420103001001001"}
    >>> assign_codes(frame, CodePattern(), previous=kept, retired=["420103001001003"])["west"]
    '420103001001004'
    """
    community = grids["community_code"].astype(str)
    kept = pd.Series(dict(previous or {}), dtype=str).reindex(grids.index)
    gone = set(retired)
    faults = _faults(community, kept, gone, pattern)
    last = _last_serials([*(previous or {}).values(), *gone], pattern)
    fresh = kept.isna().to_numpy()
    order = reading_order(grids[fresh]) if fresh.any() else np.empty(0, dtype=np.int64)
    new = community[fresh].iloc[order]
    serial = new.groupby(new).cumcount() + 1 + new.map(last).fillna(0).astype("int64")
    full = serial >= 10**pattern.serial_digits
    for code in new[full].unique():
        problem = f"community {code} needs more than {10**pattern.serial_digits - 1} serial numbers"
        faults.append(Fault(problem, "grids", "code", None, "give the pattern more serial digits"))
    if faults:
        raise InputError(faults)
    codes = kept.copy()
    codes.loc[new.index] = new + serial.astype(str).str.zfill(pattern.serial_digits)
    return codes.astype(str).rename("code")


def reading_order(grids: gpd.GeoDataFrame) -> NDArray[np.int64]:
    """Return the positions of grids in the order of their serials: by community, row by row."""
    point = shapely.point_on_surface(grids.geometry.to_numpy())
    x, y = np.round(shapely.get_x(point), 2), np.round(shapely.get_y(point), 2)
    _, community = np.unique(grids["community_code"].to_numpy(dtype=str), return_inverse=True)
    area = shapely.area(grids.geometry.to_numpy())
    height = _ROW * np.sqrt(np.bincount(community, area) / np.bincount(community))[community]
    ids = np.argsort(np.argsort(grids.index.to_numpy(dtype=str), kind="stable"), kind="stable")
    south = np.lexsort((ids, x, -y, community))
    row = np.zeros(len(grids), dtype=np.int64)
    top, n, before = np.inf, 0, -1
    for k in south:  # a row ends where the next grid lies a full row height below the one that opened it
        if community[k] != before or y[k] <= top - height[k]:
            top, n, before = y[k], n + 1, community[k]
        row[k] = n
    return np.lexsort((ids, -y, x, row, community))


def _faults(community: pd.Series, kept: pd.Series, gone: set[str], pattern: CodePattern) -> list[Fault]:
    faults = []
    for code in community[~community.str.fullmatch(rf"\d{{{pattern.parent_digits}}}")].unique():
        problem, remedy = f"'{code}' has not {pattern.parent_digits} digits", "correct the code, or change the pattern"
        faults.append(Fault(problem, "grids", "community_code", None, remedy))
    held = kept.dropna()
    for code in held[held.duplicated()].unique():
        who = ", ".join(map(str, held.index[held == code]))
        faults.append(Fault(f"code {code} is held by several grids ({who})", "previous codes", "code"))
    for grid, code, home in zip(held.index, held, community[held.index], strict=True):
        if code in gone:
            faults.append(Fault(f"code {code} is retired", "previous codes", "code", str(grid), "leave it out"))
        elif not is_code(code, pattern) or not code.startswith(home):
            problem = f"'{code}' is no code of community {home}"
            faults.append(Fault(problem, "previous codes", "code", str(grid), "leave it out for a new one"))
    return faults


def is_code(code: str, pattern: CodePattern) -> bool:
    """Tell whether a text is built like a code of the pattern, with a serial above zero.

    >>> is_code("420103001001001", CodePattern()), is_code("420103001001000", CodePattern())
    (True, False)
    """
    digits = pattern.parent_digits + pattern.serial_digits
    plain = len(code) == digits and code.isascii() and code.isdigit()
    return plain and int(code[pattern.parent_digits :]) > 0


def _last_serials(codes: Iterable[str], pattern: CodePattern) -> dict[str, int]:
    last: dict[str, int] = {}
    for code in codes:
        if is_code(code, pattern):
            parent, serial = code[: pattern.parent_digits], int(code[pattern.parent_digits :])
            last[parent] = max(serial, last.get(parent, 0))
    return last


@dataclass(frozen=True)
class Succession:
    """Say how the grids of one plan follow from those of an earlier one.

    `kept` maps grid ids that go on to the codes they keep; `retired` are codes that end; `lineage` has one row for
    each pair of an old code and a new grid that share a block: `old_code`, `grid_id`, `blocks`, `households`, `event`
    (`kept`, `split`, `merged`, `redrawn`).
    """

    kept: Mapping[str, str]
    retired: tuple[str, ...]
    lineage: pd.DataFrame


def pair_grids(old: pd.Series, new: pd.Series, households: pd.Series) -> dict[str, str]:
    """Pair the grids of two assignments one to one so that most households, then most blocks, keep their grid.

    The three Series hold old grid, new grid and households of the same blocks in the same order. On a tie grids of one
    name are paired. Grids that share no block are no pair.

    >>> pair_grids(pd.Series(["a", "a", "b"]), pd.Series(["x", "y", "y"]), pd.Series([4, 9, 4]))
    {'a': 'y'}
    """
    rows, row = np.unique(old.to_numpy(dtype=str), return_inverse=True)
    columns, column = np.unique(new.to_numpy(dtype=str), return_inverse=True)
    stay = np.zeros((len(rows), len(columns)))
    np.add.at(stay, (row, column), households.to_numpy(dtype=float) + 1e-3)
    met = stay > 0
    stay += 1e-6 * (met & (rows[:, None] == columns))
    left, right = optimize.linear_sum_assignment(stay, maximize=True)
    return {str(rows[r]): str(columns[c]) for r, c in zip(left, right, strict=True) if met[r, c]}


def succession(before: pd.Series, codes: pd.Series, after: pd.Series, households: pd.Series) -> Succession:
    """Decide which grids go on under their code after a redrawing, and from whom the others come.

    `before` and `after` are assignments, `codes` maps the grid ids of the first to their codes, `households` counts
    each block. Old and new grids are paired so that most households stay; a pair goes on under the old code if it
    shares more than half of the households of one of the two. But where a new grid without a partner has more than
    half of its households from one old grid, that was split, and where more than half of an old grid without a
    partner went to one new grid, that is a merger: the codes of both sides end. Blocks that only one assignment holds
    are left out.

    >>> before = pd.Series({"b1": "g1", "b2": "g1", "b3": "g2"})
    >>> after = pd.Series({"b1": "g1", "b2": "g3", "b3": "g2"})
    >>> counts = pd.Series({"b1": 100, "b2": 90, "b3": 300})
    >>> found = succession(before, pd.Series({"g1": "001", "g2": "002"}), after, counts)
    >>> dict(found.kept), found.retired
    ({'g2': '002'}, ('001',))
    """
    shared = before.index.intersection(after.index)
    blocks = pd.DataFrame(
        {
            "old": before.reindex(shared).to_numpy(dtype=str),
            "grid_id": after.reindex(shared).to_numpy(dtype=str),
            "households": households.reindex(shared).fillna(0).to_numpy(dtype="int64"),
            "blocks": 1,
        }
    )
    pairs = blocks.groupby(["old", "grid_id"], as_index=False)[["blocks", "households"]].sum()
    weight = pairs["households"] + 1e-3 * pairs["blocks"]
    of_old = (weight / weight.groupby(pairs["old"]).transform("sum") > 0.5).to_numpy()
    of_new = (weight / weight.groupby(pairs["grid_id"]).transform("sum") > 0.5).to_numpy()
    partner = pair_grids(blocks["old"], blocks["grid_id"], blocks["households"])
    paired = (pairs["old"].map(partner) == pairs["grid_id"]).to_numpy() & (of_old | of_new)
    alone_new = ~pairs["grid_id"].isin(pairs["grid_id"][paired]).to_numpy()
    alone_old = ~pairs["old"].isin(pairs["old"][paired]).to_numpy()
    split = pairs["old"].isin(pairs["old"][alone_new & of_new]).to_numpy()
    merged = pairs["grid_id"].isin(pairs["grid_id"][alone_old & of_old]).to_numpy()
    goes_on = paired & ~split & ~merged
    event = np.select(
        [goes_on, merged & (of_old | paired), split & (of_new | paired)], ["kept", "merged", "split"], "redrawn"
    )
    held = pairs["old"].map(codes).fillna("").astype(str)
    kept = {str(new): code for new, code in zip(pairs["grid_id"][goes_on], held[goes_on], strict=True) if code}
    lineage = pairs.assign(old_code=held, event=event)[["old_code", "grid_id", "blocks", "households", "event"]]
    retired = tuple(sorted(set(codes.astype(str)) - set(kept.values())))
    return Succession(kept, retired, lineage.sort_values(["old_code", "grid_id"], ignore_index=True))
