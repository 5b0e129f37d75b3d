"""The names of a district: found in running text, and found again when they were written a little differently."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from gis_grid.addresses.latin import GUARDS, words
from gis_grid.addresses.normalise import is_chinese

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

ROAD, COMPOUND, COMMUNITY, AREA = 1, 2, 4, 8
#: what a road's name ends in, and what a compound's name may end in
ROAD_ENDS: Final = ("大道", "公路", "胡同", "大街", "路", "街", "道", "巷", "弄", "线", "环", "里", "段", "条")
COMPOUND_ENDS: Final = (
    "小区", "花园", "家园", "华庭", "公寓", "新村", "名苑", "广场", "大厦", "中心",
    "苑", "园", "庭", "里", "村", "府", "城", "居", "院", "坊", "湾", "邸", "寓", "厦", "场",
)  # fmt: skip
#: signs that tell one name from another: 东路 is not 西路, and the second village not the third
_TELLING: Final = frozenset("东西南北中上下前后左右内外新老旧大小一二三四五六七八九十甲乙丙丁0123456789")
#: characters that are taken for one another because they look alike
_ALIKE: Final = (
    "己已巳 未末 土士 日曰 人入 八人 干千于 天夭 刀力 大太犬 王玉 木本术 目且 "
    "白自 田由甲申 今令 兔免 鸟乌 候侯 辩辨辫 拔拨 折拆 洁浩 析折 清清情晴睛 "
    "青清 幸辛 历厉 园圆 苑宛 杨扬场 梅悔 桃挑 柳抑 枫讽 桂挂佳 棠裳 莲连 "
    "荷何 祥详 泽译 海侮 河何 湖糊 江汪 永水冰 泰秦 景影 福副 兴共 康唐 宁宇 "
    "安按 和知 丰半 庆床 盛感 源原 昌冒 瑞端 长张 秀季 文交 书节 香杳 樟章 "
    "兰三 云去 明朋 月用 锦绵 绣诱 翠翆 金全 色包 梧悟 桐铜 建健 设没 民氏 "
    "主住 义又 友反 站沾 铁铗 桥挢 学字 校较 府附 院陀 贸货 商尚 "
).split()
#: sounds that are taken for one another when a name is typed
_SOUNDS: Final = ((re.compile(r"^(z|c|s)h"), r"\1"), (re.compile(r"ng$"), "n"), (re.compile(r"^l"), "n"))
#: names this similar are the same name; below, only together with something else that says so
SURE: Final = 0.8
LEAST: Final = 0.6
_MOST_REMEMBERED: Final = 50_000


class Name(NamedTuple):
    """A name, and how sure it is that it was meant."""

    text: str
    score: float


class Segment(NamedTuple):
    """A piece of a text: a known name with its kinds, or anything else (kind 0)."""

    text: str
    kind: int


class NameBook:
    """Hold the names of a district: found in text, longest first, and found again when spelt a little differently.

    Parameters
    ----------
    kinds
        What each folded name is: sums of `ROAD`, `COMPOUND`, `COMMUNITY` and `AREA`.
    aliases
        Other and old names, with the name that each stands for.

    Examples
    --------
    >>> book = NameBook({"东湖路": ROAD, "东湖西路": ROAD, "玉兰家园": COMPOUND})
    >>> [segment.text for segment in book.segments("在东湖路玉兰家园")]
    ['在', '东湖路', '玉兰家园']
    >>> book.alike("冬湖路", ROAD)[0].text, book.alike("东湖东路", ROAD)
    ('东湖路', [])
    """

    def __init__(self, kinds: Mapping[str, int], aliases: Mapping[str, str] | None = None) -> None:
        self.kinds, self.given = dict(kinds), dict(aliases or {})
        self.aliases = {old: new for old, new in (aliases or {}).items() if new in self.kinds and old not in self.kinds}
        known = {**self.kinds, **{old: self.kinds[new] for old, new in self.aliases.items()}}
        self._known = {name: kind for name, kind in known.items() if is_chinese(name)}
        lengths: dict[str, set[int]] = defaultdict(set)
        for name in self._known:
            lengths[name[:2]].add(len(name))
        self._lengths = {start: tuple(sorted(found, reverse=True)) for start, found in lengths.items()}
        digits = sorted((name for name in self._known if re.search(r"\d", name)), key=len, reverse=True)
        #: names with digits in them, which would else be read as numbers
        self.numbered = re.compile("|".join(map(re.escape, digits))) if digits else None
        self._choices: dict[int, tuple[list[str], list[str], dict[str, list[str]]]] = {}
        self._remembered: dict[tuple[str, int], list[Name]] = {}

    def meant(self, name: str) -> str:
        """Return the name that an alias stands for, any other name itself."""
        return self.aliases.get(name, name)

    def segments(self, text: str) -> Iterator[Segment]:
        """Cut a text into known names and what stands between them."""
        at, rest, end = 0, 0, len(text)
        while at < end:
            for length in self._lengths.get(text[at : at + 2], ()):
                kind = self._known.get(text[at : at + length])
                if kind is not None and at + length <= end:
                    if at > rest:
                        yield Segment(text[rest:at], 0)
                    yield Segment(text[at : at + length], kind)
                    at = rest = at + length
                    break
            else:
                at += 1
        if rest < end:
            yield Segment(text[rest:], 0)

    def alike(self, text: str, kind: int) -> list[Name]:
        """Return names of a kind that may have been meant, the likeliest first.

        Only what is like a name that is known, or ends as names of roads do, is remembered: anything else may be about
        somebody.
        """
        found = self._remembered.get((text, kind))
        if found is None:
            found = self._alike(text, kind)
            if (found or text.endswith(ROAD_ENDS)) and len(self._remembered) < _MOST_REMEMBERED:
                self._remembered[text, kind] = found
        return found

    def _alike(self, text: str, kind: int) -> list[Name]:
        from rapidfuzz import process
        from rapidfuzz.distance import OSA, Levenshtein

        if len(text) < 2:
            return []
        names, sounds, by_sound = self._of_kind(kind)
        chinese = is_chinese(text)
        sound = sound_of(text)
        found: dict[str, float] = {}
        for name in by_sound.get(sound, ()):
            found[name] = _likeness(text, name)
        cutoff = LEAST if chinese else SURE
        scorer = Levenshtein.normalized_similarity if chinese else OSA.normalized_similarity
        for name, _, _ in process.extract(text, names, scorer=scorer, score_cutoff=cutoff, limit=12):
            found[name] = _likeness(text, name)
        if chinese:
            for _, _, at in process.extract(sound, sounds, scorer=scorer, score_cutoff=0.85, limit=12):
                found[names[at]] = _likeness(text, names[at])
        best: dict[str, float] = {}
        for name, score in found.items():
            if score >= LEAST:
                best[self.meant(name)] = max(score, best.get(self.meant(name), 0.0))
        ranked = sorted(best.items(), key=lambda pair: (-pair[1], pair[0]))
        return [Name(name, score) for name, score in ranked[:6]]

    def _of_kind(self, kind: int) -> tuple[list[str], list[str], dict[str, list[str]]]:
        found = self._choices.get(kind)
        if found is None:
            every = {**self.kinds, **{old: self.kinds[new] for old, new in self.aliases.items()}}
            names = [name for name, is_ in every.items() if is_ & kind]
            sounds = [sound_of(name) for name in names]
            by_sound: dict[str, list[str]] = defaultdict(list)
            for name, sound in zip(names, sounds, strict=True):
                by_sound[sound].append(name)
            found = self._choices[kind] = names, sounds, dict(by_sound)
        return found


@lru_cache(maxsize=8192)
def syllables(sign: str, *, rough: bool = True) -> frozenset[str]:
    """Return how a character may sound, without tones; if `rough`, sounds that are mixed up are made one."""
    from pypinyin import Style, pinyin

    found = pinyin(sign, style=Style.NORMAL, heteronym=True)
    return frozenset(_rough(one) if rough else one for one in found[0]) if found else frozenset((sign,))


@lru_cache(maxsize=65_536)
def sound_of(text: str) -> str:
    """Return how a name sounds, roughly: what is typed by sound comes out the same.

    >>> sound_of("东湖路") == sound_of("冬胡路"), sound_of("elmst")
    (True, 'elmst')
    """
    if not is_chinese(text):
        return text
    from pypinyin import lazy_pinyin

    return " ".join(_rough(one) for one in lazy_pinyin(text))


def _rough(syllable: str) -> str:
    for pattern, plain in _SOUNDS:
        syllable = pattern.sub(plain, syllable)
    return syllable


_LOOKS: Final = frozenset(pair for group in _ALIKE for a in group for b in group if a != b for pair in ((a, b),))


def _cost(a: str, b: str) -> float:
    """Return how unlikely it is that one character was typed for another, 1 for any two."""
    if a in _TELLING and b in _TELLING:
        return 9.0
    if a in _TELLING or b in _TELLING:
        # 冬湖路 may be 东湖路, but 兴华路, which only sounds nearly so, is not 新华路
        return 0.2 if syllables(a, rough=False) & syllables(b, rough=False) else 9.0
    if syllables(a) & syllables(b):
        return 0.2
    return 0.25 if (a, b) in _LOOKS else 1.0


def _likeness(text: str, name: str) -> float:
    """Return how alike two names are, from 0 to 1; names that a telling sign keeps apart are not.

    >>> round(_likeness("冬湖路", "东湖路"), 2), _likeness("中山西路", "中山东路"), _likeness("中山路", "中山东路")
    (0.93, 0.0, 0.0)
    """
    from rapidfuzz.distance import Levenshtein

    if not is_chinese(text):
        return _likeness_of_letters(text, name)
    if len(text) == len(name):
        cost = sum(_cost(a, b) for a, b in zip(text, name, strict=True) if a != b)
        if cost < 9.0 or sorted(text) != sorted(name):
            return max(0.0, 1.0 - cost / len(name))
        return 0.0
    if [sign for sign in text if sign in _TELLING] != [sign for sign in name if sign in _TELLING]:
        return 0.0
    return max(0.0, 1.0 - Levenshtein.distance(text, name) / max(len(text), len(name)))


def _likeness_of_letters(text: str, name: str) -> float:
    from rapidfuzz.distance import OSA

    slips = OSA.distance(text, name)
    # one slip may be in any name, two only in a long one
    if re.findall(r"\d+", text) != re.findall(r"\d+", name) or slips > 1 + len(name) // 16:
        return 0.0
    return max(0.0, 1.0 - slips / max(len(text), len(name)))


def guards_of(street: str) -> list[str]:
    """Return the words that tell a street from others of its name.

    >>> guards_of("Elm St North"), guards_of("Alte Hauptstr.")
    (['n'], ['alt'])
    """
    return sorted(
        word.rstrip("er") if word.startswith(("alte", "neue")) else word for word in words(street) if word in GUARDS
    )


def kinds_of(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return what each name is, where one name may be several things.

    >>> kinds_of([("柳荫里", COMPOUND), ("柳荫里", ROAD)])
    {'柳荫里': 3}
    """
    out: dict[str, int] = {}
    for name, kind in pairs:
        if name:
            out[name] = out.get(name, 0) | kind
    return out
