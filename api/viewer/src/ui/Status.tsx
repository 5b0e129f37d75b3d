/** Of the draft in hand: its name, whether all is saved, who else is there, handing it in, files of it. */
import { useSignal } from "@preact/signals";
import { post } from "../api";
import type { PlanStep } from "../api-types";
import { type Key, lang, say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk } from "../page";
import { ExportMenu } from "./Home";

export function Status({ desk }: { desk: Desk }) {
  const { session } = desk;
  const handing = useSignal(false);
  const comment = useSignal("");
  session.tick.value;
  const { state, queue, revision, savedAt } = session.sync;
  const time = new Date(savedAt).toLocaleTimeString(lang.value === "en" ? "en-GB" : "zh-CN", { hour: "2-digit", minute: "2-digit" });
  const told = {
    saved: () => say("saved", { time, revision }),
    saving: () => say("saving"),
    offline: () => say("offline", { count: queue.length }),
    refused: () => say("refused"),
  }[session.status.value]();
  const failed = (caught: unknown) => (session.notice.value = worded(caught));
  const submit = async () => {
    try {
      await session.sync.run();
      const wish = { draft: session.draft.id, revision: session.sync.revision, comment: comment.value };
      const done = await post<PlanStep>(`/plans/${session.draft.plan}/submit`, wish);
      handing.value = false;
      if (session.draft.state === "open") session.ended("submitted", say("submitted", { plan: done.plan }));
      else session.notice.value = say("submitted", { plan: done.plan });
    } catch (caught) {
      failed(caught);
    }
  };
  return (
    <>
      <b class="draft">{session.draft.name || session.draft.id}</b>
      <span class={`status ${state}`} role="status">{session.draft.state === "open" ? told : session.draft.id.startsWith("p") ? say(`state_${session.draft.state}` as Key) : say("readonly")}</span>
      {session.editors.value.map((one) => (
        <span key={one.who} class="editor" title={one.grids.length ? say("here_grids", { grids: one.grids.join("、") }) : say("here_too", { who: one.who })}>{one.who.slice(0, 8)}</span>
      ))}
      <ExportMenu path={session.path} name={session.draft.id} act={(work) => void work.catch(failed)} />
      {session.draft.state === "open" && <button onClick={() => (handing.value = !handing.value)}>{say("submit")}</button>}
      {handing.value && (
        <form class="popup" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
          <label>{say("submit_comment")} <input value={comment.value} onInput={(event) => (comment.value = event.currentTarget.value)} /></label>
          <button class="main" type="submit">{say("submit")}</button>
        </form>
      )}
    </>
  );
}
