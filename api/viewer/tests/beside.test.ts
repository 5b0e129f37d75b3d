/** Grids of others beside those in hand: who is whose counterpart, and whose borders are where. */
import { expect, test } from "vitest";
import { lengths, pairs, whose } from "../src/plan/beside";
import { NONE, Plan } from "../src/plan/plan";
import type { Table } from "../src/api-types";
import written from "./vectors.json";

const plan = new Plan(written.plans.table as unknown as Table);
const own = [...plan.grid];

test("grids that are the same differ by nothing, and every border is shared", () => {
  const found = pairs(plan, own);
  expect(found.map((one) => [one.theirs, one.grid])).toEqual(plan.gridIds.map((_, grid) => [grid, grid]));
  expect(found.every((one) => !one.blocks.length)).toBe(true);
  const metres = lengths(plan, own);
  expect([metres.ours, metres.theirs]).toEqual([0, 0]);
  expect(metres.both).toBeGreaterThan(0);
});

test("two of ours that are one of theirs: the larger is its counterpart, the other has none", () => {
  const [small, large] = [0, 1].sort((a, b) => plan.load(a) - plan.load(b)) as [number, number];
  const theirs = own.map((grid) => (grid === small ? large : grid));
  const found = pairs(plan, theirs);
  expect(found.find((one) => one.theirs === large)).toMatchObject({ grid: large, households: plan.load(small) });
  expect(found.find((one) => one.grid === small)).toMatchObject({ theirs: NONE, households: plan.load(small) });
  expect(new Set(found[0]?.blocks)).toEqual(plan.members[small]);
  const block = [...(plan.members[small] as Set<number>)].find((one) => touching(one).some((other) => plan.grid[other] === large)) as number;
  const other = touching(block).find((one) => plan.grid[one] === large) as number;
  expect([whose(plan, own, block, other), whose(plan, theirs, block, other)]).toEqual(["both", "ours"]);
  expect(lengths(plan, theirs).ours).toBeCloseTo(lengths(plan, own).both - lengths(plan, theirs).both);
});

test("ground that is in none of theirs is no counterpart of anything", () => {
  const found = pairs(plan, own.map(() => NONE));
  expect(found.map((one) => one.theirs)).toEqual(plan.gridIds.map(() => NONE));
  expect(found.reduce((sum, one) => sum + one.households, 0)).toBe([...plan.households].reduce((a, b) => a + b, 0));
});

function touching(block: number): number[] {
  return [...plan.near.slice(plan.ptr[block], plan.ptr[block + 1])];
}
