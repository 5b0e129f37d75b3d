/** For who signs in: own grids, neighbours' numbers, hand-overs to come, and a sentence about a wrong line. */
import { get, post, Problem, setToken, token } from "../api";
import { peopleOf, personOf } from "./cards";
import type { Place } from "./ask";
import { editionOf } from "./ask";
import { carriedHere, carry, deskHere, forgetAll, keepDesk, type Desk } from "./kept";
import { h, say } from "./page";
import type { HandOverTold, HandOvers, MyGrids, OwnGrid, Person, ReportTold } from "../api-types";
import { age, hasLongNumber, nameOf, reachable } from "./words";

/** The longest sentence that the service takes (characters). */
const LONGEST = 200;

export interface Staff {
  element: HTMLElement;
  /** Tell where the place of a report is. */
  at(place: Place | null): void;
  refresh(): Promise<void>;
}

export function makeStaff(signed: () => void): Staff {
  const inside = h("div", {});
  const element = h("section", { id: "staff", class: "staff", "aria-labelledby": "staff-title", tabindex: "-1" });
  let place: Place | null = null;
  const where = h("p", { class: "hint" });

  function at(now: Place | null): void {
    place = now ?? place;
    where.textContent = place
      ? say("report_place", { place: `${place.lon.toFixed(5)}, ${place.lat.toFixed(5)} · ${say(`crs_${place.crs}`)}` })
      : say("report_no_place");
  }

  const tools = h("div", { hidden: true }, reportForm(() => place, where), signOut(refresh));
  element.append(h("h2", { id: "staff-title" }, say("staff")), inside, tools);

  function ask(...before: Node[]): void {
    tools.hidden = true;
    const done = async (): Promise<void> => {
      await refresh();
      if (token()) signed();
    };
    inside.replaceChildren(...before, signIn(done));
  }

  /** Show what is known now; what is being written about a line stays. */
  async function refresh(): Promise<void> {
    if (!token()) return ask();
    let desk: Desk | undefined;
    let old = false;
    try {
      desk = await fetchDesk();
    } catch (caught) {
      if (caught instanceof Problem && caught.status === 401) {
        setToken(null);
        return ask(h("p", { class: "warning", role: "alert" }, say("wrong_token")));
      }
      if (!(caught instanceof Problem && caught.status === 403)) {
        desk = await deskHere();
        old = true;
      } // a token that is nobody's
    }
    inside.replaceChildren(...(desk?.grids.length ? await deskOf(desk, old) : [h("p", {}, say("not_staff"))]));
    tools.hidden = false;
    at(null);
  }

  return { element, at, refresh };
}

async function fetchDesk(): Promise<Desk> {
  const [mine, handOvers] = await Promise.all([
    get<MyGrids>("/me/grids"),
    get<HandOvers>("/me/hand-overs"),
  ]);
  const desk = { grids: mine.grids, handOvers, at: Date.now() };
  await keepDesk(desk).catch(() => undefined);
  return desk;
}

/** Carry the communities of one's own grids, so that the phone answers there without a network. */
export async function carryOwn(): Promise<void> {
  const desk = await deskHere();
  const codes = new Set(desk?.grids.map((one) => one.community_code));
  for (const code of codes) if (code) await carry(code).catch(() => undefined);
}

function signIn(done: () => Promise<void>): HTMLElement {
  const input = h("input", { id: "token", type: "password", autocomplete: "current-password", required: true });
  return h(
    "form",
    {
      onsubmit: (event) => {
        event.preventDefault();
        const said = input.value.trim();
        if (!said) return;
        setToken(said);
        void done();
      },
    },
    h("p", { class: "hint" }, say("sign_in_hint")),
    h("label", { for: "token" }, say("token")),
    h("div", { class: "row" }, input, h("button", { type: "submit" }, say("sign_in"))),
  );
}

function signOut(done: () => Promise<void>): HTMLElement {
  const leave = async (): Promise<void> => {
    setToken(null);
    await forgetAll();
    await done();
  };
  return h("button", { type: "button", class: "quiet", onclick: () => void leave() }, say("sign_out"));
}

