"""The first corruptor: a door's address as people write it, variant by variant with the frequencies of real ones.

District 66 %, road 60 %, number 48 %, building 33 %, community 14 %, a redundant repeat 25 %; whatever is left out,
what stays names the door's grid to somebody who knows the place.
"""

from __future__ import annotations

import numpy as np

from addressed.city import CITY, DISTRICT, PROVINCE

_DIGITS = "零一二三四五六七八九"
_WIDE = str.maketrans("0123456789ABCDEFabcdef-#", "０１２３４５６７８９ＡＢＣＤＥＦａｂｃｄｅｆ－＃")
_TRADITIONAL = str.maketrans(
    "东园区号门楼单云丽锦绣华湾语团结劳动农书发学长阳庙宁", "東園區號門樓單雲麗錦繡華灣語團結勞動農書發學長陽廟寧"
)
#: written for one another: by sound, and by look
_SOUND = {
    "湖": "胡",
    "宁": "凝",
    "康": "糠",
    "兰": "蓝",
    "樟": "章",
    "桐": "童",
    "翠": "脆",
    "锦": "紧",
    "和": "合",
    "平": "凭",
    "光": "广",
    "育": "玉",
    "朝": "潮",
    "泰": "太",
    "昌": "常",
}
_LOOK = {
    "湖": "糊",
    "园": "圆",
    "苑": "宛",
    "樟": "章",
    "枫": "讽",
    "莲": "连",
    "泉": "汞",
    "塘": "溏",
    "桥": "挢",
    "林": "材",
}
_PLATFORM = ("山河区", "滨海区", "高新区")


def numeral(value: int) -> str:
    """Write a number in characters.

    >>> numeral(12), numeral(120), numeral(105), numeral(7)
    ('十二', '一百二十', '一百零五', '七')
    """
    if value < 10:
        return _DIGITS[value]
    if value < 20:
        return "十" + (_DIGITS[value % 10] if value % 10 else "")
    if value < 100:
        return _DIGITS[value // 10] + "十" + (_DIGITS[value % 10] if value % 10 else "")
    if value < 1000:
        rest = value % 100
        tail = "" if not rest else ("零" + _DIGITS[rest] if rest < 10 else _tens(rest))
        return _DIGITS[value // 100] + "百" + tail
    return str(value)


def _tens(value: int) -> str:
    return _DIGITS[value // 10] + "十" + (_DIGITS[value % 10] if value % 10 else "")


def corrupted(door, rng: np.random.Generator, *, plain: bool = False) -> str:
    """Return an address of a door; with `plain` nothing is misspelt."""
    hit = rng.random
    road = _number(door, rng) if door.road else ""
    inner = ""
    if door.compound:
        name = door.compound if plain or hit() > 0.03 else _misspelt(door.compound, rng)
        inner = name + _building(door, rng)
        # a compound may do without its street: 60 % name it
        road = road if hit() < 0.45 else ""
    if road and not plain and hit() < 0.03:
        road = _misspelt(door.road, rng) + road[len(door.road) :]
    head = DISTRICT if hit() < 0.66 else ""
    if head and hit() < 0.5:
        head = (PROVINCE if hit() < 0.4 else "") + CITY + head
    community = door.community if hit() < 0.14 else ""
    text = head + community + road + inner
    if hit() < 0.25:
        text = _repeat(text, head, road, inner, rng)
    if not plain and head and hit() < 0.02:
        text = text.replace(DISTRICT, rng.choice(_PLATFORM), 1) + ("" if DISTRICT in text else f"({DISTRICT})")
    if inner or (hit() < 0.3 and not text[-1:].isdecimal()):
        text += _room(rng)
    if hit() < 0.08:
        text = text.translate(_TRADITIONAL)
    if hit() < 0.15:
        text = text.translate(_WIDE)
    if hit() < 0.05:
        text = text[: len(head)] + " " + text[len(head) :]
    if hit() < 0.05:
        text += rng.choice([" 张先生13800001234", ",李四收", "(近地铁站)", " 电话027-85551234"])
    return text


def _number(door, rng: np.random.Generator) -> str:
    key, hit = door.number, rng.random()
    if "-" in key:
        main, sub = key.split("-")
        return door.road + rng.choice([f"{main}号之{sub}", f"{main}-{sub}号", f"{main}号附{sub}号", f"{main}附{sub}号"])
    if key.startswith("甲"):
        return door.road + rng.choice([key + "号", key[1:] + "号甲", f"{key[1:]}甲号"])
    if hit < 0.15:
        return f"{door.road}{numeral(int(key))}号"
    if hit < 0.25 and not door.compound:
        return f"{door.road}{key}"
    if hit < 0.28 and not door.compound:
        return f"{door.road}No.{key}".replace("No.", "")
    return f"{door.road}{key}号"


def _building(door, rng: np.random.Generator) -> str:
    told, stairwell = door.building.upper(), door.stairwell
    if told.isdecimal() and rng.random() < 0.12:
        return f"{told}-{stairwell}-{rng.integers(1, 30)}0{rng.integers(1, 5)}"
    if told.isdecimal() and rng.random() < 0.12:
        told = numeral(int(told))
    unit = rng.choice(["栋", "幢", "号楼", "#", "座"], p=[0.4, 0.2, 0.2, 0.1, 0.1])
    inner = told + unit
    if rng.random() < 0.6:
        stair = numeral(int(stairwell)) if rng.random() < 0.2 else stairwell
        inner += stair + rng.choice(["单元", "门", "梯"], p=[0.7, 0.2, 0.1])
    return inner


def _room(rng: np.random.Generator) -> str:
    floor, door = int(rng.integers(1, 30)), int(rng.integers(1, 5))
    return str(
        rng.choice(["", f"{floor}0{door}", f"{floor}0{door}室", f"{floor}楼{door}号", f"{numeral(floor)}层0{door}"])
    )


def _repeat(text: str, head: str, road: str, inner: str, rng: np.random.Generator) -> str:
    kind = rng.random()
    if kind < 0.4:
        return (CITY + DISTRICT) + text
    if kind < 0.7 and road:
        return head + road + "(" + road + ")" + inner
    if kind < 0.85:
        return f"【{CITY}】" + text
    return head + text


def _misspelt(name: str, rng: np.random.Generator) -> str:
    spots = [n for n, sign in enumerate(name) if sign in _SOUND or sign in _LOOK]
    if not spots:
        return name
    at = int(rng.choice(spots))
    table = _SOUND if name[at] in _SOUND and (name[at] not in _LOOK or rng.random() < 0.6) else _LOOK
    return name[:at] + table[name[at]] + name[at + 1 :]
