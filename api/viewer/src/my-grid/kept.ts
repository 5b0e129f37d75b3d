/** What this phone keeps: the communities it carries, and what was last told to who signed in. */
import { headers, Problem } from "../api";
import type { Carried, HandOvers, OwnGrid } from "../api-types";

export interface Kept {
  community: string;
  file: Carried;
  etag: string;
  bytes: number;
  /** when it was last asked for, in ms since 1970 */
  at: number;
}

export interface Desk {
  grids: OwnGrid[];
  handOvers: HandOvers;
  at: number;
}

const NAME = "gis-grid-phone";

function opened(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("carried", { keyPath: "community" });
      asked.result.createObjectStore("desk");
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error);
  });
}

async function with_<T>(store: string, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest): Promise<T> {
  const database = await opened();
  try {
    return await new Promise<T>((done, failed) => {
      const deal = database.transaction(store, mode);
      const asked = act(deal.objectStore(store));
      deal.oncomplete = () => done(asked.result as T);
      deal.onerror = deal.onabort = () => failed(deal.error);
    });
  } finally {
    database.close();
  }
}

/** Return every community this phone carries; none where the browser keeps nothing (a private window). */
export async function carriedHere(): Promise<Kept[]> {
  try {
    return await with_<Kept[]>("carried", "readonly", (store) => store.getAll());
  } catch {
    return [];
  }
}

/** Fetch a community's file, or hear that it is as before, and keep it; `district` tells communities of a code apart. */
export async function carry(community: string, district = ""): Promise<Kept> {
  const before = (await carriedHere()).find((one) => one.community === community);
  const asked = before ? headers({ "If-None-Match": before.etag }) : headers();
  const which = district ? `?district=${encodeURIComponent(district)}` : "";
  const path = `/api/communities/${encodeURIComponent(community)}/offline${which}`;
  let answer: Response;
  try {
    answer = await fetch(path, { headers: asked });
  } catch {
    throw new Problem(0, "offline");
  }
  if (answer.status === 404 || answer.status === 401 || answer.status === 403) await forget(community);
  if (!answer.ok && answer.status !== 304) throw new Problem(answer.status, answer.statusText);
  let kept: Kept;
  if (answer.status === 304 && before) kept = { ...before, at: Date.now() };
  else {
    const text = await answer.text();
    const etag = answer.headers.get("ETag") ?? "";
    kept = { community, file: JSON.parse(text) as Carried, etag, bytes: text.length, at: Date.now() };
  }
  await with_("carried", "readwrite", (store) => store.put(kept));
  return kept;
}

export async function forget(community: string): Promise<void> {
  await with_("carried", "readwrite", (store) => store.delete(community));
}

export async function deskHere(): Promise<Desk | undefined> {
  try {
    return await with_<Desk | undefined>("desk", "readonly", (store) => store.get("me"));
  } catch {
    return undefined;
  }
}

export async function keepDesk(desk: Desk): Promise<void> {
  await with_("desk", "readwrite", (store) => store.put(desk, "me"));
}

/** Forget everything: what was told to somebody who signs out stays on no phone. */
export function forgetAll(): Promise<void> {
  return new Promise((done) => {
    const asked = indexedDB.deleteDatabase(NAME);
    asked.onsuccess = asked.onerror = asked.onblocked = () => done();
  });
}
