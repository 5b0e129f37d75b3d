/** What is laid over the plan when asked for: communities, compounds, buildings as high as they are, others' grids. */
import type { GeoJSONSource, LayerSpecification, Map as GlMap } from "maplibre-gl";
import { get } from "../api";
import { type Beside, type Ground, whose } from "../plan/beside";
import { NONE, type Plan } from "../plan/plan";
import type { Shapes } from "../plan/shapes";
import { FONTS } from "./layers";

const STOREY_M = 3;
const PITCH = 50;
const NOTHING = { type: "FeatureCollection" as const, features: [] };

export class Overlays {
  private readonly asked = new Map<Ground, Promise<void>>();

  constructor(
    private readonly map: GlMap,
    private readonly plan: Plan,
    private readonly shapes: Shapes,
    private readonly id: string,
  ) {}

  /** Show these layers of the ground and no others; each is asked for once. */
  async show(shown: ReadonlySet<Ground>): Promise<void> {
    for (const layer of shown) if (!this.asked.has(layer)) this.asked.set(layer, this.load(layer));
    await Promise.all([...shown].map((layer) => this.asked.get(layer)));
    for (const layer of this.asked.keys())
      for (const { id } of LAYERS[layer]) if (this.map.getLayer(id)) this.map.setLayoutProperty(id, "visibility", shown.has(layer) ? "visible" : "none");
    const high = shown.has("buildings");
    if (high !== this.map.getPitch() > 0) this.map.easeTo({ pitch: high ? PITCH : 0, bearing: 0, duration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 400 });
    if (high) this.map.dragRotate.enable();
    else this.map.dragRotate.disable();
  }

  /** Show whose borders are whose, and others' grids as they were drawn. */
  beside(other: Beside | null): void {
    const source = this.map.getSource("beside") as GeoJSONSource | undefined;
    if (!other) return void source?.setData(NOTHING);
    const features: object[] = other.shapes.features.map((one) => ({ ...one, properties: { who: "drawn" } }));
    this.shapes.lineA.forEach((a, line) => {
      const b = this.shapes.lineB[line] as number;
      const who = b === NONE ? null : whose(this.plan, other.blocks, a, b);
      if (who) features.push({ type: "Feature", properties: { who }, geometry: { type: "LineString", coordinates: this.shapes.line(line) } });
    });
    const data = { type: "FeatureCollection" as const, features } as never;
    if (source) return void source.setData(data);
    this.map.addSource("beside", { type: "geojson", data });
    for (const layer of BESIDE) this.map.addLayer(layer, "grid-name");
  }

  private async load(layer: Ground): Promise<void> {
    const data = (await get<GeoJSON.FeatureCollection | null>(`/ground/${this.id}/${layer}`)) ?? NOTHING;
    this.map.addSource(layer, { type: "geojson", data });
    for (const one of LAYERS[layer]) this.map.addLayer(one, one.type === "symbol" ? undefined : "grid-name");
  }
}

const wide = (far: number, close: number) => ["interpolate", ["exponential", 1.5], ["zoom"], 11, far, 18, close] as never;
const text = (source: string, colour: string, minzoom: number, size: number): LayerSpecification => ({
  id: `${source}-over-name`,
  type: "symbol",
  source,
  minzoom,
  layout: { "text-field": ["get", "name"], "text-font": FONTS, "text-size": size, "text-padding": 2 },
  paint: { "text-color": colour, "text-halo-color": "#ffffff", "text-halo-width": 2 },
});

const LAYERS: Record<Ground, LayerSpecification[]> = {
  communities: [
    { id: "communities-over", type: "line", source: "communities", layout: { "line-join": "round" }, paint: { "line-color": "#7b3294", "line-opacity": 0.45, "line-width": wide(4, 14) } },
    text("communities", "#5b1f70", 10, 15),
  ],
  compounds: [
    { id: "compounds-over-fill", type: "fill", source: "compounds", paint: { "fill-color": "#7a4a05", "fill-opacity": 0.15 } },
    { id: "compounds-over", type: "line", source: "compounds", paint: { "line-color": "#7a4a05", "line-width": wide(0.8, 2.5), "line-dasharray": [1, 1.5] } },
    text("compounds", "#5f3a04", 14, 11),
  ],
  buildings: [
    { id: "buildings-over", type: "fill-extrusion", source: "buildings", paint: { "fill-extrusion-color": ["interpolate", ["linear"], ["coalesce", ["get", "storeys"], 0], 0, "#d9d2c5", 6, "#b9a98c", 30, "#6f5a3a"], "fill-extrusion-height": ["*", STOREY_M, ["max", 1, ["coalesce", ["get", "storeys"], 1]]], "fill-extrusion-opacity": 0.85 } },
  ],
};

const line = (who: string, colour: string, width: unknown, dash?: number[]): LayerSpecification => ({
  id: `beside-${who}`,
  type: "line",
  source: "beside",
  filter: ["==", ["get", "who"], who],
  paint: { "line-color": colour, "line-width": width as never, ...(dash ? { "line-dasharray": dash } : {}) },
});
const BESIDE = [
  line("drawn", "#00695c", wide(0.8, 2)),
  line("both", "#00897b", wide(3, 9)),
  line("ours", "#d95f02", wide(2.5, 7), [0.6, 1.2]),
  line("theirs", "#00332c", wide(2.5, 7), [2.5, 1]),
];
