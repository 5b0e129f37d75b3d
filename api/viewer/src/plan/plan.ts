/**
 * A plan in typed arrays: which grid each block is in, and what follows from it, kept up to date move by move.
 *
 * Blocks, grids and communities go by the numbers of their rows in the table; ids are for what leaves this browser.
 * Grids that are made here stand behind those of the table.
 */
import type { Move } from "./moves";
import { nextGridId } from "./moves";
import type { Table, TierTold as Tier } from "../api-types";

export const NONE = -1;

/** One step of a stroke: a block and the grids it goes from and to, by their rows. */
export interface Step {
  block: number;
  old: number;
  new: number;
}

export class Plan {
  readonly count: number;
  readonly band: Tier;
  readonly blockIds: string[];
  readonly gridIds: string[];
  readonly codes: string[];
  readonly names: string[];
  readonly households: Int32Array;
  readonly community: Int32Array;
  readonly parent: Int32Array;
  readonly lon: Float64Array;
  readonly lat: Float64Array;
  readonly area: Float64Array;
  readonly communityNames: string[];
  readonly communityCodes: string[];
  /** Which grid each block is in. */
  readonly grid: Int32Array;
  /** Which grid each block was in when the plan was loaded from what it is compared with. */
  readonly start: Int32Array;
  /** Households of each grid. */
  readonly loads: number[];
  readonly members: Set<number>[];
  /** Neighbours of block n: `near[ptr[n]]` to `near[ptr[n + 1] - 1]`; `wall` says whether a barrier lies between. */
  readonly ptr: Int32Array;
  readonly near: Int32Array;
  readonly wall: Uint8Array;
  readonly along: Int32Array;
  readonly streets: string[];
  unassigned = 0;
  private readonly blockRow: Map<string, number>;
  private readonly gridRow: Map<string, number>;

  constructor(readonly table: Table) {
    const { blocks, grids, communities } = table;
    this.count = blocks.id.length;
    this.band = (table.scheme.tiers.find((tier) => tier.main) ?? table.scheme.tiers[0]) as Tier;
    this.blockIds = blocks.id;
    this.gridIds = [...grids.id];
    this.codes = [...(grids.code ?? grids.id)];
    this.names = [...(grids.name ?? grids.id)];
    this.households = Int32Array.from(blocks.households);
    this.community = Int32Array.from(blocks.community);
    this.lon = Float64Array.from(blocks.lon);
    this.lat = Float64Array.from(blocks.lat);
    this.area = Float64Array.from(blocks.area_m2);
    this.communityNames = communities.name;
    this.communityCodes = communities.code;
    this.parent = numbered(blocks.parent);
    this.grid = Int32Array.from(blocks.grid);
    this.start = this.grid.slice();
    this.blockRow = new Map(blocks.id.map((id, row) => [id, row]));
    this.gridRow = new Map(grids.id.map((id, row) => [id, row]));
    this.loads = grids.id.map(() => 0);
    this.members = grids.id.map(() => new Set<number>());
    for (let block = 0; block < this.count; block++) this.enter(block, this.grid[block] as number);
    this.streets = table.borders.streets;
    [this.ptr, this.near, this.wall, this.along] = neighbours(table.borders, this.count);
  }

  block(id: string): number | undefined {
    return this.blockRow.get(id);
  }

  /** Return the row of a grid; one that is not known yet is made, empty. */
  gridOf(id: string): number {
    if (id === "") return NONE;
    const known = this.gridRow.get(id);
    if (known !== undefined) return known;
    const row = this.gridIds.length;
    this.gridIds.push(id);
    this.codes.push("");
    this.names.push("");
    this.loads.push(0);
    this.members.push(new Set());
    this.gridRow.set(id, row);
    return row;
  }

  /** Give a grid another id, since somebody else had taken the one it was made with. */
  rename(old: string, id: string): void {
    const row = this.gridRow.get(old);
    if (row === undefined) return;
    this.gridRow.delete(old);
    this.gridRow.set(id, row);
    this.gridIds[row] = id;
  }

  newGrid(): number {
    return this.gridOf(nextGridId(this.gridIds));
  }

  gridId(row: number): string {
    return row === NONE ? "" : (this.gridIds[row] as string);
  }

  /** What people call a grid: its name, else its code, else its id. */
  called(row: number): string {
    return row === NONE ? "–" : this.names[row] || this.codes[row] || (this.gridIds[row] as string);
  }

  /** A short name for the map: what the name adds to its community's, else the end of the code. */
  short(row: number): string {
    const name = this.called(row);
    const home = this.communityNames[this.home(row)] ?? "";
    return home && name.startsWith(home) ? name.slice(home.length) : name;
  }

