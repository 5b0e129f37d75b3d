"""Run one tool on one case in a process of its own, so that seconds, memory and failures are its own.

Run as a script this is that process: it reads the case, warms the tool up on a small one (imports, compiled loops),
runs it, and leaves labels and figures in the folder of the job.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
from cases import Case

#: Memory is looked at so often (seconds).
_EVERY = 0.2
#: A tool that holds more than this share of the machine's memory is stopped.
_SHARE = 0.5
#: Reading, importing and compiling may take so long before the clock of a tool runs (seconds).
_START_S = 300.0


@dataclass(frozen=True)
class Ran:
    """Hold what running a tool gave: labels (none where it failed, `told` says why), seconds, and memory.

    `largest_mb` is the most that one process held (its resident set, frames and libraries included), `together_mb`
    the most that all its processes held at once, memory they share counted once (Linux only, else 0).
    """

    seconds: float
    largest_mb: float
    together_mb: float
    told: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    labels: np.ndarray | None = None


def keep(case: Case, folder: Path) -> None:
    """Write a case where the processes find it."""
    folder.mkdir(parents=True, exist_ok=True)
    case.blocks.to_parquet(folder / "blocks.parquet")
    case.borders.to_parquet(folder / "borders.parquet")
    about = {"name": case.name, "title": case.title, "blocks": len(case.blocks), "prices": dict(case.prices)}
    (folder / "case.json").write_text(json.dumps(about), encoding="utf-8")


def kept(folder: Path) -> Case:
    """Read a case that `keep` wrote."""
    about = json.loads((folder / "case.json").read_text(encoding="utf-8"))
    frames = [gpd.read_parquet(folder / f"{name}.parquet") for name in ("blocks", "borders")]
    return Case(about["name"], about["title"], *frames, about["prices"])


def run(tool: str, case: Path, job: Path, wish: dict[str, Any], *, limit_s: float) -> Ran:
    """Run a tool on a kept case within so many seconds; what it leaves lies in the folder `job`."""
    job.mkdir(parents=True, exist_ok=True)
    (job / "wish.json").write_text(json.dumps(wish), encoding="utf-8")
    for old in ("labels.npy", "ran.json", "begun"):
        (job / old).unlink(missing_ok=True)
    command = [sys.executable, str(Path(__file__).resolve()), tool, str(case), str(job)]
    with (job / "errors.txt").open("w", encoding="utf-8") as errors:
        child = subprocess.Popen(command, stdout=errors, stderr=errors, start_new_session=True)
        try:
            together, stopped = _watch(child, job, limit_s)
        finally:  # on Ctrl-C too: a session of its own does not hear it
            if child.poll() is None:
                _stop(child)
    if stopped:
        return Ran(limit_s, 0.0, together, told=stopped)
    if child.returncode or not (job / "ran.json").exists():
        last = (job / "errors.txt").read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
        return Ran(0.0, 0.0, together, told=last[0][:200] if last else f"ended with {child.returncode}")
    ran = json.loads((job / "ran.json").read_text(encoding="utf-8"))
    return Ran(ran["seconds"], ran["largest_mb"], together, notes=ran["notes"], labels=np.load(job / "labels.npy"))


def _watch(child: subprocess.Popen[bytes], job: Path, limit_s: float) -> tuple[float, str]:
    """Wait for a process; return the most its tree held at once (MB), and why it was stopped, if it was."""
    together, begun, end = 0.0, False, time.monotonic() + _START_S
    most = _SHARE * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1024**2
    while child.poll() is None:
        together = max(together, _held_mb(child.pid))
        if not begun and (job / "begun").exists():
            begun, end = True, time.monotonic() + limit_s
        if together > most or time.monotonic() > end:
            _stop(child)
            return together, f"stopped at {together:,.0f} MB" if together > most else f"stopped after {limit_s:.0f} s"
        time.sleep(_EVERY)
    return together, ""


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Stop a process with all its children."""
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _held_mb(pid: int) -> float:
    """Return what a process and its children hold, shared memory split among those that share it (Linux)."""
    total = 0.0
    waiting = [pid]
    while waiting:
        one = Path(f"/proc/{waiting.pop()}")
        try:
            waiting += [int(number) for task in one.glob("task/*/children") for number in task.read_text().split()]
            lines = (one / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total


def main() -> None:
    """Be the process of its own."""
    from cases import town
    from peers import TOOLS, Wish

    tool, case, job = sys.argv[1], kept(Path(sys.argv[2])), Path(sys.argv[3])
    wish = Wish(**json.loads((job / "wish.json").read_text(encoding="utf-8")))
    warnings.simplefilter("ignore")
    begun = job / "begun"
    begun.unlink(missing_ok=True)
    TOOLS[{"plan": "engine"}.get(tool, tool.removesuffix("-best"))](town(500), Wish(threads=wish.threads))
    begun.touch()
    found = TOOLS[tool](case, wish)
    begun.unlink()
    np.save(job / "labels.npy", found.labels)
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    largest = max(resource.getrusage(one).ru_maxrss for one in who) / (1024 if sys.platform != "darwin" else 1024**2)
    ran = asdict(Ran(found.seconds, largest, 0.0, notes=found.notes)) | {"labels": None}
    (job / "ran.json").write_text(json.dumps(ran), encoding="utf-8")


if __name__ == "__main__":
    main()
