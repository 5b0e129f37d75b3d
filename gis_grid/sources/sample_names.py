"""Names, codes and the staff roster of the made-up district; every one is invented."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

DISTRICT = "青禾区"
#: 98 is no province, so a code of the sample can never be taken for a real one (99 marks provisional codes).
COUNTY_CODE = "980101"
OFFICES = (("001", "北环街道"), ("002", "中山街道"), ("003", "南湖街道"))
#: (office, name) of the twelve communities, in the order of the layout's community numbers.
COMMUNITIES = (
    ("001", "北园社区"),
    ("001", "书院社区"),
    ("001", "建新社区"),
    ("001", "河畔社区"),
    ("001", "铁东社区"),
    ("002", "沿江社区"),
    ("002", "文昌社区"),
    ("002", "青年社区"),
    ("002", "东湖社区"),
    ("003", "南湖社区"),
    ("003", "人民桥社区"),
    ("003", "站前社区"),
)
_FIRST = "长永和新泰丰安瑞宝金春惠广德景秀"
_SECOND = "宁兴平乐康福盛昌源庆祥达"
_ESTATE_FIRST = tuple("锦绣 阳光 翠湖 金色 紫荆 香樟 梧桐 碧水 桂花 玉兰 枫林 明月 清风 云水".split())
_ESTATE_LAST = {
    "slab": ("新村", "小区", "家园", "花园"),
    "midrise": ("苑", "雅居", "名苑", "丽景"),
    "tower": ("华庭", "名邸", "公馆", "国际"),
}
_LANES = tuple(
    "青石 柳荫 竹竿 豆腐 铁匠 磨坊 石桥 井头 打铜 灯笼 油坊 药王 米市 银杏 水塔 书院 染坊 糖坊 伞铺 箍桶 裁缝 皂角 "
    "槐树 花轿 鱼市 盐仓 马号 更楼 水井 牌坊 戏台 茶馆 炭场 棋盘 扁担 月牙".split()
)
_WORKS = tuple(
    "第二棉纺厂 农机厂 家具市场 粮油仓库 建材市场 印刷厂 客运站 食品厂 机床厂 百货商场 五金市场 自来水厂 物流园 "
    "轴承厂 玻璃厂 茶叶市场 电子厂 服装厂 酒厂 公交停车场 批发市场 汽修城 纸箱厂 制药厂 变电站".split()
)
_PUBLIC = tuple(
    "青禾一中 实验小学 人民医院 文化宫 体育场 青禾二中 中心小学 政务中心 中医院 妇幼保健院 图书馆 职业中学 第三小学 "
    "青少年宫 老年大学 档案馆 消防站 博物馆 农贸市场 第二医院 青禾三中 第五小学 敬老院 会展中心".split()
)
#: share of coordinator posts with nobody in them
_VACANT = 0.15


def community_code(number: int) -> str:
    """Return the 12-digit code of a community by its number in the layout.

    >>> community_code(0), community_code(11)
    ('980101001001', '980101003003')
    """
    office = COMMUNITIES[number][0]
    serial = 1 + sum(other == office for other, _ in COMMUNITIES[:number])
    return f"{COUNTY_CODE}{office}{serial:03d}"


def street_names(rng: np.random.Generator) -> Iterator[str]:
    """Yield invented street names without their ending, none twice."""
    pairs = [a + b for a in _FIRST for b in _SECOND]
    return (str(name) for name in rng.permutation(pairs))


def place_names(rng: np.random.Generator) -> dict[str, Iterator[str]]:
    """Return an endless supply of names for each kind of quarter, none twice."""
    kinds = {kind: _numbered([a + b for a in _ESTATE_FIRST for b in last], rng) for kind, last in _ESTATE_LAST.items()}
    return kinds | {
        "lanes": _numbered([name + "里" for name in _LANES], rng),
        "works": _numbered(list(_WORKS), rng),
        "public": _numbered(list(_PUBLIC), rng),
        "park": _numbered([name + "公园" for name in _ESTATE_FIRST], rng),
    }


def _numbered(names: list[str], rng: np.random.Generator) -> Iterator[str]:
    """Yield the names in random order; when they run out, again as second, third, … of the name."""
    ordinal = iter("二三四五六七八九")
    order = [str(name) for name in rng.permutation(names)]
    yield from order
    for which in ordinal:
        for name in order:
            yield f"{name}{which}期"


def staff(households: pd.Series, rng: np.random.Generator) -> pd.DataFrame:
    """Make up a staff roster with vacancies for communities of so many households (index: community code).

    A vacant post is a row without name and phone. Names are plainly invented and the area code 0000 of the work
    phones exists nowhere.
    """
    rows: list[tuple[str, str, str, str]] = []
    for code, count in households.items():
        posts = [("station_head", "站长"), ("deputy", "副站长")]
        posts += [("coordinator", "网格协调员")] * max(1, round(int(count) / 400))
        rows += [(str(code), post, title, "甲乙丙"[int(str(code)[8]) - 1]) for post, title in posts]
    frame = pd.DataFrame(rows, columns=["community_code", "post", "post_zh", "group"])
    serial = frame.groupby(["post", "group"]).cumcount() + 1
    vacant = (frame["post"] == "coordinator") & (rng.random(len(frame)) < _VACANT)
    frame["name"] = (frame["post_zh"] + frame["group"] + serial.map("{:02d}".format)).mask(vacant, "")
    numbers = pd.Series([f"0000-{5550000 + n}" for n in range(1, len(frame) + 1)])
    frame["phone"] = numbers.mask(vacant, "")
    frame["status"] = np.where(vacant, "vacant", "filled")
    names = {community_code(number): name for number, (_, name) in enumerate(COMMUNITIES)}
    frame["community"] = frame["community_code"].map(names)
    return frame[["name", "post", "post_zh", "phone", "community_code", "community", "status"]]
