"""Rows out of bytes that anybody may have sent: encoding and form found out, everything bounded in memory."""

from __future__ import annotations

import codecs
import csv
import itertools
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from gis_grid.errors import Fault, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: How much of a file is looked at before the first row is answered.
SAMPLE_BYTES: Final = 64 * 1024
#: No line, and no quoted field over several lines, may be longer.
MOST_CHARACTERS: Final = 128 * 1024
TOO_LONG: Final = f"the line is longer than {MOST_CHARACTERS:,} characters"
MOST_COLUMNS: Final = 1000
SEPARATORS: Final = (",", "\t", ";", "|")
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORDS: Final = {
    "lon": "lon lng long longitude 经度 x xcoord pointx 东坐标 横坐标 lonwgs84 jd",
    "lat": "lat latitude 纬度 y ycoord pointy 北坐标 纵坐标 latwgs84 wd",
    "crs": "crs srs coordsys datum 坐标系 坐标系统",
    "address": "address addr fulladdress 地址 详细地址 门牌地址",
}


@dataclass(frozen=True)
class Form:
    """Say how a file is written: encoding, `csv` or `jsonl`, what separates the cells of a CSV, and what ends lines."""

    encoding: str
    kind: str
    separator: str = ","
    end: str = "\n"


@dataclass(frozen=True)
class Columns:
    """Say which columns hold what; empty where there is none."""

    lon: str = ""
    lat: str = ""
    crs: str = ""
    address: str = ""


def blocks_of(source: Any) -> Iterator[bytes]:
    """Return the bytes of a binary file, or of an iterator of bytes, in blocks of bounded size."""
    read = getattr(source, "read", None)
    blocks = iter(lambda: read(SAMPLE_BYTES), b"") if read is not None else iter(source)
    for block in blocks:
        for start in range(0, len(block), SAMPLE_BYTES):
            yield bytes(block[start : start + SAMPLE_BYTES])


