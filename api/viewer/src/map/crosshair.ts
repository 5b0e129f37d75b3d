/** The tools without a pointer: arrow keys lead a cross over the map, Enter presses and lets go where it is. */
import type { Map as GlMap } from "maplibre-gl";
import { previewing } from "../desk";
import type { Pointing, Tools } from "./tools";

/** Pixels: how far a key leads it, and how near the edge the map moves instead. */
const STRIDE_PX = 10;
const EDGE_PX = 40;
const WAYS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Crosshair {
  private readonly element = document.createElement("i");
  private at: { x: number; y: number } | null = null;
  private pressed: { x: number; y: number } | null = null;

  constructor(
    private readonly map: GlMap,
    private readonly tools: Tools,
    /** Is told where the cross is: what lies there is said. */
    private readonly over: (lon: number, lat: number) => void,
  ) {
    this.element.className = "crosshair";
    const canvas = map.getCanvas();
    canvas.addEventListener("keydown", this.key);
    canvas.addEventListener("blur", this.hide);
    canvas.addEventListener("mousedown", this.hide);
  }

  /** Take the keyboard to the map. */
  show(): void {
    const canvas = this.map.getCanvas();
    canvas.focus();
    this.at ??= { x: canvas.clientWidth / 2, y: canvas.clientHeight / 2 };
    this.map.getCanvasContainer().append(this.element);
    this.place(this.at);
  }

  private readonly hide = (): void => this.element.remove();

  private readonly key = (event: KeyboardEvent): void => {
    const way = WAYS[event.key];
    if (!way && (event.key !== "Enter" || previewing.value || !this.element.isConnected)) return;
    event.preventDefault();
    event.stopPropagation(); // the map does not move, and no button is meant
    if (!this.element.isConnected) this.show();
    else if (way) this.lead(way);
    else this.press();
  };

  private lead([across, down]: [number, number]): void {
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const at = this.at as { x: number; y: number };
    const next = { x: at.x + across * STRIDE_PX, y: at.y + down * STRIDE_PX };
    const inside = (value: number, full: number) => value >= EDGE_PX && value <= full - EDGE_PX;
    if (inside(next.x, clientWidth) && inside(next.y, clientHeight)) this.at = next;
    else this.map.panBy([across * STRIDE_PX, down * STRIDE_PX], { animate: false });
    this.place(this.at as { x: number; y: number });
    this.tools.point("move", this.event());
  }

  /** Press, or let go; where nothing is to be held, and where nothing moved, it is a click. */
  private press(): void {
    if (!this.tools.busy) {
      this.pressed = this.at;
      this.tools.point("press", this.event());
      if (!this.tools.busy) this.tools.point("click", this.event());
      return;
    }
    this.tools.point("release", this.event());
    if (this.pressed === this.at) this.tools.point("click", this.event());
  }

  private place({ x, y }: { x: number; y: number }): void {
    this.element.style.translate = `${x}px ${y}px`;
    const { lng, lat } = this.map.unproject([x, y]);
    this.over(lng, lat);
  }

  private event(): Pointing {
    const { x, y } = this.at as { x: number; y: number };
    return { point: { x, y }, lngLat: this.map.unproject([x, y]), originalEvent: new Event("keyboard"), preventDefault: () => {} };
  }
}
