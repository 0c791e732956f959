// Candidates as `sketchback.inference.candidates` samples them: plausible tone maps of a drawing, by a rectified flow.

import { clip, picture } from "./arrays.js";
import { normals } from "./random.js";
import { CELL, ofPhoto } from "./tones.js";

const SPREAD = 0.14; // of the difference to the generator's own tones
const STEPS = 8; // of Heun's method
const COLOUR = 0.5; // of what a candidate's colour differs by, beside its light
// Of the noise: parts along the longer side, the share of its variance that they have, how strong it is.
const LEVELS = [[1, 0.40, 1.5], [2, 0.15, 0.8], [4, 0.27, 0.4], [null, 0.18, 0.2]];
const COLOURS = [[[1, 1, 1], 2.6 / 3], [[1, 0, -1], 0.34 / 2], [[1, -2, 1], 0.06 / 6]]; // axes, and variance by length
const FINE = 4; // pixels, the side of the squares whose ink a cell reports
const STATE = 28; // numbers that a sampler takes of each cell

/**
 * The tone map of one candidate.
 * @param sampler a network
 * @param photo what the generator answers to the drawing, told or not
 * @param sketch the drawing as the generator is shown it
 * @param told a tone map, NaN where nothing is told, or null
 * @param number of the candidate
 * @param seed of all candidates of the drawing
 */
export async function sample(sampler, photo, sketch, told, number, seed) {
  const own = ofPhoto(photo);
  const isTold = own.data.map((_, place) => (told && !Number.isNaN(told.data[place]) ? 1 : 0));
  const noise = start(seed, number, own);
  const inks = ink(sketch);
  const velocity = async (difference, time) => {
    const state = picture(own.height, own.width, STATE);
    for (let cell = 0; cell < own.height * own.width; cell += 1) {
      const at = 3 * cell;
      state.data.set(difference.subarray(at, at + 3), STATE * cell);
      for (let one = 0; one < 3; one += 1) state.data[STATE * cell + 3 + one] = own.data[at + one] - 0.5;
      state.data[STATE * cell + 6] = isTold[at];
      state.data.set(inks[cell], STATE * cell + 7);
      state.data[STATE * cell + STATE - 1] = time;
    }
    return (await sampler.run({ state })).data;
  };
  const putBack = (difference, time) => difference.map((value, place) => (isTold[place]
    ? (1 - time) * noise[place] + time * ((told.data[place] - own.data[place]) / SPREAD) : value));
  let difference = noise;
  for (let step = 0; step < STEPS; step += 1) {
    const [time, next] = [step / STEPS, (step + 1) / STEPS];
    const first = await velocity(difference, time);
    const second = await velocity(putBack(difference.map((value, place) => value + first[place] / STEPS), next), next);
    difference = putBack(difference.map((value, place) => value + (first[place] + second[place]) / (2 * STEPS)), next);
  }
  const found = picture(own.height, own.width, 3);
  for (let place = 0; place < found.data.length; place += 1) {
    const at = place - (place % 3);
    const light = (difference[at] + difference[at + 1] + difference[at + 2]) / 3;
    const changed = own.data[place] + SPREAD * (light + COLOUR * (difference[place] - light));
    found.data[place] = clip(isTold[place] ? told.data[place] : changed);
  }
  return found;
}

/** What a candidate begins with: nothing, or one of a pair of opposites. */
function start(seed, number, { height, width }) {
  const begun = new Float64Array(3 * height * width);
  if (number === 0) return begun;
  const levels = LEVELS.map(([parts, share, strong]) => {
    const side = parts === null ? 1 : Math.ceil(Math.max(height, width) / parts);
    const [rows, columns] = [Math.ceil(height / side), Math.ceil(width / side)];
    return { side, columns, length: 3 * rows * columns, strength: (number % 2 ? 1 : -1) * strong * Math.sqrt(share) };
  });
  const all = normals([seed, Math.floor((number + 1) / 2)], levels.reduce((sum, { length }) => sum + length, 0));
  let first = 0;
  for (const { side, columns, length, strength } of levels) {
    for (let place = 0; place < begun.length; place += 1) {
      const [cell, axis] = [Math.floor(place / 3), place % 3];
      const part = Math.floor(Math.floor(cell / width) / side) * columns + Math.floor((cell % width) / side);
      begun[place] += strength * all[first + 3 * part + axis];
    }
    first += length;
  }
  return begun.map((_, place) => {
    const at = place - (place % 3);
    return COLOURS.reduce((sum, [axis, scale], one) => sum + begun[at + one] * axis[place % 3] * Math.sqrt(scale), 0);
  });
}

/** Of each cell the mean ink of its squares, row by row, and then the spread of the ink in its quarters. */
function ink({ height, width, data }) { // both multiples of a cell
  const found = [];
  for (let top = 0; top < height; top += CELL) {
    for (let left = 0; left < width; left += CELL) {
      const parts = (side, what) => {
        const made = [];
        for (let y = top; y < top + CELL; y += side) {
          for (let x = left; x < left + CELL; x += side) made.push(what(moments(y, x, side)));
        }
        return made;
      };
      found.push([...parts(FINE, ({ mean }) => mean), ...parts(CELL / 2, ({ deviation }) => deviation)]);
    }
  }
  return found;

  function moments(top, left, side) {
    let [sum, squares] = [0, 0];
    for (let y = top; y < top + side; y += 1) {
      for (let x = left; x < left + side; x += 1) {
        const darkness = 1 - data[y * width + x];
        sum += darkness;
        squares += darkness * darkness;
      }
    }
    const mean = sum / side ** 2;
    return { mean, deviation: Math.sqrt(Math.max(squares / side ** 2 - mean * mean, 0)) };
  }
}
