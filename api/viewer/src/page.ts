/** The page's one map and the draft on it: opening, wiring, and what is drawn when the plan has changed. */
import { effect, signal } from "@preact/signals";
import type { StyleSpecification } from "maplibre-gl";
import { get, groundOf, headers, post, Problem, send } from "./api";
import type { Comparison, CutAnswer, Table } from "./api-types";
import { against, announced, beside, chosen, comparing, grounds, picked, shown, sought, swiping, tab, tool } from "./desk";
import { lang, say } from "./i18n/planner";
import { worded } from "./i18n/refusals";
import { createMap, type GlMap } from "./map/create";
import { Crosshair } from "./map/crosshair";
import { PlanLayers, type Text } from "./map/layers";
import { Overlays } from "./map/overlays";
import { Tools } from "./map/tools";
import { colourAll, colourOne } from "./plan/colours";
import { NONE, type Step } from "./plan/plan";
import { Finder, Shapes } from "./plan/shapes";
import { Session } from "./session";

export interface Desk {
  session: Session;
  layers: PlanLayers;
  tools: Tools;
  finder: Finder;
  cross: Crosshair;
}

export const desk = signal<Desk | null>(null);
export const trouble = signal("");
export const loading = signal(false);
/** Pixels kept free around the district: tools lie on the left, the scale below. */
const AROUND = { left: 70, right: 30, top: 30, bottom: 50 };
/** Some 20 m. */
const RING_DEGREES = 0.0002;
let map: GlMap | null = null;
/** The draft that is being opened. */
let opening: string | null = null;
let drop: (() => void)[] = [];

export function theMap(): GlMap | null {
  return map;
}

/** Show a plan in force (or any other) from its tiles, for everybody who may see it. */
export async function showPlan(of = ""): Promise<void> {
  leave();
  [opening, loading.value] = [null, false];
  try {
    const { style, bounds } = await drawable(await get<StyleSpecification>(`/style.json${of ? `?of=${of}` : ""}`));
    map?.remove();
    map = createMap("map", style, { bounds });
    ready(map);
  } catch (caught) {
    fail(caught);
  }
}

type Bounds = [number, number, number, number];

/** Return a style without layers that its tiles do not have (yet: they are drawn after a publication), and its extent. */
async function drawable(style: StyleSpecification): Promise<{ style: StyleSpecification; bounds: Bounds }> {
  const known = new Map<string, Set<string>>();
  let bounds: Bounds = [-180, -85, 180, 85];
  for (const [name, source] of Object.entries(style.sources)) {
    const url = (source as { url: string }).url;
    const about = (await (await fetch(url, { headers: headers() })).json()) as { bounds: Bounds; vector_layers: { id: string }[] };
    known.set(name, new Set(about.vector_layers.map((layer) => layer.id)));
    bounds = about.bounds;
  }
  const layers = style.layers.filter((layer) => !("source" in layer) || known.get(layer.source)?.has(layer["source-layer"] ?? ""));
  return { style: { ...style, layers }, bounds };
}

/** Open a draft for drawing; while it is being opened it is not opened once more. */
export async function openDraft(id: string): Promise<void> {
  if (opening === id) return;
  opening = id;
  const stays = desk.value?.session.draft.id === id && map ? { center: map.getCenter(), zoom: map.getZoom() } : null;
  leave();
  loading.value = true;
  performance.mark("open");
  try {
    const [loaded, ground] = [Session.open(id), baseStyle(id)];
    for (const one of [loaded, ground]) one.catch(() => {}); // told below: the map begins while they are on their way
    const fresh = () => {
      map?.remove();
      return (map = createMap("map", null, stays ?? {}));
    };
    const early = stays ? null : fresh(); // a map that is being looked at stays until the next can be drawn
    const { session, shapes: data } = await loaded;
    performance.mark("loaded");
    if (opening !== id) return session.close(); // something else was asked for meanwhile
    drop = [() => session.close()];
    const [style, shapes] = [await ground, new Shapes(data)];
    const made = early ?? fresh();
    if (!stays) made.fitBounds(session.plan.table.bounds, { padding: AROUND, animate: false });
    await put(session, shapes, made, style);
    const address = new URL(location.href);
    address.searchParams.set("draft", id);
    history.replaceState(null, "", address);
    ready(made);
  } catch (caught) {
    fail(caught);
  } finally {
    if (opening === id) {
      opening = null;
      loading.value = false;
    }
  }
}

/** The ground under a draft: streets, water and their names of the plan in force, if one is; the page draws the rest. */
async function baseStyle(id: string): Promise<StyleSpecification> {
  const style = await get<StyleSpecification>(groundOf(id));
  const ground = style.layers.filter((layer) => !("source" in layer) || (layer.source === "base" && layer["source-layer"] === "streets"));
  const used = new Set(ground.map((layer) => ("source" in layer ? layer.source : "")));
  const sources = Object.fromEntries(Object.entries(style.sources).filter(([name]) => used.has(name)));
  return (await drawable({ ...style, layers: ground, sources })).style;
}

