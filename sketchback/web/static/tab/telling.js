// What a person says about tone -> the tone map that a generator is told, as `sketchback.inference.telling` makes it.

import { Refusal } from "../refusal.js";
import { clip, fit, picture } from "./arrays.js";
import { find, PARTS } from "./regions.js";
import { change, changes, ofPhoto, over, toCells } from "./tones.js";

/**
 * The tones that are told of a drawing: strokes over named parts over the changed reference, or over what the generator
 * answers, changed.
 * @param tone {strokes, reference} pictures, {lighter, warmer, colourful} numbers, names of parts "#rrggbb"; each may be
 *   missing
 * @param {object} drawing
 * @param drawing.size of the drawing itself, which a reference is fitted to
 * @param drawing.sketch as the generator sees it
 * @param drawing.answer gives the photograph that the generator makes untold
 * @param drawing.changesAnswer whether that is what is changed where there is no reference
 * @returns a map, or null where nothing is told
 */
export async function place(tone, { size, sketch, answer, changesAnswer }) {
  const seen = [sketch.height, sketch.width];
  let told = null;
  if (tone.reference) told = toCells(fit(tone.reference, ...size), ...seen);
  else if (changesAnswer && changes(tone)) told = ofPhoto(await answer());
  if (told && changes(tone)) told = change(told, tone);
  const parts = PARTS.filter((name) => tone[name]);
  if (parts.length) told = over(tellParts(parts, tone, await answer(), sketch), told);
  return over(tone.strokes ? toCells(tone.strokes, ...seen) : null, told);
}

/** A map of the parts that are named, which keep the light and shadow of the generator's own answer. */
function tellParts(parts, tone, photo, sketch) {
  const [own, found] = [ofPhoto(photo), find(photo, sketch)];
  const made = picture(own.height, own.width, 3);
  made.data.fill(NaN);
  const light = (cell) => 0.299 * own.data[3 * cell] + 0.587 * own.data[3 * cell + 1] + 0.114 * own.data[3 * cell + 2];
  for (const name of parts) {
    const cells = [...found[name].keys()].filter((cell) => found[name][cell]);
    if (!cells.length) {
      throw new Refusal(`Nothing in this drawing looks like ${name}. Paint its colour in its place instead.`, 400);
    }
    const mean = Math.max(cells.reduce((sum, cell) => sum + light(cell), 0) / cells.length, 1e-3);
    const colour = [1, 3, 5].map((at) => parseInt(tone[name].slice(at, at + 2), 16) / 255);
    for (const cell of cells) made.data.set(colour.map((value) => clip((value * light(cell)) / mean)), 3 * cell);
  }
  return made;
}
