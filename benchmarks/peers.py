"""The tools that are compared, one function each: from a case in memory to the number of each block's grid.

Each is given what it can use. METIS, KaMinPar and Mt-KaHyPar minimise the very cost that is compared (as whole weights
of edges) and bound the load of a part from above by the band; no peer knows communities. Peers that are not installed
are left out with a message: they come with the optional extra ``bench``.

==============  ==========================  =========================
tool            package                     licence
==============  ==========================  =========================
METIS           pymetis                     MIT and Apache-2.0
KaMinPar        kaminpar                    MIT
Mt-KaHyPar      mtkahypar                   MIT
spopt MaxP      spopt, libpysal             BSD-3-Clause
GerryChain      gerrychain                  BSD-3-Clause
==============  ==========================  =========================
"""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from cases import BAND, DATA, Case
from measure import measure
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

#: Whole weights of edges are tenths of a metre, or metres where tenths would overflow 32 bits.
_MOST_WEIGHT = 200_000_000


@dataclass(frozen=True)
class Wish:
    """Say what a tool is asked for: how many grids (0: of the target's size), a seed, and threads or processes."""

    grids: int = 0
    seed: int = 1
    threads: int = 2
    time_limit: float | None = None

    def count(self, case: Case) -> int:
        """Return the number of grids to make."""
        return self.grids or max(1, round(int(case.load.sum()) / BAND.target))


@dataclass(frozen=True)
class Found:
    """Hold a division, the seconds it took, and what else is worth telling."""

    labels: np.ndarray
    seconds: float
    notes: dict[str, Any] = field(default_factory=dict)


def engine(case: Case, wish: Wish) -> Found:
    """Divide with gis-grid; its cost is set to the one compared: no price on shape, balance or main streets inside."""
    from gis_grid.partition import PartitionOptions, partition
    from gis_grid.scheme import Cost, Scheme

    cost = Cost(per_m=MappingProxyType(dict(case.prices)), compactness=0.0, balance=0.0, inside_per_m=0.0)
    scheme = replace(Scheme.load().with_band(min=BAND.min, max=BAND.max, target=BAND.target), cost=cost)
    options = PartitionOptions(seed=wish.seed, workers=wish.threads, time_limit=wish.time_limit)
    start = time.perf_counter()
    found = partition(case.blocks, case.borders, scheme, options=options)
    seconds = time.perf_counter() - start
    told = found.parts[["out_of_band", "unavoidable", "steps"]].sum()
    notes = {name: int(told[name]) for name in told.index} | {"stopped_early": found.stopped_early}
    return Found(np.unique(found.assignment.to_numpy(dtype=str), return_inverse=True)[1], seconds, notes)


def plan(_: Case, wish: Wish) -> Found:
    """Make Ottawa's plan as a planner would, from its blocks and districts with the objective as shipped."""
    import gis_grid as gg

    folder = DATA / "ottawa"
    inputs = gg.Inputs(
        blocks=str(folder / "ottawa_dev_blocks.parquet"), communities=str(folder / "ottawa_dev_districts.parquet")
    )
    start = time.perf_counter()
    made = gg.build(inputs, options=gg.BuildOptions(workers=wish.threads, seed=wish.seed))
    seconds = time.perf_counter() - start
    layers = (made.blocks, made.grids, made.borders, made.issues)
    content = "".join(made.assignment.to_csv() + layer.to_csv() for layer in layers)
    band = made.issues[made.issues["rule"] == "band"]
    notes = {
        "compactness": float(made.grids["compactness"].median()),
        "out_of_band": len(band),
        "errors": int((band["severity"] == "error").sum()),
        "digest": hashlib.sha256(content.encode()).hexdigest(),
    }
    return Found(np.unique(made.assignment.to_numpy(dtype=str), return_inverse=True)[1], seconds, notes)


def metis(case: Case, wish: Wish, *, looseness: float | None = None) -> Found:
    """Divide with METIS k-way, contiguous; by default it may fill a grid to just the top of the band."""
    import pymetis

    start = time.perf_counter()
    count, total = wish.count(case), int(case.load.sum())
    labels = np.zeros(len(case.load), dtype=np.int64)
    room = BAND.max * count / total - 1 if looseness is None else looseness
    options = pymetis.Options(contig=1, ufactor=max(1, int(1000 * room)), seed=wish.seed)
    for blocks, graph in _connected(case):  # METIS keeps parts in one piece only where the whole is
        share = max(1, round(count * graph.load.sum() / max(total, 1)))
        if share == 1:
            labels[blocks] = labels.max() + 1
            continue
        _, part = pymetis.part_graph(
            share,
            pymetis.CSRAdjacency(graph.ptr, graph.neighbours),
            eweights=graph.weights,
            vweights=graph.load,
            recursive=False,
            options=options,
        )
        labels[blocks] = np.asarray(part) + labels.max() + 1
    return Found(labels, time.perf_counter() - start)


