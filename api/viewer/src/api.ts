/** Requests to the service: JSON in, JSON out, a token in the header, problems (RFC 9457) as exceptions. */

const TOKEN = "gis-grid.token";

export interface Fault {
  where?: string;
  problem: string;
  remedy?: string;
  /** Both in Chinese. */
  zh?: string;
  row?: number | string;
  column?: string;
  /** What is wrong, for whoever words it; and what the words need. */
  code?: string;
  values?: Record<string, string | number>;
}

/** What the service could not or would not do; `status` 0 means that it was not reached. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly faults: Fault[] = [],
    readonly body: Record<string, unknown> = {},
  ) {
    super(detail);
  }
}

/**
 * Return the caller's token. A link hands it over behind `#token=`, which browsers send to nobody; it is kept in this
 * browser and taken out of the address at once.
 */
export function token(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    setToken(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  return localStorage.getItem(TOKEN);
}

export function setToken(value: string | null): void {
  if (value) localStorage.setItem(TOKEN, value);
  else localStorage.removeItem(TOKEN);
}

/** Return the headers of a request, the token among them. */
export function headers(more: Record<string, string> = {}): Record<string, string> {
  const held = token();
  return held ? { ...more, Authorization: `Bearer ${held}` } : more;
}

export interface Asked {
  method?: string;
  body?: unknown;
  key?: string;
  signal?: AbortSignal;
}

/** Where the service keeps a plan or a draft, by its id. */
export const pathOf = (id: string) => `/${id.startsWith("d") ? "drafts" : "plans"}/${id}`;
/** The ground under a plan or a draft, without the names that its grids had when they were published. */
export const groundOf = (id: string) => `/style.json?of=${id}&labels=false`;

/** Answers that were asked for before whoever needs them could. */
const begun = new Map<string, Promise<Response>>();

/** Ask for what a draft is opened with, while the page that shows it is still being read. */
export function begin(id: string): void {
  for (const path of [`${pathOf(id)}/shapes`, `${pathOf(id)}/table`, pathOf(id), groundOf(id)]) {
    const answer = fetch(`/api${path}`, { headers: headers() });
    answer.catch(() => {}); // told to whoever takes it
    begun.set(path, answer);
  }
}

/** Forget what was asked for early: something has been changed since. */
export function forget(): void {
  begun.clear();
}

function taken(path: string, { method }: RequestInit): Promise<Response> | undefined {
  const answer = method === "GET" ? begun.get(path) : undefined;
  begun.delete(path);
  return answer;
}

/** Send a request below /api and return the response; a problem is thrown. */
export async function send(path: string, asked: Asked = {}): Promise<Response> {
  const said: Record<string, string> = {};
  if (asked.key) said["Idempotency-Key"] = asked.key;
  const raw = asked.body instanceof Blob;
  if (asked.body !== undefined) said["Content-Type"] = raw ? "application/octet-stream" : "application/json";
  const init: RequestInit = { method: asked.method ?? "GET", headers: headers(said) };
  if (asked.body !== undefined) init.body = raw ? (asked.body as Blob) : JSON.stringify(asked.body);
  if (asked.signal) init.signal = asked.signal;
  let answer: Response;
  try {
    answer = await (taken(path, init) ?? fetch(`/api${path}`, init));
  } catch (caught) {
    if (caught instanceof DOMException && caught.name === "AbortError") throw caught;
    throw new Problem(0, "offline");
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

async function problemOf(answer: Response): Promise<Problem> {
  try {
    const told = (await answer.json()) as Record<string, unknown>;
    return new Problem(answer.status, String(told.detail ?? told.title ?? ""), (told.faults as Fault[]) ?? [], told);
  } catch {
    return new Problem(answer.status, answer.statusText);
  }
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, signal ? { signal } : {})).json()) as T;
}

export async function post<T>(path: string, body: unknown, key?: string): Promise<T> {
  return (await (await send(path, { method: "POST", body, ...(key ? { key } : {}) })).json()) as T;
}

export async function patch<T>(path: string, body: unknown, key?: string): Promise<T> {
  return (await (await send(path, { method: "PATCH", body, ...(key ? { key } : {}) })).json()) as T;
}
