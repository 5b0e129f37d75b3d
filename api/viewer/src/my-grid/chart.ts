/** The map below the answer; this module and MapLibre come only once the answer stands. */
import type { Feature, FeatureCollection } from "geojson";
import { createMap, type GlMap } from "../map/create";
import type { Shown } from "./ask";
import { isDark } from "./page";
import { toWgs84 } from "./shifts";
import type { GridAnswer } from "../api-types";

type Ring = number[][];

/** Return a circle of some metres around a place as a polygon. */
function circle(lon: number, lat: number, metres: number): Ring {
  const upright = metres / 111_195;
  const level = upright / Math.cos((lat * Math.PI) / 180);
  return Array.from({ length: 49 }, (_, n) => {
    const angle = (n * Math.PI) / 24;
    return [lon + level * Math.cos(angle), lat + upright * Math.sin(angle)];
  });
}

function drawn(shown: Shown, told: GridAnswer | null): FeatureCollection {
  const features: Feature[] = [];
  if (told?.geometry) features.push({ type: "Feature", properties: { what: "grid" }, geometry: told.geometry });
  if (shown.place) {
    const here = toWgs84(shown.place.lon, shown.place.lat, shown.place.crs);
    const around = shown.place.accuracy ? [circle(...here, shown.place.accuracy)] : null;
    if (around) features.push({ type: "Feature", properties: { what: "around" }, geometry: { type: "Polygon", coordinates: around } });
    features.push({ type: "Feature", properties: { what: "here" }, geometry: { type: "Point", coordinates: here } });
  }
  return { type: "FeatureCollection", features };
}

function extent(shown: Shown, told: GridAnswer | null): [number, number, number, number] | null {
  const points = told?.geometry?.coordinates.flat(2) ?? [];
  if (shown.place) points.push(...circle(...toWgs84(shown.place.lon, shown.place.lat, shown.place.crs), 120));
  if (!points.length) return null;
  const [x, y] = [points.map((one) => one[0]!), points.map((one) => one[1]!)];
  return [Math.min(...x), Math.min(...y), Math.max(...x), Math.max(...y)];
}

let map: GlMap | null = null;

/** Draw an answer: the grid's outline, the place and how exactly it is known. */
export function draw(container: HTMLElement, shown: Shown, told: GridAnswer | null): void {
  const bounds = extent(shown, told);
  if (!bounds) return;
  map?.remove();
  container.replaceChildren();
  delete container.dataset.idle;
  const style = `/api/style.json?${new URLSearchParams({ of: shown.plan, theme: isDark() ? "dark" : "light" })}`;
  map = createMap(container, style, { bounds });
  const made = map;
  made.on("load", () => {
    made.addSource("answer", { type: "geojson", data: drawn(shown, told) });
    const ink = isDark() ? "#ffd166" : "#c1121f";
    const paint = (what: string) => ["==", ["get", "what"], what] as never;
    made.addLayer({ id: "answer-around", type: "fill", source: "answer", filter: paint("around"), paint: { "fill-color": ink, "fill-opacity": 0.18 } });
    made.addLayer({ id: "answer-grid", type: "line", source: "answer", filter: paint("grid"), paint: { "line-color": ink, "line-width": 4 } });
    made.addLayer({
      id: "answer-here",
      type: "circle",
      source: "answer",
      filter: paint("here"),
      paint: { "circle-color": ink, "circle-radius": 8, "circle-stroke-color": "#fff", "circle-stroke-width": 3 },
    });
  });
  made.once("idle", () => (container.dataset.idle = "true"));
}
