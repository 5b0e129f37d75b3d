/** An answer as cards: what it is, who answers, how sure that is. */
import { language } from "../i18n";
import type { Coming, Found, Shown } from "./ask";
import { h, say, type Key } from "./page";
import type { Person } from "../api-types";
import { age, metres, nameOf, open, reachable, whereabouts } from "./words";

/** So many cards stand in full; further grids are listed below them. */
const IN_FULL = 3;

/** Ask which stairwell it is, with a large button for each: the place alone cannot decide. */
export function stairwellsOf(shown: Shown, choose: (chosen: number) => void): HTMLElement {
  const { label, stairwells } = shown.building!;
  const asked = say("which_stairwell", { building: label || say("this_building") });
  const buttons = stairwells.map(({ stairwell, grid }, n) =>
    h(
      "button",
      { type: "button", "data-code": grid.code, onclick: () => choose(n) },
      h("strong", {}, stairwell ? say("stairwell", { name: stairwell }) : nameOf(grid)),
      stairwell && h("span", {}, nameOf(grid)),
    ),
  );
  return h(
    "section",
    { class: "answer unsure stairwells", "aria-label": asked },
    h("p", { class: "whereabouts" }, asked),
    ...buttons,
    footOf(shown),
  );
}

/** Return an answer as elements; several possible grids look alike, so that none seems the certain one. */
export function answerOf(shown: Shown): HTMLElement {
  const sure = open(shown) === 1;
  const first = shown.inside ? [{ found: shown.inside, head: headOf(shown, sure) }] : [];
  const more = shown.also.map((found, n) => ({ found, head: say(n || shown.inside ? "maybe_also" : "maybe_one") }));
  const cards = [...first, ...more];
  if (!cards.length && shown.nearest) {
    const head = say("nearest", { metres: metres(say, shown.nearest.metres ?? 0) });
    cards.push({ found: shown.nearest, head });
  }
  const said = whereabouts(say, shown, language());
  const rest = cards.slice(IN_FULL);
  return h(
    "section",
    { class: `answer ${sure ? "sure" : "unsure"}`, "aria-label": said || say("title") },
    said && h("p", { class: "whereabouts" }, said),
    ...shown.renamed.map(({ alias, name }) => h("p", { class: "renamed" }, say("renamed", { alias, name }))),
    ...cards.slice(0, IN_FULL).map(({ found, head }) => card(found, head, shown)),
    rest.length > 0 && moreOf(rest.map((one) => one.found)),
    footOf(shown),
  );
}

function headOf(shown: Shown, sure: boolean): string {
  if (shown.how === "code") return say("by_code");
  if (!sure) return say("maybe_one");
  if (shown.how === "stairwell") return say("by_stairwell");
  return say(shown.how === "address" ? "by_address" : "here");
}

function card({ grid, people, metres: away }: Found, head: string, shown: Shown): HTMLElement {
  const bounds = language() === "en" ? grid.bounds_en : grid.bounds_zh;
  const household = grid.households_suppressed ? say("few") : grid.households;
  const since = shown.inside?.grid === grid ? shown.validFrom : null;
  return h(
    "article",
    { class: "card", "data-code": grid.code },
    h("p", { class: "head" }, head),
    h("h2", {}, nameOf(grid)),
    away ? h("p", { class: "away" }, say("away", { metres: metres(say, away) })) : null,
    peopleOf(people),
    h(
      "dl",
      {},
      ...row("community", grid.community),
      ...row("households", household === null ? "" : String(household)),
      ...row("bounds", bounds),
      ...row("valid_from", since ?? "", "since"),
      ...row("code", grid.code, "code"),
    ),
    h("div", { class: "coming" }),
  );
}

function row(key: Key, value: string, name = ""): Node[] {
  if (!value && name !== "since") return [];
  const shown = value ? {} : { hidden: true };
  return [h("dt", shown, say(key)), h("dd", { ...shown, ...(name ? { class: name } : {}) }, value)];
}

/** Return who answers: the first who can be called in full, the others folded. */
export function peopleOf(people: Person[]): HTMLElement {
  const [first, ...others] = reachable(people);
  if (!first) return h("p", { class: "nobody" }, say("nobody"));
  return h(
    "div",
    { class: "people" },
    personOf(first),
    others.length > 0 &&
      h("details", {}, h("summary", {}, say("others", { count: others.length })), ...others.map(personOf)),
  );
}

