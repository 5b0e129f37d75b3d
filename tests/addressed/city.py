"""A made-up Chinese city of any size, whose every door, grid and community is known."""

from __future__ import annotations

from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

DISTRICT, CITY, PROVINCE = "青禾区", "云州市", "江南省"
WEST, SOUTH, STEP = 114.0, 30.0, 0.002
_FIRST = (
    "东湖 青年 文昌 人民 解放 建设 和平 新华 胜利 永康 长宁 光明 团结 友谊 红旗 "
    "劳动 工农 民主 自由 幸福 朝阳 前进 育才 学府 滨江 沿河 环城 迎宾 机场 体育 "
    "中山 五一 八一 二七 三元 百花 金陵 龙华 凤鸣 白云 黄河 长江 泰山 华山 天山 "
    "昆仑 祁连 洪山 珞珈 汉阳 江岸 武胜 利济 航空 台北 香港 澳门 唐家 杨汊 姑嫂 "
    "发展 常青 后襄 马场 菱角 复兴 万松 "
).split()
_SECOND = "河 湖 山 桥 门 园 林 泉 塘 岭 湾 口 台 楼 井 寺 塔 亭 庙 坡".split()
_COMPOUND = (
    "玉兰 翠湖 云水 锦绣 香樟 梧桐 明月 金色 阳光 碧水 丽景 名仕 御景 华府 天悦 "
    "星河 东方 南湖 百合 紫薇 海棠 枫林 竹苑 莲花 桂语 兰亭 万科 保利 绿地 恒达 "
    "常青 福星 统建 航天 同济 协和 学苑 书香 春晓 秋实 "
).split()
_KIND = "家园 花园 小区 新村 华庭 名苑 公寓 大院".split()


@dataclass(frozen=True)
class City:
    """Doors with what they are called and where they lie, and the grids and communities around them."""

    doors: gpd.GeoDataFrame
    grids: gpd.GeoDataFrame
    communities: gpd.GeoDataFrame

    @property
    def grid_of(self) -> np.ndarray:
        """The grid of every door, by position."""
        return self.doors["grid"].to_numpy()


def build_city(doors: int = 200_000, seed: int = 0) -> City:
    """Make up a city: square blocks of some 100 doors, streets between them, two or three blocks a grid.

    Odd numbers lie north or west of a street in one half of the city, and the other way round in the other. A street
    that runs far has an eastern and a western (or northern and southern) part, which are two names.
    """
    rng = np.random.default_rng(seed)
    side = max(4, int(np.ceil(np.sqrt(doors / 92))))
    level, upright = _streets(side, rng)
    rows: list[tuple] = []
    names = _compounds(side * side, rng)
    for column in range(side):
        for row in range(side):
            rows += _block(column, row, side, level, upright, names[column * side + row], rng)
    frame = pd.DataFrame(
        rows, columns=["column", "row", "road", "number", "compound", "building", "stairwell", "x", "y"]
    )
    frame = frame.iloc[np.sort(rng.permutation(len(frame))[:doors])] if len(frame) > doors else frame
    frame = frame.reset_index(drop=True)
    frame["grid"] = (frame["column"] // 3) * side + frame["row"]
    frame["community_code"] = (frame["column"] // 3) // 2 * 1000 + frame["row"] // 4
    community_names = _community_names(frame["community_code"].unique(), rng)
    frame["community"] = frame["community_code"].map(community_names)
    grids = _grids(side)
    grids["community"] = grids["community_code"].map(community_names).fillna("")
    named = pd.DataFrame({"name": list(community_names.values())})
    return City(gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]), crs=4326), grids, named)


