"""Columns by what they hold: guessed from their names, decoded to text, parsed to whole counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gis_grid.errors import Fault, InputError

#: Nobody counts more in one place; a larger number is a mistake.
MOST: Final = 10**9
_WORDS: Final[dict[str, str]] = {
    "count": """households household hh hhs hhcount nhh numhh hhnum nhouseholds totalhouseholds hhold hhlds
        户数 总户数 住户数 居民户数 家庭户数 常住户数 家庭户 户 hushu hs zhs resunits residentialunits
        units numunits nunits housingunits unitcount dwellings dwellingunits du occupieddwellings
        privatedwellings dwellingstotal flats apartments homes 住宅套数 套数""",
    "shops": "shops shop nshops shopcount storefronts 商户数 商户 商铺数 商铺 门店数 门店 店铺 沿街商户",
    "name": """name 名称 名字 namezh namecn 地名 fullname label title onsname nhood neighborhood
        neighbourhood namelong 小区名称 楼栋名称 mc""",
    "community_name": """communityname community 社区名称 社区 社区名 村居名称 村居 villagename village
        name 名称 mc sqmc onsname neighborhood neighbourhood nhood district districtname 区域名称 name1""",
    "community_code": """communitycode communityid 社区代码 社区编码 社区编号 villagecode sqdm sqbm
        统计用区划代码 区划代码 code 代码 编码 编号 adcode geoid geoid20 onsid nhoodid nhood districtid id
        fid objectid""",
    "office_code": """officecode streetofficecode 街道代码 街道编码 streetcode subdistrictcode jddm
        towncode 乡镇代码""",
    "office_name": """officename office streetoffice 街道名称 街道 街道办 streetname subdistrict jdmc
        townname town 乡镇""",
    "street_name": """name 道路名称 路名 道路名 街道名称 名称 streetname1 fullname fullstname street label
        streetname roadname rdname stname stname1 strname road namezh lm dlmc mc""",
    "street_class": """streetclass highway fclass 道路等级 道路类型 等级 类别 类型 class roadclass roadtype
        rdclass functionalclass funcclass majorroad type kind dldj""",
    "address": "address adresse addr fulladdress 地址 详细地址 门牌地址 门牌 dz",
    "block_id": """blockid dbuid geoid20 geoid geocode blockcode 街区编号 街区代码 地块编号 网格编号 uid id
        osmid objectid""",
    "stairwells": "stairwells stairwell entrances entrance staircases ndoors 单元数 单元 梯数 楼梯数 门栋数",
    "storeys": """storeys stories storey levels buildinglevels floors nfloors floorcount numfloors 层数
        楼层 楼层数 地上层数""",
    "compound": "compound estate 小区 小区名称 所属小区 院落 compoundname",
    "post": "post role position title duty 岗位 职务 角色 职位 岗位名称",
    "person": "name person staff fullname 姓名 人员 负责人 网格员 名字",
    "phone": "workphone phone tel telephone mobile contact 工作电话 办公电话 电话 联系电话 手机 手机号 联系方式",
    "grid": "grid gridcode gridid gridname 网格 网格编码 网格代码 网格名称 责任网格",
    "lines": "lines line servicelines serviceline skills skill 服务条线 条线 专长 技能 服务项目",
    "base": "base startsfrom 驻点 驻地 出发点 驻守网格",
    "most": "most mostposts maxposts 兼岗上限 可兼岗数 最多岗位",
    "lon": "lon lng long longitude 经度 x xcoord pointx easting east 东坐标 横坐标 lonwgs84 jd",
    "lat": "lat latitude 纬度 y ycoord pointy northing north 北坐标 纵坐标 latwgs84 wd",
    "wkt": "wkt geometry geom thegeom wktgeom",
    "street": "addrstreet street 街路 所在道路",
    "number": "addrhousenumber housenumber houseno hsnr 门牌号",
}  # fmt: skip
#: Names that are not in the list but can mean nothing else.
_PATTERNS: Final = {
    "count": re.compile(
        r"^(?:(?:n|num|total|sum)?households?(?:\d{4}|total|count|num|n)?|(?!.*(?:人户|空户|均户)).*户数)$"
    ),
    "shops": re.compile(r".*(?:商户|商铺|门店)数?$"),
    "community_code": re.compile(r".+(?:code|uid|id)$"),
    "block_id": re.compile(r".+(?:uid|blockid|geoid\d*)$"),
}
#: What counts people, not households: never guessed, but named in the remedy.
_PEOPLE: Final = frozenset(
    "population pop people persons residents inhabitants 人口 人口数 人数 常住人口 总人口".split()
)
_ENGLISH: Final = {"count": "of households", "community_code": "of community codes"}


@dataclass(frozen=True)
class Guess:
    """Hold which column was taken for something, and a sentence that says so."""

    column: str
    why: str


def plain(name: object) -> str:
    """Return a column name without case, width, blanks and punctuation.

    >>> plain("Res_Units "), plain("building:levels")
    ('resunits', 'buildinglevels')
    """
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", str(name)).casefold())


def guess_column(frame: pd.DataFrame, kind: str, source: str = "") -> Guess | None:
    """Guess which column of a frame holds a kind of thing, by its name.

    `kind` is a key of the word lists: `count`, `shops`, `name`, `community_code`, `street_class`, `address`, …
    Names are compared without case, blanks and punctuation; the order of the list decides, then patterns such as
    "…户数". Returns None if nothing fits.

    Examples
    --------
    >>> guess_column(pd.DataFrame(columns=["OBJECTID", "Res_Units"]), "count", "parcels.gpkg").why
    "parcels.gpkg: took column 'Res_Units' for households"
    >>> guess_column(pd.DataFrame(columns=["population"]), "count") is None
    True
    """
    names: dict[str, str] = {}
    for column in _columns(frame):
        names.setdefault(plain(column), column)
    words = _WORDS[kind].split()
    found = next((names[word] for word in words if word in names), None)
    if found is None and kind in _PATTERNS:
        found = next((column for key, column in names.items() if _PATTERNS[kind].match(key)), None)
    if found is None:
        return None
    what = {"count": "households"}.get(kind, kind.replace("_", " "))
    return Guess(found, f"{source + ': ' if source else ''}took column '{found}' for {what}")


def need_column(frame: pd.DataFrame, kind: str, source: str, *, chosen: str | None = None, option: str = "") -> Guess:
    """Return the column the user chose, or the one guessed.

    Raises
    ------
    InputError
        If the chosen column is not there, or none fits; the columns there are named.
    """
    columns = _columns(frame)
    listed = ", ".join(columns) or "none"
    if chosen is not None:
        if chosen in columns:
            return Guess(chosen, f"{source}: column '{chosen}' as asked")
        alike = [column for column in columns if plain(column) == plain(chosen)]
        remedy = f"did you mean '{alike[0]}'?" if alike else f"its columns are: {listed}"
        raise InputError(Fault("the column is missing", source, chosen, None, remedy))
    found = guess_column(frame, kind, source)
    if found is not None:
        return found
    what = _ENGLISH.get(kind, f"of {kind.replace('_', ' ')}")
    people = [column for column in columns if plain(column) in _PEOPLE]
    remedy = f"name it{f' with {option}' if option else ''}; its columns are: {listed}"
    if kind == "count" and people:
        remedy = f"'{people[0]}' counts people; if the band means people, name it with {option}"
    raise InputError(Fault(f"no column {what} was recognised", source, "", None, remedy))


def _columns(frame: pd.DataFrame) -> list[str]:
    geometry = getattr(frame, "_geometry_column_name", None)
    return [str(column) for column in frame.columns if column != geometry]


# ---- text -------------------------------------------------------------------------------------------------------


def decode(raw: Sequence[bytes]) -> list[str]:
    """Decode byte strings of one column by the one encoding that fits them all best.

    UTF-8 if that holds; else GB18030 where bytes above 127 come in pairs, as Chinese does; else Windows-1252, where
    they stand alone between letters.

    >>> decode(["江汉路".encode("gbk")]), decode([b"Mont-Royal", "Montr\u00e9al".encode("latin-1")])
    (['江汉路'], ['Mont-Royal', 'Montréal'])
    """
    joined = b"\n".join(raw)
    for encoding in ("utf-8", "gb18030"):
        if encoding == "gb18030" and not _paired(joined):
            continue
        try:
            return [value.decode(encoding) for value in raw]
        except UnicodeDecodeError:
            continue  # the next encoding has its turn
    return [value.decode("cp1252", errors="replace") for value in raw]


def _paired(raw: bytes) -> bool:
    """Tell whether most bytes above 127 stand beside another one."""
    runs = re.findall(rb"[\x80-\xff]+", raw)
    return sum(len(run) for run in runs if len(run) > 1) > sum(len(run) for run in runs if len(run) == 1)


def decode_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with byte strings in its columns turned into text."""
    changed = {}
    for column in frame.columns:
        if frame[column].dtype != object:
            continue
        values = frame[column].to_numpy()
        held = np.fromiter((isinstance(value, bytes) for value in values), bool, len(values))
        if held.any():
            values = values.copy()
            values[held] = np.array(decode(list(values[held])), dtype=object)
            changed[column] = pd.Series(values, index=frame.index).astype("str")
    return frame.assign(**changed) if changed else frame


