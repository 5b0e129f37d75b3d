/** The phone page: where am I, which grid, who answers. Text first; the map comes once the answer stands. */
import { language, setLanguage } from "./i18n";
import { Problem, token } from "./api";
import { atStairwell, byAddress, byCode, byPlace, detail, WORST_M, type Place, type Shown } from "./my-grid/ask";
import { answerOf, complete, stairwellsOf } from "./my-grid/cards";
import { carriedHere, carry, forget } from "./my-grid/kept";
import { h, say, setTheme, theme, THEMES, type Key, type Theme } from "./my-grid/page";
import { makeSearch } from "./my-grid/search";
import { crsOfHost, SYSTEMS, type Crs } from "./my-grid/shifts";
import { carryOwn, makeStaff } from "./my-grid/staff";
import { textsOf } from "./my-grid/suggested";
import type { GridAnswer } from "./api-types";
import { isCode, metres } from "./my-grid/words";
import "./my-grid.css";

const given = new URLSearchParams(location.search);
const host = crsOfHost(navigator.userAgent);

function start(): void {
  document.documentElement.lang = language() === "en" ? "en" : "zh-CN";
  document.title = say("title");
  setTheme(theme());
  const app = document.getElementById("app")!;
  const asked = given.get("crs") as Crs | null;
  let crs: Crs = asked && SYSTEMS.includes(asked) ? asked : host;
  let last: Place | null = null;
  let running = new AbortController();

  const status = h("p", { id: "status", role: "status" });
  const result = h("div", { id: "result" });
  const search = makeSearch((text) => void look(isCode(text) ? () => byCode(text, undefined, running.signal) : () => byAddress(text, running.signal), text));
  const staff = makeStaff(() => void carryOwn().then(staff.refresh));
  const map = h("section", { class: "map", hidden: true, "aria-label": say("map_text") });
  const system = h(
    "select",
    { id: "crs", onchange: () => ((crs = system.value as Crs), last && void place({ ...last, crs })) },
    ...SYSTEMS.map((one) => h("option", { value: one, selected: one === crs }, say(`crs_${one}`))),
  );

  /** Ask something and show what comes of it; what was asked before is of no interest any more. */
  async function look(question: () => Promise<Shown>, text = ""): Promise<void> {
    running.abort();
    running = new AbortController();
    const mine = running;
    search.close();
    status.textContent = say("looking");
    try {
      const shown = await question();
      if (mine.signal.aborted) return;
      status.textContent = "";
      const answer = shown.building
        ? stairwellsOf(shown, (chosen) => void look(() => Promise.resolve(atStairwell(shown, chosen))))
        : answerOf(shown);
      if (shown.labels.length > 1) answer.append(alternatives(shown.labels, choose));
      const actions = h("div", { class: "actions" });
      result.replaceChildren(answer, actions);
      performance.mark("answer");
      staff.at(shown.place);
      void offerCarrying(actions, shown);
      await finish(answer, shown, mine.signal);
    } catch (caught) {
      if (mine.signal.aborted) return;
      map.hidden = true;
      status.textContent = "";
      result.replaceChildren(...refusal(caught, text, choose));
    }
  }

  function choose(text: string): void {
    search.input.value = text;
    void look(() => byAddress(text, running.signal), text);
  }

  /** Add to the answer what takes another question, and then the map. */
  async function finish(answer: HTMLElement, shown: Shown, signal: AbortSignal): Promise<void> {
    let told: GridAnswer | null = null;
    try {
      if (shown.source === "service" && shown.inside && !shown.building) {
        const found = await detail(shown, signal);
        told = found.told;
        if (!signal.aborted) complete(answer, shown, told.valid_from, found.coming);
      } else if (shown.validFrom) complete(answer, shown, shown.validFrom, null);
    } catch {
      // the answer stands without it
    }
    if (signal.aborted) return;
    map.hidden = shown.source === "phone" || !shown.plan || !(shown.inside ?? shown.place);
    if (map.hidden) return;
    try {
      const { draw } = await import("./my-grid/chart");
      if (!signal.aborted) draw(map, shown, told);
    } catch {
      map.replaceChildren(h("p", { class: "hint" }, say("map_failed")));
    }
  }

  function place(where: Place): Promise<void> {
    last = where;
    if (where.accuracy !== null && where.accuracy > WORST_M) {
      result.replaceChildren();
      map.hidden = true;
      status.textContent = say("too_vague", { metres: metres(say, where.accuracy) });
      return Promise.resolve();
    }
    return look(() => byPlace(where, running.signal));
  }

  function locate(): void {
    status.textContent = say("locating");
    if (!navigator.geolocation) return void (status.textContent = say("no_position"));
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => void place({ lon: coords.longitude, lat: coords.latitude, crs, accuracy: coords.accuracy ?? null }),
      (error) => {
        status.textContent = say(error.code === error.PERMISSION_DENIED ? "refused" : "no_position");
        if (!result.childElementCount) search.element.scrollIntoView({ block: "nearest" });
      },
      { enableHighAccuracy: true, timeout: 12_000, maximumAge: 0 },
    );
  }

  app.replaceChildren(
    h("header", { class: "top" }, h("h1", {}, say("title")), h("div", { class: "top-right" }, languageButton(), themeChoice())),
    h(
      "main",
      {},
      h("p", { class: "hint" }, say("intro")),
      host === "gcj02" && h("p", { class: "warning" }, say("host_shifts", { crs: say(`crs_${crs}`) })),
      search.element,
      status,
      result,
      map,
      h("details", { class: "settings", open: host === "gcj02" }, h("summary", {}, say("position")), h("label", { for: "crs", class: "unseen" }, say("position")), system),
      staff.element,
    ),
    h(
      "nav",
      { class: "bar", "aria-label": say("title") },
      h("button", { type: "button", class: "main", id: "locate", onclick: locate }, say("locate")),
      h("button", { type: "button", onclick: () => (search.input.scrollIntoView({ block: "center" }), search.input.focus()) }, say("search")),
      h("button", { type: "button", onclick: () => (staff.element.scrollIntoView(), staff.element.focus()) }, say("staff")),
    ),
  );

  const code = given.get("grid");
  token(); // taken out of the address before anything else
  if (code) void look(() => byCode(code, given.get("district") ?? undefined, running.signal), code);
  else if (given.get("q")) void look(() => byAddress(given.get("q")!, running.signal), given.get("q")!);
  else void locateIfPermitted(locate);
  void staff.refresh().then(() => (token() ? carryOwn().then(staff.refresh) : freshen()));
}

