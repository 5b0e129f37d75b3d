/** Hands on the map: take hold of a border and drag it, brush, pick by rectangle or lasso, draw a line to cut along. */
import { type Map as GlMap, Marker } from "maplibre-gl";
import { chosen, picked, previewing, stop, strip, type Tool, tool, type Touched } from "../desk";
import type { Finder, Shapes } from "../plan/shapes";
import { NONE, type Step } from "../plan/plan";
import { checkGrid } from "../plan/rules";
import { BorderStroke, type Options, Stroke } from "../plan/stroke";
import type { Session } from "../session";
import type { PlanLayers } from "./layers";
import { type Drawn, Pencil, type Place } from "./pencil";

/** Something that points at a place: a mouse, a finger, or the cross that keys lead. */
export interface Pointing {
  point: { x: number; y: number };
  lngLat: { lng: number; lat: number };
  originalEvent: Event;
  preventDefault: () => void;
}

/** Pixels: how near a border is taken hold of, how far from it and from the press a block is meant, how fine a path is followed. */
const SNAP_PX = 9;
const DEEP_PX = 6;
const STEP_PX = 4;

export interface Hooks {
  /** What a gesture is called in the journal. */
  why: (what: Tool) => string;
  cut: (block: number, line: Place[]) => void;
  /** The pencil could not be read. */
  failed: () => void;
  labels: (grids: Iterable<number>) => { grid: number; text: string; bad: boolean }[];
}

export class Tools {
  private stroke: Stroke | null = null;
  private paint = NONE;
  private last: { x: number; y: number } | null = null;
  private held = NONE;
  private pressed = { x: 0, y: 0 };
  private suggested = "";
  private path: Place[] = [];
  /** A line was drawn: that it ends near its start makes it no click. */
  private drew = false;
  private readonly markers = new Map<number, Marker>();
  private readonly pencil: Pencil;
  private keys = { shift: false, alt: false, space: false, front: false };

  constructor(
    private readonly map: GlMap,
    private readonly session: Session,
    private readonly shapes: Shapes,
    private readonly finder: Finder,
    private readonly layers: PlanLayers,
    private readonly hooks: Hooks,
  ) {
    this.pencil = new Pencil(map, () => session.draft.state === "open" && !this.keys.space, this.drawn, hooks.failed);
    map.on("mousemove", this.move);
    map.on("mousedown", this.down);
    map.on("touchstart", this.down);
    map.on("touchmove", this.move);
    map.on("touchend", this.up);
    map.on("click", this.click);
    window.addEventListener("mouseup", this.up);
    window.addEventListener("keydown", this.key);
    window.addEventListener("keyup", this.key);
  }

  remove(): void {
    this.pencil.remove();
    window.removeEventListener("mouseup", this.up);
    window.removeEventListener("keydown", this.key);
    window.removeEventListener("keyup", this.key);
  }

  get busy(): boolean {
    return this.stroke !== null || this.path.length > 0 || this.pencil.busy;
  }

  /** A tool was chosen. */
  take(chosen: Tool): void {
    void this.pencil.take(this.session.draft.state === "open" ? chosen : "border");
  }

  /** Do what a pointer would do at a place. */
  point(what: "press" | "move" | "release" | "click", at: Pointing): void {
    if (this.pencil.by(what, at.point)) return;
    if (what === "release") this.up();
    else ({ press: this.down, move: this.move, click: this.click })[what](at);
  }

  /** Keep what the stroke did: one gesture, one step of undo. */
  accept(): void {
    if (this.pencil.busy) return this.pencil.finish();
    const [stroke, why] = [this.stroke, this.suggested || this.hooks.why(tool.value)];
    this.finish();
    if (stroke) this.session.commit(stroke.steps, why);
  }

  /** Somebody else moved a block. */
  yield(block: number): void {
    this.stroke?.yield(block);
  }

