/** What the draft means for people: households and staff that change hands, to look at and to download. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { get } from "../api";
import type { Comparison, DraftList, DraftTold, PlanList, PlanTold } from "../api-types";
import { against, comparing, swiping } from "../desk";
import { type Key, lang, say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk, lookAt } from "../page";
import { save } from "./Issues";

type Row = Comparison["moved"][number];

const LISTED = 200;
const HEADS = ["role", "from_person", "to_person", "blocks", "households", "addresses"] as const;

export function People({ desk }: { desk: Desk }) {
  return (
    <div class="scroll">
      <Choice desk={desk} />
      <Found desk={desk} />
    </div>
  );
}

/** The other plans and drafts of a district, each to be chosen by its id. */
export function useOthers({ session }: Desk) {
  const plans = useSignal<PlanTold[]>([]);
  const drafts = useSignal<DraftTold[]>([]);
  const { district_code: district, id } = session.draft;
  useEffect(() => {
    const wanted = `district=${encodeURIComponent(district)}`;
    void get<PlanList>(`/plans?${wanted}&limit=200`).then((answer) => (plans.value = answer.plans.filter((one) => one.id !== id)), () => {});
    void get<DraftList>("/drafts").then((answer) => (drafts.value = answer.drafts.filter((one) => one.id !== id && one.district_code === district)), () => {});
  }, [id]);
  const options = [
    ...plans.value.map((one) => [one.id, `${one.name || one.id} · ${say(`state_${one.state}` as Key)} ${one.effective ?? ""}`]),
    ...drafts.value.map((one) => [one.id, `${one.name || one.id} · ${one.who} · ${say("drafts")}`]),
  ].map(([value, words]) => <option key={value} value={value}>{words}</option>);
  return { plans, options };
}

/** What is compared with: the plan that a draft began as, any other plan or draft, or what was in force on a day. */
function Choice({ desk }: { desk: Desk }) {
  const { session } = desk;
  const { plans, options } = useOthers(desk);
  const day = useSignal("");
  const asOf = (value: string) => {
    day.value = value;
    const held = plans.value.filter((one) => one.state === "published" && one.effective && one.effective <= value);
    const found = held.sort((a, b) => (String(a.effective) < String(b.effective) ? 1 : -1))[0];
    if (found) against.value = found.id;
    else if (value) session.notice.value = say("none_in_force");
  };
  return (
    <p class="choice">
      <label>{say("compare_with")} <select value={against.value} onChange={(event) => (against.value = event.currentTarget.value)}>
        <option value="">{say(session.draft.id.startsWith("d") ? "as_begun" : "choose")}</option>
        {options}
      </select></label>
      <label>{say("in_force_on")} <input type="date" value={day.value} onChange={(event) => asOf(event.currentTarget.value)} /></label>
      <button aria-pressed={comparing.value} onClick={() => (comparing.value = !comparing.value)}>{say("show_changes")}</button>
      <button aria-pressed={swiping.value} disabled={!against.value && session.draft.id.startsWith("p")} onClick={() => (swiping.value = !swiping.value)}>{say("swipe")}</button>
    </p>
  );
}

function Found({ desk }: { desk: Desk }) {
  const { session } = desk;
  const found = useSignal<Comparison | null>(null);
  const problem = useSignal("");
  session.tick.value;
  const revision = session.sync.revision;
  const other = against.value;
  const nothing = !other && session.draft.id.startsWith("p");
  useEffect(() => {
    const asking = new AbortController();
    found.value = null;
    problem.value = "";
    if (nothing) return;
    void session.sync
      .run()
      .then(() => get<Comparison>(`${session.path}/compare${other ? `?with=${other}` : ""}`, asking.signal))
      .then((answer) => (found.value = answer))
      .catch((caught: unknown) => asking.signal.aborted || (problem.value = worded(caught)));
    return () => asking.abort();
  }, [revision, other]);
  if (problem.value) return <p class="fault">{problem.value}</p>;
  const told = found.value;
  if (nothing) return null;
  if (!told) return <p class="none">{say("people_wait")}</p>;
  if (!told.moved.length) return <p class="none">✓ {say("people_none")}</p>;
  const households = told.moved.reduce((sum, row) => sum + Number(row.households ?? 0), 0);
  const role = (row: Row) => session.plan.table.scheme.roles[String(row.role)]?.[lang.value] || String(row.role ?? "–");
  const file = (rows: Row[], name: string) => save(csvOf(rows), `${name}-${session.draft.id}-${revision}.csv`);
  return (
    <>
      <p class="total">{say("people_total", { blocks: told.moved.length, households })}</p>
      <p class="actions">
        <button onClick={() => file(told.moved, "moved")}>{say("people_get")}</button>
        {told.handover.length > 0 && <button onClick={() => file(told.handover.map((row) => ({ ...row, role: role(row) })), "handover")}>{say("handover_get")}</button>}
      </p>
      {told.handover_totals.length > 0 && (
        <section class="handover" tabIndex={0} aria-label={say("people_staff")}>
          <h2>{say("people_staff")} <span class="count">{told.handover_totals.length}</span></h2>
          <table>
            <thead><tr>{HEADS.map((head) => <th key={head}>{say(`head_${head}`)}</th>)}</tr></thead>
            <tbody>{told.handover_totals.slice(0, LISTED).map((row, n) => <tr key={n}>{HEADS.map((head) => <td key={head}>{head === "role" ? role(row) : String(row[head] || "–")}</td>)}</tr>)}</tbody>
          </table>
        </section>
      )}
      <section>
        <h2>{say("people_blocks")} <span class="count">{told.moved.length}</span></h2>
        {told.moved.slice(0, LISTED).map((row) => {
          const block = session.plan.block(String(row.block_id ?? ""));
          return (
            <button key={String(row.block_id)} class="step" onClick={() => block !== undefined && lookAt([block])}>
              {String(row.block_id)} · {say("households", { count: Number(row.households ?? 0) })} · {say("from_to", { old: named(desk, row.grid_before), new: named(desk, row.grid_after) })}
            </button>
          );
        })}
      </section>
    </>
  );
}

function named({ session }: Desk, code: unknown): string {
  const { plan } = session;
  const row = plan.codes.indexOf(String(code || "–"));
  return row >= 0 ? plan.called(row) : String(code || "–");
}

/** Return rows as a CSV that Excel opens with its Chinese texts. */
export function csvOf(rows: Row[]): Blob {
  const heads = Object.keys(rows[0] ?? {});
  const cell = (value: unknown) => {
    const text = String(value ?? "");
    const plain = /^[=+\-@\t]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
    return /[",\n]/.test(plain) ? `"${plain.replaceAll('"', '""')}"` : plain;
  };
  const lines = [heads.join(","), ...rows.map((row) => heads.map((head) => cell(row[head])).join(","))];
  return new Blob([`\ufeff${lines.join("\r\n")}\r\n`], { type: "text/csv;charset=utf-8" });
}
