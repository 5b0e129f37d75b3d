/** Colours of grids: neighbours never alike, eight fills that stay apart for colour-blind readers (`gis_grid/palette.py`). */
import { NONE, type Plan } from "./plan";

export const FILLS = ["#77aadd", "#ee8866", "#eedd88", "#44bb99", "#ffaabb", "#99ddff", "#bbcc33", "#aaaa00"] as const;
/** The fill of blocks that have no grid. */
export const LOOSE = FILLS.length;

/** Give every grid the least used colour that no neighbour has, the ones with the most neighbours first. */
export function colourAll(plan: Plan): number[] {
  const near = plan.gridIds.map((_, row) => plan.around(row));
  const order = near.map((_, row) => row).sort((a, b) => (near[b]?.size ?? 0) - (near[a]?.size ?? 0) || a - b);
  const colours: number[] = plan.gridIds.map(() => NONE);
  const used: number[] = FILLS.map(() => 0);
  for (const row of order) colours[row] = free(near[row] as Set<number>, colours, used);
  return colours;
}

function free(near: ReadonlySet<number>, colours: readonly number[], used: number[]): number {
  const taken = new Set([...near].map((other) => colours[other]));
  let best = 0;
  let least = Infinity;
  used.forEach((times, colour) => {
    if (!taken.has(colour) && times < least) [best, least] = [colour, times];
  });
  used[best] = (used[best] ?? 0) + 1;
  return best;
}

/** Return a colour for a grid that is new, as far as its neighbours allow. */
export function colourOne(plan: Plan, row: number, colours: readonly number[]): number {
  const used = FILLS.map((_, colour) => colours.filter((one) => one === colour).length);
  return free(plan.around(row), colours, used);
}
