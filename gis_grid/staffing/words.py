"""A suggestion in words, person by person, in Chinese and English; and as a roster to hand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from gis_grid.staffing.people import Crew
    from gis_grid.staffing.suggest import Suggestion

#: what each kind of post is to a person, in the order in which it is told
_NEW = {
    "kept": ("留任", "stays at"),
    "grid": ("同社区新接", "new, in a community they know:"),
    "community": ("跨社区新接", "new, in another community:"),
}


def explained(found: Suggestion, crew: Crew) -> pd.DataFrame:
    """Say of every person what they take and why, and what they give up: columns `why_zh` and `why_en`.

    The index is the number of the person. What is told are the very figures that the suggestion weighs: what stays
    and what is new, whether several posts adjoin, the walk from the base, the work beside what is fair, service lines
    that are missing.
    """
    names = crew.posts[["name_zh", "name_en"]]
    taken = found.posts[found.posts["person"] != ""].join(names)
    mine = {str(person): rows for person, rows in taken.groupby("person")}
    gone = found.posts[(found.posts["before"] != "") & (found.posts["before"] != found.posts["person"])].join(names)
    left = {str(person): rows for person, rows in gone.groupby("before")}
    told = []
    for person, about in found.people.iterrows():
        rows = mine.get(str(person), taken.iloc[:0])
        told.append(_person(rows, left.get(str(person), gone.iloc[:0]), about))
    return pd.DataFrame(told, columns=["why_zh", "why_en"], index=found.people.index)


def _person(rows: pd.DataFrame, gone: pd.DataFrame, about: pd.Series) -> tuple[str, str]:
    work, fair, parts = float(about["work"]), float(about["fair"]), int(about["parts"])
    if not len(rows):
        return _given_up(gone, "暂无岗位：各岗位由他人承担代价更小", "no post: others take each of them at less cost")
    zh, en = [], []
    for kind, (said_zh, said_en) in _NEW.items():
        some = rows[rows["new"] == kind]
        if len(some):
            zh.append(f"{said_zh}{'、'.join(_posts(some, 'name_zh'))}")
            en.append(f"{said_en} {', '.join(_posts(some, 'name_en'))}")
    if len(rows) > 1:
        zh.append("各岗位相邻" if parts == 1 else f"各岗位分处 {parts} 片，互不相邻")
        en.append("all of them adjoin" if parts == 1 else f"in {parts} parts that do not adjoin")
    walk = rows["walk_m"].sum()
    zh.append(f"距驻点共 {walk:,.0f} 米" if walk else "就在驻点")
    en.append(f"{walk:,.0f} m from their base" if walk else "at their base")
    zh.append(f"工作量 {work:,.0f} 户（合理上限 {fair:,.0f}）")
    en.append(f"work of {work:,.0f} households (fair: up to {fair:,.0f})")
    if work > fair:
        zh.append(f"超出 {work - fair:,.0f}")
        en.append(f"{work - fair:,.0f} above that")
    missing = int(rows["missing"].sum())
    if missing:
        zh.append(f"缺 {missing} 条服务条线的专长")
        en.append(f"{missing} service lines they do not know")
    return _given_up(gone, "，".join(zh), "; ".join(en))


def _given_up(gone: pd.DataFrame, zh: str, en: str) -> tuple[str, str]:
    if not len(gone):
        return zh, en
    return f"{zh}；交出{'、'.join(_posts(gone, 'name_zh'))}", f"{en}; gives up {', '.join(_posts(gone, 'name_en'))}"


def _posts(rows: pd.DataFrame, name: str) -> list[str]:
    return [
        f"{said} {'+'.join(code for code in codes if code)}".strip()
        for said, codes in zip(rows[name], rows["codes"], strict=True)
    ]
