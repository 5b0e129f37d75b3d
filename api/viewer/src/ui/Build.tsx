/** Build a plan from files: hand them in, choose a scheme, watch how far it is, cancel. */
import { useSignal } from "@preact/signals";
import { get, post, send } from "../api";
import type { FileAnswer, JobTold } from "../api-types";
import { type Key, lang, say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { zh } from "../i18n/zh-planner";
import { openDraft } from "../page";

const SCHEMES = ["qinzhou", "luyuan", "shouguang", "sifang", "huangmen", "jianghan", "yanji"];
const INPUTS = ["boundary", "streets", "households", "communities", "barriers", "compounds", "buildings", "blocks"] as const;
const LOOK_MS = 700;

interface Given {
  id: string;
  layer: string;
  layers: string[];
}

export function Build({ done }: { done: () => void }) {
  const district = useSignal("");
  const scheme = useSignal("qinzhou");
  const name = useSignal("");
  const crs = useSignal("");
  const files = useSignal<Record<string, Given>>({});
  const job = useSignal<JobTold | null>(null);
  const problem = useSignal("");
  const failed = (caught: unknown) => (problem.value = worded(caught));

  const handIn = async (input: string, file: File | undefined) => {
    problem.value = "";
    const { [input]: before, ...others } = files.value;
    files.value = others;
    try {
      if (before) await send(`/files/${before.id}`, { method: "DELETE" });
      if (!file) return;
      const answer = await send(`/files?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      const told = (await answer.json()) as FileAnswer;
      const layers = told.layers.map((one) => one.name);
      files.value = { ...files.value, [input]: { id: told.id, layers, layer: layers.includes(input) ? input : layers.length > 1 ? (layers[0] as string) : "" } };
    } catch (caught) {
      failed(caught);
    }
  };
  const start = async () => {
    problem.value = "";
    try {
      const inputs = Object.fromEntries(Object.entries(files.value).map(([input, { id, layer }]) => [input, layer ? `${id}:${layer}` : id]));
      const wish = { kind: "build", district: district.value, name: name.value, scheme: scheme.value, inputs, ...(crs.value ? { crs: crs.value } : {}) };
      job.value = await post<JobTold>("/jobs", wish);
      while (job.value && ["queued", "running"].includes(job.value.state)) {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
        job.value = await get<JobTold>(`/jobs/${job.value.id}`);
      }
      done();
    } catch (caught) {
      failed(caught);
    }
  };
  const cancel = async () => {
    try {
      if (job.value) job.value = (await (await send(`/jobs/${job.value.id}`, { method: "DELETE" })).json()) as JobTold;
    } catch (caught) {
      failed(caught);
    }
  };
  const told = job.value;
  const running = told && ["queued", "running"].includes(told.state);
  const faults = told?.state === "failed" ? ((told.result[lang.value === "zh" ? "faults_zh" : "faults"] as string[] | undefined) ?? told.problem.split("\n")) : [];
  const made = String(told?.result.plan ?? "");
  return (
    <details class="build">
      <summary>{say("build")}</summary>
      <label>{say("build_district")} <input value={district.value} onInput={(event) => (district.value = event.currentTarget.value)} /></label>
      <label>{say("build_name")} <input value={name.value} onInput={(event) => (name.value = event.currentTarget.value)} /></label>
      <label>{say("crs")} <input value={crs.value} placeholder={say("crs_hint")} onInput={(event) => (crs.value = event.currentTarget.value)} /></label>
      <label>
        {say("build_scheme")}{" "}
        <select value={scheme.value} onChange={(event) => (scheme.value = event.currentTarget.value)}>
          {SCHEMES.map((one) => <option key={one}>{one}</option>)}
        </select>
      </label>
      {INPUTS.map((input) => {
        const given = files.value[input];
        return (
          <div key={input}>
            <label>
              {say(`input_${input}`)}{given ? " ✓" : ""}{" "}
              <input type="file" onChange={(event) => void handIn(input, event.currentTarget.files?.[0])} />
            </label>
            {given && given.layers.length > 1 && <label>{say("build_layer")} <select value={given.layer} aria-label={`${say(`input_${input}`)} ${say("build_layer")}`} onChange={(event) => (files.value = { ...files.value, [input]: { ...given, layer: event.currentTarget.value } })}>{given.layers.map((one) => <option key={one}>{one}</option>)}</select></label>}
          </div>
        );
      })}
      {problem.value && <p class="fault told" role="alert">{say("build_failed", { problem: problem.value })}</p>}
      {told && <p role="status" class="job">
        <progress aria-label={say("build")} value={told.state === "done" ? 1 : told.share} max={1} /> {told.state === "done" ? say("build_done", { plan: made }) : told.state === "failed" ? say("build_faults", { count: faults.length }) : `${say(`build_${told.state}` as Key)} ${running ? stageWords(told.stage) : ""}`}
        {made && <button onClick={() => void openDraft(made)}>{say("build_open")}</button>}
      </p>}
      {faults.length > 0 && <ul class="fault" role="alert">{faults.map((one) => <li key={one}>{one}</li>)}</ul>}
      <p class="actions">
        {running ? <button onClick={() => void cancel()}>{say("build_cancel")}</button> : <button disabled={!district.value} onClick={() => void start()}>{say("build_start")}</button>}
      </p>
    </details>
  );
}

/** The stage of a build in words; one that has none is told as it came. */
function stageWords(stage: string): string {
  const key = `stage_${stage}`;
  return key in zh ? say(key as Key) : stage;
}
