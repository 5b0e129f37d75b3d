"""The sentences of proofs and remedies, in Chinese and English."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import geopandas as gpd
import numpy as np
import pandas as pd

from gis_grid.rules.parts import Ints
from gis_grid.scheme import Band

OPEN_BARRIER = (
    "若有桥梁、涵洞或通道连接，将该分隔线改为可跨越 / "
    "if a bridge, an underpass or a crossing joins the two sides, declare the line no barrier"
)

_ATOMS_ZH = {"face": "街坊", "compound": "小区", "building": "楼栋", "stairwell": "单元", "cut": "地块"}
_ATOMS_EN = {"face": "block", "compound": "compound", "building": "building", "stairwell": "stairwell", "cut": "block"}
_BARRIERS = {
    "motorway": ("高速公路", "the motorway"),
    "railway": ("铁路", "the railway"),
    "river": ("河流", "the river"),
}
_WAYS = {
    "compound": ("沿内部道路", "along an inner road"),
    "building": ("按单元", "by stairwells"),
    "stairwell": ("按楼层", "by floors"),
}
_SHOWN = 3
#: up to how many different sizes of grids are told one by one
_SIZES_SHOWN = 5


class Names:
    """Call blocks and communities by their names, or by their ids where they have none."""

    def __init__(self, blocks: gpd.GeoDataFrame, communities: Mapping[str, str]) -> None:
        self._ids = blocks.index.astype(str).to_numpy(dtype=object)
        names = blocks["name"].fillna("").astype(str) if "name" in blocks else np.full(len(blocks), "")
        self._names = np.asarray(names, dtype=object)
        self._atoms = np.asarray(blocks["atom"] if "atom" in blocks else np.full(len(blocks), "face"), dtype=object)
        self._codes = blocks["community_code"].to_numpy(dtype=object)
        self._communities = communities

    def atom(self, block: int) -> str:
        """Return what a block is made of."""
        return str(self._atoms[block])

    def block(self, block: int) -> tuple[str, str]:
        """Return what a block is called in Chinese and English."""
        name = f"{self._names[block]} ({self._ids[block]})" if self._names[block] else str(self._ids[block])
        kind = self.atom(block)
        return spaced(f"{_ATOMS_ZH[kind]} {name}"), f"{_ATOMS_EN[kind]} {name}"

    def blocks(self, chosen: Ints) -> tuple[str, str]:
        """Return what some blocks are called, the first few by name."""
        pairs = [self.block(int(block)) for block in chosen[:_SHOWN]]
        zh = spaced("、".join(pair[0].rstrip() for pair in pairs))
        en = ", ".join(pair[1] for pair in pairs)
        if len(chosen) > _SHOWN:
            zh, en = f"{zh.rstrip()} 等 {len(chosen)} 个街坊", f"{en} and {len(chosen) - _SHOWN} more"
        return zh, en

    def community(self, code: str) -> tuple[str, str]:
        """Return what a community is called in Chinese and English."""
        name = self._communities.get(code) or code
        return (name if name.endswith(("社区", "村")) else spaced(f"社区 {name}")), f"community {name}"

    def community_of(self, block: int) -> tuple[str, str]:
        """Return what the community of a block is called."""
        return self.community(str(self._codes[block]))


def counts(total: int, band: Band) -> tuple[str, str]:
    """Say why no number of grids fits a total."""
    most = total // band.min
    if most == 0:
        return f"不足一个网格的下限 {band.min} 户", f"fewer than the {band.min} a grid must hold"
    return (
        f"{most} 个网格至多 {most * band.max} 户，{most + 1} 个网格至少 {(most + 1) * band.min} 户",
        f"{_number(most)} at most {most * band.max}, {_number(most + 1)} need at least {(most + 1) * band.min}",
    )


def _number(k: int) -> str:
    plain = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    word = plain[k] if k < len(plain) else str(k)
    return f"{word} grid is" if k == 1 else f"{word} grids are" if word == "no" else word


def oversize(called: Names, block: int, total: int, band: Band) -> tuple[str, str]:
    """Say that a block alone exceeds the band."""
    zh, en = called.block(block)
    return f"{zh}有 {total} 户，单独已超过上限 {band.max} 户", f"{en} alone holds {total} households, above {band.max}"


def no_count_fits(called: Names, community: str, total: int, band: Band, *, alone: bool) -> tuple[str, str]:
    """Say that a community, or the main part of it, has a total that no number of grids fits."""
    zh, en = called.community(str(community))
    why_zh, why_en = counts(total, band)
    where_zh, where_en = (zh, en) if alone else (f"{zh}的主体部分", f"the main part of {en}")
    return f"{where_zh}共 {total} 户：{why_zh}", f"{where_en} holds {total} households: {why_en}"


def detached(called: Names, chosen: Ints, total: int, walls: gpd.GeoDataFrame, band: Band) -> tuple[str, str]:
    """Say that a piece of a community is cut off, by what, and that its total fits no number of grids."""
    zh, en = called.community_of(int(chosen[0]))
    which_zh, which_en = called.blocks(chosen)
    why_zh, why_en = counts(total, band)
    if len(walls):
        names = barrier_names(walls)
        by_zh, by_en = "、".join(pair[0] for pair in names), ", ".join(pair[1] for pair in names)
        how_zh, how_en = f"被{by_zh}隔开", f"is cut off by {by_en}"
    else:
        how_zh, how_en = "与其余部分不相邻", "touches no other part of it"
    return (
        f"{zh}的一部分（{which_zh.rstrip()}）{how_zh}，共 {total} 户：{why_zh}",
        f"a piece of {en} ({which_en}) {how_en} and holds {total} households: {why_en}",
    )


def barrier_names(walls: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what some borders run along, by name or by kind, the longest first."""
    names = walls["street_name"].fillna("").astype(str)
    keys = names.where(names != "", walls["street_class"])
    metres = walls["shared_m"].groupby(keys.to_numpy()).sum().sort_values(ascending=False, kind="stable")
    return [_BARRIERS.get(str(key), (str(key) or "分隔线", str(key) or "a barrier")) for key in metres.index[:_SHOWN]]


