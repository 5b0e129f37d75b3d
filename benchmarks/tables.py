"""Tables, verdict lines and pictures of a run."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from peers import NEEDS, TITLES

if TYPE_CHECKING:
    from verdicts import Verdict

    from partition import Row

#: Between these lines of a page stand the figures.
FROM, TO = "<!-- figures of benchmarks/partition.py -->", "<!-- end of the figures -->"
#: Colour and mark of each tool in pictures.
STYLES = {
    "engine": ("#c1272d", "o"),
    "metis": ("#0a5f9e", "s"),
    "kaminpar": ("#2e8b57", "^"),
    "mtkahypar": ("#8a5fb0", "v"),
    "maxp": ("#b8860b", "D"),
    "gerrychain": ("#555555", "*"),
}

Rows = Mapping[tuple[str, str], "Row"]
HEAD = (
    "| tool | grids | valid | in band | in one piece | in one community | cost, km | × gis-grid | compactness "
    "| seconds | largest process, MB | all together, MB |\n|---|" + "---|" * 11
)


def line(row: Row) -> str:
    """Say in a line of text what a tool gave."""
    if row.measures is None:
        return row.ran.told
    told = row.measures
    return (
        f"{row.ran.seconds:8.2f} s {told.grids:6d} grids, valid {told.valid:7.2%}, cost {told.cost_km:9.2f} km, "
        f"compactness {told.compactness:.3f}, {row.ran.largest_mb:.0f}/{row.ran.together_mb:.0f} MB {notes(row)}"
    )


def notes(row: Row) -> str:
    """Return what is noted of a run, as text."""
    return ", ".join(f"{name} {value}" for name, value in row.ran.notes.items() if not isinstance(value, str))


def machine() -> str:
    """Name the machine, its system, and the versions of what is compared."""
    model = platform.processor() or platform.machine()
    memory = ""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        model = next(one.split(":", 1)[1].strip() for one in lines if one.startswith("model name"))
        first = Path("/proc/meminfo").read_text(encoding="utf-8").split()
        memory = f", {int(first[1]) / 1024**2:.0f} GB"
    except (OSError, StopIteration):
        pass
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    parts = [f"{os.cpu_count()} cores of {model}{memory}", system, f"Python {platform.python_version()}"]
    for name in sorted({*NEEDS.values(), "numba", "numpy", "scipy"}):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(parts)


def report(titles: Mapping[str, str], rows: Rows, found: Iterable[Verdict]) -> str:
    """Return machine, verdicts, a table for every case that is more than a point of the curve, and one of the curve."""
    out = [f"Machine: {machine()}.", "", "| must | seen | verdict |", "|---|---|---|"]
    out += [f"| {one.must} | {one.seen} | {one.verdict} |" for one in found]
    for case, title in titles.items():
        here = {key: row for (name, key), row in rows.items() if name == case}
        if case.startswith("town-") and not here.keys() & {"metis-best", "mtkahypar-best"}:
            continue
        shown = [row for key, row in here.items() if f"{key}-best" not in here]
        if shown:
            out += ["", f"### {title}", "", HEAD, *(_cells(row, here.get("engine")) for row in shown)]
    lines = _lines(rows)
    sizes = sorted({size for held in lines.values() for size in held})
    if len(sizes) > 1:
        out += ["", "### Made-up blocks in communities: seconds, valid share, multiples of gis-grid's cost, memory", ""]
        out += ["| tool | " + " | ".join(f"{size:,}" for size in sizes) + " |", "|---|" + "---|" * len(sizes)]
        for tool, held in lines.items():
            out.append(f"| {TITLES[tool]} | " + " | ".join(_short(rows, held.get(size)) for size in sizes) + " |")
    return "\n".join(out) + "\n"


def _short(rows: Rows, row: Row | None) -> str:
    """Return what stands in the table of the curve for one tool at one size."""
    if row is None:
        return "–"
    if row.measures is None:
        return row.ran.told
    ratio = row.measures.cost_km / _own(rows, row)
    return f"{row.ran.seconds:.2f} s, {row.measures.valid:.1%}, × {ratio:.3f}, {row.ran.together_mb:,.0f} MB"


def take_over(text: str, page: Path) -> None:
    """Put figures between the two marks of a page, in place of what stood there."""
    before, _, rest = page.read_text(encoding="utf-8").partition(FROM)
    _, found, after = rest.partition(TO)
    if not found:
        raise SystemExit(f"{page} lacks the lines {FROM} and {TO}; nothing was changed")
    page.write_text(f"{before}{FROM}\n\n{text}\n{TO}{after}", encoding="utf-8")


def _cells(row: Row, own: Row | None) -> str:
    title = _title(row)
    if row.measures is None:
        return f"| {title} | {row.ran.told} |" + " |" * 10
    told = row.measures
    ratio = f"{told.cost_km / own.measures.cost_km:.3f}" if own and own.measures else "–"
    shares = " | ".join(f"{share:.1%}" for share in (told.valid, told.in_band, told.one_piece, told.nested))
    memory = f"{row.ran.largest_mb:.0f} | {row.ran.together_mb:.0f}"
    figures = f"{told.cost_km:.2f} | {ratio} | {told.compactness:.2f} | {row.ran.seconds:.2f}"
    return f"| {title} | {told.grids} | {shares} | {figures} | {memory} |"


def _title(row: Row) -> str:
    best = {
        "metis-best": ", best of {runs} runs",
        "mtkahypar-best": ", cheapest of {runs} seeds",
    }
    if row.tool in best and row.ran.notes:
        return TITLES[row.tool.removesuffix("-best")] + best[row.tool].format(**row.ran.notes)
    variants = {"first": ", stopped at once", "w1": ", 1 worker", "w2": ", 2 workers", "w4": ", 4 workers"}
    return TITLES[row.tool.removesuffix("-best")] + variants.get(row.variant, "")


def plot(rows: Rows, file: Path) -> bool:
    """Draw seconds, cost, valid share and memory over the number of blocks; False where there is nothing to draw."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    lines = _lines(rows)
    if not lines:
        return False
    figure, axes = plt.subplots(2, 2, figsize=(9, 6.4), sharex=True, layout="constrained")
    panels = (
        ("seconds", lambda row: row.ran.seconds, "log"),
        ("cost, multiples of gis-grid's", lambda row: row.measures.cost_km / _own(rows, row), "log"),
        ("valid grids, %", lambda row: 100 * row.measures.valid, "linear"),
        ("peak memory of all processes, MB", lambda row: row.ran.together_mb, "log"),
    )
    for axis, (title, value, scale) in zip(axes.flat, panels, strict=True):
        for tool, by_size in lines.items():
            held = {size: row for size, row in by_size.items() if row.measures}
            colour, mark = STYLES[tool]
            style = {"color": colour, "marker": mark, "linewidth": 2.2 if tool == "engine" else 1.3}
            axis.plot(list(held), [value(row) for row in held.values()], label=TITLES[tool], markersize=5, **style)
        axis.set(xscale="log", yscale=scale)
        axis.set_title(title, fontsize=10)
        axis.grid(visible=True, alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    _plain_ticks(axes[0, 1].yaxis, (1.0, 1.5, 2.0, 3.0, 4.0))
    _plain_ticks(axes[1, 1].yaxis, (100.0, 200.0, 500.0, 1_000.0, 2_000.0))
    for axis in axes[1]:
        _plain_ticks(axis.xaxis, sorted({size for by_size in lines.values() for size in by_size}))
        axis.set_xlabel("blocks")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, dpi=110)
    plt.close(figure)
    return True


def _plain_ticks(axis: Any, at: Sequence[float]) -> None:
    """Write plain numbers at these places of a logarithmic axis, in place of powers of ten."""
    axis.set_ticks(list(at), labels=[f"{value / 1000:g}k" if value >= 1000 else f"{value:g}" for value in at])
    axis.set_ticks([], minor=True)


def _lines(rows: Rows) -> dict[str, dict[int, Row]]:
    """Return for each tool what it gave on made-up towns, by their size."""
    out: dict[str, dict[int, Row]] = {}
    for (case, tool), row in rows.items():
        if case.startswith("town-") and tool in STYLES:
            out.setdefault(tool, {})[int(case.removeprefix("town-"))] = row
    return {tool: dict(sorted(out[tool].items())) for tool in STYLES if tool in out}


def _own(rows: Rows, row: Row) -> float:
    own = rows.get((row.case, "engine"))
    return own.measures.cost_km if own and own.measures else float("nan")
