/** Build a plan from files: hand them in, choose a scheme, watch how far it is, cancel. */
import { useSignal } from "@preact/signals";
import { get, post, reasonOf, send } from "../api";
import type { FileAnswer, JobTold } from "../api-types";
import { say } from "../i18n/planner";

const SCHEMES = ["qinzhou", "luyuan", "shouguang", "sifang", "huangmen", "jianghan", "yanji"];
const INPUTS = ["boundary", "streets", "households", "communities", "barriers", "compounds", "buildings", "blocks"] as const;
const LOOK_MS = 700;

export function Build({ done }: { done: () => void }) {
  const district = useSignal("");
  const scheme = useSignal("qinzhou");
  const files = useSignal<Record<string, string>>({});
  const job = useSignal<JobTold | null>(null);
  const problem = useSignal("");
  const failed = (caught: unknown) =>
    (problem.value = reasonOf(caught));

  const handIn = async (input: string, file: File | undefined) => {
    if (!file) return;
    try {
      const answer = await send(`/files?name=${encodeURIComponent(file.name)}`, { method: "POST", body: file });
      files.value = { ...files.value, [input]: ((await answer.json()) as FileAnswer).id };
    } catch (caught) {
      failed(caught);
    }
  };
  const start = async () => {
    problem.value = "";
    try {
      const wish = { kind: "build", district: district.value, scheme: scheme.value, inputs: files.value };
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
    if (job.value) job.value = (await (await send(`/jobs/${job.value.id}`, { method: "DELETE" })).json()) as JobTold;
  };
  const running = job.value && ["queued", "running"].includes(job.value.state);
  return (
    <details class="build">
      <summary>{say("build")}</summary>
      <label>{say("build_district")} <input value={district.value} onInput={(event) => (district.value = event.currentTarget.value)} /></label>
      <label>
        {say("build_scheme")}{" "}
        <select value={scheme.value} onChange={(event) => (scheme.value = event.currentTarget.value)}>
          {SCHEMES.map((one) => <option key={one}>{one}</option>)}
        </select>
      </label>
      {INPUTS.map((input) => (
        <label key={input}>
          {say(`input_${input}`)}{files.value[input] ? " ✓" : ""}{" "}
          <input type="file" onChange={(event) => void handIn(input, event.currentTarget.files?.[0])} />
        </label>
      ))}
      {problem.value && <p class="fault" role="alert">{say("build_failed", { problem: problem.value })}</p>}
      {job.value && (
        <p role="status">
          <progress value={job.value.share} max={1} /> {job.value.stage || job.value.state}
          {job.value.state === "done" && ` ${say("build_done", { plan: String(job.value.result.plan ?? "") })}`}
          {job.value.problem && ` ${say("build_failed", { problem: job.value.problem })}`}
        </p>
      )}
      <p class="actions">
        {running ? <button onClick={() => void cancel()}>{say("build_cancel")}</button> : <button disabled={!district.value} onClick={() => void start()}>{say("build_start")}</button>}
      </p>
    </details>
  );
}
