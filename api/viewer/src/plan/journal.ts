/** Gestures kept in this browser (IndexedDB), so that closing the tab loses nothing and undo goes on the next day. */
import type { Move } from "./moves";

/** One gesture: what it moved, and whether the service has it; `key` names it there, so that it is entered once. */
export interface Gesture {
  key: string;
  draft: string;
  order: number;
  kind: "stroke" | "undo" | "redo";
  moves: Move[];
  why: string;
  at: number;
  state: "waiting" | "sent";
  revision: number;
  /** Of an undo or redo: the gesture that it takes back or repeats. */
  of: string;
  undone: boolean;
}

export class Journal {
  private constructor(
    private readonly base: IDBDatabase,
    /** Where this tab's gestures of the draft are kept: no other tab has the same while this one is open. */
    readonly slot: string,
  ) {}

  static async open(draft: string): Promise<Journal> {
    const asked = indexedDB.open("gis-grid", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("gestures", { keyPath: "key" }).createIndex("draft", "draft");
    const base = await done(asked);
    const journal = new Journal(base, await slotOf(draft));
    await journal.inherit(draft);
    return journal;
  }

  /** Return the gestures of the draft, in the order in which they were made. */
  async all(): Promise<Gesture[]> {
    const index = this.base.transaction("gestures").objectStore("gestures").index("draft");
    const found = await done<Gesture[]>(index.getAll(this.slot));
    return found.sort((a, b) => a.order - b.order);
  }

  /** Take over what tabs that are no more have left behind, behind this tab's own gestures. */
  private async inherit(draft: string): Promise<void> {
    if (!navigator.locks) return;
    const everything = await done<Gesture[]>(this.base.transaction("gestures").objectStore("gestures").getAll());
    const slots = new Set(everything.map((one) => one.draft).filter((slot) => slot !== this.slot && draftOf(slot) === draft));
    let last = everything.reduce((most, one) => (one.draft === this.slot ? Math.max(most, one.order) : most), 0);
    for (const slot of slots)
      await navigator.locks.request(LOCK + slot, { ifAvailable: true }, async (free) => {
        if (!free) return;
        const left = everything.filter((one) => one.draft === slot).sort((a, b) => a.order - b.order);
        await this.keep(...left.map((one) => ({ ...one, draft: this.slot, order: ++last })));
      });
  }

  async keep(...gestures: Gesture[]): Promise<void> {
    const change = this.base.transaction("gestures", "readwrite");
    for (const gesture of gestures) change.objectStore("gestures").put(gesture);
    return finished(change);
  }

  async drop(key: string): Promise<void> {
    const change = this.base.transaction("gestures", "readwrite");
    change.objectStore("gestures").delete(key);
    return finished(change);
  }
}

const LOCK = "gis-grid.journal.";
/** Slots that this page holds, by draft; they are its own until it goes. */
const held = new Map<string, string>();
const draftOf = (slot: string) => slot.split("~")[0];

/** Return the first slot of a draft that no other tab has: two that shared one would send each other's gestures. */
async function slotOf(draft: string): Promise<string> {
  const known = held.get(draft);
  if (known || !navigator.locks) return known ?? draft; // locks need HTTPS or this machine
  for (let n = 1; ; n++) {
    const slot = n === 1 ? draft : `${draft}~${n}`;
    const mine = await new Promise<boolean>((answer) => {
      void navigator.locks.request(LOCK + slot, { ifAvailable: true }, (lock) => {
        answer(lock !== null);
        return lock && new Promise<void>(() => {});
      });
    });
    if (mine) {
      held.set(draft, slot);
      return slot;
    }
  }
}

function done<T>(asked: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
}

function finished(change: IDBTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    change.oncomplete = () => resolve();
    change.onerror = change.onabort = () => reject(change.error);
  });
}
