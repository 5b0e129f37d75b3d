"""The grammar of an address: which names it has, which numbers belong to them, and where it stops to matter."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gis_grid.addresses.names import AREA, COMMUNITY, COMPOUND, COMPOUND_ENDS, ROAD, ROAD_ENDS

if TYPE_CHECKING:
    from gis_grid.addresses.names import NameBook

_N: Final = r"[甲乙丙丁戊己]?\d+[a-z]?(?:[甲乙丙丁戊己](?!座|栋|幢|单元))?(?:[附之]\d+)?"
_TOKEN: Final = re.compile(
    r"(?P<phase>\d+期)"
    r"|(?P<lane>\d+)支?(?P<lane_unit>弄|巷)"
    r"|(?P<building>(?:[东西南北中](?=[a-z]?\d))?(?:[a-z]?\d+[a-z]?(?:-\d+(?=#|号楼|栋|幢))?|[a-z]|[甲乙丙丁]))"
    r"(?:号楼|号?[栋幢座]|#楼?|楼(?=[a-z]?\d|[甲乙丙丁]单元))"
    r"|(?P<stair>[a-z]?\d+[a-z]?|[a-z甲乙丙丁东西南北中])(?:单元|号?门(?![面店诊口头])|梯)"
    r"|(?P<cut>(?:-|b|负)?\d+(?:层|楼|f\b)|[a-z]?\d+[a-z]?(?:室|房|户|铺))"
    rf"|(?P<number>{_N}(?:[、&和及至\-]{_N})*)号(?P<stem>[甲乙丙丁戊己](?![座栋幢单]))?(?:大?院)?(?:[附之](?P<sub>\d+)号?)?"
    r"|(?P<dash>[a-z]?\d+[a-z]?(?:-[a-z]?\d+[a-z]?)+)"
    r"|(?P<plain>[甲乙丙丁]?[a-z]?\d+[a-z]?)"
)
_AREAS: Final = re.compile(
    r"(?:[^省]{2,8}(?:省|自治区))?(?:[^市区县]{2,6}市)?(?:[^区县路街道]{1,7}?(?:(?<!小)区|县|市))?"
    r"(?:[^路镇乡]{1,8}?(?:街道办事处|街道办|街道|镇|乡))?(?:[^路街道]{1,8}?(?:社区居委会|社区|居委会|村委会))?"
)
_NOISE: Final = re.compile(r"[的在到上 、]|请?送到?|位于|地址|楼下|院内|院里|号院|内")
_NEAR: Final = re.compile(r"对面|附近|旁边?|隔壁|路口|街口|交叉口|交汇|交界|斜对")
#: what may stand behind a road's name and make another road of it
_FURTHER: Final = re.compile(r"[东西南北中上下前后内外新老一二三四五六七八九十]")
_MOST_PLACES: Final = 6
_MOST_PIECES: Final = 40


@dataclass(slots=True)
class Spot:
    """A road or compound that an address names, with what stands behind it; `known` if the gazetteer has the name."""

    name: str
    known: bool
    lanes: str = ""
    number: str = ""
    exact: bool = True


@dataclass(slots=True)
class Parsed:
    """Hold what an address says: roads, compounds, building and stairwell, and the areas it claims to lie in.

    Floor, room and everything behind them are not in it.
    """

    roads: list[Spot] = field(default_factory=list)
    compounds: list[Spot] = field(default_factory=list)
    building: str = ""
    stairwell: str = ""
    communities: list[str] = field(default_factory=list)
    areas: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)
    near: bool = False
    #: whose number comes next
    last: Spot | None = None
    last_kind: int = 0


def parse(text: str, book: NameBook) -> Parsed:
    """Read a folded Chinese address with the names of a gazetteer.

    Examples
    --------
    >>> from gis_grid.addresses.names import NameBook
    >>> book = NameBook({"东湖路": ROAD, "玉兰家园": COMPOUND})
    >>> found = parse("东湖路247号玉兰家园1栋2单元301室", book)
    >>> found.roads[0].number, found.compounds[0].name, found.building, found.stairwell
    ('247', '玉兰家园', '1', '2')
    """
    parsed = Parsed()
    for piece, token in _pieces(text, book)[:_MOST_PIECES]:
        if piece:
            _read_names(piece, parsed, book)
        if token is not None and not _read_token(token, parsed):
            break
    return parsed


def _pieces(text: str, book: NameBook) -> list[tuple[str, re.Match[str] | None]]:
    """Return the text between numbers, each with the number behind it; names that hold digits are no numbers."""
    out: list[tuple[str, re.Match[str] | None]] = []
    named = [found.span() for found in book.numbered.finditer(text)] if book.numbered is not None else []
    at = 0
    position = 0
    for token in _TOKEN.finditer(text):
        begin = token.start()
        while position < len(named) and named[position][1] <= begin:
            position += 1
        if position < len(named) and named[position][0] <= begin:
            continue
        if begin < at:
            continue
        out.append((text[at:begin], token))
        at = token.end()
    out.append((text[at:], None))
    return out


def _read_names(piece: str, parsed: Parsed, book: NameBook) -> None:
    """Take in the names of a piece of text that holds no number."""
    loose = ""
    for field_ in piece.split(" "):
        for text, kind in book.segments(field_):
            if kind == 0:
                loose = _unknown(text, parsed, book)
                continue
            if loose and kind & (ROAD | COMPOUND) and 0 < len(loose) <= 2:
                _enter(parsed, loose + text, kind, known=False)
            else:
                _known(parsed, text, kind, book)
            loose = ""
        loose = ""


def _known(parsed: Parsed, text: str, kind: int, book: NameBook) -> None:
    name = book.meant(text)
    if kind & (ROAD | COMPOUND):
        _enter(parsed, name, kind, known=True)
    elif kind & COMMUNITY:
        parsed.communities.append(name)
    elif kind & AREA:
        parsed.areas.append(name)


def _enter(parsed: Parsed, name: str, kind: int, *, known: bool) -> None:
    """Take in a road or compound; what is named again is the same."""
    held = parsed.roads if kind & ROAD else parsed.compounds
    if kind & ROAD and kind & COMPOUND and parsed.roads:
        held, kind = parsed.compounds, COMPOUND
    for spot in held:
        if spot.name == name:
            spot.lanes = spot.lanes if spot.number else ""
            parsed.last, parsed.last_kind = spot, kind
            return
    if len(held) < _MOST_PLACES:
        parsed.last, parsed.last_kind = Spot(name, known), kind
        held.append(parsed.last)


def _unknown(text: str, parsed: Parsed, book: NameBook) -> str:
    """Take in a text that is no known name; return what of it may belong to the name behind it."""
    if _NEAR.search(text):
        parsed.near = True
        text = _NEAR.sub("", text)
    if parsed.last is not None and parsed.last_kind & ROAD and not parsed.last.number and _FURTHER.match(text):
        # 中山路东段, 中山路二号线: another road than the one before
        parsed.last.name, parsed.last.known = parsed.last.name + text, False
        return ""
    rest = _without_areas(text, parsed, book)
    rest = _NOISE.sub("", rest)
    if len(rest) < 2:
        return rest
    if rest.endswith(ROAD_ENDS) and not (rest.endswith("里") and parsed.roads):
        _enter(parsed, rest, ROAD, known=False)
    elif rest.endswith(COMPOUND_ENDS) or not parsed.building:
        _enter(parsed, rest, COMPOUND, known=False)
    return rest


def _without_areas(text: str, parsed: Parsed, book: NameBook) -> str:
    """Take province, city, district, street office and community off the front."""
    found = _AREAS.match(text)
    if found is None or not found.group():
        return text
    areas = found.group()
    for part in re.findall(
        r".+?(?:自治区|省|市|(?<!小)区|县|街道办事处|街道办|街道|镇|乡|社区居委会|社区|居委会|村委会)", areas
    ):
        if part.endswith(("区", "县")) and not part.endswith(("社区", "自治区", "小区")):
            alike = book.alike(part, AREA)
            (parsed.areas if alike else parsed.foreign).append(alike[0].text if alike else part)
        elif part.endswith(("社区", "居委会", "村委会")):
            alike = book.alike(part, COMMUNITY)
            if alike:
                parsed.communities.append(alike[0].text)
    return text[len(areas) :]


def _read_token(token: re.Match[str], parsed: Parsed) -> bool:
    """Take in a number with its unit; tell whether anything behind it still matters."""
    kind = token.lastgroup
    if kind in ("sub", "stem", "number"):
        _number(token, parsed)
    elif kind == "phase":
        if parsed.last is not None and parsed.last_kind & COMPOUND:
            parsed.last.name, parsed.last.known = parsed.last.name + token["phase"], False
    elif kind == "lane_unit":
        if parsed.last is not None and parsed.last_kind & ROAD and not parsed.last.number:
            parsed.last.lanes += f"{int(token['lane'])}{token['lane_unit']}"
    elif kind == "building":
        parsed.building = parsed.building or _plain(token["building"])
    elif kind == "stair":
        parsed.stairwell = parsed.stairwell or _plain(token["stair"])
    elif kind == "dash":
        return _dashed(token["dash"], parsed)
    elif kind == "plain":
        return _bare(token["plain"], parsed)
    return kind != "cut"


def _number(token: re.Match[str], parsed: Parsed) -> None:
    text = token["number"] + (token["stem"] or "") + (f"-{token['sub']}" if token["sub"] else "")
    last = parsed.last
    if last is None:
        return
    if parsed.last_kind & ROAD:
        if not last.number:
            last.number = text
    elif not parsed.building:
        parsed.building = _plain(text)


def _dashed(text: str, parsed: Parsed) -> bool:
    """Read 12-3-1001: building, stairwell and room behind a compound; number and sub-number behind a road."""
    parts = [_plain(part) for part in text.split("-")]
    last = parsed.last
    if last is not None and parsed.last_kind & ROAD and not last.number:
        if len(parts) == 2 and len(parts[1]) <= 2:
            last.number, last.exact = text, False
            return True
        last.number = parts[0]
        parts = parts[1:]
    if not parsed.building and last is not None and (len(parts) > 1 or len(parts[0]) <= 2):
        parsed.building, parts = parts[0], parts[1:]
    if parts and not parsed.stairwell and parsed.building and len(parts[0]) <= 2:
        parsed.stairwell, parts = parts[0], parts[1:]
    return False


def _bare(text: str, parsed: Parsed) -> bool:
    """Read a number without a unit: that of the road, or of a building if it is small, else a room."""
    last = parsed.last
    if last is None:
        return True
    if parsed.last_kind & ROAD and not last.number:
        last.number = text
        return True
    if parsed.last_kind & COMPOUND and not parsed.building and len(text) <= 2:
        parsed.building = _plain(text)
        return True
    return False


def _plain(text: str) -> str:
    """Return the key of a building or stairwell.

    >>> _plain("03"), _plain("a1"), _plain("甲")
    ('3', 'a1', '甲')
    """
    return re.sub(r"(?<!\d)0+(?=\d)", "", text)
