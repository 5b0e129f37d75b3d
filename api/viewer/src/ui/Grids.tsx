/** All grids in a list: worst first, with bars; only the rows in view are drawn, so that a thousand cost no more. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { chosen, shown, sought, type Shown } from "../desk";
import { say } from "../i18n/planner";
import { lookAt, lookAtGrid } from "../page";
import { FILLS } from "../plan/colours";
import { NONE } from "../plan/plan";
import { type Desk } from "../page";
import { Bar, offWords } from "./bars";
import { Detail } from "./Detail";

const ROW = 46;

export function Grids({ desk }: { desk: Desk }) {
  const { session, layers } = desk;
  const { plan } = session;
  const top = useSignal(0);
  session.tick.value;
  const rows = ordered(desk);
  const first = Math.max(0, Math.floor(top.value / ROW) - 4);
  const inView = rows.slice(first, first + 40);
  const loose = session.problems.get(NONE)?.[0];
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const [at, box] = [rows.indexOf(chosen.value) * ROW, list.current];
    if (box && at >= 0 && (at < box.scrollTop || at + ROW > box.scrollTop + box.clientHeight)) box.scrollTop = at - box.clientHeight / 2;
  }, [chosen.value]);
  return (
    <>
      {loose && (
        <p class="loose">
          ▲ {say("unassigned", { count: loose.found })} <button onClick={() => lookAt(loose.blocks)}>{say("show")}</button>
        </p>
      )}
      <div class="filters">
        <input type="search" placeholder={say("search")} aria-label={say("search")} value={sought.value} onInput={(event) => (sought.value = event.currentTarget.value)} />
        <select aria-label={say("filter")} value={shown.value} onChange={(event) => (shown.value = event.currentTarget.value as Shown)}>
          {(["worst", "illegal", "smallest", "largest"] as const).map((one) => (
            <option key={one} value={one}>{say(one)}</option>
          ))}
        </select>
      </div>
      <p class="band">
        {say("of_target", { target: plan.band.target, min: plan.band.min, max: plan.band.max })}
        <button class="quiet" onClick={() => session.lock(rows, session.locks.value.size < rows.length)}>
          {say(session.locks.value.size < rows.length ? "lock_all" : "unlock_all")}
        </button>
      </p>
      <div ref={list} class="rows" role="list" onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
        <div style={{ height: `${rows.length * ROW}px`, position: "relative" }}>
          {inView.map((grid, n) => (
            <div role="listitem" key={grid} class={`row ${grid === chosen.value ? "chosen" : ""}`} style={{ top: `${(first + n) * ROW}px` }}>
              <button class="name" aria-pressed={grid === chosen.value} onClick={() => lookAtGrid(grid)}>
                <i style={{ background: FILLS[layers.colours[grid] ?? 0] }} />
                <b>{plan.called(grid)}</b>
                <span class="load">{plan.load(grid)}</span>
                <Bar plan={plan} load={plan.load(grid)} />
                <span class={`off ${plan.off(grid) ? "bad" : ""}`}>{words(desk, grid)}</span>
              </button>
              <button class="quiet lock" aria-pressed={session.locked(grid)} title={say(session.locked(grid) ? "unlock" : "lock")} aria-label={`${say(session.locked(grid) ? "unlock" : "lock")} ${plan.called(grid)}`} onClick={() => session.lock([grid], !session.locked(grid))}>
                <Lock shut={session.locked(grid)} />
              </button>
            </div>
          ))}
        </div>
      </div>
      {chosen.value !== NONE && plan.members[chosen.value]?.size ? <Detail desk={desk} grid={chosen.value} /> : null}
    </>
  );
}

function Lock({ shut }: { shut: boolean }) {
  return (
    <svg width="14" height="16" viewBox="0 0 14 16" aria-hidden="true">
      <path d={shut ? "M4 7V4.5a3 3 0 0 1 6 0V7" : "M4 7V4.5a3 3 0 0 1 5.8-1"} fill="none" stroke="currentColor" stroke-width="1.6" />
      <rect x="2" y="7" width="10" height="8" rx="1.5" fill={shut ? "currentColor" : "none"} stroke="currentColor" stroke-width="1.4" />
    </svg>
  );
}

/** What is wrong with a grid in a word, or that nothing is. */
function words({ session }: Desk, grid: number): string {
  const other = (session.problems.get(grid) ?? []).find((one) => one.rule !== "band");
  return other && !session.plan.off(grid) ? `✕ ${say(`rule_${other.rule}`)}` : offWords(session.plan, grid);
}

/** The grids to list, in order; the keyboard walks through them in the same order. */
export function ordered({ session }: Desk): number[] {
  const { plan } = session;
  const [only, name] = [shown.value, sought.value.trim()];
  const weight = (grid: number) => (session.problems.get(grid)?.length ?? 0) * 1e6 + Math.abs(plan.off(grid));
  const rows = plan.gridIds.map((_, grid) => grid).filter((grid) => plan.members[grid]?.size);
  const found = rows.filter(
    (grid) =>
      (only !== "illegal" || session.problems.has(grid)) &&
      (!name || `${plan.called(grid)} ${plan.codes[grid]} ${plan.gridIds[grid]}`.includes(name)),
  );
  const by: Record<Shown, (a: number, b: number) => number> = {
    worst: (a, b) => weight(b) - weight(a) || a - b,
    illegal: (a, b) => weight(b) - weight(a) || a - b,
    smallest: (a, b) => plan.load(a) - plan.load(b),
    largest: (a, b) => plan.load(b) - plan.load(a),
  };
  return found.sort(by[only]);
}
