/** What can be undone and redone: worked out from the journal of gestures, so that it survives a reload. */
import type { Gesture } from "./journal";
import type { Plan, Step } from "./plan";

/** Return the gestures that can be taken back and those that can be repeated, the next one last. */
export function stacks(gestures: readonly Gesture[]): { undo: Gesture[]; redo: Gesture[] } {
  const undo: Gesture[] = [];
  const redo: Gesture[] = [];
  for (const gesture of gestures) {
    if (gesture.kind === "undo") redo.push(...remove(undo, gesture.of));
    else if (gesture.kind === "redo") undo.push(...remove(redo, gesture.of));
    else {
      undo.push(gesture);
      redo.length = 0;
    }
  }
  return { undo, redo };
}

function remove(stack: Gesture[], key: string): Gesture[] {
  const place = stack.findLastIndex((gesture) => gesture.key === key);
  return place < 0 ? [] : stack.splice(place, 1);
}

/** Return the steps that take moves back (or repeat them), as far as their blocks are still where they led. */
export function turned(plan: Plan, gesture: Gesture, way: "undo" | "redo"): { steps: Step[]; kept: number } {
  const wanted = plan.toSteps(gesture.moves).map((step) => (way === "undo" ? { ...step, old: step.new, new: step.old } : step));
  const steps = wanted.filter((step) => plan.grid[step.block] === step.old);
  return { steps: way === "undo" ? steps.reverse() : steps, kept: wanted.length - steps.length };
}
