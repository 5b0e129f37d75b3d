/** Questions and their answers: from the service, or without a network from what the phone carries. */
import { get, Problem } from "../api";
import { carriedHere, type Kept } from "./kept";
import { borderOf, covers, indexOf, ownerOf, within, type Index } from "./locate";
import { toWgs84, type Crs } from "./shifts";
import type { AddressAnswer, BuildingTold, CarriedGrid, Edition, GridAnswer, GridTold, LookupAnswer, Nearby, Person } from "../api-types";

/** The answer to an address, or why there is none: then it may lie in any of `also_possible`. */
type AddressTold = Partial<Omit<AddressAnswer, "grid">> & { grid: GridTold | null };

export interface Place {
  lon: number;
  lat: number;
  crs: Crs;
  /** metres, null if nobody knows */
  accuracy: number | null;
}

export interface Found {
  grid: GridTold;
  people: Person[];
  /** from the place, 0 inside, null where there is no place */
  metres: number | null;
}

export interface Shown {
  how: "place" | "address" | "code" | "stairwell";
  inside: Found | null;
  border: number | null;
  also: Found[];
  nearest: Found | null;
  /** where several grids share the building at the place: it asks for the stairwell */
  building: BuildingTold | null;
  place: Place | null;
  text: string;
  /** of an address: how exactly it is known, why it was refused in both languages, and what else it may be called */
  level: string;
  reason: { zh: string; en: string } | null;
  labels: string[];
  /** the old names that it was asked by, each with what it is called now */
  renamed: { alias: string; name: string }[];
  district: string;
  plan: string;
  asOf: string;
  source: "service" | "phone";
  /** when the data is from, in ms since 1970 */
  at: number;
  validFrom: string | null;
  /** of a phone's answer: the day on which its plan ended, and the community it carries if others may be meant */
  over: string | null;
  partial: string | null;
}

/** The worst accuracy that the service takes (metres). */
export const WORST_M = 2000;

const blank = {
  inside: null, border: null, also: [], nearest: null, building: null, place: null, text: "", level: "", reason: null, labels: [], renamed: [],
  validFrom: null, over: null, partial: null,
};

function near(told: Nearby): Found {
  return { grid: told, people: told.people, metres: told.distance_m };
}

function fromService(told: LookupAnswer, rest: Partial<Shown>): Shown {
  return {
    ...blank,
    how: "place",
    inside: { grid: told.grid, people: told.people, metres: 0 },
    border: told.distance_to_border_m,
    also: (told.also_possible ?? []).map(near),
    building: told.building ?? null,
    district: told.district,
    plan: told.plan,
    asOf: told.as_of,
    source: "service",
    at: Date.now(),
    ...rest,
  };
}

/** Return the query of a place; `at` is a day. */
function query(place: Place, at?: string): string {
  const asked = new URLSearchParams({ lon: String(place.lon), lat: String(place.lat), crs: place.crs });
  if (place.accuracy !== null) asked.set("accuracy_m", place.accuracy.toFixed(1));
  if (at) asked.set("at", at);
  return asked.toString();
}

/** Ask whose a place is; without a network the phone answers. */
export async function byPlace(place: Place, signal?: AbortSignal): Promise<Shown> {
  try {
    return fromService(await get<LookupAnswer>(`/lookup?${query(place)}`, signal), { place });
  } catch (caught) {
    if (!(caught instanceof Problem)) throw caught;
    if (caught.status === 0) return await onPhone(place);
    if (caught.status !== 404 || !("nearest" in caught.body)) throw caught;
    const nearest = caught.body.nearest as Nearby | null;
    const told = { district: "", plan: String(caught.body.plan ?? ""), asOf: String(caught.body.as_of ?? "") };
    const here = nearest ? near(nearest) : null;
    const close = here && place.accuracy !== null && here.metres! <= place.accuracy;
    const rest = close ? { also: [here], nearest: null } : { nearest: here };
    return { ...blank, how: "place", source: "service", at: Date.now(), place, ...told, ...rest };
  }
}

/** Return the answer once somebody has said which stairwell of the building it is. */
export function atStairwell(shown: Shown, chosen: number): Shown {
  const { label, stairwells } = shown.building!;
  const { stairwell, grid, people } = stairwells[chosen]!;
  const inside = { grid, people, metres: null };
  return { ...shown, how: "stairwell", building: null, inside, border: null, also: [], text: label && stairwell ? `${label}${stairwell}单元` : label, level: stairwell ? "stairwell" : "" };
}

/** Ask whose an address is; where it may lie in several grids all of them are shown, with the reason. */
export async function byAddress(text: string, signal?: AbortSignal): Promise<Shown> {
  let told: AddressTold;
  try {
    told = await get<AddressAnswer>(`/lookup?${new URLSearchParams({ address: text })}`, signal);
  } catch (caught) {
    if (!(caught instanceof Problem) || !("reason_zh" in caught.body)) throw caught;
    told = { reason_en: caught.message, ...caught.body } as unknown as AddressTold;
  }
  return fromAddress(told, text);
}

/** Return the answer to an address as it is shown. */
export function fromAddress(told: AddressTold, text: string): Shown {
  const possible = told.also_possible ?? [];
  return {
    ...blank,
    how: "address",
    text: told.grid ? told.label || text : text,
    level: told.level ?? "",
    reason: told.grid ? null : { zh: told.reason_zh ?? "", en: told.reason_en ?? "" },
    labels: [...new Set(possible.map((one) => one.label).filter(Boolean))],
    renamed: told.renamed ?? [],
    inside: told.grid ? { grid: told.grid, people: told.people ?? [], metres: null } : null,
    also: possible.map(({ grid, people }) => ({ grid, people, metres: null })),
    place: told.grid && told.lon != null && told.lat != null ? { lon: told.lon, lat: told.lat, crs: "wgs84", accuracy: null } : null,
    district: told.district ?? "",
    plan: told.plan ?? "",
    asOf: told.as_of ?? "",
    source: "service",
    at: Date.now(),
  };
}

