/** terra-draw as far as we use it: read when the first lasso or line is drawn. */
import type { Map as GlMap } from "maplibre-gl";
import { TerraDraw, TerraDrawFreehandMode, TerraDrawLineStringMode } from "terra-draw";
import { TerraDrawMapLibreGLAdapter } from "terra-draw-maplibre-gl-adapter";

const INK = "#e6a700";
/** Pixels: how near the last corner a click ends a line, how far a pointer moves before it draws, how fine a path is. */
const [ENDS, MOVES, FINE] = [8, 2, 3];

/** Lasso and line on a map; `draws` is asked at each press, since the map is moved as well. */
export function drawOn(map: GlMap, draws: () => boolean): TerraDraw {
  const pointerEvents = { leftClick: draws, rightClick: false, contextMenu: false, onDragStart: draws, onDrag: true, onDragEnd: true };
  const lasso = new TerraDrawFreehandMode({
    modeName: "lasso",
    drawInteraction: "click-drag",
    minDistance: FINE,
    preventPointsNearClose: false,
    keyEvents: null,
    pointerEvents,
    styles: { fillColor: INK, fillOpacity: 0.12, outlineColor: INK, outlineWidth: 4, closingPointWidth: 0, closingPointOutlineWidth: 0 },
  });
  const line = new TerraDrawLineStringMode({
    modeName: "cut",
    pointerDistance: ENDS,
    keyEvents: null,
    pointerEvents,
    showCoordinatePoints: true,
    styles: { lineStringColor: INK, lineStringWidth: 4, coordinatePointColor: INK, closingPointColor: INK },
  });
  const adapter = new TerraDrawMapLibreGLAdapter({ map, minPixelDragDistance: MOVES, minPixelDragDistanceDrawing: MOVES });
  return new TerraDraw({ adapter, modes: [lasso, line] });
}
