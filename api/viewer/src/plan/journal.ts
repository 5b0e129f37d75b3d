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
    readonly draft: string,
  ) {}

  static async open(draft: string): Promise<Journal> {
    const asked = indexedDB.open("gis-grid", 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore("gestures", { keyPath: "key" }).createIndex("draft", "draft");
    return new Journal(await done(asked), draft);
  }

  /** Return the gestures of the draft, in the order in which they were made. */
  async all(): Promise<Gesture[]> {
    const index = this.base.transaction("gestures").objectStore("gestures").index("draft");
    const found = await done<Gesture[]>(index.getAll(this.draft));
    return found.sort((a, b) => a.order - b.order);
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