async function deskOf(desk: Desk, old: boolean): Promise<Node[]> {
  const beside = await neighboursOf(desk.grids);
  const cards = desk.grids.map((grid) => {
    const doors = grid.doors === null ? say("doors_unknown") : String(grid.doors);
    const households = grid.households === null ? say("few") : String(grid.households);
    return h(
      "details",
      { class: "card own", "data-code": grid.code },
      h("summary", {}, nameOf(grid), h("span", { class: "counts" }, `${say("households")} ${households} · ${say("doors")} ${doors}`)),
      h("h4", {}, say("neighbours")),
      ...neighbourRows(beside.get(grid.code)),
    );
  });
  const day = new Date(desk.at).toLocaleDateString("sv-SE");
  return [
    ...(old ? [h("p", { class: "warning" }, say("from_phone", { age: age(say, Date.now() - desk.at), day }))] : []),
    h("h3", {}, say("my_grids", { count: desk.grids.length })),
    ...cards,
    h("h3", {}, say("hand_overs")),
    ...handOverRows(desk),
  ];
}

type Beside = { name: string; people: Person[] }[];

/** Return the grids beside each own one with their people, from what the phone carries. */
async function neighboursOf(own: OwnGrid[]): Promise<Map<string, Beside>> {
  const found = new Map<string, Beside>();
  for (const kept of await carriedHere()) {
    const grids = new Map(editionOf(kept).grids.map((one) => [one.code, one]));
    for (const { code } of own) {
      const codes = grids.get(code)?.own ? grids.get(code)!.neighbours : null;
      if (codes) found.set(code, codes.map((one) => ({ name: nameOf(grids.get(one)!), people: grids.get(one)!.people })));
    }
  }
  return found;
}

function neighbourRows(beside: Beside | undefined): Node[] {
  if (!beside?.length) return [h("p", {}, say("no_neighbours"))];
  return beside.map(({ name, people }) => {
    const person = reachable(people)[0];
    return h("div", { class: "neighbour" }, h("p", { class: "head" }, name), person ? personOf(person) : peopleOf([]));
  });
}

function handOverRows({ handOvers: told, grids }: Desk): Node[] {
  const names = new Map(grids.map((one) => [one.code, nameOf(one)]));
  if (!told.effective) return [h("p", {}, say("hand_overs_none"))];
  const rows = told.hand_overs.map((one) => h("li", {}, handOver(one, names), ...reachable(one.people).slice(0, 1).map(personOf)));
  const redrawn = told.redrawn ? [h("p", { class: "warning" }, say("hand_over_redrawn"))] : [];
  if (!rows.length && !told.redrawn) return [h("p", {}, say("hand_overs_nothing", { day: told.effective }))];
  return [h("p", {}, say("hand_over_from", { day: told.effective })), h("ul", { class: "hand-overs" }, ...rows), ...redrawn];
}

function handOver(one: HandOverTold, names: Map<string, string>): string {
  const count = one.households === null ? say("few") : one.households;
  const other = one.other_name || one.other;
  return say(one.gives ? "hand_over_gives" : "hand_over_takes", { own: names.get(one.own) ?? one.own, other, count });
}

function reportForm(place: () => Place | null, where: HTMLElement): HTMLElement {
  const text = h("textarea", { id: "sentence", rows: "3", maxlength: String(LONGEST), "aria-describedby": "report-hint" });
  const said = h("p", { role: "status", class: "said" });
  const send = async (): Promise<void> => {
    const [at, sentence] = [place(), text.value.trim()];
    if (!at) return void (said.textContent = say("report_no_place"));
    if (!sentence) return void (said.textContent = say("report_empty"));
    if (hasLongNumber(sentence)) return void (said.textContent = say("report_number"));
    try {
      const body = { lon: at.lon, lat: at.lat, crs: at.crs, sentence };
      const made = await post<ReportTold>("/reports", body);
      text.value = "";
      said.textContent = say("report_sent", { id: made.id });
    } catch (caught) {
      const offline = caught instanceof Problem && caught.status === 0;
      said.textContent = offline ? say("report_offline") : say("failed", { reason: (caught as Error).message });
    }
  };
  return h(
    "form",
    { class: "report", onsubmit: (event) => (event.preventDefault(), void send()) },
    h("h3", {}, say("report")),
    h("p", { id: "report-hint", class: "hint" }, say("report_hint", { most: LONGEST })),
    where,
    h("label", { for: "sentence" }, say("report_sentence")),
    text,
    h("button", { type: "submit" }, say("report_send")),
    said,
  );
}
