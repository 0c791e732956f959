// What the person told of the photograph beside the drawing, and what of it weights are asked for.
//
// Colours that are painted are strokes of `drawing`, and not in here.

import { drawing } from "./state.js";
import { element } from "./ui.js";
import { can } from "./weights.js";

const STROKES = 256; // pixels of the longer side of what is sent; a cell of tone is larger than a sixteenth of them

class Told extends EventTarget {
  #values = new Map();
  #before = {}; // what was told of the drawing before this one

  /** A name of a part or a change, "reference", "candidate" or "fidelity" -> what was told; undefined for nothing. */
  get(name) { return this.#values.get(name); }

  set(name, value) {
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    this.#changed(name);
  }

  /** All of it at once, as an object: a version to be kept, or one to go back to. */
  get all() { return Object.fromEntries(this.#values); }

  set all(values) {
    this.#values = new Map(Object.entries(values));
    this.#before = {};
    this.#changed();
  }

  /** Another drawing comes: what was told of the one before is put aside, but for fidelity, which is a taste. */
  renew() {
    const { fidelity, ...said } = this.all;
    if (!Object.keys(said).length) return;
    this.#values = new Map(fidelity === undefined ? [] : [["fidelity", fidelity]]);
    this.#before = said;
    this.#changed();
  }

  get canRepeat() { return Object.keys(this.#before).length > 0; }

  /** Tells of this drawing what was told of the one before; what was told since stays. */
  repeat() { this.all = { ...this.#before, ...this.all }; }

  /** Its `detail` is the one name that changed, or null. */
  #changed(detail = null) { this.dispatchEvent(new CustomEvent("change", { detail })); }
}

export const told = new Told();

export const CHANGES = ["lighter", "warmer", "colourful"];

/** The options of `invert` that are told of any drawing, as far as the weights, by default the chosen ones, can do them. */
export function wantedOfAny(name) {
  const { tone, candidates, fidelity, parts } = can(name);
  const options = {};
  if (tone) {
    options.tone = Object.fromEntries([...Object.keys(parts), ...CHANGES].map((one) => [one, told.get(one)]));
    options.tone.reference = told.get("reference")?.blob;
  }
  if (candidates) Object.assign(options, told.get("candidate"));
  if (fidelity) options.fidelity = told.get("fidelity");
  return options;
}

/** The same of the drawing on the sheet, with the colours that are painted on it. */
export function wanted() {
  const options = wantedOfAny();
  if (options.tone) options.tone.strokes = drawing.colourPicture(STROKES) ?? undefined;
  return options;
}

/** Options of a photograph that is soon made anew: without the enlarger, and fast where that is worth it. Each step of
 * the fidelity is a network of its own, which takes longer to make ready there. */
export function asDraft(options) {
  const fast = can(options.weights).fast && options.fidelity === undefined;
  return { ...options, scale: 1, ...(fast ? { fast } : {}) };
}

/** How many times as large as the drawing a file is to be, undefined for once: the photograph as it is shown. */
export function scaleOfFile(name) {
  const times = Number(element("scale").value);
  return times > 1 && can(name).scales.includes(times) ? times : undefined;
}
