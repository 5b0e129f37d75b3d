"""Merge neighbouring grids and divide them anew along random spanning trees; compiled, arrays only.

Re-splitting along a random spanning tree is the ReCom move (DeFord, Duchin and Solomon 2021), here as a step of a
descent: trees hold on to dear borders, every cut of a tree is priced at once, and the number of grids may change.
"""

from __future__ import annotations

import numpy as np

from gis_grid.compiling import compiled, entrance
from gis_grid.partition.cost import HEAVY
from gis_grid.partition.kernels import (
    ZERO,
    Archive,
    Desk,
    Division,
    Floats,
    Ints,
    Law,
    Net,
    Pace,
    Words,
    balance_of,
    better,
    draw,
    flip,
    load_price,
    standing,
)


@compiled
def gather(start: int, count: int, net: Net, label: Ints, desk: Desk) -> int:
    """Add the blocks of a block's grid to the members on the desk, and return how many members there are now."""
    desk.member[count] = start
    desk.piece[start] = 0
    head, tail = count, count + 1
    while head < tail:
        x = desk.member[head]
        head += 1
        for e in range(net.ptr[x], net.ptr[x + 1]):
            u = net.nbr[e]
            if net.link[e] and label[u] == label[start] and desk.piece[u] < 0:
                desk.piece[u] = 0
                desk.member[tail] = u
                tail += 1
    return tail


@compiled
def _push(size: int, key: float, head: int, tail: int, desk: Desk) -> None:
    """Put an entry on the heap, the largest key on top."""
    i = size
    while i > 0:
        up = (i - 1) // 2
        if desk.key[up] >= key:
            break
        desk.key[i], desk.head[i], desk.tail[i] = desk.key[up], desk.head[up], desk.tail[up]
        i = up
    desk.key[i], desk.head[i], desk.tail[i] = key, head, tail


@compiled
def _pop(size: int, desk: Desk) -> None:
    """Take the top entry off a heap of that size."""
    last = size - 1
    key, head, tail = desk.key[last], desk.head[last], desk.tail[last]
    i = 0
    while True:
        down = 2 * i + 1
        if down >= last:
            break
        if down + 1 < last and desk.key[down + 1] > desk.key[down]:
            down += 1
        if desk.key[down] <= key:
            break
        desk.key[i], desk.head[i], desk.tail[i] = desk.key[down], desk.head[down], desk.tail[down]
        i = down
    desk.key[i], desk.head[i], desk.tail[i] = key, head, tail


@compiled
def grow_tree(root: int, net: Net, desk: Desk, state: Words) -> int:
    """Grow a random spanning tree over the undivided members, dear borders first; return how many it reached.

    Leaves `order` (blocks, parents before children), `place` (their positions) and `parent` (a position).
    """
    count, size = ZERO, ZERO + 1
    desk.key[0], desk.head[0], desk.tail[0] = 0.0, root, -1
    while size > 0:
        v, parent = desk.head[0], desk.tail[0]
        _pop(size, desk)
        size -= 1
        if desk.place[v] >= 0:
            continue
        desk.place[v] = count
        desk.order[count] = v
        desk.parent[count] = parent
        for e in range(net.ptr[v], net.ptr[v + 1]):
            u = net.nbr[e]
            if net.link[e] and desk.piece[u] == 0 and desk.place[u] < 0:
                _push(size, net.pull[e] * draw(state), u, count, desk)
                size += 1
        count += 1
    return count


@compiled
def price_cuts(count: int, net: Net, desk: Desk) -> None:
    """Fill `below` (load) and `cut` (price of its border with the rest) for every subtree of the tree on the desk."""
    for i in range(count):
        desk.below[i] = net.load[desk.order[i]]
        desk.cut[i] = 0.0
    for i in range(count):
        v = desk.order[i]
        for e in range(net.ptr[v], net.ptr[v + 1]):
            j = desk.place[net.nbr[e]]
            if j < 0:
                continue
            desk.cut[i] += net.price[e]
            if j < i:  # a border lies inside every subtree from the lowest common ancestor of its ends upwards
                a, b = i, j
                while a != b:
                    if a > b:
                        a = desk.parent[a]
                    else:
                        b = desk.parent[b]
                desk.cut[a] -= 2.0 * net.price[e]
    for i in range(count - 1, 0, -1):
        desk.below[desk.parent[i]] += desk.below[i]
        desk.cut[desk.parent[i]] += desk.cut[i]


@compiled
def rest_price(load: int, grids: int, law: Law) -> float:
    """Return the least that a load still to be divided into so many grids can cost."""
    if grids == 1:
        return load_price(load, law)
    if load >= HEAVY:  # every marked block is a grid of its own
        heavy = load // HEAVY
        if heavy >= grids:
            return load_price(load, law)
        return heavy * law.per_grid + _few_price(load % HEAVY, grids - heavy, law)
    return _few_price(load, grids, law)


