/**
 * Gestures to the service and others' changes from it. Gestures wait in a queue and are sent one at a time, each with
 * the revision it was made at and a key of its own, so that a lost answer enters nothing twice. What others entered
 * is taken in between, and what is still waiting is carried over onto it, block by block.
 */
import { Problem } from "../api";
import type { EntryTold, PatchAnswer } from "../api-types";
import type { Gesture } from "./journal";
import { type Clash, type Move, squash } from "./moves";

/** The service, as far as this module needs it. */
export interface Service {
  patch(revision: number, moves: Move[], why: string, key: string): Promise<PatchAnswer>;
  since(revision: number): Promise<EntryTold[]>;
}

/** What happens to the plan and the journal of this browser. */
export interface Local {
  put(block: string, grid: string): void;
  rename(old: string, id: string): void;
  /** Return an id that no grid has here. */
  freeId(): string;
  /** Keep gestures as they are now, all or none of them. */
  keep(gestures: Gesture[]): void;
  drop(gesture: Gesture): void;
  clash(clash: Clash, who: string): void;
  /** Somebody cut a block: there are other blocks now. */
  recut(): void;
  /** The plan or the state changed. */
  changed(): void;
  /** The service refused a gesture, which was dropped, or everything, since the draft is closed. */
  refused(problem: Problem): void;
}

export type State = "saved" | "saving" | "offline" | "refused";

const WAIT_MS = [500, 1000, 2000, 4000, 8000];

