/** One screen: the map, tools on the left, a panel on the right, and a strip at the bottom while something is drawn. */
import { announced, beside, chosen, comparing, grounds, picked, previewing, stop, strip, swiping, tab, type Tab, tool, type Tool } from "../desk";
import { setLanguage } from "../i18n";
import { lang, say } from "../i18n/planner";
import { sheet, TABLE } from "../keys";
import { change, desk, type Desk, loading, lookAtAll, showPlan, trouble } from "../page";
import { FILLS } from "../plan/colours";
import { NONE } from "../plan/plan";
import { Clashes } from "./Clashes";
import { Grids } from "./Grids";
import { History } from "./History";
import { Layers } from "./Layers";
import { Home } from "./Home";
import { allFaults, Issues } from "./Issues";
import { People } from "./People";
import { openRemarks } from "./Remarks";
import { Status } from "./Status";
import { Swipe } from "./Swipe";

const TOOLS: [Tool, string, string][] = [
  ["border", "↔", "V"],
  ["brush", "✎", "B"],
  ["rectangle", "▭", "R"],
  ["lasso", "◌", "O"],
  ["cut", "✂", "X"],
];

export function App() {
  const open = desk.value;
  document.documentElement.lang = lang.value === "en" ? "en" : "zh-CN";
  document.title = say("title");
  return (
    <>
      <header>
        <h1>{say("title")}</h1>
        {open && <Status desk={open} />}
        <span class="gap" />
        {open && <button onClick={() => void showPlan()}>{say("home")}</button>}
        <button onClick={() => { lang.value = lang.value === "en" ? "zh" : "en"; setLanguage(lang.value); }}>{say("language")}</button>
        <button aria-label={say("help")} title={say("help")} onClick={() => (sheet.value = !sheet.value)}>?</button>
      </header>
      <div id="map" role="region" aria-label={say("title")} />
      {open && strip.value.length > 0 && <Strip desk={open} />}
      {open && picked.value.size > 0 && !strip.value.length && <Picked desk={open} />}
      {open && tool.value === "cut" && !strip.value.length && !picked.value.size && <p class="strip how">{say("cut_how")}</p>}
      {open && <Toolbar desk={open} />}
      <aside>{open ? <Panel desk={open} /> : loading.value ? null : <Home />}</aside>
      {open && swiping.value && <Swipe desk={open} />}
      {open && <Legend />}
      {open && <Clashes desk={open} />}
      {loading.value && <p class="toast" role="status">{say("loading")}</p>}
      {trouble.value && <p class="toast bad" role="alert">{trouble.value}</p>}
      {open?.session.notice.value && <Notice desk={open} />}
      {sheet.value && <Sheet />}
      <p class="unseen" aria-live="polite">{announced.value}</p>
    </>
  );
}

function Toolbar({ desk: { session } }: { desk: Desk }) {
  session.tick.value;
  const { undo, redo } = session.stacks;
  const open = session.draft.state === "open";
  return (
    <nav class="tools" aria-label={say("tools")}>
      {TOOLS.map(([name, sign, key]) => (
        <button key={name} disabled={!open} aria-pressed={tool.value === name} title={`${say(`tool_${name}`)} (${key})`} aria-label={say(`tool_${name}`)} onClick={() => (tool.value = name)}>{sign}</button>
      ))}
      <hr />
      <button disabled={!undo.length} title={`${say("undo")} (Ctrl Z)`} aria-label={say("undo")} onClick={() => session.undo()}>↶</button>
      <button disabled={!redo.length} title={`${say("redo")} (Ctrl Shift Z)`} aria-label={say("redo")} onClick={() => session.redo()}>↷</button>
      <hr />
      <button aria-pressed={comparing.value} title={`${say("compare")} (C)`} aria-label={say("compare")} onClick={() => (comparing.value = !comparing.value)}>◐</button>
      <button title={`${say("overview")} (0)`} aria-label={say("overview")} onClick={lookAtAll}>⌂</button>
    </nav>
  );
}

const TABS: Tab[] = ["grids", "issues", "history", "people", "layers"];