export async function byCode(code: string, district?: string, signal?: AbortSignal): Promise<Shown> {
  try {
    const asked = district ? `?district=${encodeURIComponent(district)}` : "";
    const told = await get<GridAnswer>(`/grids/${encodeURIComponent(code)}${asked}`, signal);
    const inside = { grid: told.grid, people: told.people, metres: null };
    const rest = { district: district ?? "", plan: told.plan, asOf: told.as_of, validFrom: told.valid_from };
    return { ...blank, how: "code", inside, text: code, source: "service", at: Date.now(), ...rest };
  } catch (caught) {
    if (!(caught instanceof Problem) || caught.status !== 0) throw caught;
    for (const kept of await carriedHere()) {
      const edition = editionOf(kept);
      const grid = edition.grids.find((one) => one.code === code);
      if (grid) return { ...phone(kept, edition), how: "code", text: code, inside: found(grid, null) };
    }
    throw new Problem(0, "code");
  }
}

export interface Coming {
  day: string;
  /** null where nothing is there then */
  then: Found | null;
}

/** Return since when the grid is so, its outline, and what the next plan makes of the place. */
export async function detail(shown: Shown, signal?: AbortSignal): Promise<{ told: GridAnswer; coming: Coming | null }> {
  const code = encodeURIComponent(shown.inside!.grid.code);
  const district = shown.district ? `&district=${encodeURIComponent(shown.district)}` : "";
  const told = await get<GridAnswer>(`/grids/${code}?geometry=true${district}`, signal);
  if (!told.next_effective) return { told, coming: null };
  const day = told.next_effective;
  try {
    if (shown.place) {
      const then = await get<LookupAnswer>(`/lookup?${query({ ...shown.place, accuracy: null }, day)}`, signal);
      return { told, coming: { day, then: { grid: then.grid, people: then.people, metres: 0 } } };
    }
    const then = await get<GridAnswer>(`/grids/${code}?at=${day}${district}`, signal);
    return { told, coming: { day, then: { grid: then.grid, people: then.people, metres: null } } };
  } catch (caught) {
    if (caught instanceof Problem && caught.status === 404) return { told, coming: { day, then: null } };
    throw caught;
  }
}

// ---- without a network ------------------------------------------------------------------------------------------------

function found(grid: CarriedGrid, metres: number | null): Found {
  return { grid, people: grid.people, metres };
}

/** Return which day it is in a district. */
export function today(timezone: string, at = new Date()): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short" }).format(at);
}

/** Return the edition of a file that is in force today; the last one that was, if its plan has ended. */
export function editionOf(kept: Kept, day = today(kept.file.timezone)): Edition {
  const begun = kept.file.editions.filter((one) => one.valid_from === null || one.valid_from <= day);
  return begun[begun.length - 1] ?? kept.file.editions[0]!;
}

function phone(kept: Kept, edition: Edition): Shown {
  const day = today(kept.file.timezone);
  const over = edition.valid_to !== null && edition.valid_to <= day ? edition.valid_to : null;
  const rest = { district: kept.file.district, plan: edition.plan, asOf: day, validFrom: edition.valid_from, over };
  return { ...blank, how: "place", source: "phone", at: kept.at, ...rest };
}

const indexes = new WeakMap<Edition, Index>();

/** Answer from the communities that the phone carries; its own grids before those around them. */
export function answerFrom(carried: Kept[], place: Place): Shown | null {
  const [lon, lat] = toWgs84(place.lon, place.lat, place.crs);
  let best: { shown: Shown; own: boolean } | null = null;
  for (const kept of carried) {
    const edition = editionOf(kept);
    const index = indexes.get(edition) ?? indexOf(edition);
    indexes.set(edition, index);
    const owner = ownerOf(index, lon, lat);
    const radius = place.accuracy ?? 0;
    const also = radius ? within(index, lon, lat, radius).filter((one) => one.position !== owner) : [];
    if (owner < 0 && !also.length) continue;
    const grids = edition.grids;
    const own = owner >= 0 && grids[owner]!.own;
    if (best && (best.own || !own)) continue;
    const shown: Shown = {
      ...phone(kept, edition),
      place,
      inside: owner < 0 ? null : found(grids[owner]!, 0),
      border: owner < 0 ? null : borderOf(index, lon, lat).metres,
      also: also.map((one) => found(grids[one.position]!, one.metres)),
      building: buildingAt(edition, lon, lat),
      partial: own && radius <= kept.file.reach_m ? null : kept.file.name || kept.community,
    };
    best = { shown, own };
  }
  return best?.shown ?? null;
}

/** Return the building at a place that several of the grids share, with those of its stairwells. */
function buildingAt(edition: Edition, lon: number, lat: number): BuildingTold | null {
  const tower = edition.towers?.find((one) => covers(one.shape, lon, lat));
  if (!tower) return null;
  const stairwells = tower.stairwells.flatMap(({ stairwell, code }) => {
    const grid = edition.grids.find((one) => one.code === code);
    return grid ? [{ stairwell, grid, people: grid.people }] : [];
  });
  return { label: tower.label, stairwells };
}

async function onPhone(place: Place): Promise<Shown> {
  const carried = await carriedHere();
  const shown = answerFrom(carried, place);
  if (!shown) throw new Problem(0, carried.length ? "elsewhere" : "nothing");
  return shown;
}
