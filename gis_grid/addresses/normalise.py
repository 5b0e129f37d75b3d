"""One way of writing for everything that is typed: letters, numerals, brackets."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Longer texts are cut: no address is that long.
MOST_CHARACTERS: Final = 200
_DASHES: Final = re.compile(r"[‐‑‒–—―−﹣~～]+")
_OPENING: Final = re.compile(r"[(\[{<【〔《「『]")
_CLOSING: Final = re.compile(r"[)\]}>】〕》」』]")
#: what only says what is near or was once: a bracket that begins so is left out with its content
_ASIDE: Final = re.compile(
    r"[(\[{<【〔《「『]\s*(?:原|旧|曾用|靠近|临近|近|旁|对面|斜对面)[^)\]}>】〕》」』]*[)\]}>】〕》」』]"
)
_STOPS: Final = re.compile(r"[,，;；:：。!！?？|/\t\r\n\"'“”‘’]+")
_BLANKS: Final = re.compile(r"\s+")
#: a blank between two characters, one of them Chinese, means nothing
_LOOSE: Final = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff0-9a-z#])|(?<=[0-9a-z]) (?=[\u4e00-\u9fff#])")
_CHINESE: Final = re.compile(r"[\u3400-\u9fff]")
_DIGITS: Final = "零一二三四五六七八九"
_NUMERAL: Final = "零〇○一二两三四五六七八九十百千"
#: numerals are read as numbers only directly before their unit: 五一路 is a name
_BEFORE_UNIT: Final = re.compile(
    rf"[{_NUMERAL}]+(?=(?:号|栋|幢|座|单元|室|层|弄|期|段|支弄))"
    rf"|(?<=[附之])[{_NUMERAL}]+|(?<=[号栋幢座元])[{_NUMERAL}]+(?=[楼门梯])"
)
_PHONE: Final = re.compile(r"(?<!\d)(?:\+?86-?)?1[3-9]\d(?:[- ]?\d{4}){2}(?!\d)|(?<!\d)0\d{2,3}-\d{7,8}(?!\d)|\d{7,}")
_PERSON: Final = re.compile(
    r"(?:收件人|收货人|联系人|姓名|电话|手机|tel)[:： ]*[\u4e00-\u9fff]{0,4}"
    r"|[\u4e00-\u9fff]{1,3}(?:先生|女士|小姐)(?:收)?"
)


@cache
def _simplifier() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def fold(text: str) -> str:
    """Return a text in the one way of writing in which addresses are compared.

    Full-width signs become plain ones, traditional characters simplified ones, letters small, numerals before their
    unit digits; phone numbers and what names a person are cut off, and so are brackets that only say what is near.

    Examples
    --------
    >>> fold("青禾區　中山東路１０６弄一百五十三號（近公園）")
    '青禾区中山东路106弄153号'
    >>> fold("五一路十二号三单元 王女士 13800000000")
    '五一路12号3单元'
    """
    return fold_all([text])[0]


def fold_all(texts: Sequence[str]) -> list[str]:
    """Fold many texts at once: characters are converted in one go.

    >>> fold_all(["中山路３號", "Aachener Straße 4"])
    ['中山路3号', 'aachener straße 4']
    """
    lines = "\n".join([_BLANKS.sub(" ", text[:MOST_CHARACTERS]) for text in texts])
    plain = unicodedata.normalize("NFKC", lines).replace("\u2044", "/")
    if _CHINESE.search(plain):
        plain = _simplifier().convert(plain)
    return [_folded(line) for line in plain.lower().split("\n")]


def _folded(text: str) -> str:
    text = _DASHES.sub("-", text)
    if not _CHINESE.search(text):
        return _BLANKS.sub(" ", text).strip()
    text = _PERSON.sub(" ", _PHONE.sub(" ", _ASIDE.sub(" ", text)))
    text = _CLOSING.sub(" ", _OPENING.sub(" ", text))
    text = _STOPS.sub(" ", text)
    text = _BEFORE_UNIT.sub(_as_digits, text)
    return _LOOSE.sub("", _BLANKS.sub(" ", text)).strip()


def _as_digits(found: re.Match[str]) -> str:
    return str(value_of(found.group()))


def value_of(numeral: str) -> int:
    """Return the value of a Chinese numeral, also of one that is read digit by digit.

    >>> value_of("一百二十"), value_of("一〇一"), value_of("十"), value_of("二十三"), value_of("一千零五")
    (120, 101, 10, 23, 1005)
    """
    numeral = numeral.replace("〇", "零").replace("○", "零").replace("两", "二")
    if not any(sign in numeral for sign in "十百千"):
        return int("".join(str(_DIGITS.index(sign)) for sign in numeral))
    total, held = 0, 0
    for sign in numeral:
        if sign in "十百千":
            total += (held or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            held = 0
        else:
            held = _DIGITS.index(sign)
    # 一百二 is 120
    if held and len(numeral) > 1 and numeral[-2] in "百千":
        held *= 10 if numeral[-2] == "百" else 100
    return total + held


def is_chinese(text: str) -> bool:
    """Tell whether a text has Chinese characters.

    >>> is_chinese("五一路"), is_chinese("Elm St")
    (True, False)
    """
    return _CHINESE.search(text) is not None
