/** What the draft means for people: households and staff that change hands, to look at and to download. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { get, Problem } from "../api";
import { say } from "../i18n/planner";
import { type Desk, lookAt } from "../page";
import { save } from "./Issues";

interface Comparison {
  totals: Record<string, number>;
  grids: Row[];
  moved: Row[];
  staff: Row[];
}
type Row = Record<string, string | number | boolean | null>;

const LISTED = 200;

export function People({ desk }: { desk: Desk }) {
  const { session } = desk;
  const found = useSignal<Comparison | null>(null);
  const problem = useSignal("");
  session.tick.value;
  const revision = session.sync.revision;
  useEffect(() => {
    const asking = new AbortController();
    found.value = null;
    void session.sync
      .run()
      .then(() => get<Comparison>(`/drafts/${session.draft.id}/compare`, asking.signal))
      .then((answer) => (found.value = answer))
      .catch((caught: unknown) => caught instanceof Problem && (problem.value = caught.message));
    return () => asking.abort();
  }, [revision]);
  if (problem.value) return <p class="fault">{problem.value}</p>;
  const told = found.value;
  if (!told) return <p class="none">{say("people_wait")}</p>;
  if (!told.moved.length) return <p class="none">✓ {say("people_none")}</p>;
  const households = told.moved.reduce((sum, row) => sum + Number(row.households ?? 0), 0);
  return (
    <div class="scroll">
      <p class="total">{say("people_total", { blocks: told.moved.length, households })}</p>
      <p class="actions">
        <button onClick={() => save(csvOf(told.moved), `moved-${session.draft.id}-${revision}.csv`)}>{say("people_get")}</button>
      </p>
      {told.staff.length > 0 && (
        <section>
          <h2>{say("people_staff")} <span class="count">{told.staff.length}</span></h2>
          <table><tbody>{told.staff.slice(0, LISTED).map((row, n) => <tr key={n}>{Object.values(row).map((cell, k) => <td key={k}>{String(cell ?? "")}</td>)}</tr>)}</tbody></table>
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
    </div>
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
