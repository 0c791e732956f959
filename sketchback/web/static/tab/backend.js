// The backend of the page without a server: inference in this tab, in a worker.
//
// `python -m sketchback.export --format web` puts it in the place of the one that asks an HTTP API. The same holds of
// it: other modules know these functions only, and every failure is a Refusal, or an AbortError where `signal` was
// aborted.

import { Refusal } from "./refusal.js";

/** What the page offers; the rest is hidden. Browsers write no TIFF or PDF. A picture that is about as large as
 * generators see it is drawn, sent and read soonest. */
export const capabilities = { server: false, formats: ["png", "jpg", "webp"], live: 256 };

const STARTING = "Starting, a few seconds…";

const asked = new Map(); // number -> what waits for the answer
const workers = new Map(); // a network cannot be stopped, so what may come later has a worker of its own
let number = 0;
let loading = STARTING; // what is waited for at first

function workerFor(name) {
  if (!workers.has(name)) {
    let hasModules = false;
    const options = { name, get type() { hasModules = true; return "module"; } }; // old browsers do not ask for it
    const worker = new Worker(new URL("./tab/worker.js", import.meta.url), options);
    worker.addEventListener("message", ({ data }) => receive(worker, data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      worker.terminate();
      workers.delete(name); // the next request tries again
      const can = hasModules && typeof WebAssembly === "object";
      fail(worker, new Refusal(can ? "The page could not be loaded whole. Is there a network? Then try again."
        : "This browser cannot run the page: it needs modules in workers, and WebAssembly. Update it."));
    });
    workers.set(name, worker);
  }
  return workers.get(name);
}

/** Refuses all that waits for a worker. */
function fail(worker, error) {
  for (const [id, one] of asked) {
    if (one.worker !== worker) continue;
    asked.delete(id);
    one.failed(error);
  }
}

function receive(worker, { id, progress, result, error, status }) {
  if (progress) {
    const share = Math.floor((10 * progress.bytes) / progress.of); // in tenths: a screen reader says each
    const said = share < 10
      ? `Loading, the first time only: ${10 * share} % of ${Math.round(progress.of / 1e6)} MB…` : STARTING;
    if (worker === workers.get("now")) loading = said;
    for (const one of asked.values()) if (one.worker === worker) one.busy?.(said);
    return;
  }
  const { done, failed } = asked.get(id) ?? {};
  if (!asked.delete(id)) return; // nobody waits for it any more
  if (error) failed(new Refusal(error, status));
  else done(result);
}

async function ask(verb, query, { signal, busy, later = false } = {}) {
  if (later) await first; // what it needs too is kept then
  return new Promise((done, failed) => {
    signal?.throwIfAborted();
    const worker = workerFor(later ? "later" : "now");
    number += 1;
    const id = number;
    signal?.addEventListener("abort", () => {
      if (asked.delete(id)) worker.postMessage({ drop: id });
      failed(signal.reason);
    }, { once: true });
    asked.set(id, { worker, done, failed, busy });
    worker.postMessage({ id, verb, query });
  });
}

/** See the other backend; `note` is called with what was done to the drawing. */
const drawn = (verb) => async (picture, query, options) => {
  const { file, note } = await ask(verb, { ...query, file: new Blob([picture]) }, options);
  if (note) options?.note?.(note);
  return file;
};
export const [invert, sketch] = [drawn("invert"), drawn("sketch")];

export const notice = (drawing, options) => ask("notice", { file: drawing }, options);

let listed = null; // the promise of the list of weights

async function list() {
  try {
    const response = await fetch(new URL("./weights.json", import.meta.url));
    if (response.ok) return await response.json();
  } catch { /* said below */ }
  throw new Refusal("The list of weights could not be loaded. Is there a network? Then reload the page.");
}

export function weights() {
  listed ??= list();
  return listed;
}

let state = null; // of the default weights: loading until it is true or a Refusal
let first = null; // the promise that they are there, or will not be

/** True when the default weights are loaded; before, a sentence about what is waited for. */
export async function ready() {
  const name = (await weights()).default;
  first ??= ask("load", { name }).then(() => { state = true; }, (error) => { state = error; });
  if (state instanceof Error) throw state;
  return state === true || loading;
}

// Keeps the page itself for visits without a network, where the browser lets it: on HTTPS and on this machine.
navigator.serviceWorker?.register(new URL("../service-worker.js", import.meta.url)).then(async ({ waiting }) => {
  if (waiting && navigator.serviceWorker.controller) { // a new version came with the visit before
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    waiting.postMessage("take over");
  }
  await navigator.serviceWorker.ready;
  document.body.dataset.kept = "true";
}).catch(() => {});
