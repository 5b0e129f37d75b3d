"""Addresses that only a sign or two tells apart: each pair stands for two places that must never be confused."""

from __future__ import annotations

from itertools import pairwise

ROADS = ("中山", "解放", "建设", "五一", "东湖", "长江")
SIDES = ("东路", "西路", "南路", "北路", "中路", "路", "一路", "二路", "三路", "街", "大道", "巷")
COMPOUNDS = (
    "玉兰家园",
    "玉兰花园",
    "玉兰东家园",
    "玉兰西家园",
    "翠湖1期",
    "翠湖2期",
    "翠湖一村",
    "翠湖二村",
    "翠湖三村",
    "云水苑",
)

#: picked by hand: (one, another)
PICKED = [
    ("中山路12号", "中山路121号"),
    ("中山路12号", "中山路112号"),
    ("中山路12号", "中山路21号"),
    ("中山路1号", "中山路11号"),
    ("中山路甲3号", "中山路3号"),
    ("中山路甲3号", "中山路乙3号"),
    ("中山路3号附1号", "中山路3号"),
    ("中山路3号附1号", "中山路31号"),
    ("中山路3-1号", "中山路31号"),
    ("中山路3号之1", "中山路3号之2"),
    ("中山路3a号", "中山路3b号"),
    ("中山路3a号", "中山路3号"),
    ("中山路106弄3号", "中山路106号"),
    ("中山路106弄3号", "中山路3号"),
    ("中山路106弄3号", "中山路106弄13号"),
    ("中山路106弄3号", "中山路16弄3号"),
    ("五一路3号", "五二路3号"),
    ("五一路51号", "五一路5号"),
    ("五一路1号", "五一路51号"),
    ("建设一路2号", "建设路12号"),
    ("建设一路2号", "建设二路1号"),
    ("建设二路1号", "建设路21号"),
    ("玉兰家园1栋", "玉兰家园11栋"),
    ("玉兰家园1栋2单元", "玉兰家园12栋"),
    ("玉兰家园a栋", "玉兰家园1栋"),
    ("玉兰家园1栋1单元", "玉兰家园1栋2单元"),
    ("翠湖1期2栋", "翠湖2期1栋"),
    ("翠湖1期12栋", "翠湖12栋"),
    ("新华路18号", "兴华路18号"),
    ("人民路8号", "八民路8号"),
]


def pairs() -> list[tuple[str, str]]:
    """Return the pairs: families made by rule, then those picked by hand."""
    found: list[tuple[str, str]] = []
    for stem in ROADS:
        found += [(f"{stem}{a}12号", f"{stem}{b}12号") for a, b in pairwise(SIDES)]
        found += [(f"{stem}{a}8号", f"{stem}路8号") for a in SIDES if a != "路"]
    for low, high in (
        (1, 11),
        (2, 12),
        (3, 13),
        (12, 21),
        (12, 120),
        (12, 121),
        (102, 120),
        (6, 9),
        (66, 99),
        (18, 81),
    ):
        found.append((f"解放路{low}号", f"解放路{high}号"))
        found.append((f"玉兰家园{low}栋1单元", f"玉兰家园{high}栋1单元"))
        found.append((f"玉兰家园5栋{low}单元", f"玉兰家园5栋{high}单元"))
        found.append((f"东湖路{low}弄7号", f"东湖路{high}弄7号"))
    found += [(f"{a}3栋2单元", f"{b}3栋2单元") for a in COMPOUNDS for b in COMPOUNDS if a < b]
    return list(dict.fromkeys([*found, *PICKED]))
