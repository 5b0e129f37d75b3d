/** One draft in hand: the plan, its rules, what was done, and the way to the service. No map and no panels here. */
import { batch, signal } from "@preact/signals";
import { forget, get, patch, pathOf, Problem, send } from "./api";
import type { CommentList, CommentTold, DraftTold, EditorTold, EntryTold, IssuesAnswer, IssueTold, Journal as JournalTold, PatchAnswer, ReportList, ReportTold, Table } from "./api-types";
import { worded } from "./i18n/refusals";
import { type Gesture, Journal } from "./plan/journal";
import { stacks, turned } from "./plan/history";
import { type Clash, nextGridId } from "./plan/moves";
import { NONE, Plan, type Step } from "./plan/plan";
import { check, checkGrid, type Problem as Fault } from "./plan/rules";
import { listen, type State, Sync } from "./plan/sync";

export interface ClashShown extends Clash {
  who: string;
}

/** How long after a change the service is asked for its rules, and how long after opening: the map comes first. */
const ASK_RULES_MS = 1500;
const FIRST_RULES_MS = 3000;

const LOCKS = "gis-grid.locks.";

export class Session {
  /** Goes up whenever the plan has changed for good. */
  readonly tick = signal(0);
  readonly status = signal<State>("saved");
  readonly clashes = signal<ClashShown[]>([]);
  readonly editors = signal<Omit<EditorTold, "at">[]>([]);
  readonly notice = signal("");
  readonly told = signal<IssueTold[]>([]);
  readonly locks = signal<ReadonlySet<number>>(new Set());
  readonly remarks = signal<CommentTold[]>([]);
  readonly reports = signal<ReportTold[]>([]);
  readonly problems = new Map<number, Fault[]>();
  gestures: Gesture[] = [];
  sync!: Sync;
  /** Where blocks changed side, for the map. */
  onMoved: (blocks: number[]) => void = () => {};
  /** Somebody else moves a block, which a stroke may have in hand. */
  onTheirs: (block: number) => void = () => {};
  /** Something is about to be changed by a panel or a key: what a stroke or a preview shows is put back first. */
  onChange: () => void = () => {};
  /** The blocks are others now: the page loads the draft again. */
  onRecut: () => void = () => {};
  private readonly stale = new Set<number>();
  private asking: ReturnType<typeof setTimeout> | undefined;
  private waiting: number[] = [];
  private stop = new AbortController();

  constructor(
    readonly draft: DraftTold,
    readonly plan: Plan,
    readonly journal: Journal,
  ) {
    for (const fault of check(plan)) this.enter(fault);
    const kept = JSON.parse(localStorage.getItem(LOCKS + draft.id) ?? "[]") as string[];
    this.locks.value = new Set(plan.gridIds.flatMap((id, grid) => (kept.includes(id) ? [grid] : [])));
  }

  /** Load a draft; what an earlier visit did not get to the service is sent first. */
  static async open(id: string): Promise<{ session: Session; shapes: ArrayBuffer }> {
    const asked = send(`${pathOf(id)}/shapes`).then((answer) => answer.arrayBuffer());
    asked.catch(() => {});
    const journal = await Journal.open(id);
    const gestures = await journal.all();
    const waiting = gestures.filter((one) => one.state === "waiting");
    const left: ClashShown[] = [];
    if (waiting.length) await sendLeftOver(id, journal, gestures, waiting, left);
    const [draft, table, shapes] = await Promise.all([get<DraftTold>(pathOf(id)), get<Table>(`${pathOf(id)}/table`), asked]);
    if (id.startsWith("p")) draft.plan = id;
    const session = new Session(draft, new Plan(table), journal);
    session.gestures = gestures;
    session.clashes.value = left;
    session.sync = new Sync(serviceOf(id), session.local(), table.revision, [], new Set(table.grids.id));
    session.sync.savedAt = Date.now();
    if (draft.state === "open") void session.follow();
    session.askRules(FIRST_RULES_MS);
    void session.askRemarks();
    return { session, shapes };
  }

  close(): void {
    this.stop.abort();
    this.sync.end();
    clearTimeout(this.asking);
  }

