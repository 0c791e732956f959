// Layers of tones as `sketchback.inference.tone_layers` has them: what is told of a picture, one thing over another, each
// a tone for each cell, a mask on blocks, `least` of a cell that is told to a generator, and `others`, where other parts
// are, if the mask was guessed from a photograph, the `guide`.

import { of, padTo, picture } from "./arrays.js";
import { backProject, reach } from "./backprojection.js";
import { BLOCK, cellsOf, CELL, ofPhoto, toPixels } from "./tones.js";

export const LEAST = 0.1; // of a cell: where so much is told, the cell is

/** Tones that are told of whole cells. */
export function whole(tones) {
  const mask = picture((tones.height * CELL) / BLOCK, (tones.width * CELL) / BLOCK, 1);
  mask.data.fill(1);
  return { tones, mask, least: 0 };
}

/** What a generator is told of a picture: the last layer that tells something of a cell; null where none does. */
export function flatten(layers, { height, width }) {
  if (!layers.length) return null;
  const made = picture(cellsOf(height), cellsOf(width), 3);
  made.data.fill(NaN);
  for (const { tones, mask, least } of layers) {
    coverage(mask).forEach((covered, cell) => {
      const tone = tones.data.subarray(3 * cell, 3 * cell + 3);
      if (covered >= least && !Number.isNaN(tone[0])) made.data.set(tone, 3 * cell);
    });
  }
  return made;
}

/** A photograph with the tones that were told, as a generator follows them only roughly. */
export function keep(photo, layers) {
  return layers.reduce((kept, layer, index) => {
    const mask = uncovered(layers.slice(index + 1), layer.mask);
    return backProject(kept, { ...layer, mask });
  }, photo);
}

/** The tones of a photograph where layers, at least one, leave it uncovered, NaN where they cover a cell. */
export function beneath(photo, layers) {
  const open = uncovered(layers, of(layers[0].mask, () => 1));
  return ofPhoto(photo, toPixels(open, photo).data);
}

/** A mask without what layers cover. */
function uncovered(layers, mask) {
  const covered = layers.map((one) => reach(one.tones, one.mask).data);
  return of(mask, (value, at) => value * (1 - Math.max(0, ...covered.map((one) => one[at]))));
}

/** How much of each cell a mask on blocks covers. */
export function coverage({ width, data }) {
  const side = CELL / BLOCK;
  const made = new Float32Array(data.length / side ** 2);
  data.forEach((value, at) => {
    const [row, column] = [Math.floor(at / width), at % width];
    made[Math.floor(row / side) * (width / side) + Math.floor(column / side)] += value / side ** 2;
  });
  return made;
}

/** A layer of colours in their places, averaged over the cells of a picture that they cover. */
export function fromArray(tones, height, width) {
  const { sums, counts, sizes } = cover(tones, height, width, CELL);
  const made = picture(cellsOf(height), cellsOf(width), 3);
  sums.forEach((sum, place) => {
    const cell = Math.floor(place / 3);
    made.data[place] = counts[cell] >= LEAST * sizes[cell] ? sum / counts[cell] : NaN;
  });
  const blocks = cover(tones, height, width, BLOCK);
  const covered = picture(Math.ceil(height / BLOCK), Math.ceil(width / BLOCK), 1);
  blocks.counts.forEach((count, block) => { covered.data[block] = count / blocks.sizes[block]; });
  const mask = padTo(covered, (made.height * CELL) / BLOCK, (made.width * CELL) / BLOCK);
  return { tones: made, mask, least: 0 };
}

/** Sums of tones over squares of so many pixels, how much of each is told, and how large it is. */
function cover(tones, height, width, side) {
  const [down, across] = [height, width].map((length) => Math.ceil(length / side));
  const [rows, columns] = [shares(tones.height, height, side), shares(tones.width, width, side)];
  const sums = new Float64Array(3 * down * across);
  const [counts, sizes] = [new Float64Array(down * across), new Float64Array(down * across)];
  rows.forEach((high, row) => columns.forEach((wide, column) => {
    const from = 3 * (row * tones.width + column);
    const told = !Number.isNaN(tones.data[from]);
    for (const [y, tall] of high) {
      for (const [x, broad] of wide) {
        const square = y * across + x;
        sizes[square] += tall * broad;
        if (told) {
          counts[square] += tall * broad;
          for (let one = 0; one < 3; one += 1) sums[3 * square + one] += tall * broad * tones.data[from + one];
        }
      }
    }
  }));
  return { sums, counts, sizes };
}

/** Of each of so many equal parts of a length, in which squares of a side it lies, and how much of it. */
function shares(parts, length, side) {
  const step = length / side / parts;
  return Array.from({ length: parts }, (_, part) => {
    const [begin, end] = [part * step, (part + 1) * step];
    const found = [];
    for (let square = Math.floor(begin); square < Math.min(end, Math.ceil(length / side)); square += 1) {
      found.push([square, Math.min(end, square + 1) - Math.max(begin, square)]);
    }
    return found;
  });
}