  /** Show steps that somebody suggests, to be kept or put back. */
  preview(steps: Step[], why: string): void {
    if (this.busy) this.cancel();
    const stroke = new Stroke(this.session.plan);
    this.start(stroke, []);
    this.suggested = why;
    for (const step of steps) {
      stroke.send(step.block, step.new, { locked: () => false, cross: true, whole: false });
    }
    this.session.onMoved(steps.map((step) => step.block));
    this.show();
    previewing.value = true;
  }

  /** Put everything back as it was before the stroke. */
  cancel(): void {
    const stroke = this.stroke;
    const blocks = stroke?.steps.map((step) => step.block) ?? [];
    stroke?.cancel();
    this.layers.moved(blocks);
    this.finish();
    this.path = [];
    this.pencil.clear();
    this.layers.sketch([]);
    if (picked.value.size) picked.value = new Set();
  }

  private finish(): void {
    if (this.stroke) this.layers.hush(this.stroke.touched, false);
    this.stroke = null;
    this.last = null;
    this.suggested = "";
    previewing.value = false;
    for (const marker of this.markers.values()) marker.remove();
    this.markers.clear();
    strip.value = [];
    stop.value = null;
    this.layers.hold([]);
    this.map.getCanvas().style.cursor = "";
  }

  private options(): Options {
    const { session } = this;
    return { locked: (grid) => session.locked(grid), cross: this.keys.alt, whole: this.keys.shift, front: this.keys.front };
  }

  private readonly key = (event: KeyboardEvent): void => {
    this.keys.shift = event.shiftKey;
    this.keys.alt = event.altKey;
    if (event.code === "KeyF") this.keys.front = event.type === "keydown";
    if (event.code === "Space") this.keys.space = event.type === "keydown";
  };

  private readonly down = (event: Pointing): void => {
    if (event.originalEvent instanceof MouseEvent && event.originalEvent.button !== 0) return;
    this.drew = false;
    if (this.session.draft.state !== "open" || this.keys.space || this.busy) return;
    const started = tool.value === "border" ? this.grasp(event) : this.begin(event);
    if (started) event.preventDefault(); // the map stays where it is
  };

  /** Take hold of the border that is near, if one is. */
  private grasp(event: Pointing): boolean {
    const line = this.nearest(event);
    if (line === NONE) return false;
    const { plan } = this.session;
    const [a, b] = [this.shapes.lineA[line] as number, this.shapes.lineB[line] as number];
    const here = this.finder.block(event.lngLat.lng, event.lngLat.lat);
    const grids = [plan.grid[a] as number, plan.grid[b] as number] as const;
    if (grids.includes(NONE)) return false;
    this.held = line;
    this.start(new BorderStroke(plan, grids[0], grids[1], here === a || here === b ? here : a), grids);
    this.last = this.pressed = event.point;
    return true;
  }

  private begin(event: Pointing): boolean {
    const { lng, lat } = event.lngLat;
    const block = this.finder.block(lng, lat);
    if (tool.value === "brush") {
      if (block === NONE) return false;
      const grid = this.session.plan.grid[block] as number;
      this.paint = grid === NONE ? chosen.value : grid;
      if (this.paint === NONE) return false;
      this.start(new Stroke(this.session.plan), [this.paint]);
      this.last = event.point;
      this.follow(event);
      return true;
    }
    if (tool.value === "rectangle") this.path = [[lng, lat]];
    return tool.value !== "cut";
  }

  private start(stroke: Stroke, grids: readonly number[]): void {
    this.stroke = stroke;
    for (const grid of grids) stroke.touched.add(grid);
    this.session.claim(grids.map((grid) => this.session.plan.gridId(grid)));
    this.show();
  }

  private readonly move = (event: Pointing): void => {
    if (this.suggested) return;
    if (this.stroke) this.follow(event);
    else if (this.path.length) this.draw(event);
    else if (tool.value === "border" && this.session.draft.state === "open") this.hover(event);
    else if (this.held !== NONE) this.hover(null);
  };

  /** Thicken the border that a press would take hold of. */
  private hover(event: Pointing | null): void {
    const line = event ? this.nearest(event) : NONE;
    if (line === this.held) return;
    this.held = line;
    this.layers.hold(line === NONE ? [] : this.border(line));
    this.map.getCanvas().style.cursor = line === NONE ? "" : "grab";
  }