  /** Enter a finished gesture: it is in the journal of this browser at once and at the service within a second. */
  commit(steps: Step[], why: string, kind: Gesture["kind"] = "stroke", of = ""): void {
    if (!steps.length) return;
    const gesture: Gesture = {
      key: crypto.randomUUID?.() ?? String(Math.random()).slice(2),
      draft: this.journal.slot,
      order: (this.gestures.at(-1)?.order ?? 0) + 1,
      kind,
      moves: this.plan.toMoves(steps),
      why,
      at: Date.now(),
      state: "waiting",
      revision: 0,
      of,
      undone: false,
    };
    this.gestures.push(gesture);
    this.touched(steps.map((step) => step.block), steps.flatMap((step) => [step.old, step.new]));
    this.sync.add(gesture);
  }

  /** Apply steps and enter them as one gesture. */
  change(steps: Step[], why: string): void {
    this.onChange();
    const real = steps.map((step) => ({ ...step, old: this.plan.grid[step.block] as number })).filter((step) => step.old !== step.new);
    this.plan.apply(real);
    this.onMoved(real.map((step) => step.block));
    this.commit(real, why);
  }

  undo(): boolean {
    return this.turn("undo");
  }

  redo(): boolean {
    return this.turn("redo");
  }

  get stacks() {
    return stacks(this.gestures);
  }

  locked(grid: number): boolean {
    return this.locks.value.has(grid);
  }

  lock(grids: Iterable<number>, on: boolean): void {
    const next = new Set(this.locks.value);
    for (const grid of grids) if (on) next.add(grid);
      else next.delete(grid);
    this.locks.value = next;
    localStorage.setItem(LOCKS + this.draft.id, JSON.stringify([...next].map((grid) => this.plan.gridId(grid))));
  }

  /** Say on which grids this planner is at work. */
  claim(grids: string[]): void {
    void send(`/drafts/${this.draft.id}/presence`, { method: "POST", body: { grids: grids.slice(0, 50) } }).catch(() => {});
  }

  /** How bad a fault is: what the service proved to be unavoidable is an exception until somebody touches the grid. */
  severity(fault: Fault): "error" | "exception" {
    if (this.stale.has(fault.grid)) return "error";
    const id = this.plan.gridId(fault.grid);
    const known = this.told.value.find((one) => one.grid_id === id && one.rule === fault.rule);
    return known?.severity === "exception" ? "exception" : "error";
  }

  get path(): string {
    return pathOf(this.draft.id);
  }

  /** Ask what was said of the grids in a review, and by field staff of lines in sight. */
  async askRemarks(): Promise<void> {
    const [w, s, e, n] = this.plan.table.bounds;
    const [said, told] = await Promise.all([
      get<CommentList>(`/plans/${this.draft.plan}/comments`, this.stop.signal),
      get<ReportList>("/reports", this.stop.signal),
    ]).catch(() => [null, null]);
    if (said) this.remarks.value = said.comments;
    if (told) this.reports.value = told.reports.filter(({ lon, lat }) => lon >= w && lon <= e && lat >= s && lat <= n);
  }

  private turn(way: "undo" | "redo"): boolean {
    const gesture = this.stacks[way].at(-1);
    if (!gesture) return false;
    this.onChange();
    const { steps, kept } = turned(this.plan, gesture, way);
    this.plan.apply(steps);
    this.onMoved(steps.map((step) => step.block));
    if (kept) this.notice.value = `kept:${kept}`;
    if (steps.length) this.commit(steps, way, way, gesture.key);
    else {
      // nothing of it can be turned any more: it leaves the stack all the same
      this.gestures = this.gestures.filter((one) => one !== gesture);
      void this.journal.drop(gesture.key);
      this.tick.value++;
    }
    return true;
  }

  /** Look again at the rules of grids, and tell everybody. */
  private touched(blocks: number[], grids: Iterable<number>): void {
    for (const grid of new Set(grids)) {
      this.problems.delete(grid);
      this.stale.add(grid);
      if (grid !== NONE) for (const fault of checkGrid(this.plan, grid)) this.enter(fault);
    }
    if (this.plan.unassigned) {
      const loose = [...this.plan.grid.keys()].filter((block) => this.plan.grid[block] === NONE);
      this.problems.set(NONE, [{ rule: "no-gap", grid: NONE, blocks: loose, found: loose.length }]);
    } else this.problems.delete(NONE);
    if (blocks.length) this.tick.value++;
  }

  private enter(fault: Fault): void {
    this.problems.set(fault.grid, [...(this.problems.get(fault.grid) ?? []), fault]);
  }

