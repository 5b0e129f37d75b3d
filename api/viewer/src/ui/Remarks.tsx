/** What others said, to be answered and settled: comments on grids in a review, and lines that field staff found wrong. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { post } from "../api";
import type { CommentTold } from "../api-types";
import { say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk, lookAtGrid, lookAtPoint } from "../page";
import type { Session } from "../session";

/** Comments that nobody has settled. */
export function openRemarks({ remarks }: Session): CommentTold[] {
  const settled = new Set(remarks.value.filter((one) => one.kind === "settled").map((one) => one.about));
  return remarks.value.filter((one) => one.kind === "comment" && !settled.has(one.id));
}

/** Say something to the service, then see what stands there now; why it would not take it is said on the page. */
export async function remark(session: Session, path: string, body: object): Promise<boolean> {
  let done = true;
  await post(path, body).catch((caught: unknown) => {
    session.notice.value = worded(caught);
    done = false;
  });
  await session.askRemarks();
  return done;
}

export function Remarks({ desk: { session } }: { desk: Desk }) {
  const { plan } = session;
  useEffect(() => void session.askRemarks(), []);
  const open = openRemarks(session);
  const said = session.remarks.value.filter((one) => one.kind === "comment");
  const threads = [...open, ...said.filter((one) => !open.includes(one))];
  const reports = session.reports.value;
  return (
    <>
      {threads.length > 0 && <section class="remarks">
        <h2>{say("remarks")} <span class="count">{open.length}</span></h2>
        {threads.map((one) => {
          const grid = plan.gridIds.indexOf(one.grid);
          const replies = session.remarks.value.filter((other) => other.about === one.id);
          return (
            <article key={one.id}>
              <button class="go" disabled={grid < 0} onClick={() => lookAtGrid(grid)}><b>{grid < 0 ? one.grid : plan.called(grid)}</b> {one.who}: {one.sentence}</button>
              {one.plan !== session.draft.plan && <em class="number"> {say("carried", { plan: one.plan })}</em>}
              {replies.map((reply) => <p key={reply.id}>{reply.kind === "settled" && `✓ ${say("settled")} `}{reply.who}{reply.sentence && `: ${reply.sentence}`}</p>)}
              {open.includes(one) && <>
                <Saying label={say("answer")} act={(sentence) => remark(session, `/comments/${one.id}/answers`, { sentence })} />
                <button onClick={() => void remark(session, `/comments/${one.id}/answers`, { settled: true })}>{say("settle")}</button>
              </>}
            </article>
          );
        })}
      </section>}
      {reports.length > 0 && <section class="reports">
        <h2>{say("reports")} <span class="count">{reports.length}</span></h2>
        {reports.map((one) => (
          <article key={one.id}>
            <button class="go" onClick={() => lookAtPoint(one.lon, one.lat)}><b>{one.grid}</b> {one.who}: {one.sentence}</button>
            <button onClick={() => void remark(session, `/reports/${one.id}/close`, {})}>{say("settle")}</button>
          </article>
        ))}
      </section>}
    </>
  );
}

/** One line to be said, about lines and grids; the service refuses what looks like a number of a person. */
export function Saying({ label, act }: { label: string; act: (sentence: string) => Promise<boolean> }) {
  const text = useSignal("");
  const submit = async () => {
    if (text.value.trim() && (await act(text.value))) text.value = "";
  };
  return (
    <form class="saying" onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <input aria-label={label} placeholder={say("saying_hint")} maxlength={200} value={text.value} onInput={(event) => (text.value = event.currentTarget.value)} />
      <button type="submit">{label}</button>
    </form>
  );
}