  /** All lines between the two grids of a line: what is taken hold of is their border. */
  private border(line: number): number[] {
    const { grid } = this.session.plan;
    return this.between(grid[this.shapes.lineA[line] as number] as number, grid[this.shapes.lineB[line] as number] as number);
  }

  private between(one: number, other: number): number[] {
    const { grid, members } = this.session.plan;
    const found: number[] = [];
    for (const block of members[one] ?? [])
      for (const each of this.shapes.linesOf[block] ?? []) {
        const end = this.shapes.lineB[each] as number;
        const beyond = end === block ? (this.shapes.lineA[each] as number) : end;
        if (beyond !== NONE && grid[beyond] === other) found.push(each);
      }
    return found;
  }

  private nearest(event: Pointing): number {
    const { grid } = this.session.plan;
    const { lineA, lineB } = this.shapes;
    const near = (line: number) => lineB[line] !== NONE && grid[lineA[line] as number] !== grid[lineB[line] as number];
    return this.finder.line(event.lngLat.lng, event.lngLat.lat, this.degrees(SNAP_PX), near)[0];
  }

  /** Degrees of latitude that so many pixels are long. */
  private degrees(pixels: number): number {
    return ((360 / 512) * pixels * Math.cos((this.map.getCenter().lat * Math.PI) / 180)) / 2 ** this.map.getZoom();
  }

  /** Follow the pointer, block by block, however fast it moves. */
  private follow(event: Pointing): void {
    const stroke = this.stroke as Stroke;
    const from = this.last ?? event.point;
    const begun = performance.now();
    const steps = Math.max(1, Math.ceil(Math.hypot(event.point.x - from.x, event.point.y - from.y) / STEP_PX));
    const changed = new Set<number>();
    const options = this.options();
    let block = NONE;
    stroke.stop = null;
    const before = new Map(stroke.steps.map((step) => [step.block, step.new]));
    for (let n = 1; n <= steps; n++) {
      const share = n / steps;
      const point: Place = [from.x + (event.point.x - from.x) * share, from.y + (event.point.y - from.y) * share];
      const at = n === steps ? event.lngLat : this.map.unproject(point);
      block = this.finder.block(at.lng, at.lat);
      if (block === NONE) continue;
      if (stroke instanceof BorderStroke) stroke.over(block, this.deep(point, at.lng, at.lat), options);
      else stroke.send(block, this.paint, options);
    }
    this.last = event.point;
    const after = new Map(stroke.steps.map((step) => [step.block, step.new]));
    for (const [one, grid] of after) if (before.get(one) !== grid) changed.add(one);
    for (const one of before.keys()) if (!after.has(one)) changed.add(one);
    const rows = changed.size ? this.touched() : null;
    const computed = performance.now();
    if (rows) {
      this.layers.moved(changed);
      if (stroke instanceof BorderStroke) this.layers.hold(this.between(stroke.one, stroke.other));
      this.show(rows);
    }
    stop.value = stroke.stop;
    performance.measure("step", { start: begun, end: computed });
    performance.measure("step-drawn", { start: begun, end: performance.now() });
  }

  private deep(point: Place, lon: number, lat: number): boolean {
    if (Math.hypot(point[0] - this.pressed.x, point[1] - this.pressed.y) < DEEP_PX) return false;
    const found = this.finder.line(lon, lat, this.degrees(DEEP_PX), (line) => line === this.held);
    return found[0] === NONE;
  }

  /** The grids that the stroke has touched: counts and quick rules as they are now. */
  private touched(): Touched[] {
    const { plan } = this.session;
    const gained = new Map<number, number>();
    for (const { block, old, new: into } of this.stroke?.steps ?? [])
      for (const [grid, way] of [[old, -1], [into, 1]] as const) gained.set(grid, (gained.get(grid) ?? 0) + way * (plan.households[block] as number));
    return [...(this.stroke?.touched ?? [])].map((grid) => {
      const now = plan.load(grid);
      return { grid, before: now - (gained.get(grid) ?? 0), now, faults: checkGrid(plan, grid).map((one) => one.rule) };
    });
  }

