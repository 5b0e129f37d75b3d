"""Address points as columns: read from text or from columns of their own, and laid out so that they are found."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Final

import numpy as np
import pandas as pd

from gis_grid.addresses import latin, numbers
from gis_grid.addresses.grammar import Parsed, parse
from gis_grid.addresses.names import NameBook
from gis_grid.addresses.normalise import fold_all, is_chinese

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    Longs = NDArray[np.int64]

#: the columns of an entry: never floor, room or anything about people
COLUMNS: Final = ("road", "number", "compound", "building", "stairwell")
_LANES: Final = re.compile(r"((?:\d+支?[弄巷])+)$")
#: so many addresses are looked at to see which district they lie in
_SAMPLE: Final = 400
#: what each column may be called where a file has them apart
SPELLINGS: Final = {
    "road": "road street strname street_name 道路 街路巷 路名 道路名称",
    "number": "number house_no housenumber hsnr addr:housenumber 门牌 门牌号 号",
    "compound": "compound 小区 小区名称 院落",
    "building": "building_no 楼栋 楼号 栋 楼牌号",
    "stairwell": "stairwell 单元 单元号",
    "address": "address addr 地址 详细地址 adresse full_address",
}


class Row(tuple[str, str, str, str, str]):
    """One entry: road with its lanes, number, compound, building, stairwell."""

    __slots__ = ()


def read_entries(addresses: pd.DataFrame, book: NameBook) -> pd.DataFrame:
    """Return what each address is, a row each and more for a range of numbers; `at` is its place in the frame.

    `address` is read as text where the frame has no columns of roads and numbers. Rows that say nothing are left out.

    Examples
    --------
    >>> frame = pd.DataFrame({"address": ["青禾区东湖路247号玉兰家园1栋1单元", "12-14 Elm St"]})
    >>> read_entries(frame, NameBook({}))[["road", "number", "compound"]].values.tolist()
    [['东湖路', '247', '玉兰家园'], ['elmst', '12', ''], ['elmst', '14', '']]
    """
    named = _by_columns(addresses)
    texts = named.pop("address").tolist() if "address" in named else [""] * len(addresses)
    folded = fold_all(texts) if texts else []
    own: dict[str, list[str]] = {name: named[name].tolist() for name in COLUMNS if name in named}
    rows: list[tuple[int, str, str, str, str, str]] = []
    plain = "road" in own and "number" in own
    for at, text in enumerate(folded):
        told = {name: values[at] for name, values in own.items()}
        found = _from_columns(told) if plain else _from_text(text, told, book)
        rows += [(at, *row) for row in found]
    frame = pd.DataFrame(rows, columns=["at", *COLUMNS])
    return frame[(frame["road"] != "") | (frame["compound"] != "")].reset_index(drop=True)


def areas_stated(addresses: pd.DataFrame, book: NameBook) -> list[str]:
    """Return the districts that addresses say they lie in, from a sample of them; rare ones are left out.

    >>> areas_stated(pd.DataFrame({"address": ["青禾区东湖路247号", "青禾区东湖路249号"]}), NameBook({}))
    ['青禾区']
    """
    texts = _by_columns(addresses).get("address")
    if texts is None or not len(texts):
        return []
    sample = fold_all(texts.iloc[:: max(1, len(texts) // _SAMPLE)].tolist())
    counts = Counter(name for text in sample if is_chinese(text) for name in set(parse(text, book).foreign))
    return sorted(name for name, count in counts.items() if count * 20 >= len(sample))


def _by_columns(frame: pd.DataFrame) -> dict[str, pd.Series]:
    plain = {str(name).lower(): name for name in frame.columns}
    found: dict[str, pd.Series] = {}
    for kind, spellings in SPELLINGS.items():
        name = next((plain[one] for one in spellings.split() if one in plain), None)
        if name is not None:
            values = frame[name]
            text = values.astype("str").where(values.notna(), "")
            found[kind] = text.str.replace(r"\.0$", "", regex=True)
    return found


def _from_columns(told: dict[str, str]) -> Iterator[tuple[str, str, str, str, str]]:
    road, number, compound, building, stairwell = (told.get(name, "") for name in COLUMNS)
    if not is_chinese(road + compound):
        for one in numbers.listed(number) or [""]:
            read = numbers.latin(one)
            yield latin.street_key(road), read.key if read else "", compound, building, stairwell
        return
    road, compound, number, building, stairwell = fold_all([road, compound, number, building, stairwell])
    for key in number_keys(number.removesuffix("号")) or [""]:
        yield road, key, compound, re.sub(r"(?:号楼|[栋幢座])$", "", building), stairwell.removesuffix("单元")


def _from_text(text: str, told: dict[str, str], book: NameBook) -> Iterator[tuple[str, str, str, str, str]]:
    if not is_chinese(text):
        street, number = latin.split(text)
        for one in numbers.listed(number) or [""]:
            read = numbers.latin(one)
            yield latin.street_key(street), read.key if read else "", "", "", ""
        return
    parsed = parse(text, book)
    road = parsed.roads[0] if parsed.roads else None
    compound = parsed.compounds[0].name if parsed.compounds else told.get("compound", "")
    for key in (number_keys(road.number, exact=road.exact) if road else []) or [""]:
        yield road.name + road.lanes if road else "", key, compound, parsed.building, parsed.stairwell


def number_keys(text: str, *, exact: bool = True) -> list[str]:
    """Return the keys of a number as it stands in an address: several for a list or a range.

    >>> number_keys("126、128、130"), number_keys("3-1"), number_keys("171-195"), number_keys("甲3")
    (['126', '128', '130'], ['3-1'], ['171', '195'], ['甲3'])
    """
    del exact
    if not text:
        return []
    single = numbers.chinese(text)
    parts = [numbers.chinese(part) for part in numbers.listed(text)]
    known = [part for part in parts if part is not None]
    if single is not None and not is_range(text):
        return [single.key]
    return [part.key for part in known]


def is_range(text: str) -> bool:
    """Tell whether 12-18 is a range: two numbers of one side, the second greater, not much further on.

    >>> is_range("12-18"), is_range("12-3"), is_range("3-1"), is_range("12-13")
    (True, False, False, False)
    """
    found = re.fullmatch(r"(\d+)-(\d+)", text)
    if found is None:
        return False
    low, high = int(found[1]), int(found[2])
    return low < high <= low + 60 and (high - low) % 2 == 0 and high > 9


def base_of(road: str) -> str:
    """Return a road without its numbered lanes.

    >>> base_of("中山东路106弄"), base_of("茶馆巷4弄"), base_of("东湖路")
    ('中山东路', '茶馆巷', '东湖路')
    """
    return _LANES.sub("", road) or road


def written(road: str, number: str, compound: str, building: str, stairwell: str, *, level: str) -> str:
    """Return an entry as people write it, down to a level of `gis_grid.addresses.match.LEVELS`.

    >>> written("东湖路", "247", "玉兰家园", "1", "2", level="building")
    '东湖路247号玉兰家园1栋'
    """
    sign = "号" if is_chinese(road) else ""
    if level == "road":
        return road
    if level == "compound":
        return compound
    parts = [road, f"{number}{sign}" if road and number else ""]
    if level in ("building", "stairwell"):
        parts = ([] if compound and not number else parts) + [compound, f"{building}栋" if building else ""]
        parts.append(f"{stairwell}单元" if stairwell and level == "stairwell" else "")
    return "".join(parts)


class Layout:
    """Rows in an order of their own, in which what belongs together stands together."""

    def __init__(self, frame: pd.DataFrame, by: list[str], heads: list[list[str]]) -> None:
        chosen = frame[frame[by[0]] != ""]
        order = chosen.sort_values(by, kind="stable").index.to_numpy()
        self._rows: Longs = order.astype(np.int64)
        self._slices: dict[str, tuple[int, int]] = {}
        for head in heads:
            keys = frame[head[0]].to_numpy(dtype=object)[order]
            for more in head[1:]:
                keys = keys + "|" + frame[more].to_numpy(dtype=object)[order]
            start = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else np.empty(0, np.int64)
            stop = np.r_[start[1:], len(keys)][: len(start)].astype(np.int64).tolist()
            self._slices.update(zip(keys[start].tolist(), zip(start.tolist(), stop, strict=True), strict=True))

        self._changed: dict[str, Longs] = {}

    def __contains__(self, key: str) -> bool:
        return self.get(key) is not None

    def get(self, key: str) -> Longs | None:
        """Return the rows of a key, None where there is none."""
        changed = self._changed.get(key) if self._changed else None
        if changed is not None:
            return changed if len(changed) else None
        found = self._slices.get(key)
        return None if found is None else self._rows[found[0] : found[1]]

    def keys(self) -> list[str]:
        """Return all keys."""
        return [key for key in dict.fromkeys([*self._slices, *self._changed]) if key in self]

    def put(self, key: str, rows: Iterable[int]) -> None:
        """Let a key have further rows."""
        held = self.get(key)
        self._changed[key] = np.array(sorted([*(() if held is None else held), *rows]), dtype=np.int64)

    def drop(self, key: str, rows: Iterable[int]) -> None:
        """Take rows from a key; without any it is gone."""
        held = self.get(key)
        if held is not None:
            self._changed[key] = held[~np.isin(held, list(rows))]


def places_of(parsed: Parsed) -> int:
    """Count the roads and compounds that an address names."""
    return len(parsed.roads) + len(parsed.compounds)
