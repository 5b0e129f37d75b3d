/**
 * One gesture while it runs: blocks change side as the pointer passes over them, and change back as it returns. The
 * plan is changed at once, so that counts and rules can be shown; `cancel` puts everything back.
 */
import { NONE, type Plan, type Step } from "./plan";
import { stopped } from "./rules";

/** What keeps a stroke from taking a block. */
export type Stop = "community" | "barrier" | "locked" | "elsewhere";

export interface Options {
  locked: (grid: number, block: number) => boolean;
  /** Cross community lines and barriers. */
  cross: boolean;
  /** Take the whole compound that a block belongs to. */
  whole: boolean;
  /** Take along all blocks of its grid that face the other one across the same street. */
  front?: boolean;
}

export class Stroke {
  readonly touched = new Set<number>();
  stop: Stop | null = null;
  private readonly from = new Map<number, number>();

  constructor(protected readonly plan: Plan) {}

  /** The steps so far: one a block, none for those that are back. */
  get steps(): Step[] {
    const { plan } = this;
    return [...this.from]
      .map(([block, old]) => ({ block, old, new: plan.grid[block] as number }))
      .filter((step) => step.old !== step.new);
  }

  /** Send a block to a grid; returns whether it went. */
  send(block: number, grid: number, options: Options): boolean {
    let went = false;
    for (const one of options.whole ? compound(this.plan, block) : options.front ? frontage(this.plan, block, grid) : [block]) went = this.sendOne(one, grid, options) || went;
    return went;
  }

  private sendOne(block: number, grid: number, options: Options): boolean {
    const { plan } = this;
    const old = plan.grid[block] as number;
    if (old === grid) return false;
    const locked = options.locked(old, block) || (grid !== NONE && options.locked(grid, block));
    const why = locked ? "locked" : options.cross || grid === NONE ? null : stopped(plan, block, grid);
    if (why) {
      this.stop = why;
      return false;
    }
    if (!this.from.has(block)) this.from.set(block, old);
    for (const one of [old, grid]) if (one !== NONE) this.touched.add(one);
    plan.put(block, grid);
    return true;
  }

  /** Somebody else moved a block: it stays where they put it, unless the pointer passes over it once more. */
  yield(block: number): void {
    this.from.delete(block);
  }

  protected back(block: number): void {
    const home = this.from.get(block);
    if (home !== undefined) this.plan.put(block, home);
  }

  cancel(): void {
    for (const [block, home] of this.from) this.plan.put(block, home);
    this.from.clear();
  }
}

/** Hold the border between two grids and drag it: it follows the pointer, to either side and back. */
export class BorderStroke extends Stroke {
  /** The blocks that were passed over, in order, and to which grid they went. */
  private readonly path: { block: number; taken: number[] }[] = [];
  private into = NONE;
  private seed: number;

  constructor(
    plan: Plan,
    /** The two grids, and the block that the pointer was over when it took hold. */
    readonly one: number,
    readonly other: number,
    start: number,
  ) {
    super(plan);
    this.touched.add(one).add(other);
    this.seed = start;
  }

  /**
   * The pointer is over a block now, `deep` if well inside rather than at the border that was held. Returns whether
   * anything changed.
   */
  over(block: number, deep: boolean, options: Options): boolean {
    this.stop = null;
    const place = this.path.findIndex((step) => step.block === block || step.taken.includes(block));
    if (place >= 0) return this.retreat(place + 1);
    const grid = this.plan.grid[block] as number;
    if (grid !== this.one && grid !== this.other) {
      this.stop = "elsewhere";
      return false;
    }
    if (!this.path.length) {
      if (block === this.seed && !deep) return false;
      this.into = grid === this.one ? this.other : this.one;
      if (block !== this.seed && this.plan.grid[this.seed] === grid) this.take(this.seed, options);
    } else if (grid === this.into) {
      // back on the side that the border came from: everything turns back, and what lies here is passed over now
      this.retreat(0);
      this.seed = block;
      return true;
    }
    return this.take(block, options);
  }

  private take(block: number, options: Options): boolean {
    const before = new Set(this.steps.map((step) => step.block));
    if (!this.send(block, this.into, options)) return false;
    this.path.push({ block, taken: this.steps.map((step) => step.block).filter((one) => !before.has(one)) });
    return true;
  }

  private retreat(to: number): boolean {
    const over = this.path.splice(to);
    for (const step of over) for (const block of step.taken) this.back(block);
    return over.length > 0;
  }
}

/** Return the blocks that were once one with a block: the parts of its compound or face; most blocks are whole, and alone. */
export function compound(plan: Plan, block: number): number[] {
  if (!plan.table.blocks.parent[block]) return [block];
  const found: number[] = [];
  const parent = plan.parent[block];
  for (let other = 0; other < plan.count; other++) if (plan.parent[other] === parent) found.push(other);
  return found;
}

/** Return the blocks of a block's grid that face another grid across the same named street as it does; itself first. */
export function frontage(plan: Plan, block: number, into: number): number[] {
  const facing = (one: number) => {
    const found = new Set<number>();
    for (let n = plan.ptr[one] as number; n < (plan.ptr[one + 1] as number); n++)
      if (plan.grid[plan.near[n] as number] === into && plan.streets[plan.along[n] as number]) found.add(plan.along[n] as number);
    return found;
  };
  const streets = facing(block);
  const mates = [...(plan.members[plan.grid[block] as number] ?? [])];
  return [block, ...mates.filter((one) => one !== block && [...facing(one)].some((street) => streets.has(street)))];
}