export function personOf(person: Person): HTMLElement {
  const role = (language() === "en" ? person.role_en : person.role_zh) || person.role;
  const vacant = person.kind === "vacant" || !person.name;
  const kind = vacant ? say("vacant") : person.kind === "substitute" ? say("substitute") : "";
  const lines = person.lines.map(lineOf).join(language() === "en" ? ", " : "、");
  return h(
    "div",
    { class: "person" },
    h(
      "p",
      {},
      h("span", { class: "role" }, role),
      " ",
      h("strong", {}, vacant ? kind : person.name),
      !vacant && kind && h("span", { class: "kind" }, ` ${kind}`),
      lines && h("span", { class: "lines" }, `${say("lines")}${language() === "en" ? " " : "："}${lines}`),
    ),
    !vacant && person.work_phone
      ? h(
          "a",
          {
            class: "call",
            href: `tel:${person.work_phone.replace(/[^+\d]/g, "")}`,
            "aria-label": say("call", { name: person.name, phone: person.work_phone }),
          },
          `☎ ${person.work_phone}`,
        )
      : null,
  );
}

const LINES: Record<string, Key> = {
  safety: "line_safety",
  city_management: "line_city_management",
  livelihood: "line_livelihood",
  social_services: "line_social_services",
};

function lineOf(line: string): string {
  const key = LINES[line];
  return key ? say(key) : line;
}

function moreOf(rest: Found[]): HTMLElement {
  const rows = rest.map(({ grid, metres: away, people }) => {
    const person = reachable(people)[0];
    const far = away ? ` · ${metres(say, away)}` : "";
    return h("li", {}, `${nameOf(grid)}${far}`, person ? personOf(person) : null);
  });
  return h("details", { class: "card" }, h("summary", {}, say("more_grids", { count: rest.length })), h("ul", {}, ...rows));
}

const LEVELS: Record<string, Key> = {
  stairwell: "level_stairwell",
  building: "level_building",
  door: "level_door",
  interpolated: "level_interpolated",
  road: "level_road",
  compound: "level_compound",
  community: "level_community",
};

/** Say what was asked in which coordinates, and who answered from what. */
function footOf(shown: Shown): HTMLElement {
  const asked = [];
  if (shown.text) asked.push(say("asked_address", { text: shown.text }));
  const level = LEVELS[shown.level];
  if (level) asked.push(say(level));
  if (shown.place && !shown.text) {
    asked.push(say("asked_place", { crs: say(`crs_${shown.place.crs}`) }));
    if (shown.place.accuracy) asked.push(say("asked_accuracy", { metres: metres(say, shown.place.accuracy) }));
  }
  const time = new Date(shown.at).toLocaleTimeString(language() === "en" ? "en-GB" : "zh-CN", { timeStyle: "short" });
  const day = new Date(shown.at).toLocaleDateString("sv-SE");
  const from =
    shown.source === "service"
      ? say("from_service", { time, day: shown.asOf })
      : say("from_phone", { age: age(say, Date.now() - shown.at), day });
  return h(
    "footer",
    { class: `foot ${shown.source}` },
    h("p", {}, `${asked.join(" · ")}`),
    h("p", { class: "source" }, from),
    shown.over && h("p", { class: "warning" }, say("from_phone_over", { day: shown.over })),
    shown.partial && h("p", { class: "warning" }, say("from_phone_partial", { name: shown.partial })),
  );
}

/** Add to a card what came later: since when it is so, and what the next plan makes of the place. */
export function complete(answer: HTMLElement, shown: Shown, since: string | null, coming: Coming | null): void {
  const first = answer.querySelector<HTMLElement>(".card");
  const day = first?.querySelector<HTMLElement>(".since");
  if (!first) return;
  if (day && since) {
    day.textContent = since;
    day.hidden = false;
    (day.previousElementSibling as HTMLElement).hidden = false;
  }
  if (!coming) return;
  const { then } = coming;
  const same = then?.grid.code === shown.inside?.grid.code;
  const key: Key = !then ? (shown.place ? "next_none" : "next_gone") : same ? "next_same" : "next_other";
  const said = h("p", {}, say(key, { day: coming.day, name: then ? nameOf(then.grid) : "" }));
  const person = then && !same ? reachable(then.people)[0] : undefined;
  first.querySelector(".coming")?.replaceChildren(said, ...(person ? [personOf(person)] : []));
}