def sampled(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Return the beginning of a file, and the whole of it."""
    held: list[bytes] = []
    size = 0
    for block in blocks:
        held.append(block)
        size += len(block)
        if size >= SAMPLE_BYTES:
            break
    return b"".join(held), itertools.chain(held, blocks)


def form_of(sample: bytes, kind: str = "auto") -> Form:
    """Find out how a file is written, from its beginning.

    Raises
    ------
    InputError
        If it is empty, or no text.
    """
    encoding = next((name for bom, name in _BOMS if sample.startswith(bom)), "") or _encoding(sample)
    text = codecs.getincrementaldecoder(encoding)("replace").decode(sample).lstrip("\ufeff")
    if not text.strip():
        raise InputError(Fault("there are no rows in it", remedy="send CSV with a header, or JSON lines"))
    odd = sum(unicodedata.category(letter) == "Cc" and letter not in "\r\n\t\f\v" for letter in text[:4096])
    if odd:
        raise InputError(Fault("this is no text", remedy="send CSV or JSON lines in UTF-8 or GB18030"))
    if kind == "auto":
        kind = "jsonl" if text.lstrip().startswith("{") else "csv"
    end = "\r" if "\r" in text and "\n" not in text else "\n"
    return Form(encoding, kind, _separator(text) if kind == "csv" else "", end)


def _encoding(sample: bytes) -> str:
    """Return UTF-8 wherever nearly all can be that, since other Chinese text hardly ever can."""
    text = codecs.getincrementaldecoder("utf-8")("replace").decode(sample)
    beyond = sum(letter > "\x7f" for letter in text)
    return "utf-8" if text.count("\ufffd") * 20 <= beyond else "gb18030"


def _separator(text: str) -> str:
    first = next(line for line in text.splitlines() if line.strip())
    counts = {one: re.sub(r'"[^"]*"', "", first).count(one) for one in SEPARATORS}
    best = max(SEPARATORS, key=counts.__getitem__)
    return best if counts[best] else ","


class Decoder:
    """Decode a file block by block; what looked like UTF-8 as long as it was ASCII may turn out to be GB18030.

    `encoding` is what the file is taken for by now, and `broken` says whether anything could not be read.
    """

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        self.broken = False
        self._ascii = encoding == "utf-8"
        self._decode = codecs.getincrementaldecoder(encoding)("strict" if self._ascii else "replace").decode

    def text(self, block: bytes, *, last: bool = False) -> str:
        """Return the text of the next block."""
        if self._ascii and not block.isascii():
            self._ascii = False
            self.encoding = _encoding(block)
            self._decode = codecs.getincrementaldecoder(self.encoding)("replace").decode
        text = self._decode(block, last)
        self.broken = self.broken or "\ufffd" in text
        return text


def lines_of(blocks: Iterable[bytes], decoder: Decoder, end: str = "\n") -> Iterator[str]:
    """Yield the lines of a file with their ends; of one that is too long only the beginning, a little too long too."""
    held, cutting = "", False
    for block in itertools.chain(blocks, [None]):
        held += decoder.text(block or b"", last=block is None)
        *whole, held = held.split(end)
        for line in whole:
            if not cutting:
                yield line[: MOST_CHARACTERS + 1] + "\n"
            cutting = False
        if len(held) > MOST_CHARACTERS:
            if not cutting:
                yield held[: MOST_CHARACTERS + 1] + "\n"
            held, cutting = "", True
    if held:
        yield held


class _LongLineError(csv.Error):
    """A line is too long to be read; the reader begins anew with the next."""


class _Bounded:
    """Lines that can be read."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        if len(line) > MOST_CHARACTERS:
            raise _LongLineError(TOO_LONG)
        return line


def csv_rows(lines: Iterable[str], separator: str) -> Iterator[list[str] | str]:
    """Yield the cells of each row, or what is wrong with it; blank rows are left out."""
    reader = csv.reader(_Bounded(lines), delimiter=separator)
    while True:
        try:
            row: list[str] | str = next(reader)
        except StopIteration:
            return
        except csv.Error as caught:
            row = f"the row cannot be read ({caught})"
        if isinstance(row, str) or any(map(str.strip, row)):
            yield row


def json_rows(lines: Iterable[str]) -> Iterator[dict[str, Any] | str]:
    """Yield the object in each line, or what is wrong with it; blank lines are left out."""
    for number, line in enumerate(lines):
        text = line.lstrip("\ufeff") if number == 0 else line
        if not text.strip():
            continue
        if len(text) > MOST_CHARACTERS:
            yield TOO_LONG
            continue
        try:
            found = orjson.loads(text)
        except orjson.JSONDecodeError as caught:
            yield f"the line is no JSON ({caught})"
            continue
        yield found if isinstance(found, dict) else "the line holds no JSON object"


def header_of(row: list[str] | str) -> list[str]:
    """Return the names of columns.

    Raises
    ------
    InputError
        If the row holds numbers, or cannot be read, or there are too many columns.
    """
    if isinstance(row, str):
        raise InputError(Fault(row, row=1, remedy="begin with a row of column names"))
    if len(row) > MOST_COLUMNS:
        problem = f"there are {len(row):,} columns"
        raise InputError(Fault(problem, row=1, remedy=f"send {MOST_COLUMNS:,} at most"))
    if any(map(number_of, row)):
        shown = ", ".join(row)[:60]
        raise InputError(Fault(f"there is no header: the first row holds numbers ({shown})", row=1, remedy=_REMEDY))
    return row


_REMEDY: Final = "name the columns, such as lon and lat (经度, 纬度)"


def columns_of(names: Iterable[str], *, lon: str = "", lat: str = "") -> Columns:
    """Find out which columns hold longitude, latitude, coordinate system and address; `lon` and `lat` name their own.

    Raises
    ------
    InputError
        If there is neither a place nor an address, or a column that was named is not there; all faults at once.
    """
    names = list(names)
    plain: dict[str, str] = {}
    for name in names:
        plain.setdefault(re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", name).casefold()), name)
    found = {kind: next((plain[w] for w in words.split() if w in plain), "") for kind, words in _WORDS.items()}
    chosen = {"lon": lon, "lat": lat}
    listed = ", ".join(names)[:500]
    faults = [
        Fault("the column is missing", column=name, remedy=f"its columns are: {listed}")
        for name in chosen.values()
        if name and name not in names
    ]
    found |= {kind: name for kind, name in chosen.items() if name}
    if not faults and not (found["lon"] and found["lat"]) and not found["address"]:
        faults.append(Fault(f"no columns of longitude and latitude among {listed}", row=1, remedy=_REMEDY))
    if faults:
        raise InputError(faults)
    return Columns(**found)


def number_of(text: Any) -> float | None:
    """Return a number as somebody wrote it, None for what is none.

    >>> number_of(" 114.27 "), number_of("１１４.5"), number_of("east"), number_of(True)
    (114.27, 114.5, None, None)
    """
    if isinstance(text, bool) or text is None:
        return None
    try:
        return float(text)
    except (ValueError, TypeError, OverflowError):
        return None