export class Sync {
  state: State = "saved";
  savedAt = 0;
  private heard: number;
  private running: Promise<void> | null = null;
  private failures = 0;
  private ended = false;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly service: Service,
    private readonly local: Local,
    public revision: number,
    readonly queue: Gesture[] = [],
    /** Grids that the service knows; without them, nothing is said of grids that are made here. */
    private readonly known: Set<string> | null = null,
  ) {
    this.heard = revision;
  }

  /** Take a gesture and send it soon. */
  add(gesture: Gesture): void {
    gesture.revision = this.revision;
    this.queue.push(gesture);
    this.local.keep([gesture]);
    void this.run();
  }

  /** The service is at a revision, as its stream of events says. */
  hear(revision: number): void {
    this.heard = Math.max(this.heard, revision);
    if (this.heard > this.revision) void this.run();
  }

  /** Send what waits and take in what others did, until there is nothing left to do. */
  run(): Promise<void> {
    if (this.ended) return Promise.resolve();
    clearTimeout(this.timer);
    this.running ??= this.loop().finally(() => {
      this.running = null;
    });
    return this.running;
  }

  end(): void {
    this.ended = true;
    clearTimeout(this.timer);
  }

  private async loop(): Promise<void> {
    try {
      while (!this.ended && (this.queue.length || this.heard > this.revision)) {
        this.become("saving");
        if (this.queue.length) await this.sendFirst();
        else await this.catchUp();
        this.failures = 0;
      }
      this.savedAt = Date.now();
      this.become("saved");
    } catch (caught) {
      this.failed(caught);
    }
  }

  private async sendFirst(): Promise<void> {
    const gesture = this.queue[0] as Gesture;
    let answer: PatchAnswer;
    try {
      answer = await this.service.patch(gesture.revision, gesture.moves, gesture.why, gesture.key);
    } catch (caught) {
      if (!(caught instanceof Problem) || caught.status !== 422) throw caught;
      this.queue.shift();
      this.local.drop(gesture);
      for (const move of squash(gesture.moves)) {
        this.withdraw(move.block);
        this.local.put(move.block, move.old);
      }
      this.dropEmpty();
      this.local.refused(caught);
      return;
    }
    let theirs: EntryTold[] = [];
    const mine = answer.accepted.length ? answer.revision : 0;
    if (answer.revision > gesture.revision + (mine ? 1 : 0)) {
      const later = await this.service.since(gesture.revision);
      theirs = later.filter((entry) => entry.revision <= answer.revision && entry.revision !== mine);
    }
    this.queue.shift();
    for (const [old, id] of Object.entries(answer.renamed)) this.renamed(old, id);
    for (const clash of answer.clashes) this.local.clash(clash, clash.who ?? "");
    gesture.moves = answer.accepted;
    gesture.state = "sent";
    gesture.revision = answer.revision;
    if (!answer.accepted.length) this.local.drop(gesture);
    for (const move of answer.accepted) this.known?.add(move.new);
    this.absorb(theirs);
    this.reach(answer.revision, answer.accepted.length ? [gesture] : []);
  }

  private async catchUp(): Promise<void> {
    const later = await this.service.since(this.revision);
    this.absorb(later);
    this.reach(Math.max(this.revision, later.at(-1)?.revision ?? this.heard));
  }

  private reach(revision: number, sent: Gesture[] = []): void {
    this.revision = revision;
    for (const gesture of this.queue) gesture.revision = revision;
    if (sent.length || this.queue.length) this.local.keep([...sent, ...this.queue]);
    this.local.changed();
  }

  /** Take in what others entered: it stands, and what waits here is carried over onto it. */
  private absorb(entries: EntryTold[]): void {
    if (entries.some((entry) => entry.cut !== null)) this.local.recut();
    const who = new Map<string, string>();
    for (const entry of entries) for (const move of entry.moves) who.set(move.block, entry.who);
    this.makeRoom(entries.flatMap((entry) => entry.moves));
    for (const theirs of squash(entries.flatMap((entry) => entry.moves))) {
      const waiting = this.withdraw(theirs.block);
      const [first, last] = [waiting[0], waiting.at(-1)];
      if (first && last) {
        const mine = { block: theirs.block, old: first.old, new: last.new };
        if (last.new !== theirs.new && last.new !== first.old)
          this.local.clash({ block: theirs.block, mine, theirs }, who.get(theirs.block) ?? "");
      }
      this.local.put(theirs.block, theirs.new);
    }
    this.dropEmpty();
  }

  /** Take a block out of every gesture that waits, and return what they meant to do with it. */
  private withdraw(block: string): Move[] {
    const waiting = this.queue.flatMap((gesture) => gesture.moves).filter((move) => move.block === block);
    if (waiting.length) for (const gesture of this.queue) gesture.moves = gesture.moves.filter((move) => move.block !== block);
    return waiting;
  }

  private dropEmpty(): void {
    for (const gesture of this.queue.filter((one) => !one.moves.length)) this.local.drop(gesture);
    this.queue.splice(0, this.queue.length, ...this.queue.filter((one) => one.moves.length));
  }

  /** Somebody made a grid of the id that one has which waits here to be made: they are two grids, and mine gets another. */
  private makeRoom(theirs: Move[]): void {
    if (!this.known) return;
    const made = new Set(theirs.map((move) => move.new).filter((id) => id && !this.known?.has(id)));
    for (const id of made) {
      if (this.waits(id)) this.renamed(id, this.local.freeId());
      this.known.add(id);
    }
  }

  private waits(grid: string): boolean {
    return this.queue.some((gesture) => gesture.moves.some((move) => move.new === grid));
  }

  private renamed(old: string, id: string): void {
    // the service gives out ids that are free there; a grid that waits here may have been given the same
    if (this.waits(id)) this.renamed(id, this.local.freeId());
    this.local.rename(old, id);
    const named = (grid: string) => (grid === old ? id : grid);
    for (const gesture of this.queue)
      gesture.moves = gesture.moves.map((move) => ({ ...move, old: named(move.old), new: named(move.new) }));
  }

  private become(state: State): void {
    if (state === this.state && state !== "saved") return;
    this.state = state;
    this.local.changed();
  }

  private failed(caught: unknown): void {
    if (caught instanceof Problem && [401, 403, 404, 409].includes(caught.status)) {
      this.become("refused");
      this.local.refused(caught);
      return;
    }
    if (!(caught instanceof Problem)) console.error(caught);
    this.become("offline");
    const wait = WAIT_MS[Math.min(this.failures++, WAIT_MS.length - 1)];
    this.timer = setTimeout(() => void this.run(), wait);
  }
}

/** Read server-sent events until the stream ends; `fetch` carries the token, which `EventSource` would not. */
export async function listen(
  body: ReadableStream<Uint8Array>,
  heard: (event: string, data: string) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value.replaceAll("\r\n", "\n");
    const events = text.split("\n\n");
    text = events.pop() ?? "";
    for (const event of events) {
      const fields = event.split("\n").map((line) => /^(\w+): ?(.*)$/.exec(line));
      const of = (name: string) => fields.filter((field) => field?.[1] === name).map((field) => field?.[2] ?? "");
      if (of("data").length) heard(of("event")[0] ?? "message", of("data").join("\n"));
    }
  }
}
