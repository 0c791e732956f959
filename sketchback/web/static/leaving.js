// The service worker of a server, served as `/service-worker.js`: a page without a server may have been looked at on the
// same address, and its service worker would go on to answer there. This one takes its place and leaves.

const PAGES = "page of / "; // what the caches of such a page at the top of an address begin with

addEventListener("install", () => skipWaiting());

addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith(PAGES)) await caches.delete(name);
    await registration.unregister();
    for (const page of await clients.matchAll({ type: "window" })) await page.navigate(page.url);
  })());
});
