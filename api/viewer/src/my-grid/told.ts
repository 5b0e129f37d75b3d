/** What the service tells, as far as the phone uses it. */

export interface Person {
  person: string;
  name: string;
  role: string;
  role_zh: string;
  role_en: string;
  kind: string;
  work_phone: string;
  lines: string[];
  tier: string;
  code: string;
}

export interface GridTold {
  code: string;
  name: string;
  kind: string;
  community_code: string;
  community: string;
  households: number | null;
  households_suppressed: boolean;
  bounds_zh: string;
  bounds_en: string;
}

export interface Nearby extends GridTold {
  people: Person[];
  distance_m: number;
}

/** A building that several grids share: the place cannot say which one, the stairwell can. */
export interface BuildingTold {
  label: string;
  stairwells: { stairwell: string; grid: GridTold; people: Person[] }[];
}

export interface LookupTold {
  grid: GridTold;
  people: Person[];
  distance_to_border_m: number;
  also_possible: Nearby[];
  status?: string;
  building?: BuildingTold | null;
  district: string;
  plan: string;
  as_of: string;
}

/** The answer to an address, or why there is none: then `grid` is null, and it may lie in any of `also_possible`. */
export interface AddressTold {
  grid: GridTold | null;
  people: Person[];
  level: string;
  label: string;
  lon: number | null;
  lat: number | null;
  distance_to_border_m?: number;
  reason: string;
  reason_zh: string;
  reason_en: string;
  also_possible: { grid: GridTold; people: Person[]; label: string }[];
  district: string | null;
  plan: string | null;
  as_of: string | null;
}

export interface GridAnswer {
  grid: GridTold;
  people: Person[];
  valid_from: string | null;
  valid_to: string | null;
  plan: string;
  as_of: string;
  next_effective: string | null;
  geometry: { type: "MultiPolygon"; coordinates: number[][][][] } | null;
}

export interface CarriedGrid extends GridTold {
  people: Person[];
  own: boolean;
  neighbours: string[];
  /** flat rings: lon, lat, lon, lat … in WGS 84 */
  shape: number[][];
}

export interface Edition {
  plan: string;
  valid_from: string | null;
  valid_to: string | null;
  slack: number;
  gap_m: number;
  grids: CarriedGrid[];
  /** absent in files of before; stairwells name grids by their codes */
  towers?: { label: string; stairwells: { stairwell: string; code: string }[]; shape: number[][] }[];
}

export interface Carried {
  community: string;
  name: string;
  district: string;
  district_name: string;
  timezone: string;
  as_of: string;
  reach_m: number;
  editions: Edition[];
}

export interface OwnGrid extends GridTold {
  doors: number | null;
}

export interface HandOver {
  own: string;
  other: string;
  other_name: string;
  gives: boolean;
  households: number | null;
  people: Person[];
}

export interface HandOvers {
  effective: string | null;
  plan: string | null;
  hand_overs: HandOver[];
  redrawn: boolean;
}