async function put(session: Session, shapes: Shapes, on: GlMap, ground: StyleSpecification): Promise<void> {
  const finder = new Finder(shapes);
  const layers = new PlanLayers(on, session.plan, shapes, finder, colourAll(session.plan));
  const drawn = stateOf(session);
  await layers.draw(ground, names(session), faulty(session));
  if (opening !== session.draft.id) return; // something else was asked for meanwhile
  if (drawn !== stateOf(session)) layers.all();
  const labels = (grids: Iterable<number>) => [...grids].filter((grid) => session.plan.members[grid]?.size).map((grid) => label(session, grid, true));
  const tools = new Tools(on, session, shapes, finder, layers, {
    why: (what) => say(what === "brush" ? "why_brush" : "why_stroke"),
    cut: (block, line) => void cut(session, block, line),
    failed: () => {
      session.notice.value = say("pencil_failed");
      tool.value = "border";
    },
    labels,
  });
  const cross = new Crosshair(on, tools, (lon, lat) => (announced.value = under(session, finder.block(lon, lat))));
  session.onMoved = (blocks) => {
    paintNew(session, layers);
    layers.moved(blocks);
  };
  session.onTheirs = (block) => tools.yield(block);
  session.onChange = () => {
    if (tools.busy) tools.cancel();
  };
  session.onRecut = () => setTimeout(() => void reopen(session), 0);
  const overlays = new Overlays(on, session.plan, shapes, session.draft.id);
  drop.push(effect(() => tools.take(tool.value)), ...followed(session, layers, overlays, drawn), () => tools.remove());
  desk.value = { session, layers, tools, finder, cross };
}

/** What names and hatching follow from: another one whenever they are others. */
const stateOf = (session: Session) => `${session.tick.value} ${lang.value}`;

/** Draw what changes whenever it does; returns what ends each of it. */
function followed(session: Session, layers: PlanLayers, overlays: Overlays, drawn: string): (() => void)[] {
  let last = drawn;
  return [
    effect(() => {
      if (stateOf(session) === last) return; // as it was drawn at first
      last = stateOf(session);
      paintNew(session, layers);
      requestAnimationFrame(() => redraw(session, layers));
    }),
    effect(() => layers.choose(chosen.value)),
    effect(() => layers.pick(picked.value)),
    effect(() => void overlays.show(grounds.value).catch((caught: unknown) => (session.notice.value = worded(caught)))),
    effect(() => {
      session.tick.value;
      overlays.beside(beside.value);
    }),
    effect(() => void compare(session, layers, comparing.value, against.value)),
  ];
}

/** What lies under the cross, for who does not see it. */
function under({ plan }: Session, block: number): string {
  if (block === NONE) return say("under_none");
  return say("under_cross", { block: plan.blockIds[block] as string, count: plan.households[block] as number, grid: plan.called(plan.grid[block] as number) });
}

/** Load the draft again, and say what was to be said. */
async function reopen(session: Session): Promise<void> {
  await openDraft(session.draft.id);
  if (desk.value) desk.value.session.notice.value = session.notice.value;
}

/** Grids that were made since get a colour that none of their neighbours has. */
function paintNew(session: Session, layers: PlanLayers): void {
  const { plan } = session;
  for (let grid = layers.colours.length; grid < plan.gridIds.length; grid++) layers.colours[grid] = colourOne(plan, grid, layers.colours);
}

function redraw(session: Session, layers: PlanLayers): void {
  if (desk.value?.session !== session) return;
  layers.label(names(session));
  layers.fault(faulty(session));
}

/** What stands in each grid. */
function names(session: Session): Text[] {
  const live = session.plan.gridIds.map((_, grid) => grid).filter((grid) => session.plan.members[grid]?.size);
  return live.map((grid) => label(session, grid, false));
}

/** The blocks that break a rule. */
function faulty(session: Session): Set<number> {
  const faults = [...session.problems.values()].flat().filter((fault) => session.severity(fault) === "error");
  return new Set(faults.flatMap((fault) => fault.blocks));
}

/** What stands in the middle of a grid: its name, households, and how far off the band; while drawn, off the target. */
function label(session: Session, grid: number, live: boolean): Text {
  const { plan } = session;
  const off = plan.off(grid);
  const from = plan.load(grid) - plan.band.target;
  const beyond = off > 0 ? ` ▲${off}` : off < 0 ? ` ▼${-off}` : "";
  const told = live ? ` ${from > 0 ? "+" : from < 0 ? "−" : "±"}${Math.abs(from)}` : "";
  const faults = session.problems.get(grid) ?? [];
  return { grid, text: `${plan.short(grid)}\n${plan.load(grid)}${live ? told : ""}${beyond}`, bad: off !== 0 || faults.length > 0 };
}

async function compare(session: Session, layers: PlanLayers, on: boolean, other: string): Promise<void> {
  try {
    if (on) await (other ? startAs(session, other) : startAsBegun(session));
  } catch (caught) {
    session.notice.value = worded(caught);
    return;
  }
  if (desk.value?.session !== session || comparing.value !== on || against.value !== other) return;
  layers.compare(on);
}

