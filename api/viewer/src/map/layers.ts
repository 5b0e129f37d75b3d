/**
 * The plan on the map: blocks and their borders as tiles that never change while people draw, coloured by the state of
 * their features, so that a block that changes side costs a few numbers and no new shapes.
 */
import type { ExpressionSpecification, FilterSpecification, GeoJSONSource, LayerSpecification, LineLayerSpecification, Map as GlMap, StyleSpecification } from "maplibre-gl";
import { FILLS, LOOSE } from "../plan/colours";
import { NONE, type Plan } from "../plan/plan";
import type { Finder, Shapes } from "../plan/shapes";
import { DEEPEST, OVERVIEW, SCHEME, serveTiles } from "./encoder";

export const FONTS = ["Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];
const INK = "#222222";
const CHOSEN = "#c1121f";

const LINES = { source: "draft", "source-layer": "lines" };

type Value = ExpressionSpecification;
type Paint = LineLayerSpecification["paint"];

/** The state of a feature, else what the feature said when it was made. */
const told = (name: string): Value => ["coalesce", ["feature-state", name], ["get", name], 0] as unknown as Value;
const byZoom = (far: unknown, close: unknown): Value =>
  ["interpolate", ["exponential", 1.5], ["zoom"], 11, far, 18, close] as unknown as Value;
const pick = (value: Value, colours: readonly string[], other: string): Value =>
  ["match", value, ...colours.flatMap((colour, n) => [n, colour]), other] as unknown as Value;

/** What stands in the middle of a grid, and whether something is wrong with it. */
export interface Text {
  grid: number;
  text: string;
  bad: boolean;
}

export class PlanLayers {
  colours: number[];
  private chosen = NONE;
  private comparing = false;
  private picked: ReadonlySet<number> = new Set();
  /** Lines that said nothing when tiles of the overview were made without them: those that have become borders since. */
  private readonly silent: Uint8Array;
  private readonly late = new Set<number>();
  private behind = false;

  constructor(
    private readonly map: GlMap,
    private readonly plan: Plan,
    readonly shapes: Shapes,
    finder: Finder,
    colours: number[],
  ) {
    this.colours = colours;
    const saying = this.lineSaying();
    this.silent = Uint8Array.from(shapes.lineA, (_, line) => (saying(line).some(Boolean) ? 0 : 1));
    serveTiles(shapes, finder, { block: (block) => [this.colour(block)], line: saying });
    map.on("zoom", () => this.behind && this.catchUp());
  }

  /** Draw the plan on its ground: all at once, since what is added later is drawn, and waited for, once more. */
  async draw(ground: StyleSpecification, texts: readonly Text[], faulty: Iterable<number>): Promise<void> {
    const { map, plan } = this;
    const data = (features: object[]) => ({ type: "geojson" as const, data: collection(features) });
    const draft = { type: "vector" as const, tiles: [`${SCHEME}://tile/{z}/{x}/{y}`], minzoom: 8, maxzoom: DEEPEST, bounds: plan.table.bounds };
    const sources = { ...ground.sources, draft, names: data(this.texts(texts)), faults: data(this.hatched(faulty)), hand: data([]), late: data([]) };
    const under = ground.layers.findIndex((layer) => layer.id.startsWith("street"));
    const over = ground.layers.findIndex((layer) => layer.type === "symbol");
    const [low, high] = [under < 0 ? ground.layers.length : under, over < 0 ? ground.layers.length : over];
    const layers = [...ground.layers.slice(0, low), ...fills(), ...ground.layers.slice(low, high), ...borders(), ...ground.layers.slice(high), ...names()];
    const drawn = new Promise<void>((resolve) => map.once("style.load", () => resolve(void map.addImage("hatch", hatch(), { pixelRatio: 2 }))));
    map.setStyle({ ...ground, sources, layers });
    await drawn;
  }

  /** Blocks changed side: colour them, and draw or leave out the borders around them. */
  moved(blocks: Iterable<number>): void {
    const lines = new Set<number>();
    for (const block of blocks) {
      this.map.setFeatureState({ source: "draft", sourceLayer: "blocks", id: block + 1 }, { c: this.colour(block), m: this.differs(block) });
      for (const line of this.shapes.linesOf[block] ?? []) lines.add(line);
    }
    this.restate(lines);
  }

  private restate(lines: Iterable<number>): void {
    for (const line of lines) {
      const state = this.lineState(line);
      this.map.setFeatureState({ source: "draft", sourceLayer: "lines", id: line + 1 }, state);
      if (!this.silent[line] || (!this.late.has(line) && !state.on && !state.was)) continue;
      if (state.on || state.was) this.late.add(line);
      else this.late.delete(line);
      this.behind = true;
    }
    if (this.behind) this.catchUp();
  }

  /** Draw what the overview lacks, if that is what is looked at. */
  private catchUp(): void {
    if (this.map.getZoom() >= OVERVIEW + 1) return;
    this.behind = false;
    this.setData("late", [...this.late].map((line) => feature("LineString", this.shapes.line(line), this.lineState(line))));
  }

  /** Draw everything again, as after a change of what is compared with. */
  all(): void {
    this.moved(Array.from({ length: this.plan.count }, (_, block) => block));
  }

  choose(grid: number): void {
    const before = this.chosen;
    this.chosen = grid;
    const lines = new Set<number>();
    for (const one of [before, grid])
      for (const block of this.plan.members[one] ?? []) for (const line of this.shapes.linesOf[block] ?? []) lines.add(line);
    this.restate(lines);
  }

  /** Thicken the borders that are under the pointer's hand. */
  hold(lines: readonly number[]): void {
    this.setData("hand", lines.map((line) => feature("LineString", this.shapes.line(line))));
  }

  /** Show a shape that is being drawn: a rectangle, a lasso, a line to cut along. */
  sketch(places: [number, number][]): void {
    this.setData("hand", places.length > 1 ? [feature("LineString", places)] : []);
  }

  /** Names and loads at the middle of every grid, and hatching over those that break a rule. */
  label(texts: readonly Text[]): void {
    this.setData("names", this.texts(texts));
  }

  /** Hide the names of grids whose names are drawn on top for the moment. */
  hush(grids: Iterable<number>, hidden: boolean): void {
    for (const grid of grids) this.map.setFeatureState({ source: "names", id: grid + 1 }, { hush: hidden });
  }

  /** Mark blocks that are picked; blocks that no longer are lose their mark. */
  pick(blocks: ReadonlySet<number>): void {
    for (const block of this.picked) if (!blocks.has(block)) this.map.setFeatureState({ source: "draft", sourceLayer: "blocks", id: block + 1 }, { p: 0 });
    for (const block of blocks) this.map.setFeatureState({ source: "draft", sourceLayer: "blocks", id: block + 1 }, { p: 1 });
    this.picked = blocks;
  }

  fault(blocks: Iterable<number>): void {
    this.setData("faults", this.hatched(blocks));
  }

  compare(on: boolean): void {
    this.comparing = on;
    if (on) this.all();
    for (const layer of ["was-line", "was-late"]) this.map.setLayoutProperty(layer, "visibility", on ? "visible" : "none");
    this.map.setPaintProperty("grid-fill", "fill-opacity", on ? ["case", ["==", told("m"), 1], 0.85, 0.15] : 0.6);
  }

  /** The place in a grid where its name stands: in the block nearest to its middle. */
  middle(grid: number): [number, number] {
    const { lon, lat, area, members } = this.plan;
    let [x, y, sum] = [0, 0, 0];
    for (const block of members[grid] ?? []) {
      const weight = area[block] as number;
      x += (lon[block] as number) * weight;
      y += (lat[block] as number) * weight;
      sum += weight;
    }
    let [best, least] = [NONE, Infinity];
    for (const block of members[grid] ?? []) {
      const away = (lon[block]! - x / sum) ** 2 + (lat[block]! - y / sum) ** 2;
      if (away < least) [best, least] = [block, away];
    }
    return [lon[best] ?? 0, lat[best] ?? 0];
  }

  /** The box around some blocks. */
  box(blocks: Iterable<number>): [number, number, number, number] | null {
    let [w, s, e, n] = [Infinity, Infinity, -Infinity, -Infinity];
    for (const block of blocks)
      for (const polygon of this.shapes.polygons(block))
        for (const [lon, lat] of polygon[0] ?? []) [w, s, e, n] = [Math.min(w, lon), Math.min(s, lat), Math.max(e, lon), Math.max(n, lat)];
    return Number.isFinite(w) ? [w, s, e, n] : null;
  }

  private colour(block: number): number {
    const grid = this.plan.grid[block] as number;
    return grid === NONE ? LOOSE : (this.colours[grid] ?? 0);
  }

  private differs(block: number): number {
    return this.plan.grid[block] === this.plan.start[block] ? 0 : 1;
  }

  private lineState(line: number): { on: number; was: number; sel: number } {
    const { grid, start } = this.plan;
    const [a, b] = [this.shapes.lineA[line] as number, this.shapes.lineB[line] as number];
    const apart = b === NONE || grid[a] !== grid[b];
    const chosen = this.chosen !== NONE && apart && (grid[a] === this.chosen || (b !== NONE && grid[b] === this.chosen));
    const was = this.comparing && b !== NONE && start[a] !== start[b] && !apart;
    return { on: apart ? 1 : 0, was: was ? 1 : 0, sel: chosen ? 1 : 0 };
  }

  private setData(source: string, features: object[]): void {
    void (this.map.getSource(source) as GeoJSONSource).setData(collection(features));
  }

  private texts(texts: readonly Text[]): object[] {
    return texts.map(({ grid, text, bad }) => ({ ...feature("Point", this.middle(grid), { text, bad }), id: grid + 1 }));
  }

  private hatched(blocks: Iterable<number>): object[] {
    return [...blocks].map((block) => feature("MultiPolygon", this.shapes.polygons(block)));
  }

  private lineSaying(): (line: number) => number[] {
    const { plan, shapes } = this;
    return (line) => {
      const [a, b] = [shapes.lineA[line] as number, shapes.lineB[line] as number];
      const edge = b === NONE ? 2 : plan.community[a] !== plan.community[b] ? 1 : 0;
      return [this.lineState(line).on, edge, plan.walled(a, b) ? 1 : 0];
    };
  }
}

function collection(features: object[]): GeoJSON.FeatureCollection {
  return { type: "FeatureCollection", features: features as GeoJSON.Feature[] };
}

function feature(type: string, coordinates: unknown, properties: object = {}) {
  return { type: "Feature" as const, geometry: { type, coordinates }, properties };
}

function fills(): LayerSpecification[] {
  const picked: Value = ["==", ["coalesce", ["feature-state", "p"], 0], 1];
  const colour: Value = ["case", picked, "#59636b", pick(told("c"), FILLS, "#d9d9d9")];
  return [
    { id: "grid-fill", type: "fill", source: "draft", "source-layer": "blocks", paint: { "fill-color": colour, "fill-opacity": 0.6, "fill-antialias": false } },
    { id: "fault-fill", type: "fill", source: "faults", paint: { "fill-pattern": "hatch", "fill-opacity": 0.55 } },
  ];
}

/** Few layers, since each one costs the worker all lines once more; what is chosen is a state of the border. */
function borders(): LayerSpecification[] {
  const round = { "line-join": "round", "line-cap": "round" } as const;
  const edge = (kind: number): FilterSpecification => ["==", ["get", "edge"], kind];
  const chosen: Value = ["==", told("sel"), 1];
  const late = { type: "line", source: "late", maxzoom: OVERVIEW + 1 } as const;
  const border: Paint = { "line-color": ["case", chosen, CHOSEN, INK], "line-opacity": told("on"), "line-width": byZoom(["case", chosen, 2, 1], ["case", chosen, 6, 3.6]) };
  const was: Paint = { "line-color": CHOSEN, "line-opacity": told("was"), "line-width": byZoom(1.5, 4), "line-dasharray": [3, 2] };
  const hidden = { visibility: "none" } as const;
  return [
    { id: "block-line", type: "line", ...LINES, minzoom: OVERVIEW + 1, paint: { "line-color": "#5d5a52", "line-opacity": 0.45, "line-width": byZoom(0.3, 1.2) } },
    { id: "wall-line", type: "line", ...LINES, filter: ["==", ["get", "wall"], 1], layout: round, paint: { "line-color": "#2b6cb0", "line-opacity": 0.7, "line-width": byZoom(1, 5) } },
    { id: "border-casing", type: "line", ...LINES, minzoom: 13.5, layout: round, paint: { "line-color": "#ffffff", "line-opacity": ["*", 0.75, told("on")], "line-width": byZoom(1.8, 7) } },
    { id: "border", type: "line", ...LINES, paint: border },
    { id: "border-late", ...late, paint: border },
    { id: "community-line", type: "line", ...LINES, filter: edge(1), paint: { "line-color": "#7b3294", "line-opacity": ["case", chosen, 0, 1], "line-width": byZoom(1.6, 4.5), "line-dasharray": [4, 2] } },
    { id: "district-line", type: "line", ...LINES, filter: edge(2), layout: round, paint: { "line-color": INK, "line-width": byZoom(2, 5) } },
    { id: "was-line", type: "line", ...LINES, layout: hidden, paint: was },
    { id: "was-late", ...late, layout: hidden, paint: was },
    { id: "hand-line", type: "line", source: "hand", layout: round, paint: { "line-color": "#e6a700", "line-opacity": 0.9, "line-width": byZoom(5, 11) } },
  ];
}

function names(): LayerSpecification[] {
  return [
    {
      id: "grid-name",
      type: "symbol",
      source: "names",
      minzoom: 12,
      layout: {
        "text-field": ["get", "text"],
        "text-font": FONTS,
        "text-size": ["interpolate", ["linear"], ["zoom"], 12, 9.5, 17, 15],
        "text-line-height": 1.15,
        "text-padding": 3,
        "symbol-sort-key": ["case", ["get", "bad"], 0, 1],
      },
      paint: {
        "text-color": ["case", ["get", "bad"], "#8f0d16", INK],
        "text-halo-color": "#ffffff",
        "text-halo-width": 1.6,
        "text-opacity": ["case", ["boolean", ["feature-state", "hush"], false], 0, 1],
      },
    },
  ];
}

/** Strokes from corner to corner, for what breaks a rule: told by pattern, not by colour alone. */
function hatch(): ImageData {
  const side = 16;
  const image = new ImageData(side, side);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      const on = (x + y) % side < 3;
      image.data.set([120, 10, 20, on ? 255 : 0], (y * side + x) * 4);
    }
  return image;
}
