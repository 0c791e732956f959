// Sketch -> photograph as `sketchback.inference.pipeline` makes it.

import { clip, crop, MIN_SIDE, of, padSymmetric, padToMultiple, picture, resize, round } from "./arrays.js";
import { sample } from "./candidates.js";
import { place } from "./telling.js";
import { beneath, flatten, keep, whole } from "./tone_layers.js";
import * as tones from "./tones.js";

const WORKING = [512, 512]; // where a file does not say what its generator was trained at
const MOST = 4_000_000; // pixels that a network is shown
const DOUBLINGS = 2; // of one photograph: a drawing leads no further
const WORTH = 1.25; // times the size: below, an enlarger has nothing to add
const MARGIN = 8; // pixels: a network that pads with zeros is less sure at the edge of what it sees

/**
 * The photograph of a sketch, see `pipeline.run`.
 * @param generator a network
 * @param sketch a picture of one channel
 * @param tone see `place`
 * @param candidate its number and the seed of all, or undefined for the one answer
 * @param fidelity of a generator that takes it, from 0 to 1
 * @param scale times the size of the sketch
 * @param sampler gives the network that samples candidates
 * @param enlarger gives the network that enlarges, or null where it is done without
 */
export async function run(generator, sketch, asked) {
  const { tone = {}, candidate, seed = 0, fidelity = 0, scale = 1, sampler, enlarger } = asked;
  const seen = look(generator.facts, sketch);
  const shown = padToMultiple(resize(sketch, ...seen, true), generator.facts.stride);
  const share = picture(1, 1, 1);
  share.data[0] = fidelity;
  const pictures = (layers) => (
    { sketch: shown, tone: tones.encode(flatten(layers, shown), shown.height, shown.width), fidelity: share });
  let layers = await place(tone, {
    size: [sketch.height, sketch.width],
    sketch: crop(shown, ...seen),
    answer: async () => crop(await generator.runOnce(pictures([])), ...seen),
    changesAnswer: candidate === undefined, // else candidates are changed
  });
  const answer = await generator.runOnce(pictures(layers));
  if (candidate !== undefined) {
    const known = flatten(layers, shown);
    const sampled = await sample(await sampler(), answer, shown, known, candidate, seed);
    const changed = tones.changes(tone) ? tones.change(sampled, tone) : sampled;
    // What was told is told by the layers above; beside it the answer is as it is, or changed.
    const beside = tones.changes(tone) && layers.length ? tones.change(beneath(crop(answer, ...seen), layers), tone).data : [];
    const untold = of(changed, (value, at) => (known && !Number.isNaN(known.data[at]) ? beside[at] ?? NaN : value));
    layers = [whole(untold), ...layers];
  }
  const size = [sketch.height * scale, sketch.width * scale];
  let photo = keep(crop(answer, ...seen), layers);
  for (let doubling = 0; doubling < DOUBLINGS; doubling += 1) {
    const network = isWorthIt(photo, size) ? await enlarger() : null;
    if (!network || 4 * photo.height * photo.width > MOST) break;
    photo = await enlarge(network, photo, sketch);
  }
  return resize(photo, ...size, true);
}

/** The size at which a generator is shown a sketch: it just covers that of training. */
function look({ size }, { height, width }) {
  const [rows, columns] = size ?? WORKING;
  let ratio = Math.max(rows / height, columns / width);
  if (ratio > 1) {
    const room = Math.sqrt(Math.max((4 * rows * columns) / (height * width), 1));
    ratio = size ? Math.min(ratio, room) : 1;
  }
  ratio = Math.min(ratio, Math.sqrt(MOST / (height * width))); // a ribbon may be long
  return [height, width].map((side) => Math.max(round(side * ratio), MIN_SIDE));
}

const isWorthIt = ({ height, width }, wanted) => Math.max(wanted[0] / height, wanted[1] / width) >= WORTH;

/** A photograph of twice the size, along the strokes of the sketch; see `enlarging.enlarge`. */
async function enlarge(enlarger, photo, sketch) {
  const twice = [2 * photo.height, 2 * photo.width];
  const sides = [photo.height, photo.width].map((side) => {
    const { stride } = enlarger.facts;
    return [MARGIN, MARGIN + Math.ceil((side + 2 * MARGIN) / stride) * stride - side - 2 * MARGIN];
  });
  const wide = sides.map((side) => side.map((pixels) => 2 * pixels));
  return of(crop(await enlarger.run({
    photo: padSymmetric(photo, ...sides),
    sketch: padSymmetric(resize(sketch, ...twice, true), ...wide),
  }), ...twice, 2 * MARGIN, 2 * MARGIN), clip);
}
