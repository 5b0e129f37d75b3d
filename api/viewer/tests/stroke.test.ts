/** Borders follow the pointer to either side and back; what stops them is said. */
import { expect, test } from "vitest";
import { Plan } from "../src/plan/plan";
import { stacks } from "../src/plan/history";
import type { Gesture } from "../src/plan/journal";
import { BorderStroke, compound, type Options, Stroke } from "../src/plan/stroke";
import type { Table } from "../src/api-types";
import written from "./vectors.json";

// five columns by four rows; a grid to a row, a river between rows 1 and 2, two communities of two rows each
const table = written.plans.table as unknown as Table;
const free: Options = { locked: () => false, cross: false, whole: false };
const at = (plan: Plan, id: string) => plan.block(id) as number;
const held = (plan: Plan, id: string) => plan.gridId(plan.grid[at(plan, id)] as number);

function grasped(): [Plan, BorderStroke] {
  const plan = new Plan(table);
  return [plan, new BorderStroke(plan, plan.gridOf("g0001"), plan.gridOf("g0002"), at(plan, "b02"))];
}

test("blocks that are passed over change side, and change back as the pointer returns", () => {
  const [plan, stroke] = grasped();
  stroke.over(at(plan, "b12"), true, free);
  stroke.over(at(plan, "b13"), true, free);
  expect([held(plan, "b12"), held(plan, "b13")]).toEqual(["g0001", "g0001"]);
  stroke.over(at(plan, "b12"), true, free);
  expect([held(plan, "b12"), held(plan, "b13")]).toEqual(["g0001", "g0002"]);
  stroke.over(at(plan, "b02"), true, free);
  expect(stroke.steps).toEqual([]);
});

test("the block that was under the pointer changes side only when meant", () => {
  const [plan, stroke] = grasped();
  expect(stroke.over(at(plan, "b02"), false, free)).toBe(false);
  expect(stroke.over(at(plan, "b02"), true, free)).toBe(true);
  expect(held(plan, "b02")).toBe("g0002");
  stroke.cancel();
  expect(held(plan, "b02")).toBe("g0001");
  expect(plan.load(plan.gridOf("g0001"))).toBe(60 + 62 + 64 + 66 + 68);
});

test("community lines, locks and third grids stop it, and a held key crosses a line", () => {
  const plan = new Plan(table);
  const brush = new Stroke(plan);
  const [second, third] = [plan.gridOf("g0002"), plan.gridOf("g0003")];
  expect(brush.send(at(plan, "b20"), second, free)).toBe(false);
  expect(brush.stop).toBe("community");
  expect(brush.send(at(plan, "b20"), second, { ...free, cross: true })).toBe(true);
  expect(brush.send(at(plan, "b21"), second, { ...free, locked: (grid) => grid === third })).toBe(false);
  expect(brush.stop).toBe("locked");
  const [same, border] = grasped();
  border.over(at(same, "b22"), true, free);
  expect(border.stop).toBe("elsewhere");
});

test("undo and redo are worked out from the journal alone", () => {
  const one = (key: string, kind: Gesture["kind"], of = "") => ({ key, kind, of }) as Gesture;
  const journal = [one("a", "stroke"), one("b", "stroke"), one("c", "undo", "b")];
  const keys = (found: ReturnType<typeof stacks>) => [found.undo.map((each) => each.key), found.redo.map((each) => each.key)];
  expect(keys(stacks(journal))).toEqual([["a"], ["b"]]);
  expect(keys(stacks([...journal, one("d", "redo", "b")]))).toEqual([["a", "b"], []]);
  expect(keys(stacks([...journal, one("d", "stroke")]))).toEqual([["a", "d"], []]);
});

test("a block that somebody else moves meanwhile is theirs: it is neither kept as moved here nor put back", () => {
  const [plan, stroke] = grasped();
  stroke.over(at(plan, "b12"), true, free);
  stroke.over(at(plan, "b13"), true, free);
  stroke.yield(at(plan, "b12"));
  plan.put(at(plan, "b12"), plan.gridOf("g0003"));
  expect(stroke.steps.map((step) => plan.blockIds[step.block])).toEqual(["b13"]);
  stroke.cancel();
  expect([held(plan, "b12"), held(plan, "b13")]).toEqual(["g0003", "g0002"]);
});

test("a frontage goes whole: every block of the row that faces the other grid across that street, and back", () => {
  const street = { ...table, borders: { ...table.borders, streets: ["", "Long Street"], street_name: table.borders.a.map(() => 1) } };
  const plan = new Plan(street);
  const stroke = new BorderStroke(plan, plan.gridOf("g0001"), plan.gridOf("g0002"), at(plan, "b02"));
  stroke.over(at(plan, "b12"), true, { ...free, front: true });
  expect(stroke.steps.map((step) => plan.blockIds[step.block]).sort()).toEqual(["b10", "b11", "b12", "b13", "b14"]);
  stroke.over(at(plan, "b02"), true, free);
  expect(stroke.steps).toEqual([]);
});

test("a compound goes whole, and a block that is no part of one goes alone", () => {
  const parent = table.blocks.parent.map((_, row) => (row < 3 ? "c1" : ""));
  const plan = new Plan({ ...table, blocks: { ...table.blocks, parent } });
  expect(compound(plan, 0)).toEqual([0, 1, 2]);
  expect(compound(plan, 7)).toEqual([7]);
});

test("a street without a name has no frontage", () => {
  const plan = new Plan({ ...table, borders: { ...table.borders, streets: [""], street_name: table.borders.a.map(() => 0) } });
  const stroke = new Stroke(plan);
  stroke.send(at(plan, "b12"), plan.gridOf("g0001"), { ...free, front: true });
  expect(stroke.steps.map((step) => plan.blockIds[step.block])).toEqual(["b12"]);
});