  /** The community that holds most of a grid's households; of equal ones the first by code. */
  home(row: number): number {
    const tally = new Map<number, number>();
    for (const block of this.members[row] ?? []) {
      const code = this.community[block] as number;
      tally.set(code, (tally.get(code) ?? 0) + (this.households[block] as number));
    }
    let best = tally.size ? NONE : (this.table.grids.community[row] ?? NONE);
    const code = (one: number) => this.communityCodes[one] ?? "";
    for (const [one, weight] of tally) {
      const most = tally.get(best) ?? -1;
      if (weight > most || (weight === most && code(one) < code(best))) best = one;
    }
    return best;
  }

  load(row: number): number {
    return this.loads[row] ?? 0;
  }

  /** Households above the band (positive), below it (negative), or 0. */
  off(row: number): number {
    const load = this.load(row);
    return load > this.band.max ? load - this.band.max : load < this.band.min ? load - this.band.min : 0;
  }

  /** Carry out steps from front to back; each must start where its block is. */
  apply(steps: Iterable<Step>): void {
    for (const step of steps) this.put(step.block, step.new);
  }

  put(block: number, grid: number): void {
    const old = this.grid[block] as number;
    if (old === grid) return;
    if (old === NONE) this.unassigned--;
    else {
      this.loads[old] = (this.loads[old] as number) - (this.households[block] as number);
      this.members[old]?.delete(block);
    }
    this.grid[block] = grid;
    this.enter(block, grid);
  }

  toMoves(steps: readonly Step[]): Move[] {
    return steps.map((step) => ({
      block: this.blockIds[step.block] as string,
      old: this.gridId(step.old),
      new: this.gridId(step.new),
    }));
  }

  /** Return moves as steps; those on blocks that are not here (any more) are left out. */
  toSteps(moves: Iterable<Move>): Step[] {
    const steps: Step[] = [];
    for (const move of moves) {
      const block = this.block(move.block);
      if (block !== undefined) steps.push({ block, old: this.gridOf(move.old), new: this.gridOf(move.new) });
    }
    return steps;
  }

  /** Say whether a barrier lies between two neighbours. */
  walled(a: number, b: number): boolean {
    if (b === NONE) return false;
    for (let n = this.ptr[a] as number; n < (this.ptr[a + 1] as number); n++) if (this.near[n] === b) return this.wall[n] === 1;
    return false;
  }

  /** Return the grids that touch a grid. */
  around(row: number): Set<number> {
    const found = new Set<number>();
    for (const block of this.members[row] ?? [])
      for (let n = this.ptr[block] as number; n < (this.ptr[block + 1] as number); n++) {
        const other = this.grid[this.near[n] as number] as number;
        if (other !== row && other !== NONE) found.add(other);
      }
    return found;
  }

  private enter(block: number, grid: number): void {
    if (grid === NONE) this.unassigned++;
    else {
      this.loads[grid] = (this.loads[grid] as number) + (this.households[block] as number);
      this.members[grid]?.add(block);
    }
  }
}

function numbered(texts: string[]): Int32Array {
  const rows = new Map<string, number>();
  return Int32Array.from(texts, (text) => {
    const known = rows.get(text);
    if (known !== undefined) return known;
    rows.set(text, rows.size);
    return rows.size - 1;
  });
}

type Near = [Int32Array, Int32Array, Uint8Array, Int32Array];

/** Lay out who borders whom: stretches of one pair are one link, behind a barrier only if all of them are. */
function neighbours(borders: Table["borders"], count: number): Near {
  const links = new Map<number, { wall: number; street: number; most: number }>();
  for (let n = 0; n < borders.a.length; n++) {
    const [a, b] = [borders.a[n] as number, borders.b[n] as number];
    if (a < 0 || b < 0) continue;
    const key = Math.min(a, b) * count + Math.max(a, b);
    const wall = borders.barrier[n] as number;
    const metres = borders.shared_m[n] as number;
    const known = links.get(key);
    if (!known) links.set(key, { wall, street: borders.street_name[n] as number, most: metres });
    else {
      known.wall = Math.min(known.wall, wall);
      if (metres > known.most) [known.most, known.street] = [metres, borders.street_name[n] as number];
    }
  }
  const ptr = new Int32Array(count + 1);
  for (const key of links.keys()) {
    (ptr[Math.floor(key / count) + 1] as number)++;
    (ptr[(key % count) + 1] as number)++;
  }
  for (let n = 0; n < count; n++) ptr[n + 1] = (ptr[n + 1] as number) + (ptr[n] as number);
  const total = ptr[count] as number;
  const fill = ptr.slice();
  const [near, wall, along] = [new Int32Array(total), new Uint8Array(total), new Int32Array(total)];
  for (const [key, link] of links) {
    const ends = [Math.floor(key / count), key % count] as const;
    for (const side of [0, 1] as const) {
      const at = (fill[ends[side]] as number)++;
      near[at] = ends[1 - side] as number;
      wall[at] = link.wall;
      along[at] = link.street;
    }
  }
  return [ptr, near, wall, along];
}
