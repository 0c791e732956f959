// Keeps the page in the browser, so that it opens without a network. The exporter fills in the two constants.

const VERSION = "VERSION"; // of the content of all files
const FILES = ["FILES"];
const SCOPE = new URL("./", location.href).pathname; // a host may have other pages
const CACHE = `page of ${SCOPE} ${VERSION}`;

addEventListener("install", (event) => {
  // Asked anew, so that no old copy of the browser's gets into a new version.
  const requests = FILES.map((file) => new Request(file, { cache: "no-cache" }));
  event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(requests)));
});

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
  const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
  return kept ? isolated(kept) : fetch(request);
}

/** The same answer with the headers that let the page have threads; a static host seldom sends them. */
function isolated(response) {
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