  private askRules(wait = ASK_RULES_MS): void {
    clearTimeout(this.asking);
    this.asking = setTimeout(async () => {
      try {
        const answer = await get<IssuesAnswer>(`${this.path}/issues`, this.stop.signal);
        if (answer.revision < this.sync.revision || this.sync.queue.length) return this.askRules();
        batch(() => {
          this.stale.clear();
          this.told.value = answer.issues;
          this.tick.value++;
        });
      } catch {
        // asked again after the next change
      }
    }, wait);
  }

  private local() {
    const { plan, journal } = this;
    return {
      put: (id: string, grid: string) => {
        const block = plan.block(id);
        if (block === undefined) return;
        const old = plan.grid[block] as number;
        const row = plan.gridOf(grid);
        this.onTheirs(block);
        if (old === row) return;
        plan.put(block, row);
        this.waiting.push(block);
        this.touched([], [old, row]);
      },
      rename: (old: string, id: string) => plan.rename(old, id),
      freeId: () => nextGridId(plan.gridIds),
      keep: (gestures: Gesture[]) => void journal.keep(...gestures),
      drop: (gesture: Gesture) => {
        this.gestures = this.gestures.filter((one) => one !== gesture);
        void journal.drop(gesture.key);
      },
      clash: (clash: Clash, who: string) => {
        this.clashes.value = [...this.clashes.value.filter((one) => one.block !== clash.block), { ...clash, who }];
      },
      recut: () => this.onRecut(),
      changed: () => {
        batch(() => {
          this.status.value = this.sync.state;
          if (this.waiting.length) this.onMoved(this.waiting.splice(0));
          this.tick.value++;
        });
        if (this.sync.state === "saved" && this.stale.size) this.askRules();
      },
      refused: (problem: Problem) => {
        this.notice.value = worded(problem);
        if (problem.status === 422) this.onRecut(); // what is here was not what the service has
      },
    };
  }

  /** Follow what others do, for as long as the draft is in hand. */
  private async follow(): Promise<void> {
    while (!this.stop.signal.aborted) {
      try {
        const path = `/drafts/${this.draft.id}/events?since=${this.sync.revision}`;
        const answer = await send(path, { signal: this.stop.signal });
        if (this.sync.state === "offline") void this.sync.run();
        if (answer.body) await listen(answer.body, (event, data) => this.heard(event, data));
      } catch {
        if (this.stop.signal.aborted) return;
      }
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
  }

  /** The draft is handed in or closed: nothing is drawn any more; whoever did it here has been told already. */
  ended(state: string, told = ""): void {
    if (this.draft.state !== "open") return;
    this.draft.state = state;
    this.notice.value = told || `state:${state}`;
    this.tick.value++;
  }

  private heard(event: string, data: string): void {
    if (event === "change") this.sync.hear((JSON.parse(data) as EntryTold).revision);
    if (event === "editors") this.editors.value = (JSON.parse(data) as { editors: EditorTold[] }).editors;
    if (event === "state") this.ended((JSON.parse(data) as { state: string }).state);
  }
}

export function serviceOf(id: string) {
  return {
    patch: (revision: number, moves: Gesture["moves"], why: string, key: string) =>
      patch<PatchAnswer>(`/drafts/${id}`, { revision, moves, why }, key),
    since: async (revision: number) => {
      const found: EntryTold[] = [];
      for (let more = true; more; ) {
        const page = await get<JournalTold>(`/drafts/${id}/journal?since=${found.at(-1)?.revision ?? revision}`);
        found.push(...page.entries);
        more = page.more;
      }
      return found;
    },
  };
}

/** Send what an earlier visit left behind, before there is a plan to show. */
async function sendLeftOver(id: string, journal: Journal, gestures: Gesture[], waiting: Gesture[], clashes: ClashShown[]) {
  const local = {
    put: () => {},
    rename: () => {},
    freeId: () => nextGridId(gestures.flatMap((gesture) => gesture.moves.map((move) => move.new))),
    keep: (kept: Gesture[]) => void journal.keep(...kept),
    drop: (gesture: Gesture) => {
      gestures.splice(gestures.indexOf(gesture), 1);
      void journal.drop(gesture.key);
    },
    clash: (clash: Clash, who: string) => clashes.push({ ...clash, who }),
    recut: () => {},
    changed: () => {},
    refused: () => {},
  };
  const sync = new Sync(serviceOf(id), local, waiting[0]?.revision ?? 0, waiting);
  await sync.run();
  forget();
  sync.end();
  if (sync.state === "offline") throw new Problem(0, "offline"); // or the draft would be shown without what waits
}
