/** What was done, the last first: one's own gestures with undo and redo, and the draft's journal with everybody's. */
import { useEffect } from "preact/hooks";
import { useSignal } from "@preact/signals";
import { get } from "../api";
import type { EntryTold, Journal } from "../api-types";
import { lang, say } from "../i18n/planner";
import { type Desk, lookAt, uncut } from "../page";

const LISTED = 200;

export function History({ desk }: { desk: Desk }) {
  const { session } = desk;
  const { plan } = session;
  const entries = useSignal<EntryTold[]>([]);
  session.tick.value;
  const revision = session.sync.revision;
  useEffect(() => {
    const since = Math.max(0, revision - LISTED);
    void get<Journal>(`/drafts/${session.draft.id}/journal?since=${since}`).then((page) => (entries.value = page.entries), () => {});
  }, [revision]);
  const { undo, redo } = session.stacks;
  const waiting = session.gestures.filter((one) => one.state === "waiting").reverse();
  const undone = new Set(entries.value.map((entry) => entry.undoes));
  const time = (at: string | number) => new Date(at).toLocaleTimeString(lang.value === "en" ? "en-GB" : "zh-CN", { hour: "2-digit", minute: "2-digit" });
  return (
    <div class="scroll">
      <p class="actions">
        <button disabled={!undo.length} onClick={() => session.undo()}>{say("undo")} ({undo.length})</button>
        <button disabled={!redo.length} onClick={() => session.redo()}>{say("redo")} ({redo.length})</button>
      </p>
      {!waiting.length && !entries.value.length && <p class="none">{say("history_none")}</p>}
      <ol class="history">
        {waiting.map((one) => (
          <li key={one.key} class="waiting">
            <b>{one.why}</b> {say("steps", { count: one.moves.length })} · {say("step_waiting")} · {time(one.at)}
          </li>
        ))}
        {[...entries.value].reverse().map((entry) => (
          <li key={entry.revision}>
            <button class="go" onClick={() => lookAt(entry.moves.map((move) => plan.block(move.block)).filter((block) => block !== undefined))}>
              <span class="number">{entry.revision}</span>
              <b>{entry.why || entry.kind}</b> {say("steps", { count: entry.moves.length })} · {entry.who} · {time(entry.at)}
            </button>
            {entry.kind === "cut" && !undone.has(entry.revision) && session.draft.state === "open" && (
              <button class="quiet" onClick={() => void uncut(session, entry.revision)}>{say("undo")}</button>
            )}
          </li>
        ))}
      </ol>
    </div>
  );
}
