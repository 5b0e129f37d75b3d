/** Blocks that two planners sent to two grids, one by one with both names; theirs stands until somebody decides. */
import { say } from "../i18n/planner";
import { type Desk, lookAt } from "../page";
import type { ClashShown } from "../session";

export function Clashes({ desk: { session } }: { desk: Desk }) {
  const { plan } = session;
  const clashes = session.clashes.value;
  if (!clashes.length) return null;
  const drop = (one: ClashShown) => (session.clashes.value = clashes.filter((other) => other !== one));
  const named = (id: string) => plan.called(plan.gridOf(id));
  const mine = (one: ClashShown) => {
    const block = plan.block(one.block);
    if (block !== undefined) session.change([{ block, old: plan.grid[block] as number, new: plan.gridOf(one.mine.new) }], say("why_clash"));
    drop(one);
  };
  return (
    <div class="clashes" role="alertdialog" aria-label={say("clashes", { count: clashes.length })}>
      <h2>{say("clashes", { count: clashes.length })}</h2>
      {clashes.slice(0, 50).map((one) => (
        <p key={one.block}>
          <button class="go" onClick={() => lookAt([plan.block(one.block)].filter((block) => block !== undefined))}>
            {say("clash_line", { block: one.block, who: one.who, theirs: named(one.theirs.new), mine: named(one.mine.new) })}
          </button>
          <button onClick={() => drop(one)}>{say("theirs")}</button>
          <button onClick={() => mine(one)}>{say("mine")}</button>
        </p>
      ))}
    </div>
  );
}
