/** The same answers as Python's: `vectors.json` is written by tests/viewer/test_vectors.py. */
import { describe, expect, test } from "vitest";
import { type Move, nextGridId, rebase, squash, undo } from "../src/plan/moves";
import { NONE, Plan } from "../src/plan/plan";
import { check } from "../src/plan/rules";
import type { Table } from "../src/api-types";
import written from "./vectors.json";

type Triple = [block: string, old: string, now: string];
interface Vectors {
  moves: { mine: Triple[]; theirs: Triple[]; squashed: Triple[]; undone: Triple[]; accepted: Triple[]; clashes: Triple[] }[];
  plans: { table: Table; cases: { moves: Triple[]; loads: Record<string, number>; issues: [string, string, string, string[]][] }[] };
  next_ids: [string[], string][];
}

const vectors = written as unknown as Vectors;
const read = (moves: Triple[]): Move[] => moves.map(([block, old, now]) => ({ block, old, new: now }));

describe("moves", () => {
  test.each(vectors.moves)("case %#", ({ mine, theirs, squashed, undone, accepted, clashes }) => {
    expect(squash(read(mine))).toEqual(read(squashed));
    expect(undo(read(mine))).toEqual(read(undone));
    const found = rebase(read(mine), read(theirs));
    expect(found.accepted).toEqual(read(accepted));
    expect(found.clashes.map((one) => [one.block, one.mine.new, one.theirs.new])).toEqual(clashes);
  });

  test.each(vectors.next_ids)("the next id after %j is %s", (used, id) => expect(nextGridId(used)).toBe(id));
});

describe("rules and totals", () => {
  test.each(vectors.plans.cases)("case %#", ({ moves, loads, issues }) => {
    const plan = new Plan(vectors.plans.table);
    plan.apply(plan.toSteps(read(moves)));
    const live = plan.gridIds.map((id, grid) => [id, grid] as const).filter(([, grid]) => plan.members[grid]?.size);
    expect(Object.fromEntries(live.map(([id, grid]) => [id, plan.load(grid)]))).toEqual(loads);
    const found = check(plan).map((one) => [
      one.rule,
      one.grid === NONE ? "" : plan.gridId(one.grid),
      String(one.found),
      one.rule === "band" ? [] : one.blocks.map((block) => plan.blockIds[block] as string).sort(),
    ]);
    expect(found.sort(byText)).toEqual([...issues].sort(byText));
  });

  test("a stroke that is taken back leaves no trace", () => {
    const plan = new Plan(vectors.plans.table);
    const before = [[...plan.grid], [...plan.loads]];
    for (const { moves } of vectors.plans.cases) {
      const steps = plan.toSteps(read(moves));
      plan.apply(steps);
      plan.apply(steps.map((step) => ({ ...step, old: step.new, new: step.old })).reverse());
    }
    expect([[...plan.grid], plan.loads.slice(0, before[1]?.length)]).toEqual(before);
  });
});

function byText(a: unknown, b: unknown): number {
  return JSON.stringify(a) < JSON.stringify(b) ? -1 : 1;
}
