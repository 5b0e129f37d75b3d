"""Addresses in Latin letters: "12 Elm St #3" and "Aachener Straße 12b", cut into street and number."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from gis_grid.addresses import numbers

#: what a word of a street's name is shortened to, in the languages that were tried (English, German, French)
_SHORT: Final = {
    "street": "st", "avenue": "ave", "av": "ave", "road": "rd", "drive": "dr", "place": "pl", "court": "ct",
    "terrace": "ter", "terr": "ter", "square": "sq", "highway": "hwy", "turnpike": "tpke", "tpk": "tpke",
    "parkway": "pkwy", "lane": "ln", "boulevard": "blvd", "park": "pk", "center": "ctr", "centre": "ctr",
    "circle": "cir", "gardens": "gdns", "garden": "gdn", "north": "n", "south": "s", "east": "e", "west": "w",
    "mount": "mt", "saint": "st", "sankt": "st", "monsignor": "msgr", "strasse": "str", "strase": "str",
    "platz": "pl", "doktor": "dr", "professor": "prof",
}  # fmt: skip
#: words that tell one street from another of the same name
GUARDS: Final = frozenset(
    ("n s e w ne nw se sw alt alte alter neu neue neuer gross grosse klein kleine ober obere unter untere").split()
)
_LETTERS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "ø": "o", "å": "a"})
_NUMBER: Final = r"\d+(?: ?1/2|/2)?(?: ?[a-z](?![a-z]))?"
_SPAN: Final = rf"{_NUMBER}(?: ?[-&+] ?{_NUMBER})?"
_FIRST: Final = re.compile(
    rf"^(?P<number>{_SPAN})[ ,]+(?P<street>[^\d#,][^#,]*?)\s*"
    r"(?:[,#].*|\b(?:apt|unit|suite|ste|no|rear|fl|floor)\b.*)?$"
)
_LAST: Final = re.compile(
    rf"^(?P<street>.*[^\W\d][^\d,#]*?)[ ,]*(?P<number>(?<!\d){_SPAN})(?![\w])\s*(?:[,;#/(].*|[^\W\d][^\d]*)?$"
)
#: "126 oxford st ps1", "1 kendall sq-3": what stands behind a street's name and has a digit
_UNIT: Final = re.compile(r"(?<=[^\W\d]{2})(?: +[a-z]{1,3}|-)\d+[a-z]?$")
_POSTCODE: Final = re.compile(r"[,;\s]+(?:d-)?\d{5}\b.*$")


def split(text: str) -> tuple[str, str]:
    """Return street and number of a folded text; the number is empty where there is none.

    >>> split("219 monsignor obrien hwy #3"), split("aachener straße 27 b, 45145 essen"), split("elm st")
    (('monsignor obrien hwy', '219'), ('aachener straße', '27 b'), ('elm st', ''))
    >>> split("126 oxford st ps1"), split("1 kendall sq-3"), split("am markt 7")
    (('oxford st', '126'), ('kendall sq', '1'), ('am markt', '7'))
    """
    text = _UNIT.sub("", _POSTCODE.sub("", text))
    found = _FIRST.match(text) or _LAST.match(text)
    if found is None:
        return re.split(r"[,#]", text, maxsplit=1)[0].strip(), ""
    return found["street"].strip(), found["number"]


def within(text: str, number: str) -> str:
    """Return the number of a unit that lies within a range of numbers, else the range itself.

    >>> within("253-259 washington st #257", "253-259"), within("81-87 amory st #4", "81-87")
    ('257', '81-87')
    """
    span = re.fullmatch(r"(\d+)-(\d+)", number)
    unit = re.search(r"#\s?(\d+)", text)
    if span and unit and int(span[1]) <= int(unit[1]) <= int(span[2]):
        return unit[1]
    return number


def span(number: str) -> list[str]:
    """Return first and last of a range of house numbers; what stands behind a dash and is no range is a unit.

    >>> span("131-137"), span("47-22"), span("1-6"), span("27 b"), span("5 & 7")
    (['131', '137'], ['47'], ['1'], ['27 b'], ['5', '7'])
    """
    parts = numbers.listed(number)
    if "-" in number and len(parts) == 2:
        first, last = (numbers.latin(part) for part in parts)
        if first is None or last is None or last.value <= first.value or (last.value - first.value) % 2:
            return parts[:1]
    return parts


def words(street: str) -> list[str]:
    """Return the words of a street's name in the one way in which they are compared.

    >>> words("Emil-Bredt-Straße"), words("Mt. Auburn Street"), words("Große Kehre")
    (['emil', 'bredt', 'str'], ['mt', 'auburn', 'st'], ['grosse', 'kehre'])
    """
    plain = street.lower().translate(_LETTERS)
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(sign))
    plain = plain.replace("'", "").replace("’", "")
    found = re.findall(r"[a-z]+|\d+", re.sub(r"stra[s]{1,2}e\b", "str", plain))
    return [_SHORT.get(word, word) for word in found]


def mended(street: str) -> list[str]:
    """Return the keys that a street may have whose last word was meant to be Straße and has a slip in it.

    >>> mended("schellstrße"), mended("haupttsr"), mended("ruhrtraße"), mended("waldweg")
    (['schellstr'], ['hauptstr'], ['ruhrstr', 'ruhstr'], [])
    """
    from rapidfuzz.distance import OSA

    plain = street.lower().rstrip(". ")
    found = []
    for whole, tails in (("straße", (5, 6, 7)), ("strasse", (6, 7, 8)), ("str", (3, 4))):
        for length in tails:
            if len(plain) >= length + 3 and OSA.distance(plain[-length:], whole, score_cutoff=1) == 1:
                found.append(street_key(plain[:-length] + "str"))
    return list(dict.fromkeys(found))


def street_key(street: str) -> str:
    """Return a street's name without blanks, as it is looked up.

    >>> street_key("Aachener Str."), street_key("Aachener Strasse"), street_key("aachenerstraße")
    ('aachenerstr', 'aachenerstr', 'aachenerstr')
    """
    return "".join(words(street))
