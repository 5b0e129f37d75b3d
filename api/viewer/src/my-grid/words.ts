/** Sentences about an answer; pure, so that they are tested without a page. */
import type { Language } from "../i18n";
import type { Key } from "./page";
import type { Shown } from "./ask";
import type { GridTold, Person } from "../api-types";

export type Say = (key: Key, values?: Record<string, string | number>) => string;

/** Say a distance as a phone can know it: whole metres, then tenths of a kilometre. */
export function metres(say: Say, value: number): string {
  return value < 1000
    ? say("metres", { count: Math.round(value) })
    : say("kilometres", { count: (value / 1000).toFixed(1) });
}

/** Say how old something is. */
export function age(say: Say, milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 1) return say("age_now");
  if (minutes < 60) return say("age_minutes", { count: minutes });
  if (minutes < 48 * 60) return say("age_hours", { count: Math.floor(minutes / 60) });
  return say("age_days", { count: Math.floor(minutes / (24 * 60)) });
}

export function nameOf(grid: GridTold): string {
  return grid.name || grid.code;
}

/** Return how many grids an answer leaves open; one means that it is certain. */
export function open(shown: Shown): number {
  return (shown.inside ? 1 : 0) + shown.also.length;
}

/** Say where the place is: inside how far from the border, or between which grids. */
export function whereabouts(say: Say, shown: Shown, language: Language): string {
  if (shown.reason) return say("address_refused", { reason: shown.reason[language] || shown.reason.zh });
  const { inside, also, place, border } = shown;
  const accuracy = place?.accuracy ? metres(say, place.accuracy) : "";
  if (!inside) return also.length ? say("unsure_outside", { accuracy }) : say(shown.nearest ? "outside" : "no_plan");
  if (border === null) return "";
  const values = { name: nameOf(inside.grid), metres: metres(say, border), accuracy, count: open(shown) };
  if (also.length === 1) {
    return say("unsure_two", { ...values, one: values.name, other: nameOf(also[0]!.grid) });
  }
  if (also.length) return say("unsure_many", values);
  return say(accuracy ? "inside_accuracy" : "inside_far", values);
}

/** Put those who can be reached first: holders and substitutes before vacant posts; the order is kept otherwise. */
export function reachable(people: Person[]): Person[] {
  return [...people].sort((one, other) => Number(!one.work_phone) - Number(!other.work_phone));
}

/** Say whether a text is a code rather than an address: no Chinese and no spaces, a figure in it. */
export function isCode(text: string): boolean {
  return /^[\x21-\x7e]{1,64}$/.test(text) && /\d/.test(text);
}

/** So many figures in a row are a telephone number or worse: the service refuses them too. */
export function hasLongNumber(text: string): boolean {
  return /\d(?:[ -]?\d){6,}/.test(text.normalize("NFKC"));
}