/** Ask for the position without being told to only where that opens no question. */
async function locateIfPermitted(locate: () => void): Promise<void> {
  try {
    const { state } = await navigator.permissions.query({ name: "geolocation" });
    if (state === "granted") locate();
  } catch {
    // this browser does not say; the button asks
  }
}

/** Ask again for what the phone carries, so that it is young when the network goes. */
async function freshen(): Promise<void> {
  for (const kept of await carriedHere()) await carry(kept.community, kept.file.district).catch(() => undefined);
}

async function offerCarrying(actions: HTMLElement, shown: Shown): Promise<void> {
  const grid = shown.inside?.grid ?? shown.nearest?.grid;
  if (!grid?.community_code || shown.source === "phone") return;
  const { community_code: code } = grid;
  const show = async (): Promise<void> => {
    const kept = (await carriedHere()).find((one) => one.community === code);
    if (!kept) return actions.replaceChildren(h("button", { type: "button", id: "carry", onclick: () => void keep() }, say("carry")));
    const size = `${Math.ceil(kept.bytes / 1000)} kB`;
    const drop = (): Promise<void> => forget(code).then(show);
    actions.replaceChildren(
      h("p", { class: "hint", id: "carried" }, say("carried", { name: kept.file.name || code, size })),
      h("button", { type: "button", onclick: () => void drop() }, say("forget")),
    );
  };
  const keep = async (): Promise<void> => {
    try {
      await carry(code, shown.district);
      await navigator.storage?.persist?.();
      await show();
    } catch (caught) {
      actions.append(h("p", { class: "warning", role: "alert" }, say("carry_failed", { reason: (caught as Error).message })));
    }
  };
  if (matchMedia("(display-mode: standalone)").matches) await carry(code, shown.district).catch(() => undefined);
  await show();
}

/** Say why there is no answer, and what else to ask. */
function refusal(caught: unknown, text: string, choose: (text: string) => void): HTMLElement[] {
  const warning = (key: Key, values: Record<string, string | number> = {}): HTMLElement =>
    h("p", { class: "warning", role: "alert" }, say(key, values));
  if (!(caught instanceof Problem)) return [warning("failed", { reason: String(caught) })];
  const reason = caught.message;
  const kind = String(caught.body.type ?? "").split("problem-")[1] ?? "";
  if (caught.status === 0) {
    const keys: Record<string, Key> = { elsewhere: "not_carried", nothing: "nothing_carried", code: "code_offline" };
    return [warning(keys[reason] ?? (text ? "address_offline" : "failed"), { code: text, reason: say("unreachable") })];
  }
  if (caught.status === 401) return [warning("needs_token")];
  if (caught.status === 429) return [warning("too_often", { seconds: /(\d+) s$/.exec(reason)?.[1] ?? 60 })];
  if (caught.status === 404 && isCode(text)) return [warning("no_code", { code: text })];
  if (caught.status === 409) return [warning("several", { code: text, detail: reason })];
  if (kind === "no-addresses") return [warning("address_not_yet")];
  const others = textsOf(caught.body.alternatives);
  const said = text ? warning("address_refused", { reason: String(caught.body.reason ?? reason) }) : warning("failed", { reason });
  return others.length ? [said, alternatives(others, choose)] : [said];
}

function alternatives(texts: string[], choose: (text: string) => void): HTMLElement {
  const buttons = texts.map((one) => h("button", { type: "button", onclick: () => choose(one) }, one));
  return h("div", { class: "alternatives" }, h("h3", {}, say("alternatives")), ...buttons);
}

function languageButton(): HTMLElement {
  const other = language() === "en" ? "zh" : "en";
  return h("button", { type: "button", lang: other === "en" ? "en" : "zh-CN", onclick: () => (setLanguage(other), given.delete("lang"), again()) }, say("language"));
}

/** Begin anew in another language; `?lang=` gives way to what was chosen. */
function again(): void {
  const rest = given.toString();
  history.replaceState(null, "", location.pathname + (rest ? `?${rest}` : ""));
  start();
}

function themeChoice(): HTMLElement {
  const choice = h(
    "select",
    { "aria-label": say("theme"), onchange: () => setTheme(choice.value as Theme) },
    ...THEMES.map((one) => h("option", { value: one, selected: one === theme() }, say(`theme_${one}`))),
  );
  return choice;
}

start();
if ("serviceWorker" in navigator) {
  void navigator.serviceWorker
    .register("/my-worker.js", { scope: "/my" })
    .then(() => navigator.serviceWorker.ready)
    .then((ready) => ready.active?.postMessage("fill"))
    .catch(() => undefined); // without it the page still answers online
}