def text(frame: pd.DataFrame, column: str | None) -> pd.Series:
    """Return a column as stripped text, "" where it holds nothing; 4.2e11 read from a sheet becomes its digits.

    >>> text(pd.DataFrame({"code": [420103001001.0, None]}), "code").tolist()
    ['420103001001', '']
    """
    if column is None:
        return pd.Series("", index=frame.index, dtype="str")
    values = frame[column]
    if values.dtype.kind == "f":
        whole = values.notna() & (values == np.floor(values)) & (values.abs() < 2**53)
        shown = values.astype("str").mask(whole, values.where(whole, 0).astype("int64").astype("str"))
        return shown.mask(values.isna(), "").astype("str")
    if values.dtype == object:
        values = values.map(_cell)
    out = values.astype("str").mask(values.isna(), "").str.strip()
    return out.mask(out.str.lower().isin(["nan", "none", "null", "<na>", "<null>"]), "").astype("str")


def _cell(value: object) -> object:
    """Write 3.0 as 3, and a list (as OSMnx gives where it joined streets) with semicolons."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return ";".join(map(str, value)) if isinstance(value, (list, tuple, np.ndarray)) else value


def flag(frame: pd.DataFrame, column: str | None) -> NDArray[np.bool_]:
    """Return where a column says yes: true, 1, yes, t, y, 是, or OpenStreetMap's -1 (one-way against the drawing)."""
    if column is None:
        return np.zeros(len(frame), bool)
    return text(frame, column).str.lower().isin(["true", "1", "yes", "t", "y", "是", "-1"]).to_numpy(bool)