def _streets(side: int, rng: np.random.Generator) -> tuple[list[list[str]], list[list[str]]]:
    """Return the name of each level and upright street at each block it passes."""
    stems = [first + second for second in ["", *_SECOND] for first in _FIRST]
    stems = stems[: len(_FIRST)] + list(rng.permutation(stems[len(_FIRST) :]))
    ends = rng.choice(["路", "街", "大道", "路", "路"], len(stems))
    out: list[list[list[str]]] = []
    at = 0
    for parts in ("西中东", "北中南"):
        lines = []
        for _ in range(side + 1):
            stem, end, kind = stems[at % len(stems)], ends[at % len(stems)], rng.random()
            at += 1
            thirds = [parts[min(2, 3 * block // side)] for block in range(side)]
            if kind < 0.4:
                lines.append([stem + end] * side)
            elif kind < 0.75:
                lines.append([stem + {parts[1]: parts[0]}.get(part, part) + end for part in thirds])
            elif kind < 0.9:
                lines.append([stem + part + end for part in thirds])
            else:
                lines.append([stem + "一二三"[parts.index(part)] + end for part in thirds])
        out.append(lines)
    return out[0], out[1]


def _compounds(count: int, rng: np.random.Generator) -> list[list[str]]:
    """Return two names for each block, some with a phase, and one in fifty names given twice in the city."""
    stems = [a + b for a in _COMPOUND for b in ["", *"东西南北一二三", *"雅瑞祥安泰宁"]]
    every = [stem + kind for stem in stems for kind in _KIND]
    every += [f"{name}{phase}期" for name in every for phase in "一二"]
    chosen = [every[n] for n in rng.permutation(len(every))]
    names = [[chosen[(2 * n) % len(chosen)], chosen[(2 * n + 1) % len(chosen)]] for n in range(count)]
    for n in rng.permutation(count)[: count // 50]:
        names[n][0] = names[(n + count // 2) % count][0]
    return names


def _block(
    column: int, row: int, side: int, level: list, upright: list, names: list[str], rng: np.random.Generator
) -> list[tuple]:
    """Return the doors of one block: shops along its streets, compounds or lanes inside."""
    out: list[tuple] = []

    def put(road: str, number: str, compound: str, building: str, stairwell: str, x: float, y: float) -> None:
        lon, lat = WEST + (column + x) * STEP, SOUTH + (row + y) * STEP
        out.append((column, row, road, number, compound, building, stairwell, lon, lat))

    skips = (column + row) % 5 == 0
    edges = (
        (level[row], column, 0.06, True, "south"),
        (level[row + 1], column, 0.94, True, "north"),
        (upright[column], row, 0.06, False, "west"),
        (upright[column + 1], row, 0.94, False, "east"),
    )
    gates: list[tuple[str, str]] = []
    for names_along, block, across, lies_level, where in edges:
        road = names_along[block]
        first = _first_block(names_along, block)
        # on which side the odd numbers are differs from street to street
        line = row + (where == "north") if lies_level else column + (where == "east")
        odd = (where in ("south", "west")) != (line >= side // 2)
        base = (block - first) * 60
        for n in range(9):
            number = base + 2 * (n * 3 + int(rng.integers(0, 2))) + (1 if odd else 2)
            if skips and "4" in str(number):
                continue
            along = 0.08 + 0.84 * (number - base) / 60
            x, y = (along, across) if lies_level else (across, along)
            key = str(number)
            if rng.random() < 0.03:
                put(road, "甲" + key, "", "", "", x, y)
            if rng.random() < 0.05:
                put(road, f"{key}-1", "", "", "", x + 0.002, y)
            put(road, key, "", "", "", x, y)
            gates.append((road, key))
    if rng.random() < 0.25:
        _lanes(put, gates[int(rng.integers(len(gates)))][0], row * side + column, rng)
        return out
    for part, name in enumerate(names):
        road, number = gates[int(rng.integers(len(gates)))]
        letters = rng.random() < 0.1
        for building in range(1, int(rng.integers(8, 15))):
            told = chr(96 + building) if letters else str(building)
            for stairwell in range(1, int(rng.integers(2, 5)) + 1):
                x = 0.15 + 0.35 * part + 0.06 * (building % 5) + 0.01 * stairwell
                put(road, number, name, told, str(stairwell), x, 0.2 + 0.18 * (building // 5))
    return out


def _first_block(names_along: list[str], block: int) -> int:
    while block > 0 and names_along[block - 1] == names_along[block]:
        block -= 1
    return block


def _lanes(put, road: str, seed: int, rng: np.random.Generator) -> None:
    """Put an old quarter of lanes: numbered ones off the street, with numbers of their own."""
    for lane in range(1, 9):
        for door in range(1, int(rng.integers(8, 16))):
            put(f"{road}{seed * 10 + lane}弄", str(door), "", "", "", 0.15 + 0.08 * lane, 0.2 + 0.04 * door)


def _community_names(codes: np.ndarray, rng: np.random.Generator) -> dict[int, str]:
    stems = [a + b for a in _FIRST for b in ["", *"东西南北", *_SECOND]]
    return {code: stems[n] + "社区" for code, n in zip(sorted(codes), rng.permutation(len(stems)), strict=False)}


def _grids(side: int) -> gpd.GeoDataFrame:
    rows = []
    for column in range(0, side, 3):
        for row in range(side):
            last = min(column + 3, side)
            box = shapely.box(WEST + column * STEP, SOUTH + row * STEP, WEST + last * STEP, SOUTH + (row + 1) * STEP)
            number = (column // 3) * side + row
            community = (column // 3) // 2 * 1000 + row // 4
            rows.append((f"g{number:05d}", number, community, box))
    frame = pd.DataFrame(rows, columns=["code", "grid", "community_code", "geometry"])
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=4326)


def whole(door) -> str:
    """Return the address of a door as a register has it."""
    road = f"{door.road}{door.number}号" if door.road else ""
    compound = f"{door.compound}{door.building.upper()}栋{door.stairwell}单元" if door.compound else ""
    return f"{DISTRICT}{road}{compound}"