@compiled
def _few_price(load: int, grids: int, law: Law) -> float:
    """Return the same for a load without marked blocks."""
    if load < grids * law.lo:
        return law.per_grid + law.per_household * (grids * law.lo - load)
    if load > grids * law.hi:
        return law.per_grid + law.per_household * (load - grids * law.hi)
    return grids * load_price(int(load / grids), law)


@compiled
def _best_cut(count: int, grids: int, law: Law, desk: Desk, state: Words, heat: float) -> tuple[int, bool]:
    """Choose a cut of the tree on the desk, cheapest first but for some noise; -1 if there is none.

    Returns the position of the subtree, and whether the grid is what lies outside it.
    """
    total = desk.below[0]
    best, chosen, outside = np.inf, -1, False
    for i in range(1, count):
        for side in range(2 if grids > 2 else 1):
            load = desk.below[i] if side == 0 else total - desk.below[i]
            score = desk.cut[i] + load_price(load, law) + rest_price(total - load, grids - 1, law)
            if score < best + 8.0 * heat:
                score += heat * np.log(1e-300 - np.log(1e-300 + draw(state)))
                if score < best:
                    best, chosen, outside = score, i, side == 1
    return chosen, outside


@compiled
def carve(members: int, grids: int, number: int, net: Net, law: Law, desk: Desk, state: Words, heat: float) -> float:
    """Cut one grid off the undivided members and call it piece `number`; return the price of the new border.

    `grids` is how many grids the undivided members are to become, this one included. Infinite if there is no cut.
    """
    root = desk.member[int(draw(state) * members)]
    while desk.piece[root] != 0:
        root = desk.member[int(draw(state) * members)]
    count = grow_tree(root, net, desk, state)
    price_cuts(count, net, desk)
    chosen, outside = _best_cut(count, grids, law, desk, state, heat)
    if chosen > 0:
        for i in range(count):
            up = desk.parent[i]
            desk.queue[i] = 1 if i == chosen or (i > chosen and up >= chosen and desk.queue[up] == 1) else 0
            if (desk.queue[i] == 1) != outside:
                desk.piece[desk.order[i]] = number
    for i in range(count):
        desk.place[desk.order[i]] = -1
    return desk.cut[chosen] if chosen > 0 else np.inf


@compiled
def remember(members: int, number: int, net: Net, law: Law, desk: Desk, archive: Archive) -> None:
    """Put the grid that piece `number` of the members makes into the archive, unless it is there."""
    name, load, cost = np.uint64(0), ZERO, 0.0
    for i in range(members):
        v = desk.member[i]
        if desk.piece[v] != number:
            continue
        name ^= archive.word[v]
        load += net.load[v]
        for e in range(net.ptr[v], net.ptr[v + 1]):
            if desk.piece[net.nbr[e]] != number:
                cost += 0.5 * net.price[e]
    last = len(archive.table) - 1
    spot = np.int64(name & np.uint64(last))
    while archive.table[spot] >= 0:
        if archive.name[archive.table[spot]] == name:
            return
        spot = (spot + 1) & last
    row = archive.fill[0]
    if row == len(archive.name):
        return
    archive.fill[0] += 1
    archive.table[spot] = row
    archive.name[row], archive.load[row] = name, load
    archive.cost[row] = cost + balance_of(load, law)
    for i in range(members):
        v = desk.member[i]
        if desk.piece[v] == number:
            archive.bits[row, v >> 6] |= np.uint64(1) << np.uint64(v & 63)


@compiled
def remember_all(net: Net, law: Law, now: Division, desk: Desk, archive: Archive) -> None:
    """Put every grid of a division into the archive."""
    for v in range(len(net.load)):
        if desk.piece[v] == -1:
            members = gather(v, ZERO, net, now.label, desk)
            remember(members, ZERO, net, law, desk, archive)
            for i in range(members):
                desk.piece[desk.member[i]] = -2
    desk.piece[:] = -1


@compiled
def _choose(group: Ints, net: Net, now: Division, desk: Desk, state: Words) -> tuple[int, int]:
    """Gather one to three neighbouring grids on the desk; return the number of members and of grids."""
    dice = draw(state)
    wanted = 1 if dice < 0.05 else (2 if dice < 0.7 else 3)
    start = int(draw(state) * len(net.load))
    members = gather(start, ZERO, net, now.label, desk)
    group[0], grids = now.label[start], 1
    for _ in range(16):
        if grids == wanted:
            break
        v = desk.member[int(draw(state) * members)]
        degree = net.ptr[v + 1] - net.ptr[v]
        if degree == 0:
            continue
        entry = net.ptr[v] + int(draw(state) * degree)
        u = net.nbr[entry]
        if net.link[entry] and desk.piece[u] < 0:
            group[grids] = now.label[u]
            grids += 1
            members = gather(u, members, net, now.label, desk)
    return members, grids