function Panel({ desk: open }: { desk: Desk }) {
  open.session.tick.value;
  const errors = allFaults(open).filter((fault) => open.session.severity(fault) === "error").length + openRemarks(open.session).length + open.session.reports.value.length;
  return (
    <>
      <div class="tabs" role="tablist">
        {TABS.filter((one) => one !== "history" || open.session.draft.id.startsWith("d")).map((one) => (
          <button key={one} role="tab" aria-selected={tab.value === one} onClick={() => (tab.value = one)}>
            {say(`tab_${one}`)}{one === "issues" && errors > 0 && <span class="count bad">{errors}</span>}
          </button>
        ))}
      </div>
      {tab.value === "grids" && <Grids desk={open} />}
      {tab.value === "issues" && <Issues desk={open} />}
      {tab.value === "history" && <History desk={open} />}
      {tab.value === "people" && <People desk={open} />}
      {tab.value === "layers" && <Layers desk={open} />}
    </>
  );
}

/** While a stroke runs: what it does to each grid that it touches, and why it goes no further. */
function Strip({ desk: { session, tools } }: { desk: Desk }) {
  const rows = strip.value;
  return (
    <div class="strip" role="status">
      {previewing.value && <b>{say("preview")}</b>}
      {rows.map(({ grid, before, now, faults }) => (
        <span key={grid} class={faults.length ? "bad" : ""}>
          <b>{session.plan.short(grid)}</b> {before} → {now} {faults.length ? `✕ ${faults.map((rule) => say(`rule_${rule as "band"}`)).join(" ")}` : say("fits")}
        </span>
      ))}
      {stop.value && <em>{say(`stop_${stop.value}`)}</em>}
      {previewing.value && (
        <>
          <button class="main" onClick={() => tools.accept()}>{say("accept")}</button>
          <button onClick={() => tools.cancel()}>{say("discard")}</button>
        </>
      )}
    </div>
  );
}

/** Blocks that are picked, and where they may go. */
function Picked({ desk: { session } }: { desk: Desk }) {
  const { plan } = session;
  const blocks = [...picked.value].filter((block) => !session.locked(plan.grid[block] as number));
  const count = blocks.reduce((sum, block) => sum + (plan.households[block] as number), 0);
  const send = (grid: number, why: string) => {
    change(blocks.map((block) => ({ block, old: plan.grid[block] as number, new: grid })), why);
    picked.value = new Set();
  };
  return (
    <div class="strip" role="status">
      <span>{say("picked", { blocks: blocks.length, count })}</span>
      {chosen.value === NONE ? <em>{say("choose_first")}</em> : <button class="main" onClick={() => send(chosen.value, say("why_pick"))}>{say("into_chosen", { grid: plan.called(chosen.value) })}</button>}
      <button onClick={() => send(plan.newGrid(), say("why_split"))}>{say("new_grid")}</button>
      <button onClick={() => (picked.value = new Set())}>{say("clear")}</button>
    </div>
  );
}

function Notice({ desk: { session } }: { desk: Desk }) {
  const [kind, value] = session.notice.value.split(":");
  const words = kind === "kept" && value ? say("kept", { count: value }) : kind === "state" && value ? say("closed", { state: say(`state_${value as "open"}`) }) : session.notice.value;
  return (
    <p class="toast" role="status">
      {words} <button class="quiet" aria-label={say("close")} onClick={() => (session.notice.value = "")}>×</button>
    </p>
  );
}

function Legend() {
  return (
    <details class="legend" open>
      <summary>{say("legend")}</summary>
      <ul>
        <li><i class="swatches">{FILLS.slice(0, 4).map((fill) => <b key={fill} style={{ background: fill }} />)}</i>{say("tab_grids")}</li>
        <li><i class="line" />{say("legend_border")}</li>
        <li><i class="line community" />{say("legend_community")}</li>
        <li><i class="line wall" />{say("legend_wall")}</li>
        <li><i class="hatch" />{say("legend_fault")}</li>
        {comparing.value && <li><i class="line was" />{say("legend_was")}</li>}
        {[...grounds.value].map((layer) => <li key={layer}><i class={`line over-${layer}`} />{say(`layer_${layer}`)}</li>)}
        {beside.value && (["both", "ours", "theirs"] as const).map((who) => <li key={who}><i class={`line beside-${who}`} />{say(`legend_${who}`)}</li>)}
      </ul>
    </details>
  );
}

function Sheet() {
  return (
    <div class="sheet" role="dialog" aria-label={say("help")}>
      <h2>{say("help")}</h2>
      <table>
        <tbody>{TABLE.map(([keys, key]) => <tr key={keys}><td><kbd>{keys}</kbd></td><td>{say(key)}</td></tr>)}</tbody>
      </table>
      <p>{say("keys_hint")}</p>
      <button autofocus onClick={() => (sheet.value = false)}>{say("close")}</button>
    </div>
  );
}
