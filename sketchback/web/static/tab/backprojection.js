// What was told is kept, as `sketchback.inference.backprojection` keeps it: the mean of each told cell of a photograph
// becomes its tone.

import { clip, of, picture, toGray } from "./arrays.js";
import { average } from "./filters.js";
import { BLOCK, CELL, ofPhoto, toPixels } from "./tones.js";

const ROUNDS = 3;
const REACH = 0.5; // of a cell: standard deviation of the weight of a cell over the distance from its middle
const ALIKE = 0.2; // standard deviation over the difference of colour
const [MOST_LIGHT, DARKEST] = [4, 0.02]; // times the light of a pixel that it gets in one round; what it reflects at least
const LEAST_ALIKE = 1e-3; // of the weight, for pixels that are like none of the cells around them
const BRUSH = 4; // pixels around one over which the edge of a mask is softened
const [WINDOW, CONTRAST] = [8, 0.05]; // pixels around one of a mask, and the contrast that counts as an edge in it
const STEPS = [-1, 0, 1];
const NEIGHBOURS = 9;

/** A photograph whose cells have the tones that a layer tells, under its mask. */
export function backProject(photo, { tones, mask, others, guide }) {
  const coarse = toPixels(reach(tones, mask), photo);
  const inside = (others ? fitted(coarse, toPixels(others, photo), [photo, guide]) : soften(coarse)).data;
  const own = ofPhoto(photo, inside);
  const wanted = of(own, (value, place) => (Number.isNaN(value) ? NaN : tones.data[place]));
  if (wanted.data.every(Number.isNaN)) return photo;
  const weights = weigh(photo, own, wanted.data);
  let made = photo;
  for (let round = 0; round < ROUNDS; round += 1) made = change(made, inside, wanted.data, weights);
  return of(photo, (value, place) => value + inside[Math.floor(place / 3)] * (made.data[place] - value));
}

/** A mask as far as cells are told. */
export function reach(tones, mask) {
  const side = CELL / BLOCK;
  return of(mask, (value, block) => {
    const [row, column] = [Math.floor(block / mask.width / side), Math.floor((block % mask.width) / side)];
    return Number.isNaN(tones.data[3 * (row * tones.width + column)]) ? 0 : value;
  });
}

/** Once more towards what is wanted of the cells. */
function change(photo, inside, wanted, weights) {
  const means = ofPhoto(photo, inside);
  const added = means.data.map((mean, place) => (Number.isNaN(wanted[place]) ? 0 : wanted[place] - mean));
  const times = means.data.map((mean, place) => (Number.isNaN(wanted[place])
    ? 0 : Math.min(Math.max((wanted[place] + DARKEST) / (mean + DARKEST), 1 / MOST_LIGHT), MOST_LIGHT) - 1));
  const made = picture(photo.height, photo.width, 3);
  forEachPixel(photo, means, (pixel, cells) => {
    for (let channel = 0; channel < 3; channel += 1) {
      let [difference, gain] = [0, 0];
      for (let one = 0; one < NEIGHBOURS; one += 1) {
        if (cells[one] < 0) continue;
        difference += weights[NEIGHBOURS * pixel + one] * added[3 * cells[one] + channel];
        gain += weights[NEIGHBOURS * pixel + one] * times[3 * cells[one] + channel];
      }
      const value = photo.data[3 * pixel + channel];
      const shaded = (value + DARKEST) * gain;
      made.data[3 * pixel + channel] = clip(value + (difference < 0 ? shaded : (difference + shaded) / 2));
    }
  });
  return made;
}

/** A mask as a soft brush would leave it; what is thin stays visible. */
const soften = (mask) => of(average(mask, BRUSH), (value) => Math.min(1.5 * value, 1));

/** A coarse mask, and not what shows something else, fitted to the edges of several photographs. */
function fitted(mask, others, photos) {
  const fits = photos.map((photo) => {
    const beside = refine(others, photo).data;
    return of(refine(mask, photo), (value, at) => value * (1 - beside[at])).data;
  });
  return of(mask, (_, at) => Math.max(...fits.map((fit) => fit[at])));
}

/** A coarse mask that keeps to a photograph's own edges, by a guided filter, and ends more steeply than that leaves it. */
function refine(mask, photo) {
  const guide = toGray(photo);
  const mean = (what) => average(of(guide, what), WINDOW).data;
  const [light, share] = [mean((value) => value), mean((_, at) => mask.data[at])];
  const [product, square] = [mean((value, at) => value * mask.data[at]), mean((value) => value * value)];
  const slope = product.map((value, at) => (
    (value - light[at] * share[at]) / (square[at] - light[at] ** 2 + CONTRAST ** 2)));
  const [slopes, offsets] = [mean((_, at) => slope[at]), mean((_, at) => share[at] - slope[at] * light[at])];
  return of(guide, (value, at) => clip(2 * (slopes[at] * value + offsets[at]) - 0.3));
}

/** How much each pixel takes from its own cell and the eight around it, 1 in sum over those that are told. */
function weigh(photo, own, wanted) {
  const weights = new Float32Array(NEIGHBOURS * photo.height * photo.width);
  const near = Array.from({ length: CELL }, (_, place) => STEPS.map(
    (step) => Math.exp(-((((place + 0.5) / CELL - 0.5 - step) / REACH) ** 2) / 2)));
  forEachPixel(photo, own, (pixel, cells, y, x) => {
    let sum = 0;
    for (let one = 0; one < NEIGHBOURS; one += 1) {
      const cell = cells[one];
      if (cell < 0 || Number.isNaN(wanted[3 * cell])) continue;
      let unlike = 0;
      for (let channel = 0; channel < 3; channel += 1) {
        unlike += (photo.data[3 * pixel + channel] - own.data[3 * cell + channel]) ** 2;
      }
      const place = near[y % CELL][Math.floor(one / 3)] * near[x % CELL][one % 3];
      const weight = place * (Math.exp(-unlike / ALIKE ** 2 / 2) + LEAST_ALIKE);
      weights[NEIGHBOURS * pixel + one] = weight;
      sum += weight;
    }
    for (let one = 0; one < NEIGHBOURS; one += 1) weights[NEIGHBOURS * pixel + one] /= Math.max(sum, 1e-12);
  });
  return weights;
}

/** Calls `use` with each pixel, the cells around it and its own (-1 outside), its row and its column; cell by cell. */
function forEachPixel({ height, width }, { height: rows, width: columns }, use) {
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const cells = STEPS.flatMap((down) => STEPS.map((right) => {
        const [one, other] = [row + down, column + right];
        return one < 0 || other < 0 || one >= rows || other >= columns ? -1 : one * columns + other;
      }));
      const [bottom, end] = [Math.min((row + 1) * CELL, height), Math.min((column + 1) * CELL, width)];
      for (let y = row * CELL; y < bottom; y += 1) {
        for (let x = column * CELL; x < end; x += 1) use(y * width + x, cells, y, x);
      }
    }
  }
}