/** Take the plan that a draft began as for what was before: its grids have the same ids. */
async function startAsBegun({ plan, draft }: Session): Promise<void> {
  if (draft.plan === draft.id) return void plan.start.set(plan.grid);
  const before = await get<Table>(`/plans/${draft.plan}/table`);
  const grids = new Map(before.blocks.id.map((id, row) => [id, before.grids.id[before.blocks.grid[row] as number] ?? ""]));
  plan.blockIds.forEach((id, block) => {
    const was = grids.get(id) ?? grids.get(plan.table.blocks.parent[block] as string);
    plan.start[block] = was === undefined ? (plan.grid[block] as number) : plan.gridOf(was);
  });
}

/** Take another plan for what was before: the service says which blocks moved, and from where. */
async function startAs({ plan, sync, path }: Session, other: string): Promise<void> {
  await sync.run();
  const { moved } = await get<Comparison>(`${path}/compare?with=${other}`);
  plan.start.set(plan.grid);
  const gone: string[] = [];
  for (const row of moved) {
    const [block, code] = [plan.block(String(row.block_id)), String(row.grid_before ?? "")];
    if (block === undefined) continue;
    const known = code ? plan.codes.indexOf(code) : NONE;
    if (code && known < 0 && !gone.includes(code)) gone.push(code);
    plan.start[block] = known >= 0 || !code ? known : -2 - gone.indexOf(code); // grids that are no more stand below none
  }
}

/** Lay the map of another plan over the one in hand, to be uncovered by a divider; returns what takes it away. */
export async function overlay(container: HTMLElement, other: string): Promise<() => void> {
  const under = map;
  if (!under) return () => {};
  const { style } = await drawable(await get<StyleSpecification>(`/style.json?of=${other}`));
  const over = createMap(container, style, { interactive: false });
  const follow = () => over.jumpTo({ center: under.getCenter(), zoom: under.getZoom() });
  follow();
  under.on("move", follow);
  over.once("idle", () => (container.dataset.ready = "true"));
  return () => {
    under.off("move", follow);
    over.remove();
  };
}

/** Go to a point, and draw a ring around it. */
export function lookAtPoint(lon: number, lat: number): void {
  map?.jumpTo({ center: [lon, lat], zoom: 17 });
  const turn = (n: number) => (n * Math.PI) / 12;
  const wide = RING_DEGREES / Math.cos((lat * Math.PI) / 180);
  desk.value?.layers.sketch(Array.from({ length: 25 }, (_, n) => [lon + wide * Math.cos(turn(n)), lat + RING_DEGREES * Math.sin(turn(n))]));
}

async function cut(session: Session, block: number, line: [number, number][]): Promise<void> {
  try {
    const id = session.plan.blockIds[block] as string;
    await session.sync.run();
    const body = { block_id: id, line, revision: session.sync.revision };
    const answer = await send(`/drafts/${session.draft.id}/cut`, { method: "POST", body });
    const { parts } = (await answer.json()) as CutAnswer;
    await openDraft(session.draft.id);
    desk.value && (desk.value.session.notice.value = say("cut_done", { block: id, count: parts.length }));
  } catch (caught) {
    session.notice.value = worded(caught);
  }
}

/** Take back a cut: the blocks are others then, so that the draft is opened anew. */
export async function uncut(session: Session, entry: number): Promise<void> {
  try {
    await session.sync.run();
    await post(`/drafts/${session.draft.id}/undo`, { revision: session.sync.revision, entry });
    await openDraft(session.draft.id);
  } catch (caught) {
    session.notice.value = worded(caught);
  }
}

/** Carry out steps that a panel asks for. */
export function change(steps: Step[], why: string): void {
  desk.value?.session.change(steps, why);
}

/** Somebody wants nothing to move. */
const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Bring grids or blocks into view. */
export function lookAt(blocks: Iterable<number>): void {
  const box = desk.value?.layers.box(blocks);
  if (box) map?.fitBounds(box, { padding: { top: 90, bottom: 120, left: 120, right: 420 }, maxZoom: 17, duration: still() ? 0 : 450 });
}

export function lookAtGrid(grid: number): void {
  chosen.value = grid;
  lookAt(desk.value?.session.plan.members[grid] ?? []);
}

export function lookAtAll(): void {
  const bounds = desk.value?.session.plan.table.bounds;
  if (bounds) map?.fitBounds(bounds, { padding: AROUND, duration: still() ? 0 : 300 });
}

function leave(): void {
  for (const one of drop) one();
  drop = [];
  desk.value = null;
  delete document.documentElement.dataset.ready;
  trouble.value = "";
  chosen.value = NONE;
  picked.value = new Set();
  comparing.value = swiping.value = false;
  shown.value = "worst";
  sought.value = "";
  against.value = "";
  grounds.value = new Set();
  beside.value = null;
  tool.value = "border";
  tab.value = "grids";
}

function ready(on: GlMap): void {
  on.once("idle", () => {
    performance.mark("ready");
    document.documentElement.dataset.ready = "true";
  });
}

function fail(caught: unknown): void {
  if (!(caught instanceof Problem)) console.error(caught);
  trouble.value = caught instanceof Problem && caught.status === 401 ? say("nothing_public") : say("failed", { problem: worded(caught) });
}
