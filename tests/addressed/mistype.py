"""The second corruptor: rewrites the register's text rule by rule, sharing nothing with the first one."""

from __future__ import annotations

import random
import re

#: 0 to 99 spelt out in a table, so that no rule of the other corruptor is repeated
_ONES = ["", "一", "二", "三", "四", "五", "六", "七", "八", "九"]
_SPELT = [
    "零" if not n else ("" if n < 10 else "十" if n < 20 else _ONES[n // 10] + "十") + _ONES[n % 10] for n in range(100)
]
_HOMOPHONES = [
    ("湖", "壶"),
    ("宁", "咛"),
    ("康", "慷"),
    ("兰", "栏"),
    ("翠", "脆"),
    ("锦", "仅"),
    ("平", "苹"),
    ("光", "咣"),
]
_LOOKS = [("苑", "宛"), ("园", "圆"), ("枫", "讽"), ("莲", "连"), ("樟", "章"), ("桥", "挢")]
_COMPATIBLE = {ord("0") + n: 0xFF10 + n for n in range(10)}


class Mistyper:
    """Rewrites registered addresses as a clerk, a parcel label or a phone call would have them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def often(self, share: float) -> bool:
        return self.chance.random() < share

    def typed(self, text: str, community: str) -> str:
        """Return a register's address, which begins with its district, in the form somebody typed."""
        text = self._inner(text)
        text = self._street(text)
        text = self._front(text, community)
        return self._letters(self._tail(text))

    def _inner(self, text: str) -> str:
        """Rewrite building and stairwell."""
        found = re.search(r"(\w+?)栋(\d+)单元$", text)
        if found is None:
            return text
        building = re.search(r"(\d+|[A-Z])栋", text)
        assert building is not None
        number, stair = building[1], found[2]
        front = text[: building.start()]
        style = self.chance.randrange(7)
        if style == 0 and number.isdecimal():
            return f"{front}{number}-{stair}-{self.chance.randint(101, 2999)}"
        if style == 1 and number.isdecimal():
            return f"{front}{_SPELT[int(number)]}号楼{_SPELT[int(stair)]}单元"
        if style == 2:
            return f"{front}{number}#楼{stair}单元"
        if style == 3:
            return f"{front}{number}幢{stair}门{self.chance.randint(1, 30)}层"
        if style == 4:
            return f"{front} {number}号楼 {stair}单元 {self.chance.randint(1, 30)}0{self.chance.randint(1, 4)}室"
        return text

    def _street(self, text: str) -> str:
        """Rewrite, repeat or leave out street and number."""
        found = re.match(r"(.{3})(.+?(?:路|街|道)(?:\d+弄)?)(甲?)(\d+)(?:-(\d+))?号", text)
        if found is None:
            return text
        head, road, stem, number, sub = found.groups()
        rest = text[found.end() :]
        if rest and self.often(0.4):
            return head + rest
        if stem or sub:
            spelt = (
                f"{number}号{stem}" if stem and self.often(0.3) else f"{stem}{number}号" + (f"之{sub}" if sub else "")
            )
            return head + road + spelt + rest
        if self.often(0.15) and int(number) < 100:
            return f"{head}{road}{_SPELT[int(number)]}号{rest}"
        if self.often(0.1):
            return f"{head}{road}({road}{number}号){rest}"
        if self.often(0.05) and not rest:
            return f"{head}{road} {number}"
        return f"{head}{road}{number}号{rest}"

    def _front(self, text: str, community: str) -> str:
        if self.often(0.14):
            text = text[:3] + community + text[3:]
        if self.often(0.34):
            text = text[3:]
        elif self.often(0.25):
            text = "云州市" + text
        elif self.often(0.1):
            text = "江南省云州市|" + text
        elif self.often(0.05):
            text = "青禾区-云州市 " + text
        return text

    def _tail(self, text: str) -> str:
        if self.often(0.06):
            text += self.chance.choice(["(放门卫)", " 王女士 13911112222", ",收货人:赵六", " 0278-5551234"])
        return text

    def _letters(self, text: str) -> str:
        if self.often(0.03):
            wrong = [pair for pair in _HOMOPHONES + _LOOKS if pair[0] in text]
            if wrong:
                text = text.replace(*self.chance.choice(wrong), 1)
        if self.often(0.1):
            text = text.translate(_COMPATIBLE)
        if self.often(0.05):
            text = text.replace("号", "號").replace("栋", "棟").replace("单", "單").replace("区", "區")
        return text
