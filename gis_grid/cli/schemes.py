"""`gis-grid schemes`: what ways of dividing there are, and what each of them says."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gis_grid.cli.output import json_option, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gis_grid.scheme import Need, Scheme, Tier

_MADE_ZH = {"given": "随输入", "divided": "划分", "joined": "合并", "strips": "街条院块", "atoms": "原子"}
#: Of 1 in Chinese and English, by language: what stands in a table's head.
_HEADS = {
    "zh": ["层级", "名称", "上级", "产生", "范围", "目标", "计量", "数量", "半径"],
    "en": ["tier", "name", "in", "made", "band", "target", "counts", "units", "radius"],
}
_POST_HEADS = {"zh": ["岗位", "名称", "设于", "编制", "人数"], "en": ["post", "name", "at", "places", "people"]}


@click.command()
@click.argument("name", required=False, metavar="[NAME|FILE.toml]")
@click.option("--lang", type=click.Choice(["zh", "en"]), help="Language of the explanation; both when not given.")
@click.option("--toml", "as_toml", is_flag=True, help="Print the scheme as a TOML file to start one's own from.")
@json_option
def schemes(name: str | None, lang: str | None, as_toml: bool, as_json: bool) -> None:
    """List the schemes that are shipped, or explain one: tiers, bands, barriers, posts and the numbers of its place.

    With the path of a TOML file of one's own it is checked, and every fault is named at once.
    """
    from gis_grid.scheme import Scheme, scheme_file, scheme_names

    if name is None:
        if as_toml:
            raise click.UsageError("--toml needs the name of a scheme")
        found = [Scheme.load(one) for one in scheme_names()]
        say([one.content() for one in found], lambda: _list(found), as_json=as_json)
        return
    scheme = Scheme.load(name)
    if as_toml:
        click.echo(scheme_file(name), nl=False)
        return
    told = scheme.content() | {"main": scheme.main.id, "numbers": _numbers(scheme)}
    languages = [lang] if lang else ["zh", "en"]
    say(told, lambda: _explained(scheme, languages), as_json=as_json)


def _list(found: list[Scheme]) -> list[str]:
    rows = [[s.name, _band(s.main), s.main.band.target, _counts(s.main, "en"), s.title_zh, s.title_en] for s in found]
    return table(rows, ["name", "band", "target", "counts", "标题", "title"])


def _numbers(scheme: Scheme) -> dict[str, dict[str, int]]:
    """Return the numbers of the place: units of each tier, stations of each kind, and people of each post."""
    from gis_grid.scheme.posts import units_of

    units = {tier.id: tier.count for tier in scheme.tiers if tier.count}
    stations = {one.id: units_of(scheme, one.id, units) for one in scheme.stations}
    return {"units": units, "stations": stations, "people": {need.post.id: need.people for need in _needs(scheme)}}


def _needs(scheme: Scheme) -> tuple[Need, ...]:
    from gis_grid.scheme import needs

    return needs(scheme, {tier.id: tier.count for tier in scheme.tiers})


def _explained(scheme: Scheme, languages: Iterable[str]) -> Iterator[str]:
    for number, lang in enumerate(languages):
        if number:
            yield ""
        zh = lang == "zh"
        yield f"{scheme.name}: {scheme.title_zh if zh else scheme.title_en}"
        yield scheme.about_zh if zh else scheme.about_en
        yield ""
        yield from table([_tier_row(scheme, tier, lang) for tier in scheme.tiers], _HEADS[lang])
        yield ""
        yield from _facts(scheme, lang)
        if scheme.posts:
            yield ""
            yield from table([_post_row(need, lang) for need in _needs(scheme)], _POST_HEADS[lang])


def _tier_row(scheme: Scheme, tier: Tier, lang: str) -> list[Any]:
    zh = lang == "zh"
    mark = "*" if tier.id == scheme.main.id else ""
    made = _MADE_ZH[tier.made] if zh else tier.made
    if tier.of:
        made = f"{made} {tier.of}"
    return [
        tier.id + mark,
        tier.name_zh if zh else tier.name_en,
        tier.parent or ("全区" if zh else "district"),
        made,
        _band(tier),
        tier.band.target if tier.is_bounded else "–",
        _counts(tier, lang),
        f"{tier.count:,}" if tier.count else "–",
        f"{tier.radius_m:g} m" if tier.radius_m else "–",
    ]


def _band(tier: Tier) -> str:
    return f"{tier.band.min:,}–{tier.band.max:,}" if tier.is_bounded else "–"


def _counts(tier: Tier, lang: str) -> str:
    from gis_grid.scheme.consistency import words

    return words(tier)[0 if lang == "zh" else 1] if tier.is_bounded else "–"


def _facts(scheme: Scheme, lang: str) -> Iterator[str]:
    zh, main, place = lang == "zh", scheme.main, scheme.place
    atoms = ("街坊;小区和楼栋在范围内不拆分", "blocks; compounds and buildings that fit the band stay whole")
    yield f"{'主层级' if zh else 'main tier'}: {main.name_zh if zh else main.name_en} (*)"
    yield f"{'基本单元' if zh else 'atoms'}: {atoms[0 if zh else 1]}"
    yield f"{'屏障' if zh else 'barriers'}: {', '.join(scheme.barriers) or '–'}"
    digits = f"{scheme.code.parent_digits} + {scheme.code.serial_digits}"
    yield f"{'编码' if zh else 'codes'}: {digits} {'位' if zh else 'digits'}"
    known = [
        f"{place.households:,} {'户' if zh else 'households'}" if place.households else "",
        f"{place.shops:,} {'商铺' if zh else 'shops'}" if place.shops else "",
        f"{place.area_m2:,} {'平方米' if zh else 'm²'}" if place.area_m2 else "",
    ]
    if any(known):
        yield f"{'数量所属地区' if zh else 'the numbers are those of a place of'}: {', '.join(filter(None, known))}"
    for station in scheme.stations:
        lines = f": {', '.join(station.lines)}" if station.lines else ""
        yield f"{station.name_zh if zh else station.name_en} ({station.id}), {station.per}{lines}"


def _post_row(need: Need, lang: str) -> list[Any]:
    from gis_grid.scheme.posts import shared_out

    post, zh = need.post, lang == "zh"
    rate = f"{post.count}–{post.most}" if post.most > post.count else f"{post.count}"
    every = f"{post.every} " if post.every > 1 else ""
    at = f"{rate} / {every}{post.per}"
    if post.total:
        parts = shared_out(post.total, need.units) if need.units else {}
        at = f"{post.total} / {post.per} (" + " + ".join(f"{units}×{people}" for people, units in parts.items()) + ")"
    notes = [f"{'兼任' if zh else 'held by'} {post.held_by}"] if post.held_by else []
    notes += ["可空缺" if zh else "may be vacant"] if post.vacancy else []
    places = f"{need.places:,}" if need.places == need.most else f"{need.places:,}–{need.most:,}"
    people = f"{need.people:,}" if not post.held_by else "0"
    tail = f" ({', '.join(notes)})" if notes else ""
    known = need.units > 0
    name = post.name_zh if zh else post.name_en
    return [post.id, name, at, places if known else "–", (people if known else "–") + tail]
