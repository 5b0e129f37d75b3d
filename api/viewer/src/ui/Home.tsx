/** Where work begins: drafts that are open, plans on their way, and building a new one. */
import { useEffect, useRef } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { get, post, setToken, token } from "../api";
import type { DraftList, DraftTold, PlanList, PlanTold } from "../api-types";
import { type Key, say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { openDraft } from "../page";
import { Build } from "./Build";
import { download } from "./Issues";

const EXPORTS = ["gpkg", "geojson", "shapefile", "kml", "xlsx", "pdf"] as const;
const ENDINGS = { gpkg: "gpkg", geojson: "geojson", shapefile: "zip", kml: "kml", xlsx: "xlsx", pdf: "pdf" };

export function Home() {
  const drafts = useSignal<DraftTold[]>([]);
  const plans = useSignal<PlanTold[]>([]);
  const problem = useSignal("");
  const again = useSignal(0);
  useEffect(() => {
    if (!token()) return;
    const told = (caught: unknown) => (problem.value = worded(caught));
    void get<DraftList>("/drafts").then((answer) => (drafts.value = answer.drafts), told);
    void get<PlanList>("/plans").then((answer) => (plans.value = answer.plans), told);
  }, [again.value]);
  if (!token()) return <SignIn />;
  const act = (work: Promise<unknown>) =>
    void work.then(
      () => {
        problem.value = "";
        again.value++;
      },
      (caught: unknown) => (problem.value = worded(caught)),
    );
  return (
    <div class="scroll home">
      {problem.value && <p class="fault" role="alert">{problem.value}</p>}
      <h2>{say("drafts")}</h2>
      {!drafts.value.length && <p class="none">{say("no_drafts")}</p>}
      {drafts.value.map((draft) => (
        <button key={draft.id} class="step" onClick={() => void openDraft(draft.id)}>
          <b>{draft.name || draft.id}</b> · {draft.who} · {draft.revision}
        </button>
      ))}
      <h2>{say("plans")}</h2>
      {plans.value.map((plan) => <OnePlan key={plan.id} plan={plan} act={act} />)}
      <Build done={() => again.value++} />
      <p class="actions">
        <button class="quiet" onClick={() => { setToken(null); location.reload(); }}>{say("signout")}</button>
      </p>
    </div>
  );
}

function OnePlan({ plan, act }: { plan: PlanTold; act: (work: Promise<unknown>) => void }) {
  const step = (name: string, body: object = {}) => act(post(`/plans/${plan.id}/${name}`, body));
  const begin = () =>
    act(post<DraftTold>(`/plans/${plan.id}/drafts`, { name: plan.name }).then((draft) => openDraft(draft.id)));
  const day = useSignal(new Date(Date.now() + 86_400_000).toISOString().slice(0, 10));
  const despite = useSignal(false);
  return (
    <div class={`plan ${plan.state}`}>
      <button class="go" onClick={() => void openDraft(plan.id)}>
        <b>{plan.name || plan.id}</b> · {say(`state_${plan.state}` as Key)} {plan.effective ?? ""}
      </button>
      <span class="actions">
        <button onClick={begin}>{say("new_draft")}</button>
        {(plan.state === "proposed" || plan.state === "returned") && <button onClick={() => step("submit")}>{say("submit")}</button>}
        {plan.state === "submitted" && (
          <>
            <button onClick={() => step("approve")}>{say("approve")}</button>
            <button onClick={() => step("return")}>{say("return")}</button>
          </>
        )}
        <ExportMenu path={`/plans/${plan.id}`} name={plan.id} act={act} />
      </span>
      {plan.state === "approved" && (
        <span class="actions">
          <label>{say("effective")} <input type="date" value={day.value} onInput={(event) => (day.value = event.currentTarget.value)} /></label>
          <label><input type="checkbox" checked={despite.value} onChange={(event) => (despite.value = event.currentTarget.checked)} /> {say("despite")}</label>
          <button onClick={() => step("publish", { effective: day.value, allow_errors: despite.value })}>{say("publish")}</button>
        </span>
      )}
    </div>
  );
}

/** Files of a plan or a draft, in the formats that offices ask for: a list to open, since a field that acts when it changes is not for the keyboard. */
export function ExportMenu({ path, name, act }: { path: string; name: string; act: (work: Promise<unknown>) => void }) {
  const list = useRef<HTMLDetailsElement>(null);
  const close = () => void (list.current && (list.current.open = false));
  const away = (event: FocusEvent) => event.relatedTarget && !list.current?.contains(event.relatedTarget as Node) && close();
  return (
    <details ref={list} class="menu" onFocusOut={away} onKeyDown={(event) => event.key === "Escape" && close()}>
      <summary>{say("export")}</summary>
      <p>
        {EXPORTS.map((one) => (
          <button key={one} onClick={() => { close(); act(download(`${path}/export?format=${one}`, `${name}.${ENDINGS[one]}`)); }}>
            {one === "shapefile" ? "Shapefile (GBK)" : one === "pdf" ? say("atlas") : one}
          </button>
        ))}
      </p>
    </details>
  );
}

function SignIn() {
  const secret = useSignal("");
  return (
    <form class="home" onSubmit={(event) => { event.preventDefault(); setToken(secret.value.trim()); location.reload(); }}>
      <h2>{say("signin")}</h2>
      <p>{say("token_hint")}</p>
      <input type="password" autocomplete="off" aria-label={say("token")} placeholder={say("token")} value={secret.value} onInput={(event) => (secret.value = event.currentTarget.value)} />
      <p class="actions"><button type="submit">{say("signin")}</button></p>
    </form>
  );
}