def left_beside(called: Names, chosen: Ints, beside: Ints, total: int, band: Band) -> tuple[str, str]:
    """Say that what remains beside oversize blocks fits no number of grids."""
    which_zh, which_en = called.blocks(chosen)
    big_zh, big_en = called.blocks(beside)
    why_zh, why_en = counts(total, band)
    return (
        f"除去超上限的{big_zh.rstrip()}，剩余的{which_zh}共 {total} 户：{why_zh}",
        f"beside {big_en}, which is above the band, {total} households are left in {which_en}: {why_en}",
    )


def cannot_be_cut(called: Names, chosen: Ints, total: int, band: Band) -> tuple[str, str]:
    """Say that no division of a few blocks into connected grids keeps the band, every one having been looked at."""
    which_zh, which_en = called.blocks(chosen)
    return (
        f"{which_zh}共 {total} 户，逐一检查所有连片组合，均无法全部划为 {band.min}–{band.max} 户的网格",
        f"{which_en}: {total} households; of all divisions into connected grids none keeps {band.min}–{band.max}",
    )


def pocket(called: Names, chosen: Ints, total: int, band: Band) -> tuple[str, str]:
    """Say that a few blocks cannot all lie in grids within the band, whatever is done around them."""
    which_zh, which_en = called.blocks(chosen)
    return (
        f"{which_zh}共 {total} 户，无论与周围街坊如何组合，都无法全部划入 {band.min}–{band.max} 户的网格",
        f"{which_en}: {total} households; whatever joins them, not all can lie in grids of {band.min}–{band.max}",
    )


def among_heavy(called: Names, cluster: Ints, near: Ints, band: Band) -> tuple[str, str]:
    """Say that blocks cannot be completed to a grid within the band with what lies around them."""
    which_zh, which_en = called.blocks(cluster)
    near_zh, near_en = called.blocks(near)
    return (
        f"含{which_zh}的任何连片组合都不在 {band.min}–{band.max} 户之内；与其相邻的有{near_zh.rstrip()}",
        f"no connected set that holds {which_en} keeps {band.min}–{band.max}; the neighbours are {near_en}",
    )


