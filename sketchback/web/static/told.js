// What the person told of the photograph beside the drawing, and what of it weights are asked for.
//
// Colours that are painted are strokes of `drawing`, and not in here.

import { download, drawing } from "./state.js";
import { element } from "./ui.js";
import { can, remember } from "./weights.js";

const STROKES = 256; // pixels of the longer side of what is sent; a cell of tone is larger than a sixteenth of them

class Told extends EventTarget {
  #values = new Map();
  #before = {}; // what was told of the drawing before this one
  #aside = new WeakMap(); // the background of another drawing that undo or redo may bring back -> what belongs to it
  #background = drawing.background;
  renewals = 0; // how often all of it was replaced: what is still being read for one drawing is not told of another

  constructor() {
    super();
    drawing.addEventListener("change", () => this.#follow());
  }

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
    this.#replace(values, {});
  }

  /** Another drawing comes: what was told of the one before is put aside, but for fidelity, which is a taste. */
  renew() {
    const said = this.#putAside();
    if (Object.keys(said).length) this.#tell({}, said);
    else this.renewals += 1;
  }

  #putAside() {
    const { fidelity, ...said } = this.all;
    const [before, bringBackWeights, { name }] = [this.#before, remember(), download];
    this.#aside.set(this.#background, { said, before, name, bringBackWeights });
    return said;
  }

  #tell(said, before) {
    const { fidelity } = this.all;
    this.#replace(fidelity === undefined ? said : { ...said, fidelity }, before);
  }

  #replace(values, before) {
    this.#values = new Map(Object.entries(values));
    this.#before = before;
    this.renewals += 1;
    this.#changed();
  }

  /** Undo and redo bring back what was told of the drawing that they bring back, its weights and its name. */
  #follow() {
    const { background } = drawing;
    if (background === this.#background) return;
    const found = this.#aside.get(background);
    if (found) this.#putAside();
    this.#background = background;
    if (!found) return;
    this.#aside.delete(background); // until it goes again
    download.name = found.name;
    found.bringBackWeights();
    this.#tell(found.said, found.before);
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