def metis_best(case: Case, wish: Wish) -> Found:
    """Return the cheapest fully valid run of METIS over 20 seeds, several numbers of grids and looseness.

    Where no run is fully valid, the one with fewest faults. `seconds` is the mean of one run.
    """
    best, rank, seconds, valid, cheapest = None, (np.inf, np.inf), [], 0, np.inf
    for mean in (390, 400, 410, 420, 430):
        count = max(1, round(int(case.load.sum()) / mean))
        room = BAND.max * count / case.load.sum() - 1
        for seed in range(20):
            for share in (1.0, 0.9, 0.4):
                found = metis(case, replace(wish, grids=count, seed=seed), looseness=share * room)
                seconds.append(found.seconds)
                told = measure(case, found.labels, shapes=False)
                valid += told.faults == 0
                cheapest = min(cheapest, told.cost_km)
                if (told.faults, told.cost_km) < rank:
                    best, rank = found, (told.faults, told.cost_km)
    assert best is not None
    notes = {"runs": len(seconds), "fully_valid": valid, "cheapest_km": round(cheapest, 2)}
    return Found(best.labels, float(np.mean(seconds)), notes)


def kaminpar(case: Case, wish: Wish) -> Found:
    """Divide with KaMinPar's strong preset; its binding reads graphs from files only, so one is written."""
    import kaminpar as tool

    start = time.perf_counter()
    count = wish.count(case)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "blocks.metis"
        file.write_text("\n".join(_metis_lines(case)) + "\n", encoding="ascii")
        graph = tool.load_graph(str(file), tool.GraphFileFormat.METIS)
    tool.reseed(wish.seed)
    room = BAND.max * count / case.load.sum() - 1
    labels = tool.KaMinPar(wish.threads, tool.strong_context()).compute_partition(graph, count, float(room))
    return Found(np.asarray(labels), time.perf_counter() - start)


def mtkahypar(case: Case, wish: Wish) -> Found:
    """Divide with Mt-KaHyPar's quality preset at so many grids, each filled to the top of the band at most."""
    import mtkahypar as tool

    global _kahypar  # noqa: PLW0603 - it may be started only once in a process
    _kahypar = _kahypar or tool.initialize(wish.threads)
    tool.set_seed(wish.seed)
    start = time.perf_counter()
    count = wish.count(case)
    context = _kahypar.context_from_preset(tool.PresetType.QUALITY)
    room = BAND.max * count / case.load.sum() - 1
    context.set_partitioning_parameters(count, float(room), tool.Objective.CUT)
    context.logging = False
    a, b = case.ends
    edges = list(zip(a.tolist(), b.tolist(), strict=True))
    graph = _kahypar.create_graph(
        context, len(case.load), len(edges), edges, case.load.tolist(), _weights(case).tolist()
    )
    labels = graph.partition(context).get_partition()
    return Found(np.asarray(labels), time.perf_counter() - start)


def mtkahypar_best(case: Case, wish: Wish) -> Found:
    """Return the cheapest of three seeds of Mt-KaHyPar, whatever it breaks; `seconds` is the mean of one run."""
    runs = [mtkahypar(case, replace(wish, seed=seed)) for seed in (1, 2, 3)]
    costs = [measure(case, run.labels, shapes=False).cost_km for run in runs]
    seconds = float(np.mean([run.seconds for run in runs]))
    return Found(runs[int(np.argmin(costs))].labels, seconds, {"runs": 3, "costs_km": [round(c, 3) for c in costs]})


def maxp(case: Case, wish: Wish) -> Found:
    """Divide with spopt's MaxP: at least the band's minimum (it has no maximum), blocks near one another together."""
    import geopandas as gpd
    import libpysal
    import shapely
    from spopt.region import MaxPHeuristic

    start = time.perf_counter()
    np.random.seed(wish.seed)  # noqa: NPY002 - spopt draws from it
    graph = _whole(case)
    near = {n: graph.neighbours[graph.ptr[n] : graph.ptr[n + 1]].tolist() for n in range(len(case.load))}
    links = libpysal.weights.W(near, silence_warnings=True)
    at = shapely.get_coordinates(shapely.centroid(case.blocks.geometry.to_numpy()))
    columns = {"x": at[:, 0], "y": at[:, 1], "households": case.load}
    frame = gpd.GeoDataFrame(columns, geometry=case.blocks.geometry.to_numpy(), crs=case.blocks.crs)
    model = MaxPHeuristic(
        frame, links, ["x", "y"], "households", BAND.min, 2, max_iterations_construction=1, max_iterations_sa=1
    )
    model.solve()
    return Found(np.asarray(model.labels_), time.perf_counter() - start)


