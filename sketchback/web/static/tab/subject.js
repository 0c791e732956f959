// What a drawing shows, as `sketchback.sketching.oddities` finds it: a building, a face, a face upside down.

import { clip, of, reduce, resize } from "./arrays.js";
import { blur, close, open, percentiles, slopes } from "./filters.js";
import { centre } from "./cleanup.js";
import { isEmpty } from "./oddities.js";
import { findPage } from "./page_detection.js";

const DETECTION = 480; // pixels on the long side at which a drawing is judged
const LOOKED_AT = 128; // at which its strokes are
const LEAST = 48; // pixels of the shorter side, below which nothing is noticed
const [PLAIN, PALE] = [0.99, 0.97]; // what is drawn on a screen has plain paper, and every trace counts
const GREY_PAPER = 0.8; // the lightest part of a sketch that was scanned or drawn is lighter
const [BUILDING, FACE, UPSIDE_DOWN] = [2, -3, -5]; // beyond these scores it is clear
const UPRIGHT = [
  [-0.75, -1.06, -1.24, 0.09], [-0.3, 0.18, -0.04, -0.19], [0.3, 0.65, 1.33, -1.81], [0.1, 0.15, 2.99, 0.05],
];

/** See `oddities.notice`. */
export function notice(sketch) {
  if (Math.min(sketch.height, sketch.width) < LEAST) return [];
  const tone = reduce(sketch, DETECTION);
  if (percentiles(tone.data, [98])[0] < GREY_PAPER || findPage(tone)) return ["paper"];
  if (isEmpty(tone)) return [];
  const drawn = centre(tone, percentiles(tone.data, [50])[0] > PLAIN ? PALE : 0.8);
  const small = drawn === tone ? [] : ["small"];
  const seen = look(drawn);
  const score = subject(seen);
  if (score > BUILDING) return [...small, "building"];
  return [...small, ...score < FACE ? ["face"] : [], ...score < 0 && upright(seen) < UPSIDE_DOWN ? ["upside down"] : []];
}

const sum = (values) => values.reduce((all, one) => all + one, 0);

function look(picture) {
  const small = reduce(picture, LOOKED_AT);
  const [low, high] = percentiles(small.data, [1, 99]);
  const tone = of(small, (value) => clip((value - low) / Math.max(high - low, 0.1)));
  const [dx, dy] = slopes(blur(tone, 1));
  return { tone, dx, dy, strength: of(dx, (value, place) => Math.hypot(value, dy.data[place])) };
}

/** Below 0 a face, above 0 a building. */
function subject({ tone, dx, dy, strength }) {
  const { height, width } = tone;
  const [xx, yy, xy] = [[dx, dx], [dy, dy], [dx, dy]].map(
    ([one, other]) => blur(of(one, (value, place) => value * other.data[place]), 2).data);
  const coherent = sum(xx.map((value, place) => Math.hypot(value - yy[place], 2 * xy[place])))
    / (sum(xx) + sum(yy) + 1e-6);
  const all = sum(strength.data) + 1e-6;
  const shares = strength.data.map((value) => value / all);
  const axes = sum(shares.map((share, place) => share * Math.cos(4 * Math.atan2(dy.data[place], dx.data[place]))));
  const closed = close(tone, [2, 2]);
  const dark = of(closed, (value, place) => value - tone.data[place]);
  const long = Math.floor(Math.floor(Math.max(height, width) / 8) / 2); // to both sides of a pixel
  const level = sum(open(dark, [0, long]).data) / (sum(dark.data) + 1e-3);
  const spread = (where) => {
    const mean = sum(shares.map((share, place) => share * where(place)));
    return Math.sqrt(sum(shares.map((share, place) => share * (where(place) - mean) ** 2)));
  };
  const wide = spread((place) => (place % width) / width);
  const tall = spread((place) => Math.floor(place / width) / height);
  return 14.36 - 27.64 * coherent + 22.79 * axes + 10.3 * level + 23.39 * wide - 27.31 * tall;
}

/** Above 0 a face is upright, below 0 upside down. */
function upright({ strength }) {
  const cells = resize(strength, 8, 8).data;
  const mean = sum(cells) / 64;
  const at = (row, column) => (cells[8 * row + column] + cells[8 * row + 7 - column]) / (2 * mean + 1e-6);
  return sum(UPRIGHT.flatMap((weights, row) => (
    weights.map((weight, column) => weight * (at(row, column) - at(7 - row, column))))));
}
