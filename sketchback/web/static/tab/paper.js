// The bare paper under a drawing, as `sketchback.sketching.paper` estimates it, for pictures of one channel.

import { clip, picture, resize, round } from "./arrays.js";
import { blur, percentiles } from "./filters.js";

const SIDE = 8; // pixels of a square
const LONG = 32; // squares along the longer side
const LEAST = 0.02;

/** Divides a picture by its paper, so that paper is white everywhere; see `cleanup.flatten`. */
export function flatten(image) {
  const under = paper(image);
  const [low, middle, high] = percentiles(under.data, [2, 50, 98]);
  if (middle < 0.1 || (low > 0.92 && high - low < 0.06)) return image;
  const made = picture(image.height, image.width, 1);
  image.data.forEach((value, place) => { made.data[place] = Math.min(value / under.data[place], 1); });
  return made;
}

/** See `cleanup.paper`: a surface through the logarithm of what is bright, by least squares that are weighted anew. */
function paper(image) {
  const squares = brighterSquares(image);
  const { height, width } = squares;
  const basis = Array.from(squares.data, (_, place) => quadratic(place, height, width));
  const plane = basis.map((terms) => terms.slice(0, 3));
  const tone = Array.from(squares.data, Math.log);
  const prior = plane.map(([, x, y]) => 0.1 + 0.9 * Math.exp(-4 * (1 - Math.max(Math.abs(x), Math.abs(y)))));
  let weights = prior;
  let fit = [];
  for (let round = 0; round < 40; round += 1) {
    fit = apply(plane, leastSquares(plane, tone, weights));
    weights = prior.map((one, place) => (
      one * (tone[place] > fit[place] ? 0.85 : 0.15) / Math.max(Math.abs(tone[place] - fit[place]), 0.01)));
  }
  for (let round = 0; round < 8; round += 1) {
    weights = prior.map((one, place) => one * ((Math.abs(tone[place] - fit[place]) < 0.12) + 1e-6));
    fit = apply(basis, leastSquares(basis, tone, weights));
  }
  const surface = leastSquares(basis, tone, weights);
  const smooth = apply(basis, surface);
  const grid = (values) => Object.assign(picture(height, width, 1), { data: Float32Array.from(values) });
  let rest = tone.map(() => 0);
  for (const deviation of [Math.max(height, width) / 8, Math.max(height, width) / 16]) {
    const known = weights.map((one) => Number(one > 1e-3));
    const left = blur(grid(tone.map((value, place) => (value - smooth[place] - rest[place]) * known[place])), deviation);
    const share = blur(grid(known), deviation);
    rest = rest.map((value, place) => value + left.data[place] / (share.data[place] + 0.05));
    weights = tone.map((value, place) => Number(Math.abs(value - smooth[place] - rest[place]) < 0.08));
  }
  const whole = resize(grid(rest), image.height, image.width);
  whole.data.forEach((value, place) => {
    const terms = quadratic(place, image.height, image.width);
    const log = terms.reduce((sum, term, index) => sum + term * surface[index], value);
    whole.data[place] = Math.max(clip(Math.exp(log)), LEAST);
  });
  return whole;
}

/** 1, x, y, x^2, x y and y^2 at a pixel of a picture whose edges are at -1 and 1. */
function quadratic(place, height, width) {
  const x = (2 * (place % width) + 1) / width - 1;
  const y = (2 * Math.floor(place / width) + 1) / height - 1;
  return [1, x, y, x * x, x * y, y * y];
}

/** The 80th percentile of each square. */
function brighterSquares(image) {
  const longest = Math.max(image.height, image.width);
  const [rows, columns] = [image.height, image.width].map((side) => Math.max(round((LONG * side) / longest), 1));
  const small = resize(image, rows * SIDE, columns * SIDE);
  const made = picture(rows, columns, 1);
  for (let square = 0; square < made.data.length; square += 1) {
    const [top, left] = [Math.floor(square / columns) * SIDE, (square % columns) * SIDE];
    const inside = Array.from({ length: SIDE * SIDE }, (_, place) => (
      small.data[(top + Math.floor(place / SIDE)) * small.width + left + (place % SIDE)]));
    made.data[square] = Math.max(...percentiles(inside, [80]), LEAST);
  }
  return made;
}

const apply = (basis, factors) => basis.map((terms) => terms.reduce((sum, one, index) => sum + one * factors[index], 0));

/** The factors with which the terms come nearest to the values; a little ridge regression keeps them flat. */
function leastSquares(basis, values, weights) {
  const ridge = 1e-3 * weights.reduce((sum, one) => sum + one, 0);
  const size = basis[0].length;
  const rows = Array.from({ length: size }, (_, row) => Array.from({ length: size + 1 }, (_, column) => {
    let sum = column === row && row > 0 ? ridge : 0;
    basis.forEach((terms, place) => {
      sum += weights[place] * terms[row] * (column < size ? terms[column] : values[place]);
    });
    return sum;
  }));
  for (let pivot = 0; pivot < size; pivot += 1) { // Gauss and Jordan; the matrix is positive definite
    for (let row = 0; row < size; row += 1) {
      if (row === pivot) continue;
      const factor = rows[row][pivot] / rows[pivot][pivot];
      for (let column = pivot; column <= size; column += 1) rows[row][column] -= factor * rows[pivot][column];
    }
  }
  return rows.map((row, place) => row[size] / row[place]);
}
