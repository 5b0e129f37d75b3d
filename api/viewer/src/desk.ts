/** What the planner has in hand on the screen: tool, chosen grid, picked blocks, the stroke that runs. */
import { signal } from "@preact/signals";
import type { Beside, Ground } from "./plan/beside";
import type { Stop } from "./plan/stroke";
import { NONE } from "./plan/plan";

export type Tool = "border" | "brush" | "rectangle" | "lasso" | "cut";
export type Shown = "worst" | "illegal" | "smallest" | "largest";
export type Tab = "grids" | "issues" | "history" | "people" | "layers";

/** A grid that a stroke touches: households before and now, and whether every quick rule holds now. */
export interface Touched {
  grid: number;
  before: number;
  now: number;
  faults: string[];
}

export const tool = signal<Tool>("border");
export const tab = signal<Tab>("grids");
/** Which grids the list shows, in which order, and what their names are searched for. */
export const shown = signal<Shown>("worst");
export const sought = signal("");
export const chosen = signal<number>(NONE);
export const picked = signal<ReadonlySet<number>>(new Set());
export const strip = signal<Touched[]>([]);
export const stop = signal<Stop | null>(null);
/** A suggestion is shown, to be kept or put back. */
export const previewing = signal(false);
export const comparing = signal(false);
/** The plan or draft that is compared with; empty for the plan that a draft began as. */
export const against = signal("");
export const swiping = signal(false);
/** Layers of the ground that are shown, and the grids that somebody else has drawn, if any. */
export const grounds = signal<ReadonlySet<Ground>>(new Set());
export const beside = signal<Beside | null>(null);
/** What was just done or found, for the eye and for screen readers. */
export const announced = signal("");
