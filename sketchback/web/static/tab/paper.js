// The bare paper under a drawing, as `sketchback.sketching.paper` estimates it.

import { clip, picture, resize, round, toGray } from "./arrays.js";
import { blur, percentiles } from "./filters.js";
import { solve } from "./lines.js";

const SIDE = 8; // pixels of a square
const LONG = 32; // squares along the longer side
const LEAST = 0.02;

/** Divides a picture by its paper, so that paper is white everywhere; see `paper.flatten`. */
export function flatten(image) {
  const under = paper(image);
  const [low, middle, high] = percentiles(toGray(under).data, [2, 50, 98]);
  const means = channelsOf(under).map(({ data }) => data.reduce((sum, value) => sum + value, 0) / data.length);
  const colour = Math.max(...means) - Math.min(...means);
  if (middle < 0.1 || (low > 0.92 && high - low < 0.06 && colour < 0.03)) return image;
  return { ...image, data: image.data.map((value, place) => Math.min(value / under.data[place], 1)) };
}

/** See `paper.paper`: a surface through the logarithm of what is bright, by least squares that are weighted anew. */
function paper(image) {
  const squares = brighterSquares(image);
  const { height, width } = squares;
  const basis = Array.from({ length: height * width }, (_, place) => quadratic(place, height, width));
  const plane = basis.map((terms) => terms.slice(0, 3));
  const tone = Array.from(toGray(squares).data, Math.log);
  const colours = channelsOf(squares).map(({ data }) => Array.from(data, Math.log));
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
  const surfaces = colours.map((colour) => leastSquares(basis, colour, weights));
  const left = colours.map((colour, one) => {
    const smooth = apply(basis, surfaces[one]);
    return colour.map((value, place) => value - smooth[place]);
  });
  const grid = (values) => Object.assign(picture(height, width, 1), { data: Float32Array.from(values) });
  let rest = left.map((values) => values.map(() => 0));
  for (const deviation of [Math.max(height, width) / 8, Math.max(height, width) / 16]) {
    const known = weights.map((one) => Number(one > 1e-3));
    const share = blur(grid(known), deviation).data;
    rest = rest.map((values, one) => {
      const blurred = blur(grid(values.map((value, place) => (left[one][place] - value) * known[place])), deviation);
      return values.map((value, place) => value + blurred.data[place] / (share[place] + 0.05));
    });
    weights = weights.map((_, place) => {
      const off = rest.map((values, one) => left[one][place] - values[place]);
      return Number(Math.abs(off.reduce((sum, value) => sum + value) / off.length) < 0.08);
    });
  }
  const made = picture(image.height, image.width, image.channels);
  rest.forEach((values, one) => {
    const whole = resize(grid(values), image.height, image.width).data;
    const surface = surfaces[one];
    for (let place = 0; place < whole.length; place += 1) {
      const [, x, y, xx, xy, yy] = quadratic(place, image.height, image.width);
      const log = whole[place] + surface[0] + surface[1] * x + surface[2] * y + surface[3] * xx + surface[4] * xy
        + surface[5] * yy;
      made.data[place * image.channels + one] = Math.max(clip(Math.exp(log)), LEAST);
    }
  });
  return made;
}

/** A picture of each channel. */
function channelsOf({ height, width, channels, data }) {
  return Array.from({ length: channels }, (_, one) => (
    { height, width, channels: 1, data: data.filter((_, place) => place % channels === one) }));
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
  const made = picture(rows, columns, image.channels);
  made.data.forEach((_, at) => {
    const [square, channel] = [Math.floor(at / image.channels), at % image.channels];
    const [top, left] = [Math.floor(square / columns) * SIDE, (square % columns) * SIDE];
    const inside = Array.from({ length: SIDE * SIDE }, (_, place) => (
      small.data[((top + Math.floor(place / SIDE)) * small.width + left + (place % SIDE)) * image.channels + channel]));
    made.data[at] = Math.max(...percentiles(inside, [80]), LEAST);
  });
  return made;
}

const apply = (basis, factors) => basis.map((terms) => terms.reduce((sum, one, index) => sum + one * factors[index], 0));

/** The factors with which the terms come nearest to the values; a little ridge regression keeps them flat. */
function leastSquares(basis, values, weights) {
  const ridge = 1e-3 * weights.reduce((sum, one) => sum + one, 0);
  const size = basis[0].length;
  return solve(Array.from({ length: size }, (_, row) => Array.from({ length: size + 1 }, (_, column) => {
    let sum = column === row && row > 0 ? ridge : 0;
    basis.forEach((terms, place) => {
      sum += weights[place] * terms[row] * (column < size ? terms[column] : values[place]);
    });
    return sum;
  })));
}
