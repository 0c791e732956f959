// Networks that run in this tab, by onnxruntime-web.

import { env, InferenceSession, Tensor } from "../onnxruntime/ort.js";
import { Refusal } from "../refusal.js";
import { picture } from "./arrays.js";
import { load } from "./keep.js";

// Threads share memory, which browsers allow to pages that are isolated from other sites. One core is the page's, and
// the worker of what may come later leaves the others to the one that a person waits for.
const THREADS = self.crossOriginIsolated && self.name !== "later" ? Math.min(4, navigator.hardwareConcurrency - 1) : 1;
env.wasm.numThreads = Math.max(THREADS, 1);

export class Network {
  /** @param facts what `weights.json` says of it; @param runtime the file of the runtime, which is loaded once */
  static async load(facts, runtime, progress) {
    env.wasm.wasmBinary ??= await load(runtime, progress);
    const bytes = await load(facts, progress);
    const externalData = []; // files of weights into which the network points
    for (const part of facts.parts ?? []) {
      externalData.push({ path: part.file.split("/").pop(), data: await load(part, progress) });
    }
    try {
      return new Network(facts, await InferenceSession.create(bytes, { executionProviders: ["wasm"], externalData }));
    } catch (error) {
      console.error(error);
      throw new Refusal("This browser cannot run the weights. A current one with WebAssembly SIMD can.");
    }
  }

  constructor(facts, session) {
    this.facts = facts;
    this.session = session;
    this.last = null; // of `runOnce`
  }

  /** As `run`, but the last answer is kept: all candidates of a drawing begin with the same. */
  async runOnce(pictures) {
    const same = (name) => {
      const [one, other] = [pictures[name], this.last.pictures[name]];
      return one.width === other.width && one.data.length === other.data.length
        && one.data.every((value, place) => value === other.data[place]);
    };
    if (!this.last || !this.facts.takes.every(same)) this.last = { pictures, photo: await this.run(pictures) };
    return this.last.photo;
  }

  /** One picture from others, by the names in `facts.takes`. */
  async run(pictures) {
    const feeds = {};
    for (const name of this.facts.takes) {
      const { height, width, channels, data } = pictures[name];
      feeds[name] = new Tensor("float32", data, [1, height, width, channels]);
    }
    const [{ dims, data }] = Object.values(await this.session.run(feeds));
    const made = picture(dims[1], dims[2], dims[3]);
    made.data.set(data);
    return made;
  }
}
