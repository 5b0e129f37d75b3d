/** Grids that somebody else has drawn, beside those of the plan in hand: which are the same, and which borders are shared. */
import { NONE, type Plan } from "./plan";

/** Layers of the ground that can be shown. */
export type Ground = "communities" | "compounds" | "buildings";

/** What the service says of them: in which of theirs each block lies (NONE: in none), and through which their borders run. */
export interface Beside {
  title: string;
  names: string[];
  blocks: number[];
  cut: number[];
  shapes: GeoJSON.FeatureCollection;
}

/** One of their grids and its counterpart here, either NONE if it has none, with the blocks that only one of both holds. */
export interface Pair {
  theirs: number;
  grid: number;
  blocks: number[];
  households: number;
}

/** Pair grids by the households that they share, the most first, and say how far each pair differs; the worst come first. */
export function pairs(plan: Plan, theirs: readonly number[]): Pair[] {
  const shared = new Map<string, [their: number, grid: number, weight: number]>();
  const members = new Map<number, number[]>();
  theirs.forEach((their, block) => {
    const grid = plan.grid[block] as number;
    if (their === NONE) return;
    members.set(their, [...(members.get(their) ?? []), block]);
    if (grid === NONE) return;
    const sum = shared.get(`${their} ${grid}`) ?? [their, grid, 0];
    sum[2] += (plan.households[block] as number) + 1e-3;
    shared.set(`${their} ${grid}`, sum);
  });
  const partner = new Map<number, number>();
  const taken = new Set<number>();
  for (const [their, grid] of [...shared.values()].sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1])) {
    if (partner.has(their) || taken.has(grid)) continue;
    partner.set(their, grid);
    taken.add(grid);
  }
  const pair = (their: number, grid: number): Pair => {
    const [one, other] = [members.get(their) ?? [], [...(plan.members[grid] ?? [])]];
    const blocks = [...one.filter((block) => grid === NONE || plan.grid[block] !== grid), ...other.filter((block) => their === NONE || theirs[block] !== their)];
    return { theirs: their, grid, blocks, households: blocks.reduce((sum, block) => sum + (plan.households[block] as number), 0) };
  };
  const found = [...members.keys()].map((their) => pair(their, partner.get(their) ?? NONE));
  plan.members.forEach((own, grid) => own.size && !taken.has(grid) && found.push(pair(NONE, grid)));
  return found.sort((a, b) => b.households - a.households || b.blocks.length - a.blocks.length || a.theirs - b.theirs);
}

export type Whose = "both" | "ours" | "theirs";

/** Say who has a border between two blocks. */
export function whose(plan: Plan, theirs: readonly number[], a: number, b: number): Whose | null {
  const [ours, other] = [plan.grid[a] !== plan.grid[b], theirs[a] !== theirs[b]];
  return ours && other ? "both" : ours ? "ours" : other ? "theirs" : null;
}

/** Metres of border that both have, and that one of both has. */
export function lengths(plan: Plan, theirs: readonly number[]): Record<Whose, number> {
  const { a, b, shared_m } = plan.table.borders;
  const sums = { both: 0, ours: 0, theirs: 0 };
  shared_m.forEach((metres, row) => {
    const who = whose(plan, theirs, a[row] as number, b[row] as number);
    if (who) sums[who] += metres;
  });
  return sums;
}
