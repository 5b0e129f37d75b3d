/** The chosen grid: what is wrong with it, and everything that can be done to it without a mouse. */
import { announced } from "../desk";
import { say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk } from "../page";
import { NONE, type Plan } from "../plan/plan";
import { Bar, offWords } from "./bars";
import { download, repair } from "./Issues";
import { remark, Saying } from "./Remarks";

const LISTED = 60;

export function Detail({ desk, grid }: { desk: Desk; grid: number }) {
  const { session } = desk;
  const { plan } = session;
  const { joining, leaving } = borderBlocks(plan, grid);
  const faults = session.problems.get(grid) ?? [];
  const open = session.draft.state === "open";
  const home = plan.home(grid);
  return (
    <section class="detail" aria-label={plan.called(grid)}>
      <h2>{plan.called(grid)}</h2>
      <p>
        {plan.codes[grid] || plan.gridIds[grid]} · {plan.communityNames[home] ?? ""} · {say("households", { count: plan.load(grid) })} · {offWords(plan, grid)}
      </p>
      <Bar plan={plan} load={plan.load(grid)} />
      {faults.map((fault) => (
        <p key={fault.rule} class="fault">✕ {say(`rule_${fault.rule}`)}{session.severity(fault) === "exception" ? `: ${say("exception")}` : ""}</p>
      ))}
      <p class="actions">
        <button onClick={() => void session.sync.run().then(() => download(`${session.path}/export?format=pdf&grid=${encodeURIComponent(plan.gridId(grid))}`, `${plan.codes[grid] || plan.gridId(grid)}.pdf`)).catch((caught: unknown) => (session.notice.value = worded(caught)))}>{say("print_card")}</button>
      </p>
      {session.draft.state === "submitted" && session.path.startsWith("/plans") && <Saying label={say("comment_on", { grid: plan.called(grid) })} act={(sentence) => remark(session, `/plans/${session.draft.id}/comments`, { grid: plan.gridId(grid), sentence })} />}
      {open && (
        <>
          <p class="actions">
            <button onClick={() => void repair(desk, [grid])}>{say("repair")}</button>
            <button onClick={() => session.lock(mates(plan, home), true)}>{say("lock_community")}</button>
          </p>
          <details>
            <summary>{say("take_in")} ({joining.length})</summary>
            <Steps desk={desk} blocks={joining} into={() => grid} words={(block) => ({ key: "join_step", grid: plan.grid[block] as number })} />
          </details>
          <details>
            <summary>{say("give_away")} ({leaving.length})</summary>
            <Steps desk={desk} blocks={leaving.map(([block]) => block)} into={(n) => leaving[n]?.[1] ?? NONE} words={(_, n) => ({ key: "leave_step", grid: leaving[n]?.[1] ?? NONE })} />
          </details>
          <details>
            <summary>{say("merge")}</summary>
            {[...plan.around(grid)].filter((other) => plan.home(other) === home).map((other) => (
              <button key={other} class="step" onClick={() => mergeInto(desk, grid, other)}>
                {say("merge_with", { grid: plan.called(other), count: plan.load(other) + plan.load(grid) })}
              </button>
            ))}
          </details>
        </>
      )}
    </section>
  );
}

interface StepsProps {
  desk: Desk;
  blocks: number[];
  into: (n: number) => number;
  words: (block: number, n: number) => { key: "join_step" | "leave_step"; grid: number };
}

function Steps({ desk, blocks, into, words }: StepsProps) {
  const { session } = desk;
  const { plan } = session;
  return (
    <>
      {blocks.slice(0, LISTED).map((block, n) => {
        const said = words(block, n);
        return (
          <button key={block} class="step" data-block={plan.blockIds[block]} onClick={() => moveOne(desk, block, into(n))} onFocus={() => desk.layers.pick(new Set([block]))} onBlur={() => desk.layers.pick(new Set())}>
            {say(said.key, { block: plan.blockIds[block] as string, count: plan.households[block] as number, grid: plan.called(said.grid) })}
          </button>
        );
      })}
    </>
  );
}

/** Move one block, and say what became of it. */
function moveOne({ session }: Desk, block: number, grid: number): void {
  const { plan } = session;
  session.change([{ block, old: plan.grid[block] as number, new: grid }], say("why_keyboard"));
  const values = { block: plan.blockIds[block] as string, grid: plan.called(grid), count: plan.load(grid) };
  announced.value = say("moved_to", values);
}

function mergeInto({ session }: Desk, grid: number, other: number): void {
  const blocks = [...(session.plan.members[other] ?? [])];
  session.change(blocks.map((block) => ({ block, old: other, new: grid })), say("why_merge"));
}

/** Blocks beyond the border that could join a grid, and blocks of its own along it, with the grid that they touch. */
export function borderBlocks(plan: Plan, grid: number): { joining: number[]; leaving: [number, number][] } {
  const joining = new Set<number>();
  const leaving = new Map<number, number>();
  for (const block of plan.members[grid] ?? [])
    for (let n = plan.ptr[block] as number; n < (plan.ptr[block + 1] as number); n++) {
      const near = plan.near[n] as number;
      const other = plan.grid[near] as number;
      if (other === grid || plan.wall[n] || plan.community[near] !== plan.community[block]) continue;
      joining.add(near);
      if (other !== NONE) leaving.set(block, other);
    }
  const lighter = (a: number, b: number) => (plan.households[b] as number) - (plan.households[a] as number) || a - b;
  return { joining: [...joining].sort(lighter), leaving: [...leaving].sort((a, b) => lighter(a[0], b[0])) };
}

function mates(plan: Plan, community: number): number[] {
  return plan.gridIds.map((_, grid) => grid).filter((grid) => plan.members[grid]?.size && plan.home(grid) === community);
}
