/** The shapes of blocks as `api/shapes.py` packs them, and answers to: which block is here, which border is near? */
import { NONE } from "./plan";

const UNITS = 1e7;

/** Corners of all rings one after the other, and the lines between two blocks; longitude and latitude in degrees. */
export class Shapes {
  readonly count: number;
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** Rings of block n: `ringsOf[n]` to `ringsOf[n + 1] - 1`; corners of ring r: `cornersOf[r]` on; a shell opens a polygon. */
  readonly ringsOf: Int32Array;
  readonly cornersOf: Int32Array;
  readonly shell: Uint8Array;
  /** Line n runs from corner `lineStart[n]` over `lineSides[n]` sides in ring `lineRing[n]`, between blocks a and b (or NONE). */
  readonly lineA: Int32Array;
  readonly lineB: Int32Array;
  readonly lineStart: Int32Array;
  readonly lineSides: Int32Array;
  readonly lineRing: Int32Array;
  readonly linesOf: number[][];

  constructor(data: ArrayBuffer) {
    const numbers = new Int32Array(data);
    const [version, blocks, polygons, rings, corners, runs] = numbers as unknown as number[];
    if (version !== 1) throw new Error("shapes of another version");
    let at = 6;
    const next = (length: number | undefined) => numbers.subarray(at, (at += length ?? 0));
    const polygonsOf = next(blocks);
    const ringsOfPolygon = next(polygons);
    const cornersOfRing = next(rings);
    const runsOfRing = next(rings);
    [this.x, this.y] = [degrees(next(corners)), degrees(next(corners))];
    const [neighbour, sides] = [next(runs), next(runs)];
    this.count = blocks ?? 0;
    this.cornersOf = summed(cornersOfRing);
    this.shell = new Uint8Array(rings ?? 0);
    this.ringsOf = new Int32Array(this.count + 1);
    let [polygon, ring] = [0, 0];
    for (let block = 0; block < this.count; block++) {
      for (let n = 0; n < (polygonsOf[block] as number); n++) {
        this.shell[ring] = 1;
        ring += ringsOfPolygon[polygon++] as number;
      }
      this.ringsOf[block + 1] = ring;
    }
    const lines: [number[], number[], number[], number[], number[]] = [[], [], [], [], []];
    let run = 0;
    for (let block = 0; block < this.count; block++)
      for (let r = this.ringsOf[block] as number; r < (this.ringsOf[block + 1] as number); r++) {
        let corner = this.cornersOf[r] as number;
        for (let n = 0; n < (runsOfRing[r] as number); n++, run++) {
          const [other, length] = [neighbour[run] as number, sides[run] as number];
          if (other === NONE || block < other) {
            [block, other, corner, length, r].forEach((value, column) => lines[column]?.push(value));
          }
          corner += length;
        }
      }
    [this.lineA, this.lineB, this.lineStart, this.lineSides, this.lineRing] = lines.map((column) =>
      Int32Array.from(column),
    ) as [Int32Array, Int32Array, Int32Array, Int32Array, Int32Array];
    this.linesOf = Array.from({ length: this.count }, () => []);
    this.lineA.forEach((a, line) => {
      this.linesOf[a]?.push(line);
      this.linesOf[this.lineB[line] as number]?.push(line);
    });
  }

  /** Return the polygons of a block as GeoJSON has them. */
  polygons(block: number): [number, number][][][] {
    const found: [number, number][][][] = [];
    for (let ring = this.ringsOf[block] as number; ring < (this.ringsOf[block + 1] as number); ring++) {
      const places: [number, number][] = [];
      const first = this.cornersOf[ring] as number;
      for (let n = first; n < (this.cornersOf[ring + 1] as number); n++) places.push([this.x[n]!, this.y[n]!]);
      places.push([this.x[first]!, this.y[first]!]);
      if (this.shell[ring]) found.push([places]);
      else found.at(-1)?.push(places);
    }
    return found;
  }

  /** Return the corners of a line. */
  line(line: number): [number, number][] {
    const places: [number, number][] = [];
    for (let n = 0; n <= (this.lineSides[line] as number); n++) {
      const corner = this.corner(line, n);
      places.push([this.x[corner]!, this.y[corner]!]);
    }
    return places;
  }

  /** The corner after n sides of a line, which may pass the end of its ring. */
  corner(line: number, n: number): number {
    const ring = this.lineRing[line] as number;
    const first = this.cornersOf[ring] as number;
    const corner = (this.lineStart[line] as number) + n;
    return corner < (this.cornersOf[ring + 1] as number) ? corner : corner - (this.cornersOf[ring + 1] as number) + first;
  }

  /** Say whether a place lies in a block (even-odd rule over all of its rings). */
  holds(block: number, lon: number, lat: number): boolean {
    let inside = false;
    for (let ring = this.ringsOf[block] as number; ring < (this.ringsOf[block + 1] as number); ring++) {
      const [first, end] = [this.cornersOf[ring] as number, this.cornersOf[ring + 1] as number];
      for (let n = first, before = end - 1; n < end; before = n++) {
        const [y, last] = [this.y[n]!, this.y[before]!];
        if (y > lat !== last > lat && lon < ((this.x[before]! - this.x[n]!) * (lat - y)) / (last - y) + this.x[n]!)
          inside = !inside;
      }
    }
    return inside;
  }

