/** The one way to a map: our worker, our token, the fonts of the system, nothing from elsewhere. */
import { type LngLat, Map as GlMap, NavigationControl, prewarm, ScaleControl, setWorkerUrl, type StyleSpecification } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import { headers } from "../api";

setWorkerUrl(workerUrl);
prewarm(); // the worker is read while the page asks for its plan

export type { GlMap };

export interface Shown {
  center?: LngLat;
  zoom?: number;
  bounds?: [number, number, number, number];
  padding?: number | { left: number; right: number; top: number; bottom: number };
  interactive?: boolean;
}

/** Make a map, empty where its style is still to come; requests to our own service carry the token. */
export function createMap(container: string | HTMLElement, style: string | StyleSpecification | null, shown: Shown = {}): GlMap {
  const map = new GlMap({
    container,
    ...(style ? { style } : {}),
    ...(shown.center ? { center: shown.center, zoom: shown.zoom ?? 0 } : {}),
    ...(shown.bounds ? { bounds: shown.bounds, fitBoundsOptions: { padding: shown.padding ?? 40 } } : {}),
    interactive: shown.interactive ?? true,
    attributionControl: false,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    boxZoom: false,
    fadeDuration: 0,
    transformRequest: (url) =>
      new URL(url, location.href).origin === location.origin ? { url, headers: headers() } : { url },
  });
  map.addControl(new ScaleControl({ unit: "metric" }), "bottom-left");
  map.addControl(new NavigationControl({ showCompass: false }), "bottom-right");
  return map;
}
