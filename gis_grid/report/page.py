"""A plan as a page to read and print: figures, map, every grid with its bounds, and what is to be mended."""

from __future__ import annotations

import html
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from gis_grid.partition.bill import bill_rows, plan_bill
from gis_grid.webmap import map_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from gis_grid.plan import Plan

#: What the metadata hold in tables of their own, which are laid out elsewhere on the page or too long for it.
TABLES = ("cost", "cost_items", "parts")
SEVERITIES = {"error": "错误 error", "exception": "例外 exception", "warning": "提醒 warning"}
STYLE = """
body { font: 14px/1.5 "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", sans-serif; color: #222; margin: 0 auto;
  max-width: 1200px; padding: 24px; }
h1 { font-size: 26px; margin: 0; } h2 { font-size: 19px; margin: 32px 0 8px; border-bottom: 2px solid #222; }
.sub { color: #555; } .figures { display: flex; flex-wrap: wrap; gap: 12px 36px; margin: 20px 0; }
.figures b { display: block; font-size: 24px; } iframe { width: 100%; height: 640px; border: 1px solid #999; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; vertical-align: top; padding: 4px 8px;
  border-bottom: 1px solid #ddd; } th { background: #f1efe8; position: sticky; top: 0; } td.n { text-align: right; }
td small { color: #555; display: block; } tr.error td { background: #fde8e8; } tr.exception td { background: #fff1de; }
.bar { background: linear-gradient(#77aadd, #77aadd) no-repeat; min-width: 120px; }
.histogram { display: flex; align-items: flex-end; height: 130px; gap: 2px; margin: 8px 0 22px; }
.histogram div { flex: 1; background: #77aadd; position: relative; min-width: 8px; }
.histogram div.out { background: #c1121f; } .histogram span { position: absolute; top: 100%; left: 0; font-size: 11px; }
ul { margin: 0; padding-left: 18px; } @media print { iframe { display: none; } th { position: static; } }
"""


def report_page(plan: Plan) -> str:
    """Lay a plan out as one HTML page in Chinese and English that needs no network.

    It holds the key figures, how many grids hold how many households, what the plan costs and why, the map, the issues
    with their remedies, and every grid by community with code, name, counts and bounds (四至).
    """
    scheme = plan.scheme
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="zh-CN"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>网格划分报告 Grid report</title><style>{STYLE}</style></head><body>",
            "<h1>网格划分报告 Grid report</h1>",
            f'<p class="sub">{_text(scheme.title_zh)} · {_text(scheme.title_en)}</p>',
            _figures(plan),
            "<h2>户数分布 Households per grid</h2>",
            _histogram(plan),
            "<h2>成本 Cost</h2>",
            _cost(plan),
            "<h2>地图 Map</h2>",
            f'<iframe title="地图 map" srcdoc="{html.escape(map_page(plan))}"></iframe>',
            "<h2>问题与办法 Issues and remedies</h2>",
            _issues(plan.issues),
            "<h2>网格 Grids</h2>",
            _grids(plan),
            "<h2>来源 Made from</h2>",
            _made_from(plan.metadata),
            "</body></html>",
        ]
    )


def _figures(plan: Plan) -> str:
    band, households = plan.scheme.main.band, plan.grids["households"]
    inside = int(plan.load.between(band.min, band.max).sum())
    figures = [
        ("户数 households", f"{int(plan.blocks['households'].sum()):,}"),
        ("社区 communities", f"{len(plan.communities):,}"),
        ("网格 grids", f"{len(plan.grids):,}"),
        (f"达标 in band {band.min}–{band.max}", f"{inside:,} ({inside / max(len(plan.grids), 1):.1%})"),
        ("户数中位数 median households", f"{households.median():g}" if len(households) else "–"),
        ("紧凑度中位数 median compactness", f"{plan.grids['compactness'].median():.2f}" if len(households) else "–"),
        ("面积 area", f"{plan.grids['area_m2'].sum() / 1e6:.2f} km²"),
    ]
    return '<div class="figures">' + "".join(f"<div><b>{v}</b>{k}</div>" for k, v in figures) + "</div>"


