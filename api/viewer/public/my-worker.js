/* The shell of the phone page without a network: the page and the parts that it names. Answers are none of its business. */
const SHELL = "gis-grid-my";
const PAGE = "/my";
const PATIENCE_MS = 4000;

/** Fetch the page and what it names, all or nothing, and drop parts of earlier builds. */
async function fill() {
  const answer = await fetch(PAGE, { cache: "no-cache" });
  if (!answer.ok) throw new Error(`the page was answered with ${answer.status}`);
  const text = await answer.clone().text();
  const parts = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((found) => found[1]);
  const cache = await caches.open(SHELL);
  const missing = [];
  for (const part of parts) if (!part.startsWith("/assets/") || !(await cache.match(part))) missing.push(part);
  await cache.addAll(missing);
  await cache.put(PAGE, answer);
  const wanted = new Set([PAGE, ...parts]);
  for (const kept of await cache.keys()) {
    if (!wanted.has(new URL(kept.url).pathname)) await cache.delete(kept);
  }
}

/** Return the page from the service, or after a while without an answer the kept one. */
async function page(request) {
  const kept = (await caches.open(SHELL)).match(PAGE);
  const late = new Promise((done) => setTimeout(done, PATIENCE_MS));
  const fresh = fetch(request).catch(() => undefined);
  const first = await Promise.race([fresh, late]);
  if (first) return first;
  return (await kept) ?? (await fresh) ?? Response.error();
}

async function part(request) {
  const kept = await caches.match(request, { cacheName: SHELL });
  return kept ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));
self.addEventListener("message", (event) => {
  if (event.data === "fill") event.waitUntil(fill().catch(() => undefined)); // the page looks after each visit
});
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return;
  if (request.mode === "navigate" && url.pathname === PAGE) event.respondWith(page(request));
  else if (url.pathname.startsWith("/assets/") || url.pathname.startsWith("/my-icon")) event.respondWith(part(request));
});
