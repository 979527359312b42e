/**
 * Answer from the files of one version of the page, so that it works without a network.
 *
 * ekspresi.studio.definitions fills in the list: file -> digest. The browser checks each file by its digest, and a new
 * version waits until no page of the old one is open. So a page never runs with files of two versions.
 */

const FILES = { /* files */ };

const PREFIX = "ekspresi-studio-";

/** Name the store of this version by the digest of its list. */
async function storeName() {
  const bytes = new TextEncoder().encode(JSON.stringify(FILES));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return PREFIX + [...digest.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function install() {
  const store = await caches.open(await storeName());
  for (const [file, integrity] of Object.entries(FILES)) {
    if (await store.match(file)) continue; // an interrupted installation continues
    const answer = await fetch(new Request(file, { integrity, cache: "no-cache" }));
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    // Some hosts redirect index.html to its folder: browsers refuse a redirected answer as a page, but not a copy of it.
    await store.put(file, answer.redirected ? new Response(answer.body, answer) : answer);
  }
}

async function removeFormer() {
  const current = await storeName();
  const names = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== current);
  await Promise.all(names.map((name) => caches.delete(name)));
}

/** Name the file behind an address of this page; null where it is none, such as a route of the service. */
function fileOf(address) {
  const { scope } = self.registration;
  const path = address.split(/[?#]/)[0];
  if (!path.startsWith(scope)) return null;
  const file = path.slice(scope.length) || "index.html";
  return Object.hasOwn(FILES, file) ? file : null;
}

async function answer(file, request) {
  const store = await caches.open(await storeName());
  return (await store.match(file)) ?? fetch(request);
}

self.addEventListener("install", (event) => event.waitUntil(install()));
self.addEventListener("activate", (event) => event.waitUntil(removeFormer()));
self.addEventListener("fetch", (event) => {
  const { request } = event;
  const file = request.method === "GET" ? fileOf(request.url) : null;
  if (file) event.respondWith(answer(file, request));
});
