/**
 * Which grid each block belongs to changes by moves alone; the same functions as in `gis_grid/assignment.py`, held to
 * the same vectors. A list of moves reads from front to back.
 */

import type { MoveTold } from "../api-types";

/** Take one block out of one grid and put it into another, all by their ids; "" is no grid. */
export type Move = MoveTold;

/** A block that two planners sent to two different grids. */
export interface Clash {
  block: string;
  mine: Move;
  theirs: Move;
}

/** Moves that do not fit what they are applied to. */
export class MoveError extends Error {}

export function inverse(move: Move): Move {
  return { block: move.block, old: move.new, new: move.old };
}

/** Return the moves that take a list of moves back: each turned round, the last one first. */
export function undo(moves: readonly Move[]): Move[] {
  return moves.map(inverse).reverse();
}

/** Return the shortest list with the same effect: one move a block, none for a block that came home. */
export function squash(moves: Iterable<Move>): Move[] {
  const ends = new Map<string, Move>();
  const misfits: string[] = [];
  for (const move of moves) {
    const before = ends.get(move.block);
    if (before && before.new !== move.old) {
      misfits.push(`block ${move.block} was sent to ${before.new}, then taken from ${move.old}`);
      continue;
    }
    ends.set(move.block, { block: move.block, old: before ? before.old : move.old, new: move.new });
  }
  if (misfits.length) throw new MoveError(misfits.join("\n"));
  return [...ends.values()].filter((move) => move.old !== move.new);
}

/**
 * Carry my moves over onto a draft that somebody else has moved in since; both lists start from the same assignment.
 * Moves on blocks that they left alone are accepted, moves that agree with theirs are done already, and only blocks
 * sent to two places come back as clashes.
 */
export function rebase(mine: Iterable<Move>, theirs: Iterable<Move>): { accepted: Move[]; clashes: Clash[] } {
  const done = new Map(squash(theirs).map((move) => [move.block, move]));
  const accepted: Move[] = [];
  const clashes: Clash[] = [];
  const misfits: string[] = [];
  for (const move of squash(mine)) {
    const other = done.get(move.block);
    if (!other) accepted.push(move);
    else if (other.old !== move.old)
      misfits.push(`block ${move.block} starts in ${move.old} for one and in ${other.old} for the other`);
    else if (other.new !== move.new) clashes.push({ block: move.block, mine: move, theirs: other });
  }
  if (misfits.length) throw new MoveError(misfits.join("\n"));
  return { accepted, clashes };
}

/** Return an id no grid has: one above the highest `g0001`-like number in use. */
export function nextGridId(used: Iterable<string>): string {
  let highest = 0;
  for (const id of used) {
    const found = /^g(\d+)$/.exec(id);
    if (found) highest = Math.max(highest, Number(found[1]));
  }
  return `g${String(highest + 1).padStart(4, "0")}`;
}