def _histogram(plan: Plan) -> str:
    """Draw how many grids hold how many households, in steps of a tenth of the band."""
    band, households = plan.scheme.main.band, plan.load.to_numpy()
    if not len(households):
        return "<p>没有网格 no grids</p>"
    step = max(1, (band.max - band.min) // 10)
    first = band.min + (int(households.min()) - band.min) // step * step
    edges = np.arange(first, int(households.max()) + 2 * step, step)[:200]
    # the upper limit itself is inside the band
    counts, _ = np.histogram(np.where(households == band.max, band.max - 1, households), edges)
    most = max(int(counts.max()), 1)
    bars = []
    for low, count in zip(edges[:-1].tolist(), counts.tolist(), strict=True):
        kind = "" if band.min <= low < band.max else ' class="out"'
        label = f"<span>{low}</span>" if (low - band.min) % (5 * step) == 0 else ""
        title = f'title="{low}–{low + step - 1}: {count}"'
        bars.append(f'<div{kind} {title} style="height:{100 * count / most:.1f}%">{label}</div>')
    return f'<div class="histogram">{"".join(bars)}</div>'


def _cost(plan: Plan) -> str:
    """Lay out the terms of the objective, worked out anew from the plan as it stands; what an update moved, as told."""
    items = plan_bill(plan)
    moved = json.loads(plan.metadata.get("update", "{}")).get("moved", 0)
    items["quantity"] = items["quantity"].mask(items["term"] == "moved", float(moved))
    items["cost"] = items["quantity"] * items["price"]
    rows = [
        ("", [_text(name), f'<div class="n">{cost:,.0f}</div>', share, _text(said)])
        for name, said, cost, share in bill_rows(items)
    ]
    total = f'<div class="n">{items["cost"].sum():,.0f}</div>'
    return _table(["项 term", "成本 cost", "占比 share", "数量 quantity"], [*rows, ("", ["合计 total", total, "", ""])])


def _issues(issues: pd.DataFrame) -> str:
    if issues.empty:
        return "<p>没有问题 none</p>"
    rank = issues["severity"].map({name: n for n, name in enumerate(SEVERITIES)})
    rows = [
        (
            issue["severity"],
            [
                _text(SEVERITIES.get(issue["severity"], issue["severity"])),
                _text(issue["rule"]),
                _text(issue["grid_code"]),
                f"{_text(issue['message_zh'])}<small>{_text(issue['message_en'])}</small>",
                _list(str(issue["remedies"]).splitlines()),
            ],
        )
        for issue in issues.assign(rank=rank).sort_values(["rank", "rule", "grid_code"]).to_dict("records")
    ]
    return _table(["程度 severity", "规则 rule", "网格 grid", "说明 message", "办法 remedies"], rows)


def _grids(plan: Plan) -> str:
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    most = max(int(plan.grids["households"].max()), 1) if len(plan.grids) else 1
    worst = _worst(plan.issues)
    parts = []
    for community, grids in plan.grids.sort_values("code").groupby("community_code", sort=True):
        total = int(grids["households"].sum())
        parts.append(f"<h3>{_text(names.get(community, ''))} {_text(community)} · {len(grids)} 格 · {total:,} 户</h3>")
        rows = [(worst.get(grid["code"], ""), _grid_cells(grid, most)) for grid in grids.to_dict("records")]
        heads = ["编码 code", "名称 name", "户数 households", "街块 blocks", "面积 ha", "紧凑度", "四至 bounds"]
        parts.append(_table(heads, rows))
    return "\n".join(parts)


def _grid_cells(grid: Mapping[Any, Any], most: int) -> list[str]:
    share = 100 * int(grid["households"]) / most
    return [
        _text(grid["code"]),
        _text(grid.get("name", "")),
        f'<div class="bar" style="background-size:{share:.0f}% 100%">{int(grid["households"])}</div>',
        str(int(grid["blocks"])),
        f"{grid['area_m2'] / 1e4:.2f}",
        f"{grid['compactness']:.2f}",
        f"{_text(grid.get('bounds_zh', ''))}<small>{_text(grid.get('bounds_en', ''))}</small>",
    ]


def _worst(issues: pd.DataFrame) -> dict[str, str]:
    """Return the worst severity said of each grid, by code."""
    worst: dict[str, str] = {}
    for name in reversed(list(SEVERITIES)):
        worst |= dict.fromkeys(issues.loc[issues["severity"] == name, "grid_code"], name)
    return worst


def _made_from(metadata: Mapping[str, str]) -> str:
    rows = [("", [_text(key), _text(value)]) for key, value in metadata.items() if key not in TABLES]
    return _table(["项 key", "值 value"], rows)


def _table(heads: Sequence[str], rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Lay out rows of ready HTML cells, each with the class of its row."""
    head = "".join(f"<th>{name}</th>" for name in heads)
    lines = ((kind, "".join(f"<td>{cell}</td>" for cell in cells)) for kind, cells in rows)
    body = "".join(f'<tr class="{kind}">{cells}</tr>' for kind, cells in lines)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{_text(line)}</li>" for line in lines) + "</ul>" if lines else ""


def _text(value: Any) -> str:
    return html.escape(str(value))