@compiled
def _settle(members: int, wanted: int, group: Ints, grids: int, net: Net, now: Division, desk: Desk) -> None:
    """Write the pieces on the desk into the division."""
    for j in range(grids, wanted):
        spare = 0  # a group gains one grid at most, so what is spare stays so
        while now.size[spare] > 0:
            spare += 1
        group[j] = spare
    for j in range(max(grids, wanted)):
        now.load[group[j]] = 0
        now.size[group[j]] = 0
    for i in range(members):
        v = desk.member[i]
        grid = group[desk.piece[v]]
        now.label[v] = grid
        now.load[grid] += net.load[v]
        now.size[grid] += 1


@compiled
def _pieces_wanted(members: int, grids: int, load: int, law: Law, now: Division, state: Words) -> int:
    """Draw the number of grids that a group is to become: mostly as many as before, else one more or one fewer."""
    dice = draw(state)
    wanted = grids
    used = ZERO
    if grids == 1 or dice < 0.2:
        for size in now.size:
            used += size > 0
    if law.fewest == law.most and used > 0:  # the number is given: only come nearer to it
        if used < law.fewest and members > grids:
            return grids + 1
        return grids - 1 if used > law.most and grids > 1 else grids
    if grids == 1 or dice < 0.1:
        wanted = grids + 1
    elif dice < 0.2:
        wanted = grids - 1
    fits = wanted * law.lo <= load <= wanted * law.hi
    if wanted != grids and not fits and grids * law.lo <= load <= grids * law.hi:
        return grids
    if wanted > grids and (wanted > members or used + 1 > law.most):
        return grids
    return grids if wanted < grids and used <= law.fewest else wanted


@compiled
def resplit(
    net: Net, law: Law, now: Division, desk: Desk, archive: Archive, state: Words, heat: float, keep: float
) -> float:
    """Try to merge one to three neighbouring grids and divide them anew; return by how much the cost changed."""
    group = np.empty(4, dtype=np.int64)
    members, grids = _choose(group, net, now, desk, state)
    change, load = 0.0, ZERO
    for j in range(grids):
        change -= load_price(now.load[group[j]], law)
        load += now.load[group[j]]
    for i in range(members):
        v = desk.member[i]
        for e in range(net.ptr[v], net.ptr[v + 1]):
            u = net.nbr[e]
            if desk.piece[u] == 0 and now.label[u] != now.label[v]:
                change -= 0.5 * net.price[e]
    wanted = _pieces_wanted(members, grids, load, law, now, state)
    if grids == 1 and wanted == 1:
        change = np.inf
    for number in range(1, wanted):
        if change < np.inf:
            change += carve(members, wanted - number + 1, number, net, law, desk, state, heat)
    if change < np.inf:
        loads = np.zeros(4, dtype=np.int64)
        for i in range(members):
            loads[desk.piece[desk.member[i]]] += net.load[desk.member[i]]
        for j in range(wanted):
            change += load_price(loads[j], law)
        if change < keep:
            for j in range(wanted):
                if law.lenient or law.lo <= loads[j] <= law.hi:
                    remember(members, j, net, law, desk, archive)
        if change <= 0.0 or draw(state) < np.exp(-change / heat):
            _settle(members, wanted, group, grids, net, now, desk)
        else:
            change = 0.0
    for i in range(members):
        desk.piece[desk.member[i]] = -1
    return change if change < np.inf else 0.0


@entrance
def anneal(
    net: Net,
    law: Law,
    now: Division,
    desk: Desk,
    archive: Archive,
    state: Words,
    pace: Pace,
    best: Division,
    rank: Floats,
) -> None:
    """Run a stretch of annealing from a division; keep the best seen in `best` and its standing in `rank`."""
    for sweep in range(pace.sweeps):
        heat = pace.hot * (pace.cold / pace.hot) ** (sweep / max(1, pace.sweeps - 1))
        for _ in range(pace.flips):
            flip(net, law, now, desk, state, heat)
        for _ in range(pace.splits):
            resplit(net, law, now, desk, archive, state, heat, pace.keep)
        found = standing(net, law, now)
        if better(found, rank):
            rank[:] = found
            best.label[:] = now.label
            best.load[:] = now.load
            best.size[:] = now.size
        if pace.keep > 0.0 and found[0] <= rank[0] and found[1] <= rank[1]:
            remember_all(net, law, now, desk, archive)
