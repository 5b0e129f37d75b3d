"""What is in sight on the planner's map: asked in the page, for tests that draw there."""

#: borders between two grids of a community that lie on the screen, with the middle of a block on either side
BORDERS = """() => {
  const { session, layers } = gisGrid.desk(), { plan } = session, { shapes } = layers, map = gisGrid.map();
  const box = map.getCanvas().getBoundingClientRect(), found = [];
  const free = (p) => document.elementFromPoint(p.x + box.x, p.y + box.y) === map.getCanvas();
  const on = (p) => [p.x + box.x, p.y + box.y];
  for (let line = 0; line < shapes.lineA.length; line++) {
    const a = shapes.lineA[line], b = shapes.lineB[line];
    if (b < 0 || plan.grid[a] === plan.grid[b] || plan.community[a] !== plan.community[b]) continue;
    if (plan.walled(a, b)) continue;
    const ends = shapes.line(line).map((place) => map.project(place));
    let best = 30, middle = null;
    for (let n = 0; n + 1 < ends.length; n++) {
      const long = Math.hypot(ends[n].x - ends[n + 1].x, ends[n].y - ends[n + 1].y);
      const between = { x: (ends[n].x + ends[n + 1].x) / 2, y: (ends[n].y + ends[n + 1].y) / 2 };
      if (long > best) [best, middle] = [long, between];
    }
    const [one, other] = [a, b].map((block) => map.project([plan.lon[block], plan.lat[block]]));
    if (!middle || ![middle, one, other].every(free)) continue;
    if (Math.hypot(middle.x - other.x, middle.y - other.y) < 12) continue;
    const [left, right] = [plan.gridIds[plan.grid[a]], plan.gridIds[plan.grid[b]]];
    const places = { at: on(middle), from: on(one), to: on(other) };
    found.push({ a: plan.blockIds[a], b: plan.blockIds[b], one: left, other: right, ...places });
  }
  return found;
}"""

#: the blocks of the second one's grid that face the first one's across the same named street
FRONT = """([a, b]) => { const { plan } = gisGrid.desk().session, into = plan.grid[plan.block(a)];
  const facing = (one) => {
    const found = [];
    for (let n = plan.ptr[one]; n < plan.ptr[one + 1]; n++)
      if (plan.grid[plan.near[n]] === into && plan.streets[plan.along[n]]) found.push(plan.along[n]);
    return found; };
  const streets = facing(plan.block(b)), mates = [...plan.members[plan.grid[plan.block(b)]]];
  const row = mates.filter((one) => facing(one).some((street) => streets.includes(street)));
  return row.map((one) => plan.blockIds[one]) }"""

#: neighbours in two grids of whom the straight way between their middles leaves neither, both in sight
PAIRS = """() => {
  const { session, finder } = gisGrid.desk(), { plan } = session, map = gisGrid.map();
  const box = map.getCanvas().getBoundingClientRect(), found = [];
  const whole = (block) => !plan.table.blocks.parent[block];
  const parts = (block) => whole(block) ? 1 : plan.parent.filter((one) => one === plan.parent[block]).length;
  const spots = plan.blockIds.map((_, block) => map.project([plan.lon[block], plan.lat[block]]));
  const near = (block) => spots.filter((p) => Math.hypot(p.x - spots[block].x, p.y - spots[block].y) < 24).length;
  for (let a = 0; a < plan.count; a++) for (let n = plan.ptr[a]; n < plan.ptr[a + 1]; n++) {
    const b = plan.near[n];
    if (plan.grid[a] === plan.grid[b] || plan.grid[a] < 0 || plan.grid[b] < 0) continue;
    const [from, to] = [a, b].map((one) => [plan.lon[one], plan.lat[one]]);
    const way = Array.from({ length: 21 }, (_, m) => [0, 1].map((k) => from[k] + ((to[k] - from[k]) * m) / 20));
    if (way.some((place) => ![a, b].includes(finder.block(...place)))) continue;
    const seen = [from, to].map((place) => map.project(place));
    const free = (p) => document.elementFromPoint(p.x + box.x, p.y + box.y) === map.getCanvas();
    if (!seen.every(free) || near(b) > 1) continue;
    const [start, end] = seen.map((p) => [p.x + box.x, p.y + box.y]);
    found.push({ a: plan.blockIds[a], b: plan.blockIds[b], one: plan.gridIds[plan.grid[a]], parts: parts(b),
      other: plan.gridIds[plan.grid[b]], from: start, to: end, wall: Boolean(plan.wall[n]),
      mates: plan.community[a] === plan.community[b], size: plan.members[plan.grid[b]].size });
  }
  return found;
}"""

#: where to click for a grid: the middle of one of its blocks that is in sight and far from borders
SPOT = """(id) => {
  const { session, finder } = gisGrid.desk(), { plan } = session, map = gisGrid.map();
  const box = map.getCanvas().getBoundingClientRect();
  for (const block of plan.members[plan.gridIds.indexOf(id)]) {
    const p = map.project([plan.lon[block], plan.lat[block]]);
    if (document.elementFromPoint(p.x + box.x, p.y + box.y) === map.getCanvas()) return [p.x + box.x, p.y + box.y];
  }
}"""

#: the largest block that lies whole on the screen, far from its edges, and is no strip: a line from above it to below
WIDE = """() => {
  const { session, layers } = gisGrid.desk(), { plan } = session, map = gisGrid.map();
  const box = map.getCanvas().getBoundingClientRect();
  for (const block of [...plan.area.keys()].sort((a, b) => plan.area[b] - plan.area[a])) {
    const shape = layers.shapes.polygons(block);
    if (shape.length > 1 || shape[0].length > 1) continue;
    const ends = shape[0][0].map((place) => map.project(place));
    const [x, y] = [ends.map((p) => p.x), ends.map((p) => p.y)];
    const [w, e, n, s] = [Math.min(...x), Math.max(...x), Math.min(...y), Math.max(...y)];
    if (w < 80 || e > box.width - 60 || n < 80 || s > box.height - 160 || (e - w) / (s - n) > 1.6) continue;
    const middle = (w + e) / 2 + box.x;
    return { id: plan.blockIds[block], from: [middle, n - 16 + box.y], to: [middle, s + 16 + box.y] };
  }
}"""
