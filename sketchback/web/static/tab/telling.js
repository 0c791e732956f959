// What a person says about tone -> layers of tones, as `sketchback.inference.telling` makes them.

import { Refusal } from "../refusal.js";
import { clip, fit, of, toGray } from "./arrays.js";
import { find, LAYERS, TOGETHER } from "./regions.js";
import { coverage, fromArray, LEAST, whole } from "./tone_layers.js";
import { change, changes, ofPhoto, toPixels } from "./tones.js";

const LIGHTEST = 0.88; // that a part may be as a whole, in luminance: a white wall has windows and shadows
const FLAT = ["background", "sky"]; // but these have none
const MOST = 0.5; // of a cell: which part it belongs to

/**
 * What is told of a drawing: the changed reference, or what the generator answers, changed; over it named parts, over
 * them strokes.
 * @param tone {strokes, reference} pictures, {lighter, warmer, colourful} numbers, names of parts "#rrggbb"; each may be
 *   missing
 * @param {object} drawing
 * @param drawing.size of the drawing itself, which a reference is fitted to
 * @param drawing.sketch as the generator sees it
 * @param drawing.answer gives the photograph that the generator makes untold
 * @param drawing.changesAnswer whether that is what is changed where there is no reference
 * @returns layers, the last on top
 */
export async function place(tone, { size, sketch, answer, changesAnswer }) {
  const seen = [sketch.height, sketch.width];
  const layers = [];
  if (tone.reference) layers.push(fromArray(fit(tone.reference, ...size), ...seen));
  else if (changesAnswer && changes(tone)) layers.push(whole(ofPhoto(await answer())));
  if (changes(tone)) layers.forEach((layer) => { layer.tones = change(layer.tones, tone); });
  const parts = LAYERS.filter((name) => tone[name]);
  if (parts.length) layers.push(...tellParts(parts, tone, await answer(), sketch));
  if (tone.strokes) layers.push(fromArray(tone.strokes, ...seen));
  return layers;
}

const luminance = ([red, green, blue]) => 0.299 * red + 0.587 * green + 0.114 * blue;

/** Layers of the parts that are named. */
function tellParts(parts, tone, photo, sketch) {
  const found = find(photo, sketch);
  return parts.map((name) => {
    const mask = found[name];
    const beside = TOGETHER.find((names) => names.includes(name)).filter((other) => other !== name);
    const others = of(mask, (_, at) => Math.max(...beside.map((other) => found[other].data[at])));
    const own = ofPhoto(photo, toPixels(mask, photo).data);
    const covered = coverage(mask).map((share, cell) => (Number.isNaN(own.data[3 * cell]) ? 0 : share));
    if (!covered.some((share) => share >= MOST)) {
      throw new Refusal(`Nothing in this drawing looks like ${name}. Paint its colour in its place instead.`, 400);
    }
    const colour = [1, 3, 5].map((at) => parseInt(tone[name].slice(at, at + 2), 16) / 255);
    const most = Math.min(1, (FLAT.includes(name) ? 1 : LIGHTEST) / Math.max(luminance(colour), 1e-3));
    const wanted = colour.map((value) => value * most);
    const tones = shade(own, wanted, (cell) => covered[cell] >= MOST);
    covered.forEach((share, cell) => { if (share < LEAST) tones.data.fill(NaN, 3 * cell, 3 * cell + 3); });
    return { tones, mask, least: MOST, others, guide: photo };
  });
}

/** One colour for several cells that keep the light and shadow of the generator's own answer. */
function shade(own, wanted, isTypical) {
  const light = toGray(own).data;
  const typical = light.filter((_, cell) => isTypical(cell));
  const mean = Math.max(typical.reduce((sum, one) => sum + one, 0) / typical.length, 1e-3);
  const isDarker = luminance(wanted) < mean;
  return of(own, (_, place) => {
    const [colour, here] = [wanted[place % 3], light[Math.floor(place / 3)]];
    return clip(isDarker ? (colour * here) / mean : colour + here - mean);
  });
}
