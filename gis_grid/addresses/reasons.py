"""Why an address was not told, in words."""

from __future__ import annotations

from typing import Final, NamedTuple


class Words(NamedTuple):
    """A sentence in both languages."""

    zh: str
    en: str


REASONS: Final[dict[str, Words]] = {
    "empty": Words("没有地址", "there is no address"),
    "unknown": Words("地名库中没有这条路或这个小区", "no such street or compound is known here"),
    "no-place": Words("地址中没有路名或小区名", "the address names no street and no compound"),
    "elsewhere": Words("地址写的是别的区", "the address names another district"),
    "contradiction": Words("地址各部分指向不同的地方", "parts of the address lie in different places"),
    "which-name": Words("有几个相近的名称,请写全", "several names are as close; write it in full"),
    "which-number": Words("这条路经过多个网格,请写门牌号", "the street runs through several grids; add the number"),
    "which-building": Words("此处分属多个网格,请写楼栋号", "the place lies in several grids; add the building"),
    "which-stairwell": Words("这栋楼按单元划分,请写单元号", "the building is divided by stairwell; add which one"),
    "which-road": Words("这个社区有多个网格,请写路名门牌", "the community has several grids; add street and number"),
    "which-place": Words("可能在几个网格中", "it may lie in several grids"),
    "between": Words(
        "没有这个门牌,相邻门牌分属不同网格", "no such number is known, and its neighbours lie in different grids"
    ),
    "unsure": Words("名称只是相近,不能确定", "the name is only similar to one that is known"),
    "near": Words("地址只说在某处附近", "the address only says what is near"),
    "outside": Words("该地址不在任何网格内", "the address lies in no grid"),
    "no-addresses": Words("此处没有地名库", "no addresses are known here"),
}