  /** Return the square of the distance from a place to a line, in degrees of latitude. */
  distance2(line: number, lon: number, lat: number, squeeze: number): number {
    let best = Infinity;
    for (let n = 0; n < (this.lineSides[line] as number); n++) {
      const [p, q] = [this.corner(line, n), this.corner(line, n + 1)];
      const [px, py] = [(this.x[p]! - lon) * squeeze, this.y[p]! - lat];
      const [dx, dy] = [(this.x[q]! - this.x[p]!) * squeeze, this.y[q]! - this.y[p]!];
      const along = Math.min(1, Math.max(0, -(px * dx + py * dy) / (dx * dx + dy * dy || 1)));
      best = Math.min(best, (px + along * dx) ** 2 + (py + along * dy) ** 2);
    }
    return best;
  }
}

function degrees(steps: Int32Array): Float64Array {
  const out = new Float64Array(steps.length);
  let sum = 0;
  for (let n = 0; n < steps.length; n++) out[n] = (sum += steps[n] as number) / UNITS;
  return out;
}

function summed(counts: Int32Array): Int32Array {
  const out = new Int32Array(counts.length + 1);
  for (let n = 0; n < counts.length; n++) out[n + 1] = (out[n] as number) + (counts[n] as number);
  return out;
}

/** A raster of cells over the district, each with the blocks and lines whose boxes touch it. */
export class Finder {
  private readonly blocks: number[][];
  private readonly lines: number[][];
  private readonly side: number;
  private readonly box: [number, number, number, number];
  /** Degrees of longitude that are as long as one of latitude. */
  readonly squeeze: number;

  constructor(private readonly shapes: Shapes) {
    this.side = Math.max(1, Math.min(400, Math.ceil(Math.sqrt(shapes.count))));
    this.box = boxOf(shapes.x, shapes.y, 0, shapes.x.length);
    this.squeeze = Math.cos((((this.box[1] + this.box[3]) / 2) * Math.PI) / 180);
    const cells = () => Array.from({ length: this.side * this.side }, (): number[] => []);
    [this.blocks, this.lines] = [cells(), cells()];
    for (let block = 0; block < shapes.count; block++) {
      const first = shapes.cornersOf[shapes.ringsOf[block] as number] as number;
      const end = shapes.cornersOf[shapes.ringsOf[block + 1] as number] as number;
      this.enter(this.blocks, block, boxOf(shapes.x, shapes.y, first, end));
    }
    shapes.lineA.forEach((_, line) => this.enter(this.lines, line, lineBox(shapes, line)));
  }

  /** Return the block at a place, NONE outside. */
  block(lon: number, lat: number): number {
    for (const block of this.blocks[this.cell(lon, lat)] ?? []) if (this.shapes.holds(block, lon, lat)) return block;
    return NONE;
  }

  /** Return the nearest line that passes a test within a distance in degrees of latitude, and how far it is. */
  line(lon: number, lat: number, within: number, passes: (line: number) => boolean): [line: number, distance: number] {
    let [best, least] = [NONE, within * within];
    const reach = within / this.squeeze;
    for (const line of this.inBox(this.lines, [lon - reach, lat - within, lon + reach, lat + within])) {
      if (!passes(line)) continue;
      const found = this.shapes.distance2(line, lon, lat, this.squeeze);
      if (found < least) [best, least] = [line, found];
    }
    return [best, Math.sqrt(least)];
  }

  /** Return the blocks whose boxes touch a box. */
  blocksIn(box: [number, number, number, number]): Set<number> {
    return this.inBox(this.blocks, box);
  }

  /** Return the lines whose boxes touch a box. */
  linesIn(box: [number, number, number, number]): Set<number> {
    return this.inBox(this.lines, box);
  }

  private inBox(cells: number[][], box: [number, number, number, number]): Set<number> {
    const found = new Set<number>();
    const [west, south, east, north] = this.range(box);
    for (let row = south; row <= north; row++)
      for (let column = west; column <= east; column++)
        for (const one of cells[row * this.side + column] ?? []) found.add(one);
    return found;
  }

  private enter(cells: number[][], one: number, box: [number, number, number, number]): void {
    const [west, south, east, north] = this.range(box);
    for (let row = south; row <= north; row++)
      for (let column = west; column <= east; column++) cells[row * this.side + column]?.push(one);
  }

  private range([w, s, e, n]: [number, number, number, number]): [number, number, number, number] {
    const [west, south, east, north] = this.box;
    const place = (value: number, low: number, high: number) =>
      Math.max(0, Math.min(this.side - 1, Math.floor(((value - low) / (high - low || 1)) * this.side)));
    return [place(w, west, east), place(s, south, north), place(e, west, east), place(n, south, north)];
  }

  private cell(lon: number, lat: number): number {
    const [column, row] = this.range([lon, lat, lon, lat]);
    return row * this.side + column;
  }
}

function boxOf(x: Float64Array, y: Float64Array, first: number, end: number): [number, number, number, number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let n = first; n < end; n++) {
    const [lon, lat] = [x[n] as number, y[n] as number];
    if (lon < west) west = lon;
    if (lon > east) east = lon;
    if (lat < south) south = lat;
    if (lat > north) north = lat;
  }
  return [west, south, east, north];
}

function lineBox(shapes: Shapes, line: number): [number, number, number, number] {
  let [west, south, east, north] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let n = 0; n <= (shapes.lineSides[line] as number); n++) {
    const corner = shapes.corner(line, n);
    const [lon, lat] = [shapes.x[corner] as number, shapes.y[corner] as number];
    [west, south, east, north] = [Math.min(west, lon), Math.min(south, lat), Math.max(east, lon), Math.max(north, lat)];
  }
  return [west, south, east, north];
}
