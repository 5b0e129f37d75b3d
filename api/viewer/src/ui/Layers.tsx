/** What can be laid over the plan: layers of its ground, and grids of another plan or department, with what differs. */
import { useSignal } from "@preact/signals";
import { get, send } from "../api";
import { announced, beside, chosen, grounds } from "../desk";
import { say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk, lookAt } from "../page";
import { type Beside, type Ground, lengths, type Pair, pairs } from "../plan/beside";
import { NONE } from "../plan/plan";
import { useOthers } from "./People";

const LISTED = 200;

interface Layer {
  name: string;
  geometry: string | null;
}

export function Layers({ desk }: { desk: Desk }) {
  const turn = (layer: Ground, on: boolean) => (grounds.value = new Set(on ? [...grounds.value, layer] : [...grounds.value].filter((one) => one !== layer)));
  return (
    <div class="scroll layers">
      <fieldset>
        <legend>{say("layers_ground")}</legend>
        {desk.session.plan.table.ground.map((layer) => (
          <label key={layer}><input type="checkbox" checked={grounds.value.has(layer)} onChange={(event) => turn(layer, event.currentTarget.checked)} /> {say(`layer_${layer}`)}</label>
        ))}
      </fieldset>
      <Others desk={desk} />
      {beside.value && <Differences desk={desk} other={beside.value} />}
    </div>
  );
}

/** Choose whose grids: those of another plan, or of a file, which the service reads and forgets. */
function Others({ desk }: { desk: Desk }) {
  const { session } = desk;
  const { options } = useOthers(desk);
  const plan = useSignal("");
  const file = useSignal<File | null>(null);
  const layers = useSignal<string[]>([]);
  const crs = useSignal("");
  const state = useSignal("");
  const take = async (title: string, asked: () => Promise<Omit<Beside, "title">>) => {
    state.value = say("beside_wait");
    beside.value = null;
    try {
      await session.sync.run();
      const told = await asked();
      beside.value = { title, ...told };
      state.value = "";
      announced.value = title;
    } catch (caught) {
      state.value = worded(caught);
    }
  };
  const path = `/beside/${session.draft.id}`;
  const ofPlan = (id: string, name: string) => {
    plan.value = id;
    if (id) void take(name, () => get(`${path}?with=${id}`));
    else beside.value = null;
  };
  const ofFile = (given: File, wanted = "") =>
    take(given.name, async () => {
      plan.value = "";
      const kept = (await (await send(`/files?name=${encodeURIComponent(given.name)}`, { method: "POST", body: given })).json()) as { id: string; layers: Layer[] };
      try {
        layers.value = kept.layers.filter((one) => one.geometry?.includes("Polygon") || one.geometry === "Unknown").map((one) => one.name);
        const layer = wanted || layers.value.find((one) => /grid|网格/i.test(one)) || layers.value[0];
        return await get<Omit<Beside, "title">>(`${path}?file=${encodeURIComponent(layer ? `${kept.id}:${layer}` : kept.id)}&crs=${encodeURIComponent(crs.value)}`);
      } finally {
        await send(`/files/${kept.id}`, { method: "DELETE" });
      }
    });
  const away = () => {
    beside.value = file.value = null;
    plan.value = state.value = "";
    layers.value = [];
  };
  return (
    <fieldset>
      <legend>{say("beside")}</legend>
      <p class="none">{say("beside_hint")}</p>
      <label>{say("beside_plan")} <select value={plan.value} onChange={(event) => ofPlan(event.currentTarget.value, event.currentTarget.selectedOptions[0]?.text.split(" · ")[0] ?? "")}>
        <option value="">{say("choose")}</option>
        {options}
      </select></label>
      <label>{say("beside_file")} <input type="file" accept=".gpkg,.geojson,.json,.zip,.kml,.fgb" onChange={(event) => { file.value = event.currentTarget.files?.[0] ?? null; if (file.value) void ofFile(file.value); }} /></label>
      <label>{say("crs")} <input value={crs.value} placeholder={say("crs_hint")} onInput={(event) => (crs.value = event.currentTarget.value)} /></label>
      {layers.value.length > 1 && <label>{say("beside_layer")} <select onChange={(event) => file.value && void ofFile(file.value, event.currentTarget.value)}>{layers.value.map((one) => <option key={one}>{one}</option>)}</select></label>}
      <p class="actions">
        {file.value && !beside.value && <button onClick={() => file.value && void ofFile(file.value)}>{say("beside_read")}</button>}
        {(beside.value || state.value) && <button onClick={away}>{say("beside_away")}</button>}
      </p>
      {state.value && <p class="fault told" role="alert">{state.value}</p>}
    </fieldset>
  );
}

/** Which grids are the same, and by what the others differ; each is gone to with a click. */
function Differences({ desk: { session }, other }: { desk: Desk; other: Beside }) {
  session.tick.value;
  const { plan } = session;
  const found = pairs(plan, other.blocks);
  const same = found.filter((one) => !one.blocks.length && one.grid !== NONE && one.theirs !== NONE).length;
  const km = Object.fromEntries(Object.entries(lengths(plan, other.blocks)).map(([who, metres]) => [who, (metres / 1000).toFixed(1)]));
  const go = ({ theirs, grid, blocks }: Pair) => {
    if (grid !== NONE) chosen.value = grid;
    lookAt(blocks.length ? blocks : grid === NONE ? other.blocks.flatMap((one, block) => (one === theirs ? [block] : [])) : (plan.members[grid] ?? []));
  };
  const words = (one: Pair) => {
    const named = { theirs: one.theirs === NONE ? say("beside_none") : (other.names[one.theirs] ?? ""), grid: one.grid === NONE ? say("beside_none") : plan.called(one.grid) };
    return one.blocks.length ? say("beside_row", { ...named, blocks: one.blocks.length, households: one.households }) : `${named.theirs} ↔ ${named.grid} ${say("beside_match")}`;
  };
  return (
    <section class="beside" aria-label={say("beside")}>
      <h2>{other.title}</h2>
      <p class="same">{say("beside_same", { same, all: found.length })}</p>
      <p>{say("beside_lengths", km)}</p>
      {other.cut.length > 0 && <p><button class="go" onClick={() => lookAt(other.cut)}>{say("beside_cut", { count: other.cut.length })}</button></p>}
      {found.slice(0, LISTED).map((one) => <button key={`${one.theirs} ${one.grid}`} class="step" onClick={() => go(one)}>{words(one)}</button>)}
    </section>
  );
}