  /** Names, households and how far from the band at the middle of each touched grid, and the same in the strip. */
  private show(rows = this.touched()): void {
    strip.value = rows;
    const grids = rows.map((row) => row.grid);
    for (const { grid, text, bad } of this.hooks.labels(grids)) {
      let marker = this.markers.get(grid);
      if (!marker) {
        const element = document.createElement("div");
        marker = new Marker({ element }).setLngLat(this.layers.middle(grid)).addTo(this.map);
        this.markers.set(grid, marker);
        this.layers.hush([grid], true);
      }
      const element = marker.getElement();
      element.classList.toggle("bad", bad);
      element.classList.add("live-label");
      element.textContent = text;
      marker.setLngLat(this.layers.middle(grid));
    }
  }

  private readonly up = (): void => {
    if (this.stroke) return this.suggested ? undefined : this.accept();
    if (!this.path.length) return;
    const path = this.path;
    this.path = [];
    this.layers.sketch([]);
    if (path.length < 2) return;
    this.drawn("lasso", path);
  };

  /** What lies in a shape is picked; a line cuts. */
  private readonly drawn = (what: Drawn, path: Place[]): void => {
    this.drew = true;
    if (what === "cut") this.cutAlong(path);
    else picked.value = new Set([...picked.value, ...this.inside(path)]);
  };

  private draw(event: Pointing): void {
    const { lng, lat } = event.lngLat;
    const first = this.path[0] as Place;
    this.path = [first, [lng, first[1]], [lng, lat], [first[0], lat], first];
    this.layers.sketch(this.path);
  }

  private inside(path: Place[]): number[] {
    const { plan } = this.session;
    return Array.from({ length: plan.count }, (_, block) => block).filter((block) =>
      within(path, plan.lon[block] as number, plan.lat[block] as number),
    );
  }

  /** The block that most of the line lies in is cut. */
  private cutAlong(path: Place[]): void {
    const counts = new Map<number, number>();
    for (const [lng, lat] of along(path)) {
      const block = this.finder.block(lng, lat);
      if (block !== NONE) counts.set(block, (counts.get(block) ?? 0) + 1);
    }
    const [block] = [...counts].sort((one, other) => other[1] - one[1])[0] ?? [NONE];
    if (block !== NONE) this.hooks.cut(block, path);
  }

  private readonly click = (event: Pointing): void => {
    if (tool.value === "cut" || this.busy || this.drew) return;
    const block = this.finder.block(event.lngLat.lng, event.lngLat.lat);
    const grid = block === NONE ? NONE : (this.session.plan.grid[block] as number);
    if ((tool.value === "rectangle" || tool.value === "lasso") && block !== NONE) {
      const next = new Set(picked.value);
      if (!next.delete(block)) next.add(block);
      picked.value = next;
    } else chosen.value = grid;
  };
}

/** Return places along a line, evenly apart. */
function along(path: readonly Place[]): Place[] {
  const long = path.slice(1).map(([x, y], n) => Math.hypot(x - (path[n] as Place)[0], y - (path[n] as Place)[1]));
  const apart = long.reduce((sum, one) => sum + one, 0) / 200 || 1;
  return long.flatMap((length, n) => {
    const [[x, y], [x2, y2]] = [path[n] as Place, path[n + 1] as Place];
    const count = Math.ceil(length / apart);
    return Array.from({ length: count }, (_, k): Place => [x + ((x2 - x) * (k + 0.5)) / count, y + ((y2 - y) * (k + 0.5)) / count]);
  });
}

/** Say whether a place lies within a ring (even-odd rule). */
export function within(ring: readonly Place[], x: number, y: number): boolean {
  let inside = false;
  ring.forEach(([x1, y1], n) => {
    const [x2, y2] = ring[(n + 1) % ring.length] as Place;
    if (y1 > y !== y2 > y && x < ((x2 - x1) * (y - y1)) / (y2 - y1) + x1) inside = !inside;
  });
  return inside;
}
