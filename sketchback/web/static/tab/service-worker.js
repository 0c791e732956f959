// Keeps the page in the browser, so that it opens without a network. The exporter fills in the two constants.

const VERSION = "VERSION"; // of the content of all files
const FILES = ["FILES"];
const SCOPE = new URL("./", location.href).pathname; // a host may have other pages
const CACHE = `page of ${SCOPE} ${VERSION}`;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(CACHE).then((cache) => Promise.all(FILES.map((file) => keep(cache, file)))));
});

async function keep(cache, file) {
  // Asked anew, so that no old copy of the browser's gets into a new version.
  const response = await fetch(new Request(file, { cache: "no-cache" }));
  if (!response.ok) throw new TypeError(`${file}: ${response.status}`);
  const headers = new Headers(response.headers);
  headers.delete("Vary"); // there is one answer to all who ask
  headers.set("Cross-Origin-Opener-Policy", "same-origin"); // with both the page may have threads
  headers.set("Cross-Origin-Embedder-Policy", "require-corp"); // a static host seldom sends them
  await cache.put(file, new Response(await response.blob(), { headers }));
}

// A new version waits until no page of the old one is open; a page that is alone may ask for it as it opens.
addEventListener("message", (event) => { if (event.data === "take over") event.waitUntil(takeOver()); });

async function takeOver() {
  for (let tries = 0; tries < 10; tries += 1) { // the page before a reload may still be going
    const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
    if (pages.filter(({ url }) => new URL(url).pathname.startsWith(SCOPE)).length === 1) return skipWaiting();
    await new Promise((done) => setTimeout(done, 200));
  }
  return undefined;
}

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith(`page of ${SCOPE} `) && name !== CACHE) await caches.delete(name);
    }
    await clients.claim();
  })());
});

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method === "GET") event.respondWith(answer(request));
});

async function answer(request) {
  const asked = new URL(request.url).pathname === `${SCOPE}index.html` ? "./" : request;
  const kept = await (await caches.open(CACHE)).match(asked, { ignoreSearch: true });
  return kept ?? fetch(request);
}
