// Sketch -> photograph as `sketchback.inference.pipeline` makes it, by onnxruntime-web.

import { env, InferenceSession, Tensor } from "../onnxruntime/ort.js";
import { Refusal } from "../refusal.js";
import { crop, MIN_SIDE, padToMultiple, picture, resize, round } from "./arrays.js";
import { load } from "./keep.js";
import * as tones from "./tones.js";

const WORKING = [512, 512]; // where a file does not say what its generator was trained at

// Threads share memory, which browsers allow to pages that are isolated from other sites. One core is the page's.
env.wasm.numThreads = self.crossOriginIsolated ? Math.max(Math.min(4, navigator.hardwareConcurrency - 1), 1) : 1;

/** A generator with its weights. */
export class Generator {
  /** @param facts what `weights.json` says of it; @param runtime the file of the runtime, which is loaded once */
  static async load(facts, runtime, progress) {
    env.wasm.wasmBinary ??= await load(runtime, progress);
    const bytes = await load(facts, progress);
    try {
      const made = new Generator(facts, await InferenceSession.create(bytes, { executionProviders: ["wasm"] }));
      const [height, width] = facts.size ?? [128, 128];
      await made.predict(picture(height, width, 1)); // the first time, the browser still compiles
      return made;
    } catch (error) {
      console.error(error);
      throw new Refusal("This browser cannot run the weights. A current one with WebAssembly SIMD can.");
    }
  }

  constructor(facts, session) {
    this.facts = facts;
    this.session = session;
  }

  /**
   * The photograph of a sketch, of its size; see `pipeline.run`.
   * @param tone see `tones.place`
   */
  async predict(sketch, tone = {}) {
    const seen = this.#look(sketch);
    const shown = padToMultiple(resize(sketch, ...seen, true), this.facts.stride);
    const answer = async (told) => crop(await this.#run(shown, told), ...seen);
    const told = await tones.place(tone, [sketch.height, sketch.width], seen, answer);
    return resize(await answer(told), sketch.height, sketch.width, true);
  }

  /** The size at which a generator is shown a sketch: it just covers that of training. */
  #look({ height, width }) {
    const [rows, columns] = this.facts.size ?? WORKING;
    let ratio = Math.max(rows / height, columns / width);
    if (ratio > 1) {
      const room = Math.sqrt(Math.max((4 * rows * columns) / (height * width), 1));
      ratio = this.facts.size ? Math.min(ratio, room) : 1;
    }
    return [height, width].map((side) => Math.max(round(side * ratio), MIN_SIDE));
  }

  async #run({ height, width, data }, told) {
    const feeds = { sketch: new Tensor("float32", data, [1, height, width, 1]) };
    if (this.facts.takes.includes("tone")) {
      const cells = [height, width].map(tones.cellsOf);
      feeds.tone = new Tensor("float32", tones.encode(told, height, width), [1, ...cells, 4]);
    }
    const { photo } = await this.session.run(feeds);
    const made = picture(height, width, 3);
    made.data.set(photo.data);
    return made;
  }
}
