/** Another plan over the one in hand: a divider uncovers one or the other, by pointer or by arrow keys. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { against } from "../desk";
import { get, pathOf } from "../api";
import { say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk, overlay } from "../page";

export function Swipe({ desk: { session } }: { desk: Desk }) {
  const at = useSignal(50);
  const name = useSignal("");
  const place = useRef<HTMLDivElement>(null);
  const other = against.value || session.draft.plan;
  useEffect(() => {
    const taken = overlay(place.current as HTMLDivElement, other);
    taken.catch((caught: unknown) => (session.notice.value = worded(caught)));
    void get<{ name: string }>(pathOf(other)).then((told) => (name.value = told.name || other), () => (name.value = other));
    return () => void taken.then((away) => away(), () => {});
  }, [other]);
  return (
    <div class="swipe">
      <div ref={place} key={other} class="over" style={{ clipPath: `inset(0 0 0 ${at.value}%)` }} />
      <i class="divider" style={{ left: `${at.value}%` }} />
      <input type="range" min="0" max="100" step="1" aria-label={say("swipe")} value={at.value} onInput={(event) => (at.value = Number(event.currentTarget.value))} />
      <b class="left">{session.draft.name || session.draft.id}</b><b class="right">{name.value}</b>
    </div>
  );
}
