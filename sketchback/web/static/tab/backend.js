// The backend of the page without a server: inference in this tab, in a worker.
//
// `python -m sketchback.export --format web` puts it in the place of the one that asks an HTTP API. The same holds of
// it: other modules know these functions only, and every failure is a Refusal, or an AbortError where `signal` was
// aborted.

import { Refusal } from "./refusal.js";

/** What the page offers; the rest is hidden. Browsers write no TIFF or PDF. A picture that is about as large as
 * generators see it is drawn, sent and read soonest. */
export const capabilities = { server: false, formats: ["png", "jpg", "webp"], live: 256 };

const asked = new Map(); // number -> what waits for the answer
const workers = new Map(); // a network cannot be stopped, so what may come later has a worker of its own
let number = 0;
let broken = null; // why workers do not run
let loading = "Loading…"; // a sentence

function workerFor(name) {
  if (!workers.has(name)) {
    const worker = new Worker(new URL("./tab/worker.js", import.meta.url), { type: "module", name });
    worker.addEventListener("message", ({ data }) => receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      broken = new Refusal("This browser cannot run the page: it needs modules in workers, and WebAssembly. Update it.");
      for (const { failed } of asked.values()) failed(broken);
      asked.clear();
    });
    workers.set(name, worker);
  }
  return workers.get(name);
}

function receive({ id, progress, result, error, status }) {
  if (progress) {
    const [came, all] = [progress.bytes, progress.of].map((bytes) => Math.round(bytes / 1e6));
    loading = came < all ? `Loading, the first time only: ${came} of ${all} MB…` : "Starting, a few seconds…";
    for (const { busy } of asked.values()) busy?.(loading);
    return;
  }
  const { done, failed } = asked.get(id) ?? {};
  if (!asked.delete(id)) return; // nobody waits for it any more
  if (error) failed(new Refusal(error, status));
  else done(result);
}

function ask(verb, query, { signal, busy, later = false } = {}) {
  return new Promise((done, failed) => {
    signal?.throwIfAborted();
    if (broken) throw broken;
    const worker = workerFor(later ? "later" : "now");
    number += 1;
    const id = number;
    signal?.addEventListener("abort", () => {
      if (asked.delete(id)) worker.postMessage({ drop: id });
      failed(signal.reason);
    }, { once: true });
    asked.set(id, { done, failed, busy });
    worker.postMessage({ id, verb, query });
  });
}

/** See the other backend; `note` is called with what was done to the drawing. */
export async function invert(drawing, query, options) {
  const { file, note } = await ask("invert", { ...query, file: drawing }, options);
  if (note) options?.note?.(note);
  return file;
}

export async function sketch(picture, query, options) {
  const { file, note } = await ask("sketch", { ...query, file: new Blob([picture]) }, options);
  if (note) options?.note?.(note);
  return file;
}

export const notice = (drawing, options) => ask("notice", { file: drawing }, options);

export async function weights() {
  const response = await fetch(new URL("./weights.json", import.meta.url));
  if (!response.ok) throw new Refusal("The page is not complete: its list of weights is missing.");
  return response.json();
}

let state = null; // of the default weights: loading until it is true or a Refusal

/** True when the default weights are loaded; before, a sentence about what is waited for. */
export async function ready() {
  const name = (await weights()).default;
  state ??= ask("load", { name }).then(() => { state = true; }, (error) => { state = error; });
  if (state instanceof Error) throw state;
  return state === true || loading;
}

// Keeps the page itself for visits without a network, where the browser lets it: on HTTPS and on this machine.
navigator.serviceWorker?.register(new URL("../service-worker.js", import.meta.url)).then(
  () => navigator.serviceWorker.ready).then(() => { document.body.dataset.kept = "true"; }, () => {});
