/**
 * On which side of a line a point lies, without rounding: plain arithmetic where its error bound settles it, else the
 * sum of the six exact products as an expansion of doubles (Shewchuk 1997). The same steps as `gis_grid.lookup.exact`.
 */

/** The relative error of the determinant is below 3 + 16 ulp; a little more is taken to be exact. */
export const BOUND = 3.4e-16;
/** Splits a double into two halves of 26 bits (Dekker 1971). */
const SPLIT = 134217729;

/** Add the exact product of two numbers to an expansion. */
function grow(held: number[], a: number, b: number): void {
  const product = a * b;
  let high = SPLIT * a;
  const aHigh = high - (high - a);
  const aLow = a - aHigh;
  high = SPLIT * b;
  const bHigh = high - (high - b);
  const bLow = b - bHigh;
  const rest = aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
  for (const part of [rest, product]) {
    let carry = part;
    for (let n = 0; n < held.length; n++) {
      const other = held[n]!;
      const total = carry + other;
      const seen = total - carry;
      held[n] = carry - (total - seen) + (other - seen);
      carry = total;
    }
    held.push(carry);
  }
}

/** Return a number above 0 left of the line from a to b, below 0 right of it, 0 on it: its sign is exact. */
export function side(ax: number, ay: number, bx: number, by: number, x: number, y: number): number {
  const left = (bx - ax) * (y - ay);
  const right = (by - ay) * (x - ax);
  const found = left - right;
  if (Math.abs(found) > BOUND * (Math.abs(left) + Math.abs(right))) return found;
  const held: number[] = [];
  grow(held, ax, by);
  grow(held, -ax, y);
  grow(held, -x, by);
  grow(held, -ay, bx);
  grow(held, ay, x);
  grow(held, y, bx);
  for (let n = held.length - 1; n >= 0; n--) if (held[n] !== 0) return held[n]!;
  return 0;
}
