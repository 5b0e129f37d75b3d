/** What breaks a rule: named, counted, and one click away; what the browser can tell first, then what the service found. */
import { post, send } from "../api";
import type { IssueTold, MovesSuggested } from "../api-types";
import { chosen } from "../desk";
import { type Key, lang, say } from "../i18n/planner";
import { worded } from "../i18n/refusals";
import { type Desk, lookAt } from "../page";
import { Remarks } from "./Remarks";
import { NONE } from "../plan/plan";
import type { Problem as Fault, RuleId } from "../plan/rules";

const ORDER: RuleId[] = ["no-gap", "inside-parent", "contiguous", "barrier", "band"];
/** Rules that the browser answers itself while people draw. */
const OWN = new Set<string>(ORDER);
const LISTED = 200;

export function Issues({ desk }: { desk: Desk }) {
  const { session } = desk;
  session.tick.value;
  const faults = allFaults(desk);
  const told = session.told.value.filter((one) => !OWN.has(one.rule) || one.severity === "warning");
  return (
    <div class="scroll">
      <Remarks desk={desk} />
      {!faults.length && !told.length && <p class="none">✓ {say("issues_none")}</p>}
      {ORDER.map((rule) => {
        const some = faults.filter((fault) => fault.rule === rule);
        return some.length ? (
          <section key={rule}>
            <h2>{say(`rule_${rule}`)} <span class="count">{some.length}</span></h2>
            {some.slice(0, LISTED).map((fault) => <One key={`${fault.grid}`} desk={desk} fault={fault} />)}
          </section>
        ) : null;
      })}
      {told.length > 0 && (
        <section>
          <h2>{say("issues_more")} <span class="count">{told.length}</span></h2>
          {told.slice(0, LISTED).map((one, n) => <FromService key={n} desk={desk} told={one} />)}
        </section>
      )}
    </div>
  );
}

function One({ desk, fault }: { desk: Desk; fault: Fault }) {
  const { session } = desk;
  const { plan } = session;
  const off = fault.rule === "band" ? plan.off(fault.grid) : 0;
  const words = off > 0 ? say("over", { count: off }) : off < 0 ? say("under", { count: -off }) : `${fault.found}`;
  const mendable = fault.grid !== NONE && session.draft.state === "open" && session.severity(fault) === "error";
  return (
    <div class="issue">
      <button class="go" onClick={() => goTo(fault)}>
        <b>{fault.grid === NONE ? say("unassigned", { count: fault.found }) : plan.called(fault.grid)}</b> {words}
        {session.severity(fault) === "exception" && <em> {say("exception")}</em>}
      </button>
      {mendable && <button class="quiet" onClick={() => void repair(desk, [fault.grid])}>{say("fix")}</button>}
    </div>
  );
}

function FromService({ desk, told }: { desk: Desk; told: IssueTold }) {
  const { plan } = desk.session;
  const blocks = told.block_ids.map((id) => plan.block(id)).filter((block) => block !== undefined);
  const go = () => {
    const grid = plan.gridIds.indexOf(told.grid_id);
    if (grid >= 0) chosen.value = grid;
    lookAt(blocks.length ? blocks : (plan.members[grid] ?? []));
  };
  return (
    <div class={`issue ${told.severity}`}>
      <button class="go" onClick={go}>
        <b>{say(`rule_${told.rule}` as Key)}</b> {lang.value === "en" ? told.message_en : told.message_zh}
      </button>
    </div>
  );
}

/** All faults of a plan, the worst first; the keyboard walks through them in this order. */
export function allFaults({ session }: Desk): Fault[] {
  const rank = (fault: Fault) => ORDER.indexOf(fault.rule) + (session.severity(fault) === "exception" ? 100 : 0);
  const size = (fault: Fault) => (fault.grid === NONE ? 0 : Math.abs(session.plan.off(fault.grid)));
  return [...session.problems.values()].flat().sort((a, b) => rank(a) - rank(b) || size(b) - size(a));
}

export function goTo(fault: Fault): void {
  chosen.value = fault.grid;
  lookAt(fault.blocks);
}

/** Most grids that a suggestion may touch: the service takes no more. */
const MOST = 50;

/** Ask the service for moves that mend a grid among its neighbours, and show them to be kept or discarded. */
export async function repair({ session, tools }: Desk, wanted: number[]): Promise<void> {
  const { plan } = session;
  const near = wanted.flatMap((grid) => [...plan.around(grid)].filter((other) => plan.home(other) === plan.home(grid)));
  const grids = [...new Set([...wanted, ...near])].filter((grid) => !session.locked(grid)).slice(0, MOST);
  session.notice.value = say("repairing");
  try {
    await session.sync.run();
    const body = { grids: grids.map((grid) => plan.gridId(grid)) };
    const answer = await post<MovesSuggested>(`/drafts/${session.draft.id}/suggest`, body);
    const why = lang.value === "en" ? answer.message_en : answer.message_zh;
    session.notice.value = answer.moves.length ? why : say("repair_none", { why });
    if (answer.moves.length) tools.preview(plan.toSteps(answer.moves), say("why_repair"));
  } catch (caught) {
    session.notice.value = worded(caught);
  }
}

/** Download a file that needs the token. */
export async function download(path: string, name: string): Promise<void> {
  const blob = await (await send(path)).blob();
  save(blob, name);
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

