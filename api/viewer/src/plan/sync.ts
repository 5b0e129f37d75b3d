/**
 * Gestures to the service and others' changes from it. Gestures wait in a queue and are sent one at a time, each with
 * the revision it was made at and a key of its own, so that a lost answer enters nothing twice. What others entered
 * is taken in between, and what is still waiting is carried over onto it, block by block.
 */
import { Problem } from "../api";
import type { Gesture } from "./journal";
import { type Clash, type Move, squash } from "./moves";

export interface Entry {
  revision: number;
  kind: string;
  moves: Move[];
  cut: object | null;
  why: string;
  who: string;
  at: string;
  undoes: number | null;
}

export interface PatchAnswer {
  revision: number;
  accepted: Move[];
  clashes: (Clash & { who: string | null })[];
  renamed: Record<string, string>;
}

/** The service, as far as this module needs it. */
export interface Service {
  patch(revision: number, moves: Move[], why: string, key: string): Promise<PatchAnswer>;
  since(revision: number): Promise<Entry[]>;
}

/** What happens to the plan and the journal of this browser. */
export interface Local {
  put(block: string, grid: string): void;
  rename(old: string, id: string): void;
  keep(gesture: Gesture): void;
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
  ) {
    this.heard = revision;
  }

  /** Take a gesture and send it soon. */
  add(gesture: Gesture): void {
    gesture.revision = this.revision;
    this.queue.push(gesture);
    this.local.keep(gesture);
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
      for (const move of squash(gesture.moves).reverse()) this.local.put(move.block, move.old);
      this.local.drop(gesture);
      this.local.refused(caught);
      return;
    }
    let theirs: Entry[] = [];
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
    if (answer.accepted.length) this.local.keep(gesture);
    else this.local.drop(gesture);
    this.absorb(theirs);
    this.reach(answer.revision);
  }

  private async catchUp(): Promise<void> {
    const later = await this.service.since(this.revision);
    this.absorb(later);
    this.reach(Math.max(this.revision, later.at(-1)?.revision ?? this.heard));
  }

  private reach(revision: number): void {
    this.revision = revision;
    for (const gesture of this.queue) {
      gesture.revision = revision;
      this.local.keep(gesture);
    }
    this.local.changed();
  }

  /** Take in what others entered: it stands, and what waits here is carried over onto it. */
  private absorb(entries: Entry[]): void {
    if (entries.some((entry) => entry.cut !== null)) this.local.recut();
    const who = new Map<string, string>();
    for (const entry of entries) for (const move of entry.moves) who.set(move.block, entry.who);
    for (const theirs of squash(entries.flatMap((entry) => entry.moves))) {
      const waiting = this.queue.flatMap((gesture) => gesture.moves).filter((move) => move.block === theirs.block);
      const [first, last] = [waiting[0], waiting.at(-1)];
      if (first && last) {
        for (const gesture of this.queue) gesture.moves = gesture.moves.filter((move) => move.block !== theirs.block);
        const mine = { block: theirs.block, old: first.old, new: last.new };
        if (last.new !== theirs.new && last.new !== first.old)
          this.local.clash({ block: theirs.block, mine, theirs }, who.get(theirs.block) ?? "");
      }
      this.local.put(theirs.block, theirs.new);
    }
    for (const gesture of this.queue.filter((one) => !one.moves.length)) this.local.drop(gesture);
    this.queue.splice(0, this.queue.length, ...this.queue.filter((one) => one.moves.length));
  }

  private renamed(old: string, id: string): void {
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
