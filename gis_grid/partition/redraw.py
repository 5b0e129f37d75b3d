"""Redraw neighbouring grids along random spanning trees, and anneal over all steps of an update; compiled.

Re-splitting along a random spanning tree is the ReCom move (DeFord, Duchin and Solomon 2021); here trees hold on to
what was in one grid before, and every piece takes the name of the grid that most of its households were in.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.kernels import ZERO, Desk, Flags, Floats, Ints, Law, Net, Words, draw
from gis_grid.partition.stay import (
    ERRORS,
    LIVED_IN,
    MOVED,
    Drawing,
    Ground,
    Prices,
    energy,
    hand_over,
    judge,
    ranks_before,
    steps,
)
from gis_grid.partition.trees import gather, grow_tree, price_cuts


class Archive(NamedTuple):
    """Hold allowed grids that were met: a hash table over sets of blocks, each with the earlier grid it goes on as.

    That is one number above all earlier grids for a new one.
    """

    word: Words
    table: Ints
    name: Words
    identity: Ints
    member: Flags
    fill: Ints


@compiled
def _off(load: int, grids: int, law: Law, prices: Prices) -> float:
    """Return the least that a load costs by being off the band when it is to become so many grids."""
    miss = max(grids * law.lo - load, 0) + max(load - grids * law.hi, 0)
    return prices.error + prices.off * miss if miss > 0 else 0.0


@compiled
def _carve(
    members: int,
    parts: int,
    number: int,
    group: Ints,
    net: Net,
    law: Law,
    ground: Ground,
    desk: Desk,
    state: Words,
    prices: Prices,
    heat: float,
) -> bool:
    """Cut piece `number` off the undivided members (they are to become `parts` grids); False if there is no cut."""
    root = desk.member[int(draw(state) * members)]
    while desk.piece[root] != 0:
        root = desk.member[int(draw(state) * members)]
    count = grow_tree(root, net, desk, state)
    price_cuts(count, net, desk)
    kept = np.zeros((count, 2))
    for i in range(count - 1, -1, -1):
        v = desk.order[i]
        for j in range(2):
            if group[j] >= 0 and ground.home[v] == group[j]:
                kept[i, j] += net.load[v] + 1
            if i > 0:
                kept[desk.parent[i], j] += kept[i, j]
    best, chosen = np.inf, -1
    for i in range(1, count):
        load = desk.below[i]
        stay = max(kept[i, 0] + kept[0, 1] - kept[i, 1], kept[i, 1] + kept[0, 0] - kept[i, 0])
        score = _off(load, 1, law, prices) + _off(desk.below[0] - load, parts - 1, law, prices) - stay
        score += prices.cost * desk.cut[i] + heat * np.log(1e-300 - np.log(1e-300 + draw(state)))
        if score < best:
            best, chosen = score, i
    for i in range(count):
        up = desk.parent[i]
        desk.queue[i] = 1 if i == chosen or (i > chosen and up >= chosen and desk.queue[up] == 1) else 0
        if chosen > 0 and desk.queue[i] == 1:
            desk.piece[desk.order[i]] = number
        desk.place[desk.order[i]] = -1
    return chosen > 0


@compiled
def _names(members: int, group: Ints, net: Net, ground: Ground, desk: Desk) -> Ints:
    """Give up to three pieces the grids of a group so that most households stay; return the grid of each piece."""
    kept = np.zeros((3, 3))
    for i in range(members):
        v = desk.member[i]
        for j in range(3):
            if group[j] >= 0 and ground.home[v] == group[j]:
                kept[desk.piece[v], j] += net.load[v] + 1
    best, found = -1.0, np.array([0, 1, 2])
    for first in range(3):
        for step in range(1, 3):
            order = np.array([first, (first + step) % 3, (first + 2 * step) % 3])
            stay = kept[0, order[0]] + kept[1, order[1]] + kept[2, order[2]]
            if stay > best:
                best = stay
                found[:] = order
    names: Ints = group[found]
    return names


@compiled
def _group(group: Ints, net: Net, now: Drawing, desk: Desk, state: Words) -> tuple[int, int]:
    """Gather one or two neighbouring grids on the desk; return the number of members and of grids."""
    start = int(draw(state) * len(net.load))
    members = gather(start, ZERO, net, now.label, desk)
    group[0], group[1], group[2] = now.label[start], -1, -1
    if draw(state) < 0.15:
        return members, 1
    for _ in range(16):
        v = desk.member[int(draw(state) * members)]
        degree = net.ptr[v + 1] - net.ptr[v]
        if degree == 0:
            break
        entry = net.ptr[v] + int(draw(state) * degree)
        u = net.nbr[entry]
        if net.link[entry] and desk.piece[u] < 0:
            group[1] = now.label[u]
            return gather(u, members, net, now.label, desk), 2
    return members, 1


@compiled
def redraw(
    net: Net,
    law: Law,
    ground: Ground,
    now: Drawing,
    desk: Desk,
    state: Words,
    prices: Prices,
    heat: float,
    books: Floats,
    left: Ints,
) -> bool:
    """Try to divide one or two neighbouring grids anew, into as many grids or one more or fewer."""
    group = np.empty(3, dtype=np.int64)
    members, grids = _group(group, net, now, desk, state)
    dice = draw(state)
    wanted = grids + (1 if grids == 1 or dice < 0.15 else (-1 if dice < 0.25 else 0))
    whole = wanted <= members
    if wanted > grids:
        spare = len(now.size) - 1
        while spare >= 0 and now.size[spare] > 0:
            spare -= 1
        group[grids] = spare
        whole &= spare >= 0
    for number in range(1, wanted):
        if whole:
            parts = wanted - number + 1
            whole = _carve(members, parts, number, group, net, law, ground, desk, state, prices, heat)
    taken = False
    if whole:
        before = books.copy()
        names = _whole_names(members, wanted, group, net, ground, desk)
        old = np.empty(members, dtype=np.int64)
        for i in range(members):
            v = desk.member[i]
            old[i] = now.label[v]
            if names[desk.piece[v]] != old[i]:
                hand_over(v, names[desk.piece[v]], net, law, ground, now, books)
        judge(law, ground, now, left, books)
        change = energy(books, prices) - energy(before, prices)
        taken = change <= 0.0 or draw(state) < np.exp(-change / heat)
        if not taken:
            for i in range(members):
                if now.label[desk.member[i]] != old[i]:
                    hand_over(desk.member[i], old[i], net, law, ground, now, books)
            books[:] = before
    for i in range(members):
        desk.piece[desk.member[i]] = -1
    return taken


@compiled
def _whole_names(members: int, wanted: int, group: Ints, net: Net, ground: Ground, desk: Desk) -> Ints:
    """Give pieces their grids; a piece must not be left with a place of the group that stands for no grid."""
    names = _names(members, group, net, ground, desk)
    for k in range(wanted):
        if names[k] < 0:
            for grid in group:
                taken = grid < 0
                for j in range(wanted):
                    taken |= names[j] == grid
                if not taken:
                    names[k] = grid
                    break
    return names


@compiled
def _is_allowed(grid: int, law: Law, now: Drawing) -> bool:
    """Tell whether a grid is in band, or could be excused as far as can be told from the grid alone."""
    load = now.load[grid]
    if law.lo <= load <= law.hi:
        return True
    answered = False
    for k in range(now.held.shape[1]):
        answered |= now.held[grid, k] >= (LIVED_IN if load > 0 else 1)
    if now.heavy[grid] > 0:
        return bool(answered and now.heavy[grid] == 1 and now.spare[grid] == 0)
    return bool(answered and load < law.lo + law.hi)


@compiled
def remember(grid: int, most: float, net: Net, law: Law, ground: Ground, now: Drawing, archive: Archive) -> None:
    """Put a grid into the archive under the name it has, if it is allowed and few households have come or gone."""
    away = now.load[grid] - now.kept[grid]
    if grid < len(ground.held):
        away += ground.held[grid] - now.kept[grid]
    row = archive.fill[0]
    if now.size[grid] == 0 or away > most or row == len(archive.name) or not _is_allowed(grid, law, now):
        return
    identity = min(grid, len(ground.held))
    name = archive.word[len(net.load) + identity]
    for v in range(len(net.load)):
        if now.label[v] == grid:
            name ^= archive.word[v]
    last = len(archive.table) - 1
    spot = np.int64(name & np.uint64(last))
    while archive.table[spot] >= 0:
        if archive.name[archive.table[spot]] == name:
            return
        spot = (spot + 1) & last
    archive.fill[0] += 1
    archive.table[spot] = row
    archive.name[row], archive.identity[row] = name, identity
    for v in range(len(net.load)):
        archive.member[row, v] = now.label[v] == grid


@entrance
def settle(
    net: Net,
    law: Law,
    ground: Ground,
    now: Drawing,
    desk: Desk,
    state: Words,
    prices: Prices,
    heats: Floats,
    books: Floats,
    best: Ints,
    best_books: Floats,
    archive: Archive,
) -> None:
    """Anneal through a row of temperatures, a few steps each for every block, and keep the best division seen."""
    left = np.empty_like(ground.least)
    for heat in heats:
        for step in range(4 * max(40, len(net.load))):
            if step % 6 == 0:
                taken = redraw(net, law, ground, now, desk, state, prices, heat, books, left)
            else:
                taken = steps(net, law, ground, now, desk, state, prices, heat, books, left)
            if taken:
                most = best_books[MOVED] if best_books[ERRORS] == 0.0 else np.inf
                for grid in range(len(now.size)):
                    if now.fresh[grid]:
                        remember(grid, most, net, law, ground, now, archive)
                if ranks_before(books, best_books, prices.cap):
                    best_books[:] = books
                    best[:] = now.label
            now.fresh[:] = False
