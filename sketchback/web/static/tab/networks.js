// Networks that run in this tab, by onnxruntime-web.

import { load } from "./keep.js";
import { check, open, start } from "./runtime.js";

export class Network {
  /**
   * Fetches all that `load` needs.
   * @param facts what `weights.json` says of it
   * @param runtime from `runtimeOf`
   */
  static async fetch(facts, runtime, progress) {
    const ort = await start(runtime, progress);
    const bytes = await load(facts, progress);
    const externalData = [];
    for (const part of facts.parts ?? []) {
      externalData.push({ path: part.file.split("/").pop(), data: await load(part, progress) });
    }
    return { facts, ort, bytes, externalData };
  }

  /** Makes a network of what was fetched, while no other one runs. */
  static async load({ facts, ort, bytes, externalData }) {
    const compute = await open(ort, bytes, externalData);
    await check(compute, facts.check);
    return new Network(facts, compute);
  }

  constructor(facts, compute) {
    this.facts = facts;
    this.compute = compute;
    this.last = null; // of `runOnce`
  }

  /** As `run`, but the last answer is kept: all candidates of a drawing are changes of the same. */
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
    const given = Object.fromEntries(this.facts.takes.map((name) => {
      const { height, width, channels, data } = pictures[name];
      return [name, { dims: [1, height, width, channels], data }];
    }));
    const { dims: [, height, width, channels], data } = await this.compute(given);
    return { height, width, channels, data: Float32Array.from(data) };
  }
}
