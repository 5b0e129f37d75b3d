/**
 * The rules that can be answered while a border moves, with the ids of `gis_grid/rules`; what takes shapes, proofs or
 * records is the service's to say. Held to what Python finds by shared vectors.
 */
import { NONE, type Plan } from "./plan";

export type RuleId = "inside-parent" | "no-gap" | "contiguous" | "barrier" | "band";

/** One problem of a grid; `grid` is NONE for blocks that have none. */
export interface Problem {
  rule: RuleId;
  grid: number;
  blocks: number[];
  found: number;
}

/** Return what is wrong with one grid; an empty grid is no grid any more. */
export function checkGrid(plan: Plan, grid: number): Problem[] {
  if (!plan.members[grid]?.size) return [];
  const members = new Set([...(plan.members[grid] as Set<number>)].sort((a, b) => a - b));
  const found: Problem[] = [];
  const strangers = outsideHome(plan, grid, members);
  if (strangers) found.push({ rule: "inside-parent", grid, blocks: strangers.blocks, found: strangers.communities });
  const whole = pieces(plan, members, false);
  if (whole.length > 1) found.push({ rule: "contiguous", grid, blocks: lesser(plan, whole), found: whole.length });
  const dry = pieces(plan, members, true);
  if (dry.length > whole.length) found.push({ rule: "barrier", grid, blocks: across(plan, whole), found: dry.length });
  if (plan.off(grid)) found.push({ rule: "band", grid, blocks: [...members], found: plan.load(grid) });
  return found;
}

/** Return all that is wrong with a plan: blocks without a grid first. */
export function check(plan: Plan): Problem[] {
  const found: Problem[] = [];
  const loose: number[] = [];
  if (plan.unassigned) plan.grid.forEach((grid, block) => grid === NONE && loose.push(block));
  if (loose.length) found.push({ rule: "no-gap", grid: NONE, blocks: loose, found: loose.length });
  for (let grid = 0; grid < plan.gridIds.length; grid++) found.push(...checkGrid(plan, grid));
  return found;
}

/** Return the connected pieces of some blocks; with `dry` nothing holds together across a barrier. */
export function pieces(plan: Plan, members: ReadonlySet<number>, dry: boolean): number[][] {
  const left = new Set(members);
  const found: number[][] = [];
  for (const first of members) {
    if (!left.delete(first)) continue;
    const piece = [first];
    for (let n = 0; n < piece.length; n++) {
      const block = piece[n] as number;
      for (let k = plan.ptr[block] as number; k < (plan.ptr[block + 1] as number); k++)
        if (!(dry && plan.wall[k]) && left.delete(plan.near[k] as number)) piece.push(plan.near[k] as number);
    }
    found.push(piece);
  }
  return found;
}

function lesser(plan: Plan, all: number[][]): number[] {
  const weight = (piece: number[]) => piece.reduce((sum, block) => sum + (plan.households[block] as number), 0);
  const main = all.reduce((best, piece) => {
    const more = weight(piece) - weight(best);
    return more > 0 || (more === 0 && piece.length > best.length) ? piece : best;
  });
  return all.filter((piece) => piece !== main).flat();
}

/** What lies across a barrier in each piece of a grid; islands are not across it. */
function across(plan: Plan, whole: number[][]): number[] {
  return whole.flatMap((piece) => lesser(plan, pieces(plan, new Set(piece.sort((a, b) => a - b)), true)));
}

function outsideHome(plan: Plan, grid: number, members: ReadonlySet<number>) {
  const codes = new Set<number>();
  for (const block of members) codes.add(plan.community[block] as number);
  if (codes.size < 2) return null;
  const home = plan.home(grid);
  return { blocks: [...members].filter((block) => plan.community[block] !== home), communities: codes.size };
}

/** Say why a block may not go into a grid without a word: a community line, or nothing but a barrier between. */
export function stopped(plan: Plan, block: number, grid: number): "community" | "barrier" | null {
  const members = plan.members[grid];
  if (!members?.size) return null;
  if (plan.home(grid) !== plan.community[block]) return "community";
  let walled = false;
  for (let k = plan.ptr[block] as number; k < (plan.ptr[block + 1] as number); k++) {
    if (plan.grid[plan.near[k] as number] !== grid) continue;
    if (!plan.wall[k]) return null;
    walled = true;
  }
  return walled ? "barrier" : null;
}
