/** Lines and lassos: terra-draw draws them, and is read when the first is wanted; keys draw as a pointer does. */
import type { Map as GlMap } from "maplibre-gl";
import type { TerraDraw } from "terra-draw";
import type { Tool } from "../desk";

export type Drawn = "lasso" | "cut";
export type Place = [number, number];

export class Pencil {
  private draw: Promise<TerraDraw> | null = null;
  private ready: TerraDraw | null = null;
  private wanted: Drawn | null = null;
  /** Keys have pressed, and not let go yet. */
  private pressed = false;
  private gone = false;

  constructor(
    private readonly map: GlMap,
    /** May a press draw, or does it move the map? */
    private readonly draws: () => boolean,
    private readonly done: (what: Drawn, path: Place[]) => void,
    private readonly failed: () => void,
  ) {}

  /** Something is begun that can be given up. */
  get busy(): boolean {
    return this.pressed || this.ready?.getModeState() === "drawing";
  }

  /** Take the pencil for a tool, or lay it down. */
  async take(tool: Tool): Promise<void> {
    const wanted = tool === "lasso" || tool === "cut" ? tool : null;
    this.wanted = wanted;
    try {
      if (wanted) this.draw ??= this.begin();
      const draw = await this.draw;
      if (!draw || this.wanted !== wanted) return;
      this.clear();
      draw.setMode(wanted ?? "static");
      this.map.getContainer().dataset.pencil = wanted ?? "";
    } catch {
      this.draw = null;
      if (!this.gone) this.failed();
    }
  }

  /** Let keys do what a pointer would at a place of the map; says whether that is the pencil's. */
  by(what: "press" | "move" | "release" | "click", { x, y }: { x: number; y: number }): boolean {
    if (!this.ready || !this.wanted) return false;
    const send = (...types: string[]) => types.forEach((type) => this.send(type, x, y));
    if (what === "move") send("pointermove");
    else if (this.wanted === "cut") what !== "click" && send("pointermove", "pointerdown", "pointerup");
    else if (what === "press") send("pointerdown");
    else if (what === "release") send("pointerup");
    else return false;
    this.pressed = this.wanted === "lasso" && (this.pressed ? what !== "release" : what === "press");
    return true;
  }

  /** End a line at its last corner. */
  finish(): void {
    const shape = this.ready?.getSnapshot().find((one) => one.geometry.type === "LineString");
    if (this.wanted !== "cut" || !shape) return;
    const path = (shape.geometry.coordinates as Place[]).slice(0, -1); // the last is where the pointer is
    this.clear();
    if (path.length > 1) this.done("cut", path);
  }

  /** Give up what was begun. */
  clear(): void {
    const { pressed } = this;
    this.pressed = false;
    this.ready?.clear();
    if (pressed) this.send("pointerup", 0, 0);
  }

  remove(): void {
    this.gone = true;
    this.ready?.stop();
    [this.ready, this.draw, this.wanted] = [null, null, null];
  }

  private async begin(): Promise<TerraDraw> {
    const { drawOn } = await import("./terra");
    if (this.gone) throw new Error("the map has gone");
    const draw = drawOn(this.map, this.draws);
    draw.start();
    draw.on("finish", (id) => {
      const shape = draw.getSnapshotFeature(id)?.geometry;
      const path = shape?.type === "Polygon" ? shape.coordinates[0] : shape?.type === "LineString" ? shape.coordinates : [];
      const wanted = this.wanted;
      setTimeout(() => this.clear(), 0); // it is still being ended
      if (wanted && path && path.length > 1) this.done(wanted, path as Place[]);
    });
    return (this.ready = draw);
  }

  private send(type: string, x: number, y: number): void {
    const canvas = this.map.getCanvas();
    const { left, top } = canvas.getBoundingClientRect();
    const up = type === "pointermove" && !this.pressed;
    canvas.dispatchEvent(new PointerEvent(type, { clientX: left + x, clientY: top + y, isPrimary: true, button: 0, buttons: up ? 0 : 1, bubbles: true }));
  }
}
