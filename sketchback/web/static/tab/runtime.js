// onnxruntime-web: networks run on the GPU where the browser gives one, else in WebAssembly.

import { Refusal } from "../refusal.js";
import { load } from "./keep.js";

// Threads share memory, which browsers allow to pages that are isolated from other sites. One core is the page's, and
// the worker of what may come later leaves the others to the one that a person waits for.
const THREADS = self.crossOriginIsolated && self.name !== "later" ? Math.min(4, navigator.hardwareConcurrency - 1) : 1;

async function hasGpu() {
  if (!("Suspending" in WebAssembly)) return false; // by which WebAssembly waits for a GPU
  try {
    const adapter = await navigator.gpu?.requestAdapter();
    // One that the browser imitates computes on the CPU, far slower than WebAssembly.
    return Boolean(adapter) && !(adapter.info.isFallbackAdapter ?? adapter.isFallbackAdapter);
  } catch {
    return false;
  }
}

let gpu = hasGpu(); // the promise of whether networks run there
const kind = gpu.then((has) => (has ? "webgpu" : "wasm"));

/** What the list of weights says of the runtime that this browser needs. */
export const runtimeOf = async ({ runtimes }) => runtimes[await kind];

/** From now on networks run in WebAssembly; whether they ran on a GPU until now. */
export async function leaveGpu() {
  const had = await gpu;
  gpu = Promise.resolve(false);
  return had;
}

let program = null; // the promise of the runtime's WebAssembly

/** Fetches the runtime, once. @param runtime from `runtimeOf` */
export async function start(runtime, progress) {
  const script = (await kind) === "webgpu" ? "../onnxruntime/ort-webgpu.js" : "../onnxruntime/ort.js";
  const ort = await import(script).catch(() => {
    throw new Refusal("The page could not be loaded whole. Is there a network? Then reload it.");
  });
  ort.env.wasm.numThreads = Math.max(THREADS, 1);
  program ??= load(runtime, progress).catch((error) => {
    program = null; // the next one tries again
    throw error;
  });
  ort.env.wasm.wasmBinary = await program;
  return ort;
}

/**
 * What runs a network.
 * @param ort from `start`
 * @param externalData `{path, data}` of each file of weights into which the network points
 * @returns a function of `{name: {dims, data}}`, which gives the first output
 */
export async function open({ InferenceSession, Tensor }, bytes, externalData) {
  const executionProviders = [(await gpu) ? "webgpu" : "wasm"];
  let session;
  try {
    session = await InferenceSession.create(bytes, { executionProviders, externalData });
  } catch (error) {
    if (await gpu) throw error; // WebAssembly is tried
    console.error(error);
    throw new Refusal("This browser cannot run the weights. A current one with WebAssembly SIMD can.");
  }
  return async (given) => {
    const feeds = {};
    for (const [name, { dims, data }] of Object.entries(given)) feeds[name] = new Tensor("float32", data, dims);
    const [made] = Object.values(await session.run(feeds));
    return made;
  };
}

/** Throws where a GPU gives other values than Python got for the same: drivers have errors. */
export async function check(run, { shapes, places, values }) {
  if (!await gpu) return;
  const given = {};
  for (const [name, dims] of Object.entries(shapes)) {
    const length = dims.reduce((product, side) => product * side, 1);
    const data = Float32Array.from({ length }, (_, place) => ((7919 * place + 125) % 251) / 250);
    given[name] = { dims, data };
  }
  const { data } = await run(given);
  const isSame = places.every((place, index) => Math.abs(data[place] - values[index]) <= 1 / 255); // NaN is not
  if (!isSame) throw new Error("This GPU computes other values than it should. WebAssembly takes its place.");
}