def addresses(frame: pd.DataFrame, source: str = "") -> pd.Series | None:
    """Return addresses as one text: their own column, else street and number put together; None without either.

    >>> addresses(pd.DataFrame({"addr:street": ["解放大道", "Bank St"], "addr:housenumber": ["3号", "12"]})).tolist()
    ['解放大道3号', 'Bank St 12']
    """
    whole = guess_column(frame, "address", source)
    if whole is not None:
        return text(frame, whole.column)
    street, number = guess_column(frame, "street", source), guess_column(frame, "number", source)
    if street is None or number is None:
        return None
    roads, numbers = text(frame, street.column), text(frame, number.column)
    gap = np.where(roads.str.contains(r"[a-zA-Z.]$", regex=True), " ", "")
    return (roads + gap + numbers).where((roads != "") & (numbers != ""), "").astype("str")


# ---- counts -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """Hold whole counts parsed from a column: `values` (int64, 0 where unusable) and `why` ("" where usable).

    `stated` keeps whole numbers of either sign, so that what was rejected can be accounted for.
    """

    values: NDArray[np.int64]
    why: NDArray[Any]
    stated: NDArray[np.int64]

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Tell which rows hold a count of zero or more."""
        out: NDArray[np.bool_] = self.why == ""
        return out


def whole_counts(column: pd.Series) -> Counts:
    """Parse a column to whole counts, saying of each row that holds none what is wrong.

    Full-width digits, thousands separators and a trailing 户 are understood.

    Examples
    --------
    >>> counts = whole_counts(pd.Series(["12", "1,234", "120户", "-3", "2.5", "many", None]))
    >>> counts.values.tolist()
    [12, 1234, 120, 0, 0, 0, 0]
    >>> counts.why.tolist()[3:]
    ['-3 is below zero', '2.5 is not a whole number', "'many' is not a number", 'no count']
    """
    number = _numbers(column)
    missing = column.isna().to_numpy(bool)
    if not pd.api.types.is_numeric_dtype(column.dtype):
        missing = missing | (text(column.to_frame("c"), "c") == "").to_numpy(bool)
    finite = np.isfinite(number)
    rounded = np.where(finite, number, 0.5)
    whole = finite & (rounded == np.floor(rounded)) & (np.abs(rounded) <= MOST)
    why = np.full(len(column), "", dtype=object)
    tests = (
        (missing, "no count"),
        (np.isinf(number), "{raw} is infinite"),
        (~finite, "{raw!r} is not a number"),
        (finite & (number < 0), "{n:g} is below zero"),
        (finite & (np.abs(number) > MOST), "{n:g} is too large to be a count"),
        (finite & ~whole, "{n:g} is not a whole number"),
    )
    cells = column.to_numpy(dtype=object)
    for mask, problem in tests:
        for at in np.flatnonzero(mask & (why == "")):
            raw = cells[at][:40] if isinstance(cells[at], str) else cells[at]
            why[at] = problem.format(raw=raw, n=number[at])
    values = np.where(whole & (why == ""), rounded, 0).astype(np.int64)
    return Counts(values, why, np.where(whole, rounded, 0).astype(np.int64))


def _numbers(column: pd.Series) -> NDArray[np.float64]:
    if pd.api.types.is_bool_dtype(column.dtype):
        return np.full(len(column), np.nan)
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype="float64", na_value=np.nan)
    words = text(column.to_frame("c"), "c").str.normalize("NFKC")
    words = words.str.replace(r"(?<=\d)[, ](?=\d{3}(?!\d))", "", regex=True).str.replace(r"\s*户$", "", regex=True)
    clean = words.where(words.str.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|[-+]?inf(inity)?", case=False))
    return pd.to_numeric(clean, errors="coerce").to_numpy(dtype="float64", na_value=np.nan)
