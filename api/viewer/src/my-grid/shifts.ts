/** GCJ-02 and BD-09 brought back to WGS-84 on the phone, by the same passes as `gis_grid.crs.onepoint`. */

export type Crs = "wgs84" | "cgcs2000" | "gcj02" | "bd09";
export const SYSTEMS: readonly Crs[] = ["wgs84", "gcj02", "bd09", "cgcs2000"];

type Pair = [number, number];

/** The rectangle in which GCJ-02 differs from WGS-84: west, south, east, north in degrees. */
const EXTENT = [72.004, 0.8293, 137.8347, 55.8271] as const;
const SEMI_MAJOR_M = 6378245;
const ECCENTRICITY2 = 0.00669342162296594323;
const BD_TURN = (Math.PI * 3000) / 180;
const PASSES = 6;
const { PI, sin, cos, sqrt, abs } = Math;

function inside(lon: number, lat: number): boolean {
  return EXTENT[0] <= lon && lon <= EXTENT[2] && EXTENT[1] <= lat && lat <= EXTENT[3];
}

function gcjShift(lon: number, lat: number): Pair {
  const x = lon - 105;
  const y = lat - 35;
  const root = sqrt(abs(x));
  const ripple = ((20 * sin(6 * PI * x) + 20 * sin(2 * PI * x)) * 2) / 3;
  let north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple;
  north += ((20 * sin(PI * y) + 40 * sin((PI * y) / 3)) * 2) / 3;
  north += ((160 * sin((PI * y) / 12) + 320 * sin((PI * y) / 30)) * 2) / 3;
  let east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple;
  east += ((20 * sin(PI * x) + 40 * sin((PI * x) / 3)) * 2) / 3;
  east += ((150 * sin((PI * x) / 12) + 300 * sin((PI * x) / 30)) * 2) / 3;
  const phi = (lat * PI) / 180;
  const w2 = 1 - ECCENTRICITY2 * sin(phi) ** 2;
  const meridian = (SEMI_MAJOR_M * (1 - ECCENTRICITY2)) / (w2 * sqrt(w2));
  const parallel = (SEMI_MAJOR_M / sqrt(w2)) * cos(phi);
  return [((east / parallel) * 180) / PI, ((north / meridian) * 180) / PI];
}

function bdPlace(x: number, y: number): Pair {
  const radius = Math.hypot(x, y) + 0.00002 * sin(y * BD_TURN);
  const angle = Math.atan2(y, x) + 0.000003 * cos(x * BD_TURN);
  return [radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006];
}

export function fromGcj02(lon: number, lat: number): Pair {
  if (!inside(lon, lat)) return [lon, lat];
  let [x, y] = [lon, lat];
  for (let n = 0; n < PASSES; n++) {
    if (inside(x, y)) {
      const [east, north] = gcjShift(x, y);
      [x, y] = [lon - east, lat - north];
    } else [x, y] = [lon, lat];
  }
  return [x, y];
}

export function fromBd09(lon: number, lat: number): Pair {
  if (!inside(lon, lat)) return [lon, lat];
  let [x, y] = [lon, lat];
  for (let n = 0; n < PASSES; n++) {
    const [east, north] = inside(x, y) ? bdPlace(x, y) : [x, y];
    [x, y] = [x + lon - east, y + lat - north];
  }
  return fromGcj02(x, y);
}

/** Return a position in WGS-84; CGCS2000 is the same to a few centimetres. */
export function toWgs84(lon: number, lat: number, crs: Crs): Pair {
  return crs === "gcj02" ? fromGcj02(lon, lat) : crs === "bd09" ? fromBd09(lon, lat) : [lon, lat];
}

/** Return what a host's positions are, by how it calls itself: apps with Amap or Tencent maps inside may shift them. */
export function crsOfHost(agent: string): Crs {
  return /MicroMessenger|DingTalk|AliApp|QQ\//i.test(agent) ? "gcj02" : "wgs84";
}
