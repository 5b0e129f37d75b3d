/**
 * Whose a point is, on the phone itself: the rule of `gis_grid.lookup`, without its raster.
 *
 * Grids are closed; where several hold a point the first in the file's order owns it (the inner dedicated one, then the
 * smallest code). What rounding leaves out within `slack`, and a gap of up to `gap_m`, goes to the nearer grid.
 */
import { BOUND, side } from "./exact";
import type { Edition } from "../api-types";

/** The ellipsoid of WGS-84. */
const SEMI_MAJOR_M = 6378137;
const ECCENTRICITY2 = 0.00669437999014;

interface Outline {
  /** x, y of the lower end, then of the upper one, for each edge; from west to east where level */
  edges: Float64Array;
  west: number;
  south: number;
  east: number;
  north: number;
}

export interface Index {
  edition: Edition;
  outlines: Outline[];
}

export interface Near {
  position: number;
  metres: number;
}

export function indexOf(edition: Edition): Index {
  return { edition, outlines: edition.grids.map((grid) => outline(grid.shape)) };
}

function outline(rings: number[][]): Outline {
  const edges: number[] = [];
  const box = { west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
  for (const ring of rings) {
    for (let n = 0; n < ring.length; n += 2) {
      const [ax, ay] = [ring[n]!, ring[n + 1]!];
      const m = (n + 2) % ring.length;
      const [bx, by] = [ring[m]!, ring[m + 1]!];
      box.west = Math.min(box.west, ax);
      box.east = Math.max(box.east, ax);
      box.south = Math.min(box.south, ay);
      box.north = Math.max(box.north, ay);
      if (ax === bx && ay === by) continue;
      if (ay > by || (ay === by && ax > bx)) edges.push(bx, by, ax, ay);
      else edges.push(ax, ay, bx, by);
    }
  }
  return { edges: Float64Array.from(edges), ...box };
}

/** Return how many metres a degree of longitude and of latitude is at a latitude. */
export function scaleAt(lat: number): [number, number] {
  const phi = (Math.min(Math.max(lat, -89.9), 89.9) * Math.PI) / 180;
  const w2 = 1 - ECCENTRICITY2 * Math.sin(phi) ** 2;
  const parallel = (SEMI_MAJOR_M / Math.sqrt(w2)) * Math.cos(phi);
  const meridian = (SEMI_MAJOR_M * (1 - ECCENTRICITY2)) / (w2 * Math.sqrt(w2));
  return [(parallel * Math.PI) / 180, (meridian * Math.PI) / 180];
}

/** Tell whether an area of flat rings holds a point. */
export function covers(shape: number[][], x: number, y: number): boolean {
  return holds(x, y, outline(shape));
}

/** Tell whether a grid holds a point, its border included, by the edges east of the point. */
function holds(x: number, y: number, { edges, west, south, east, north }: Outline): boolean {
  if (x < west || x > east || y < south || y > north) return false;
  let odd = false;
  for (let at = 0; at < edges.length; at += 4) {
    const low = edges[at + 1]!;
    const high = edges[at + 3]!;
    if (y < low || y > high) continue;
    const [ax, bx] = [edges[at]!, edges[at + 2]!];
    if (low === high) {
      if (ax <= x && x <= bx) return true;
      continue;
    }
    const one = (bx - ax) * (y - low);
    const two = (high - low) * (x - ax);
    let where = one - two;
    if (Math.abs(where) <= BOUND * (Math.abs(one) + Math.abs(two))) where = side(ax, low, bx, high, x, y);
    if (where === 0) return true;
    if (where > 0 && y < high) odd = !odd;
  }
  return odd;
}

/** Return the distance of a point from the nearest of a grid's edges in metres. */
function away(x: number, y: number, { edges }: Outline, scale: readonly [number, number]): number {
  let best = Infinity;
  for (let at = 0; at < edges.length; at += 4) {
    const ax = (edges[at]! - x) * scale[0];
    const ay = (edges[at + 1]! - y) * scale[1];
    const bx = (edges[at + 2]! - x) * scale[0];
    const by = (edges[at + 3]! - y) * scale[1];
    const dx = bx - ax;
    const dy = by - ay;
    const along = Math.min(Math.max(-(ax * dx + ay * dy) / (dx * dx + dy * dy), 0), 1);
    const px = along > 0.5 ? bx - (1 - along) * dx : ax + along * dx;
    const py = along > 0.5 ? by - (1 - along) * dy : ay + along * dy;
    best = Math.min(best, px * px + py * py);
  }
  return Math.sqrt(best);
}

/** Return the position of the grid that owns a point, -1 outside every grid that is carried. */
export function ownerOf({ edition, outlines }: Index, x: number, y: number): number {
  for (let n = 0; n < outlines.length; n++) if (holds(x, y, outlines[n]!)) return n;
  const scale = scaleAt(y);
  let best = Infinity;
  let second = Infinity;
  let found = -1;
  outlines.forEach((one, n) => {
    const metres = away(x, y, one, scale);
    if (metres < best) [second, best, found] = [best, metres, n];
    else second = Math.min(second, metres);
  });
  const slack = edition.slack * Math.max(...scale);
  return best <= slack || second <= edition.gap_m ? found : -1;
}

/** Return the distance in metres to the nearest border of any grid, and whose it is. */
export function borderOf({ outlines }: Index, x: number, y: number): Near {
  const scale = scaleAt(y);
  let best: Near = { position: -1, metres: Infinity };
  outlines.forEach((one, position) => {
    const metres = away(x, y, one, scale);
    if (metres < best.metres) best = { position, metres };
  });
  return best;
}

/** List the grids that hold a point or have a border within a radius, the nearest first; the owner is at 0 m. */
export function within(index: Index, x: number, y: number, radius: number): Near[] {
  const scale = scaleAt(y);
  const owner = ownerOf(index, x, y);
  const found: Near[] = [];
  index.outlines.forEach((one, position) => {
    const metres = position === owner || holds(x, y, one) ? 0 : away(x, y, one, scale);
    if (metres <= radius) found.push({ position, metres });
  });
  return found.sort((one, other) => one.metres - other.metres || one.position - other.position);
}
