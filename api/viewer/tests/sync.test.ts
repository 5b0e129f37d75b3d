/** Two browsers on one draft, one of them without a network for a while: both end as the service stands. */
import { beforeAll, expect, test, vi } from "vitest";
import { Problem } from "../src/api";
import type { Gesture } from "../src/plan/journal";
import { type Clash, type Move, rebase } from "../src/plan/moves";
import type { EntryTold as Entry, PatchAnswer } from "../src/api-types";
import { type Local, type Service, Sync } from "../src/plan/sync";

beforeAll(() => {
  vi.useFakeTimers();
});

/** What the service does with moves (gis_grid/store/drafts.py), without new grids. */
class Draft {
  readonly entries: Entry[] = [];
  readonly grids: Map<string, string>;
  private readonly answered = new Map<string, PatchAnswer>();

  constructor(readonly start: Map<string, string>) {
    this.grids = new Map(start);
  }

  patch(who: string, revision: number, moves: Move[], key: string): PatchAnswer {
    const known = this.answered.get(key);
    if (known) return known;
    const then = new Map(this.start);
    for (const entry of this.entries.slice(0, revision)) for (const move of entry.moves) then.set(move.block, move.new);
    for (const move of moves) {
      if (then.get(move.block) !== move.old) throw new Problem(422, `${move.block} is in ${then.get(move.block)}, not in ${move.old}`);
      then.set(move.block, move.new);
    }
    const { accepted, clashes } = rebase(moves, this.entries.slice(revision).flatMap((entry) => entry.moves));
    if (accepted.length) {
      for (const move of accepted) this.grids.set(move.block, move.new);
      this.entries.push({ revision: this.entries.length + 1, kind: "moves", moves: accepted, cut: null, why: "", who, at: "", undoes: null });
    }
    const answer = { revision: this.entries.length, accepted, clashes: clashes.map((one) => ({ ...one, who: "x" })), renamed: {}, repeated: false, entry: null };
    this.answered.set(key, answer);
    return answer;
  }
}

class Browser implements Local {
  readonly grids: Map<string, string>;
  readonly clashes: Clash[] = [];
  readonly refusals: Problem[] = [];
  readonly sync: Sync;
  online = true;
  /** Whether answers get lost after the service has done its part. */
  deaf = false;
  private count = 0;

  constructor(readonly who: string, readonly draft: Draft) {
    this.grids = new Map(draft.grids);
    const service: Service = {
      patch: async (revision, moves, _why, key) => {
        if (!this.online) throw new Problem(0, "offline");
        const answer = structuredClone(draft.patch(who, revision, structuredClone(moves), key));
        if (this.deaf) throw new Problem(0, "offline");
        return answer;
      },
      since: async (revision) => {
        if (!this.online || this.deaf) throw new Problem(0, "offline");
        return structuredClone(draft.entries.slice(revision));
      },
    };
    this.sync = new Sync(service, this, 0, [], new Set(draft.start.values()));
  }

  put(block: string, grid: string): void {
    this.grids.set(block, grid);
  }
  rename(old: string, id: string): void {
    for (const [block, grid] of this.grids) if (grid === old) this.grids.set(block, id);
  }
  freeId(): string {
    return "g0099";
  }
  keep(): void {}
  drop(): void {}
  clash(clash: Clash): void {
    this.clashes.push(clash);
  }
  recut(): void {}
  changed(): void {}
  refused(problem: Problem): void {
    this.refusals.push(problem);
  }

  gesture(blocks: string[], grid: string): void {
    const moves = blocks.map((block) => ({ block, old: this.grids.get(block) as string, new: grid })).filter((move) => move.old !== move.new);
    if (!moves.length) return;
    for (const move of moves) this.grids.set(move.block, move.new);
    const key = `${this.who}-${this.count++}`;
    this.sync.add({ key, draft: "d1", order: this.count, kind: "stroke", moves, why: "", at: 0, state: "waiting", revision: 0, of: "", undone: false } satisfies Gesture);
  }
}

/** Whole numbers that are the same in every run (mulberry32). */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

test.each([1, 2, 3, 4, 5, 6, 7, 8])("random gestures of two, seed %i", async (seed) => {
  const roll = dice(seed);
  const blocks = Array.from({ length: 12 }, (_, n) => `b${n}`);
  const draft = new Draft(new Map(blocks.map((block) => [block, `g${roll(3)}`])));
  const [lin, wang] = [new Browser("lin", draft), new Browser("wang", draft)];
  for (let round = 0; round < 120; round++) {
    const who = roll(2) ? lin : wang;
    const first = roll(12);
    who.gesture(blocks.slice(first, first + 1 + roll(3)), `g${roll(3)}`);
    if (round === 30) lin.online = false;
    if (round === 70) lin.online = true;
    if (roll(10) === 0) wang.deaf = !wang.deaf;
    if (roll(3) === 0) for (const one of [lin, wang]) one.sync.hear(draft.entries.length);
    if (roll(4)) await vi.advanceTimersByTimeAsync(roll(3000));
  }
  lin.online = wang.online = true;
  lin.deaf = wang.deaf = false;
  for (let n = 0; n < 5; n++) {
    for (const one of [lin, wang]) one.sync.hear(draft.entries.length);
    await vi.advanceTimersByTimeAsync(20_000);
  }
  expect(lin.refusals).toEqual([]);
  expect(wang.refusals).toEqual([]);
  expect(lin.sync.queue).toEqual([]);
  expect(Object.fromEntries(lin.grids)).toEqual(Object.fromEntries(draft.grids));
  expect(Object.fromEntries(wang.grids)).toEqual(Object.fromEntries(draft.grids));
  expect(lin.clashes.length + wang.clashes.length).toBeGreaterThan(0);
});

/** Two who start from three blocks in one grid; lin has no network yet. */
function pair(): [Draft, Browser, Browser] {
  const draft = new Draft(new Map(["b0", "b1", "b2"].map((block) => [block, "g0"])));
  const [lin, wang] = [new Browser("lin", draft), new Browser("wang", draft)];
  lin.online = false;
  return [draft, lin, wang];
}

async function joined(lin: Browser, draft: Draft): Promise<void> {
  lin.online = true;
  lin.sync.hear(draft.entries.length);
  await vi.advanceTimersByTimeAsync(20_000);
}

test("a gesture that is refused takes along what later ones made of its blocks, and nothing else", async () => {
  const [draft, lin] = pair();
  lin.grids.set("b0", "g8"); // what the service does not know
  lin.gesture(["b0"], "g1");
  lin.gesture(["b0", "b1"], "g2");
  await joined(lin, draft);
  expect(lin.refusals.length).toBe(1);
  expect(draft.entries.map((entry) => entry.moves)).toEqual([[{ block: "b1", old: "g0", new: "g2" }]]);
  expect(lin.grids.get("b0")).toBe("g8");
  expect(lin.sync.queue).toEqual([]);
});

test("two who give new grids one id have two grids, also where the second gesture that waits made it", async () => {
  const [draft, lin, wang] = pair();
  wang.gesture(["b2"], "g7");
  await vi.advanceTimersByTimeAsync(1000);
  lin.gesture(["b0"], "g0x");
  lin.gesture(["b1"], "g7");
  await joined(lin, draft);
  expect(Object.fromEntries(draft.grids)).toEqual({ b0: "g0x", b1: "g0099", b2: "g7" });
  expect(Object.fromEntries(lin.grids)).toEqual(Object.fromEntries(draft.grids));
});