def gerrychain(case: Case, wish: Wish) -> Found:
    """Divide with GerryChain's recursive spanning trees, each grid within the band around an even share."""
    import networkx as nx
    from gerrychain import Graph
    from gerrychain.partition import recursive_tree_part
    from gerrychain.tree import bipartition_tree

    start = time.perf_counter()
    count, total = wish.count(case), int(case.load.sum())
    plain = nx.Graph()
    plain.add_nodes_from((n, {"households": int(load)}) for n, load in enumerate(case.load))
    a, b = case.ends
    plain.add_edges_from(zip(a.tolist(), b.tolist(), strict=True))
    if not nx.is_connected(plain):
        raise ValueError("its trees need a district in one piece")
    share = total / count
    room = float(min(BAND.max / share - 1, 1 - BAND.min / share))
    graph, parts, tries = Graph.from_networkx(plain), None, 0
    cut = partial(bipartition_tree, max_attempts=200, warn_attempts=100_000)
    while parts is None:  # it can cut itself off from every balanced rest, and must then begin anew
        with suppress(RuntimeError):
            seed = wish.seed + tries
            parts = recursive_tree_part(graph, range(count), share, "households", room, 0, cut, rng=seed)
        tries += 1
    labels = np.array([parts[n] for n in range(len(case.load))])
    return Found(labels, time.perf_counter() - start, {"tries": tries})


_kahypar: Any = None

#: Each tool by the name the command line knows.
TOOLS: dict[str, Callable[[Case, Wish], Found]] = {
    "engine": engine,
    "plan": plan,
    "metis": metis,
    "metis-best": metis_best,
    "kaminpar": kaminpar,
    "mtkahypar": mtkahypar,
    "mtkahypar-best": mtkahypar_best,
    "maxp": maxp,
    "gerrychain": gerrychain,
}
#: What must be installed for each, and what it is called in tables.
NEEDS = {
    "metis": "pymetis",
    "kaminpar": "kaminpar",
    "mtkahypar": "mtkahypar",
    "maxp": "spopt",
    "gerrychain": "gerrychain",
}
TITLES = {
    "engine": "gis-grid",
    "plan": "gis-grid, whole plan as shipped",
    "metis": "METIS k-way, contiguous",
    "kaminpar": "KaMinPar strong",
    "mtkahypar": "Mt-KaHyPar quality",
    "maxp": "spopt MaxP (no maximum)",
    "gerrychain": "GerryChain recursive tree",
}


def _weights(case: Case) -> np.ndarray:
    """Return the price of every border as a whole weight above zero."""
    price = case.price
    scale = 10 if 20 * price.sum() < _MOST_WEIGHT * 10 else 1
    return np.maximum(1, np.rint(scale * price)).astype(np.int64)


@dataclass(frozen=True)
class _Graph:
    """Hold blocks and their neighbours in compressed rows: where each row begins, neighbours, weights of borders."""

    load: np.ndarray
    ptr: np.ndarray
    neighbours: np.ndarray
    weights: np.ndarray


def _rows(load: np.ndarray, a: np.ndarray, b: np.ndarray, weight: np.ndarray) -> _Graph:
    ends, others, weights = np.concatenate([a, b]), np.concatenate([b, a]), np.tile(weight, 2)
    order = np.lexsort((others, ends))
    ptr = np.zeros(len(load) + 1, dtype=np.int64)
    np.cumsum(np.bincount(ends, minlength=len(load)), out=ptr[1:])
    return _Graph(load, ptr, others[order], weights[order])


def _whole(case: Case) -> _Graph:
    return _rows(case.load, *case.ends, _weights(case))


def _connected(case: Case) -> Iterator[tuple[np.ndarray, _Graph]]:
    """Yield the blocks of every connected part and their graph, numbered anew from 0."""
    a, b = case.ends
    count = len(case.load)
    parts, part = connected_components(coo_matrix((np.ones(len(a)), (a, b)), shape=(count, count)), directed=False)
    weight, place = _weights(case), np.zeros(count, dtype=np.int64)
    for number in range(parts):
        blocks = np.flatnonzero(part == number)
        place[blocks] = np.arange(len(blocks))
        kept = part[a] == number
        yield blocks, _rows(case.load[blocks], place[a[kept]], place[b[kept]], weight[kept])


def _metis_lines(case: Case) -> Iterator[str]:
    """Yield the lines of a graph file: numbers from 1, each block with its load, then neighbours and weights."""
    graph = _whole(case)
    ends = zip((graph.neighbours + 1).tolist(), graph.weights.tolist(), strict=True)
    pairs = [f"{one} {weight}" for one, weight in ends]
    yield f"{len(graph.load)} {len(case.borders)} 11"
    for n, load in enumerate(graph.load.tolist()):
        yield " ".join([str(load), *pairs[graph.ptr[n] : graph.ptr[n + 1]]])