def spaced(zh: str) -> str:
    """Return a name with a space behind it where it ends in Latin letters or digits, as Chinese text sets them off.

    >>> spaced("街坊 b7"), spaced("上河社区")
    ('街坊 b7 ', '上河社区')
    """
    return f"{zh} " if zh[-1:].isascii() and zh[-1:].isalnum() else zh


def joined(zh: str, en: str) -> str:
    """Return one remedy from its two languages."""
    return f"{zh.strip()} / {en.strip()}"


def sizes(grids: Sequence[int]) -> tuple[str, str]:
    """Return the households of some grids as a sum, or how many they are and from where to where they reach.

    >>> sizes((470, 410, 410, 410))[1], sizes((500, 490, 480, 470, 460, 450, 300))[1]
    ('470 + 3 × 410', '7 grids of 300–500')
    """
    tally = Counter(grids)
    if len(tally) > _SIZES_SHOWN:
        span = f"{min(grids)}–{max(grids)}"
        return f"{len(grids)} 个 {span} 户的网格", f"{len(grids)} grids of {span}"
    terms = [f"{times} × {load}" if times > 1 else str(load) for load, times in tally.items()]
    return f"{' + '.join(terms)} 户", " + ".join(terms)


def then(sides: Sequence[tuple[str, str, Sequence[int]]], removed: int, left: int) -> tuple[str, str]:
    """Say what was found to be possible after a change, place by place, and how many exceptions that leaves."""
    said = [(where_zh, where_en, *sizes(grids)) for where_zh, where_en, grids in sides if grids]
    zh = "、".join(f"{where or '此处'}可划为 {what}" for where, _, what, _ in said)
    en = " and ".join(f"{what} in {where}" if where else what for _, where, _, what in said)
    if not said:
        zh, en = "每块各成一个网格", "each of these is a grid"
    if removed > 1:
        zh, en = f"{zh}，一并解决 {removed} 项", f"{en}, which settles {removed} problems at once"
    if left:
        few = "other exception remains" if left == 1 else "other exceptions remain"
        zh, en = f"{zh}（该处另有 {left} 处例外）", f"{en} ({left} {few} there)"
    return f"，则{zh}", f": then {en}"


def divide(called: Names, block: int, parts: Sequence[int]) -> tuple[str, str]:
    """Say that a block is divided into parts of so many households, by what it is made of."""
    zh, en = called.block(block)
    way_zh, way_en = _WAYS.get(called.atom(block), ("沿内部道路或楼间", "along an inner road or between buildings"))
    into_zh, into_en = sizes(parts)
    total = sum(parts)
    return (
        f"将{zh.rstrip()}（{total} 户）{way_zh}划分为 {into_zh}",
        f"divide {en} ({total} households) {way_en} into {into_en}",
    )


def hand_over(called: Names, moving: Ints, total: int, to: tuple[str, str]) -> tuple[str, str]:
    """Say that blocks are handed to another community."""
    zh, en = called.blocks(moving)
    return f"将{zh.rstrip()}（{total} 户）划入{to[0].rstrip()}", f"hand {en} ({total} households) to {to[1]}"


def swap(called: Names, giving: Ints, taking: Ints, load: Ints, to: tuple[str, str]) -> tuple[str, str]:
    """Say that blocks are swapped with another community."""
    zh, en = called.blocks(giving)
    back_zh, back_en = called.blocks(taking)
    out, back = int(load[giving].sum()), int(load[taking].sum())
    return (
        f"将{zh.rstrip()}（{out} 户）划入{to[0].rstrip()}，换回{back_zh.rstrip()}（{back} 户）",
        f"swap {en} ({out} households) for {back_en} ({back}) of {to[1]}",
    )


def open_barrier(walls: gpd.GeoDataFrame) -> tuple[str, str]:
    """Say that a line is declared no barrier, provided that one can cross it."""
    names = barrier_names(walls)
    zh, en = "、".join(pair[0] for pair in names), ", ".join(pair[1] for pair in names)
    return (
        f"若有桥梁、涵洞或通道跨越{' ' * zh[:1].isascii()}{zh}，将其在此处改为可跨越",
        f"if a bridge, an underpass or a crossing leads over {en}, declare the line no barrier here",
    )
