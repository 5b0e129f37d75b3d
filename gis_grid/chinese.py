"""What is wrong with an input, in Chinese: the sentences of faults as readers of files make them, and their words.

Faults are made in English, with names and numbers in them. Here every such sentence stands once with {} in their
places, beside its Chinese; `tests/test_chinese.py` finds a sentence that has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from gis_grid.errors import Fault

_READING: Final = {
    "there is no such file": "没有这个文件",
    "this is a folder": "这是文件夹",
    "the file is empty (0 bytes)": "文件是空的（0 字节）",
    "the file may not be read": "没有读取此文件的权限",
    "it cannot be read ({})": "无法读取（{0}）",
    "it holds no records": "没有任何记录",
    "it holds {} layers": "有 {0} 个图层",
    "there is no layer '{}'": "没有图层“{0}”",
    "the old Excel format is not read": "不支持旧版 Excel 格式",
    "there is no sheet '{}'": "没有工作表“{0}”",
    "this is no CSV": "不是 CSV 表格",
    "it has {} columns, {} at most": "有 {0} 列，最多 {1} 列",
    "rows have more cells than the header": "数据行的单元格比表头多",
    "'|{}' is not understood": "不认识“|{0}”",
    "the column is missing": "缺少此列",
    "no row holds '{}'": "没有值为“{0}”的行",
    "there are no {} in this extract": "此摘录中没有 {0}",
    "there is no file {}": "没有文件 {0}",
    "check the path": "检查路径",
    "did you mean {}?": "是否为 {0}？",
    "did you mean '{}'?": "是否为“{0}”？",
    "name a file in it": "指定其中的文件",
    "name a file in it, e.g. {}": "指定其中的文件，如 {0}",
    "export it again": "重新导出",
    "check its permissions": "检查文件权限",
    "check that the file is complete and of the format its name says": "检查文件是否完整、格式与扩展名是否一致",
    "a shapefile needs its .shx and .dbf beside it; check that all are complete": "Shapefile 须同时有 .shx 和 .dbf，检查是否齐全完整",
    "save its text as UTF-8": "把文字另存为 UTF-8",
    "save it as UTF-8": "另存为 UTF-8",
    "give a layer that is not empty": "换一个非空图层",
    "give a table that is not empty": "换一个非空表格",
    "a file of this format is one layer": "此格式的文件只有一个图层",
    "save it as .xlsx or CSV": "另存为 .xlsx 或 CSV",
    "save the table as CSV UTF-8": "把表格另存为 CSV UTF-8",
    "pick one with {}; its layers are: {}": "选定其中一个图层；现有：{1}",
    "its layers are: {}": "现有图层：{0}",
    "its sheets are: {}": "现有工作表：{0}",
    "its columns are: {}": "现有列：{0}",
    "there are: {}": "现有：{0}",
    "keep those that say where and how many; were rows and columns exchanged?": "只保留位置与数量列；行列是否颠倒？",
    "quote cells that hold the separator": "含分隔符的单元格请加引号",
    "write |layer=NAME, |crs=CRS or |where=COLUMN=VALUE": "写作 |layer=图层、|crs=坐标系 或 |where=列=值",
    "give an extract that covers the district": "换一份覆盖本区的摘录",
}
_COLUMNS: Final = {
    "no column of households was recognised": "没有识别出户数列",
    "no column of community codes was recognised": "没有识别出社区代码列",
    "no column of {} was recognised": "没有识别出 {0} 列",
    "no column of addresses is recognised": "没有识别出地址列",
    "no columns of coordinates were recognised, and there is no geometry": "没有几何，也没有识别出坐标列",
    "no column of street names": "没有街道名称列",
    "the columns {} are missing": "缺少列 {0}",
    "no count": "没有户数",
    "no count, no geometry": "没有户数，也没有几何",
    "{} is infinite": "{0} 不是有限的数",
    "{} is infinite, no geometry": "{0} 不是有限的数，也没有几何",
    "{} is not a number": "{0} 不是数字",
    "{} is not a number, no geometry": "{0} 不是数字，也没有几何",
    "{} is below zero": "{0} 小于零",
    "{} is below zero, no geometry": "{0} 小于零，也没有几何",
    "{} is too large to be a count": "{0} 过大，不会是户数",
    "{} is too large to be a count, no geometry": "{0} 过大，不会是户数，也没有几何",
    "{} is not a whole number": "{0} 不是整数",
    "{} is not a whole number, no geometry": "{0} 不是整数，也没有几何",
    "the id is empty or stands twice": "编号为空或重复",
    "code {} stands for more than '{}'": "代码 {0} 不只代表“{1}”",
    "the cell is empty": "单元格为空",
    "'{}' stands for itself": "“{0}”指向自己",
    "'{}' stands for '{}' and for '{}'": "“{0}”同时指“{1}”和“{2}”",
    "nothing in the district is called '{}'": "本区没有“{0}”",
    "'{}' is a name of its own in the district": "“{0}”本身就是本区的名称",
    "the post is empty": "岗位为空",
    "this is no phone number": "不是电话号码",
    "the number is too long for a phone": "号码过长，不会是电话",
    "this is no number of posts": "不是岗位数",
    "the row stands twice": "此行重复",
    "name it; its columns are: {}": "指明此列；现有列：{0}",
    "name it with {}; its columns are: {}": "给列换一个能识别的名称（如“户数”）；现有列：{1}",
    "'{}' counts people; if the band means people, name it with {}": "“{0}”是人数；如按人口划分，请把它改名为户数列",
    "name them lon and lat, x and y, or 经度 and 纬度; its columns are: {}": "把坐标列命名为 lon 与 lat、x 与 y 或 经度 与 纬度；现有列：{0}",
    "name a column address (地址), or street and number; its columns are: {}": "命名“地址”列，或街道与门牌列；现有列：{0}",
    "name the street, and its numbers {}": "指明街道及门牌列 {0}",
    "name the columns name (名称) and alias (旧名); its columns are: {}": "把列命名为 名称 与 旧名；现有列：{0}",
    "name a column post (岗位) and one name (姓名); an empty name is a vacancy; its columns are: {}": "须有“岗位”与“姓名”列，姓名为空即空岗；现有列：{0}",
    "choose another column with {}, or correct the rows": "换一列作户数，或更正这些行",
    "round the counts so that their sum is kept, or choose another column with {}": "在总数不变的前提下取整，或换一列作户数",
    "every block needs a count of zero or more": "每个街坊都要有不小于零的户数",
    "choose a column whose values are unique": "换一个值不重复的列",
    "give every community a code of its own": "每个社区给一个自己的代码",
    "fill it in, or take the row out": "补填，或去掉此行",
    "take the row out": "去掉此行",
    "take the row out: what is called so would not be found any more": "去掉此行：否则原有的同名对象将查不到",
    "keep one of the rows": "只留一行",
    "write a street, compound or community as the addresses have it": "写成地址中出现的街道、小区或社区名称",
    "say which post it is": "写明岗位",
    "write the work phone with digits": "用数字写工作电话",
    "a roster holds work phones, nothing else": "花名册只记工作电话，不记其他",
    "write 1 to 99, or leave it empty": "填 1 至 99，或留空",
    "leave one of them out": "去掉其中一行",
}
_SHAPES: Final = {
    "no geometry": "没有几何",
    "no point or polygon": "不是点或面",
    "no row has geometry": "没有一行有几何",
    "there is no line in it": "其中没有线",
    "{} where {} wants polygons": "应为面，却是 {0}",
    "{} where {} is wanted": "应为 {1}，却是 {0}",
    "invalid geometry ({})": "几何无效（{0}）",
    "ids stand twice: {}": "编号重复：{0}",
    "{} fails {}": "{0} 不符合 {1}",
    "this is not a frame with geometry": "没有几何",
    "most of this block lies on others": "此街坊大部分与其他街坊重叠",
    "the block lies in no community": "街坊不在任何社区内",
    "no community lies inside the boundary": "边界内没有社区",
    "streets and households are missing": "缺少道路和住户",
    "{} missing": "缺少 {0}",
    "give the row a position": "给此行一个位置",
    "draw the block": "画出此街坊",
    "give areas, not points or lines": "应给面，不是点或线",
    "give a layer of polygons": "应给面图层",
    "give a layer of lines": "应给线图层",
    "repair it (make_valid)": "修复几何",
    "pass a GeoDataFrame": "应给 GeoDataFrame",
    "remove one of them": "去掉其中一个",
    "extend one": "扩大一个社区",
    "pass them, or ready-made blocks": "提供它们，或现成的街坊",
    "pass them, or ready-made blocks with --blocks": "提供它们，或现成的街坊",
}
_PLACES: Final = {
    "the file has no CRS": "文件没有坐标系",
    "the frame has no CRS": "没有坐标系",
    "the coordinates have no CRS": "坐标没有坐标系",
    "coordinates are in degrees ({})": "坐标以度为单位（{0}）",
    "its CRS is {}, the boundary's {}": "坐标系为 {0}，而边界为 {1}",
    "{} is not metric": "{0} 不以米为单位",
    "there is no position in it": "其中没有位置",
    "a position does not exist in {}": "该位置在 {0} 中不存在",
    "a coordinate is not a finite number": "坐标不是有限的数",
    "'{}' is no coordinate system": "“{0}”不是坐标系",
    "{}, {}, {}, {} are not bounds in degrees": "{0}, {1}, {2}, {3} 不是以度表示的范围",
    "all {} rows lie outside the boundary, the nearest about {} km away": "{0} 行全部在边界以外，最近的约 {1} 公里",
    "the axes are swapped: latitude stands first {}": "坐标轴颠倒：纬度在前 {0}",
    "the axes are swapped: northing stands first {} under {}": "坐标轴颠倒：在 {1} 下北坐标在前 {0}",
    "coordinates {} are metres, but labelled as degrees": "坐标 {0} 以米为单位，却标为度",
    "coordinates {} are metres, but labelled as degrees, with zone {} in front of the easting": "坐标 {0} 以米为单位，却标为度；东坐标前带有带号 {1}",
    "coordinates {} are metres, but labelled as degrees, with zone {} in front of the easting, and swapped": "坐标 {0} 以米为单位，却标为度；东坐标前带有带号 {1}，且两轴颠倒",
    "coordinates {} are degrees, but labelled {}": "坐标 {0} 以度为单位，却标为 {1}",
    "eastings have 8 digits: zone {} stands in front ({}), which {} does not expect": "东坐标有 8 位：前面带有带号 {0}（{1}），而 {2} 不带带号",
    "eastings have 8 digits: zone {} stands in front ({}), but {} wants zone {}": "东坐标有 8 位：前面带有带号 {0}（{1}），而 {2} 应为 {3} 带",
    "eastings ({}) lack the zone {} in front that {} expects": "东坐标（{0}）前缺少 {2} 所需的带号 {1}",
    "declare it: --crs {}": "填写坐标系，如 EPSG:4490、gcj02、bd09",
    "declare it (--crs {})": "填写坐标系，如 EPSG:4490、gcj02、bd09",
    "declare one (--crs, or set_crs)": "填写坐标系",
    "declare the CRS they were measured in, e.g. --crs EPSG:4547 for CGCS2000 around 114°E": "填写测量时的坐标系，如东经 114° 附近的 CGCS2000 为 EPSG:4547",
    "declare EPSG:{} or, if this is Web Mercator, EPSG:3857; northing stands first, give easting (x) first": "坐标系填 EPSG:{0}，如为 Web 墨卡托填 EPSG:3857；北坐标在前，应先东（x）后北",
    "declare EPSG:{} or, if this is Web Mercator, EPSG:3857": "坐标系填 EPSG:{0}，如为 Web 墨卡托填 EPSG:3857",
    "declare EPSG:{}; northing stands first, give easting (x) first": "坐标系填 EPSG:{0}；北坐标在前，应先东（x）后北",
    "declare EPSG:4326 or 4490": "坐标系填 EPSG:4326 或 4490",
    "declare EPSG:{}": "坐标系填 EPSG:{0}",
    "give longitude (x) first, then latitude (y)": "先经度（x），后纬度（y）",
    "give easting (x) first, then northing (y)": "先东坐标（x），后北坐标（y）",
    "choose a projected CRS": "换一个投影坐标系",
    "project it to the district's metric CRS (gis_grid.crs.metric_crs)": "投影到本区以米为单位的坐标系",
    "project it first": "先投影",
    "give a layer with geometry": "应给带几何的图层",
    "correct or leave out the coordinates, or declare another CRS": "更正或去掉这些坐标，或换一个坐标系",
    "leave out positions without coordinates": "去掉没有坐标的位置",
    "use EPSG:xxxx, wgs84, cgcs2000, gcj02 or bd09": "可用 EPSG:xxxx、wgs84、cgcs2000、gcj02 或 bd09",
    "pass west, south, east, north of WGS-84": "依次给出 WGS-84 的西、南、东、北",
    "check the CRS of both files": "检查两个文件的坐标系",
    "check the CRS of both files, and that they show the same place": "检查两个文件的坐标系，以及是否为同一地方",
}
SENTENCES: Final[Mapping[str, str]] = {**_READING, **_COLUMNS, **_SHAPES, **_PLACES}


@cache
def _ordered() -> list[tuple[list[str], str]]:
    """Return what stands between names and numbers; sentences that say most come first: others may be parts of them."""
    ordered = sorted(SENTENCES, key=lambda one: (-len(one.replace("{}", "")), one.count("{}")))
    return [(one.split("{}"), SENTENCES[one]) for one in ordered]


def chinese(sentence: str) -> str | None:
    """Return a sentence of a fault in Chinese, None if it has none.

    >>> chinese("43 is below zero"), chinese("its columns are: a, b")
    ('43 小于零', '现有列：a, b')
    """
    for parts, words in _ordered():
        found = _put_in(sentence, parts)
        if found is not None:
            return words.format(*found)
    return None


def _put_in(sentence: str, parts: list[str]) -> list[str] | None:
    """Return what was put in between the parts of a sentence, None if it is another one.

    A search from left to right that never goes back: names come from whoever sends a file or a request.
    """
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return [] if sentence == first else None
    if len(sentence) < len(first) + len(last) or not (sentence.startswith(first) and sentence.endswith(last)):
        return None
    rest, found = sentence[len(first) : len(sentence) - len(last)], []
    for part in parts[1:-1]:
        one, met, rest = rest.partition(part)
        if not met:
            return None
        found.append(one)
    return [*found, rest]


def told(fault: Fault) -> str:
    """Return a fault in Chinese, with its place; what has no words there is told in English.

    >>> told(Fault("-3 is below zero", "a.csv", "hu", 7, "take the row out"))
    'a.csv，“hu”列，第 7 行：-3 小于零 → 去掉此行'
    """
    places = [fault.source] if fault.source else []
    if fault.column:
        places.append("几何" if fault.column == "geometry" else f"“{fault.column}”列")
    if fault.row is not None:
        places.append(f"第 {fault.row} 行")
    where = "，".join(places)
    said, remedy = (chinese(one) or one for one in (fault.problem, fault.remedy))
    return (f"{where}：" if where else "") + said + (f" → {remedy}" if remedy else "")
