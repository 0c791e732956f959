// Drawings that are not dark strokes on light paper, as `sketchback.sketching.oddities` finds them.

import { Refusal } from "../refusal.js";
import { clip, crop, of, reduce } from "./arrays.js";
import { connected } from "./connected.js";
import { average, blur, close, open, percentiles, slopes } from "./filters.js";
import { flatten } from "./paper.js";

const EMPTY = 422; // the status that the HTTP API gives
// Pixels on the long side at which strokes are sought: thin ones of large sheets in the second.
const EMPTY_AT = [512, 2048];
const STROKE = 0.03; // of the long side: what is shorter is a speck
const [LEAST, MOST] = [0.03, 0.1]; // of what may count as ink, between a pixel and what is around it
const LOOKED_AT = 128; // pixels on the long side at which strokes are thin and shaded areas are not
const CONTRAST = 0.1; // between the darkest and the lightest, below which there are no strokes to look at
const NEGATIVE = 1.0; // a weighted sum below it is a negative
const TURNED = "The drawing is white on black: it was turned into black on white.";

/** Returns a sketch, or throws where nothing is drawn on it; see `oddities.is_empty`. */
export function checkDrawn(sketch) {
  if (!isEmpty(sketch)) return sketch;
  throw new Refusal("Something must be drawn on the sheet. Draw on it, or open another picture.", EMPTY);
}

/** A sketch with dark strokes, and what was done to it, if anything; see `is_negative` and `invert_tones` in Python. */
export function turnNegative(sketch) {
  return isNegative(sketch) ? { sketch: flatten(of(sketch, (value) => 1 - value)), note: TURNED } : { sketch };
}

/** Where Python judges a page on a dark table without the table, here the middle of the picture is judged as well. */
function isNegative(sketch) {
  if (!looksNegative(sketch)) return false;
  const sides = [sketch.height, sketch.width];
  const [halves, quarters] = [sides.map((side) => Math.ceil(side / 2)), sides.map((side) => Math.floor(side / 4))];
  const middle = crop(sketch, ...halves, ...quarters);
  return looksNegative(middle) || percentiles(middle.data, [99])[0] < 0.5; // or nothing is drawn there
}

function looksNegative(sketch) {
  const tone = { ...reduce(sketch, LOOKED_AT) };
  let [low, quarter, high] = percentiles(tone.data, [1, 25, 99]);
  if (high - low < 2 * CONTRAST) [low, high] = percentiles(tone.data, [0, 100]); // few strokes
  if (high - low < CONTRAST || quarter > 0.5) return false;
  const { height, width } = tone;
  tone.data = tone.data.map((value) => clip((value - low) / (high - low)));
  const [top, left] = [Math.floor(height / 4), Math.floor(width / 4)];
  const inside = (row, column) => row >= top && row < height - top && column >= left && column < width - left;
  const [half, light] = percentiles(tone.data, [75, 90]);
  return 1.9 * polarity(tone, 1) + 1.9 * polarity(tone, 2, inside) + 0.5 * flatness(tone)
    + 2.3 * light - 0.5 * half < NEGATIVE;
}

/** From -1, where all that is thinner than a window is lighter than around it, to 1, where it is darker. */
function polarity(tone, reach, where = () => true) {
  const [opened, closed] = [open(tone, [reach, reach]), close(tone, [reach, reach])];
  let [lighter, darker] = [0, 0];
  tone.data.forEach((value, place) => {
    if (!where(Math.floor(place / tone.width), place % tone.width)) return;
    lighter += value - opened.data[place];
    darker += closed.data[place] - value;
  });
  return (darker - lighter) / (darker + lighter + 1e-3);
}

/** From -1 to 1, how light it is where no edge is near. */
function flatness(tone) {
  const [right, down] = slopes(tone);
  const near = blur(of(right, (value, place) => Math.hypot(value, down.data[place])), 2);
  let [sum, all] = [0, 1e-6];
  tone.data.forEach((value, place) => {
    const weight = Math.exp(-near.data[place] / 0.1);
    sum += (2 * value - 1) * weight;
    all += weight;
  });
  return sum / all;
}

export function isEmpty(sketch) {
  const sides = EMPTY_AT.map((side) => Math.min(side, Math.max(sketch.height, sketch.width)));
  return [...new Set(sides)].every((side) => isBare(reduce(sketch, side)));
}

function isBare(tone) {
  const longest = Math.max(tone.height, tone.width);
  const fine = blur(tone, 1);
  const side = Math.max(2 * Math.floor(longest / 24) + 1, 7);
  const broad = average(tone, (side - 1) / 2);
  const off = fine.data.map((value, place) => Math.abs(value - broad.data[place]));
  const spans = (least) => hasSpan(off, tone.width, least, Math.max(STROKE * longest, 3));
  const grain = 1.4826 * percentiles(off, [50])[0];
  return !spans(MOST) && !spans(Math.min(Math.max(4 * grain, LEAST), MOST)); // most drawings are plain
}

/** Whether pixels above `least` that touch each other have a box with a diagonal longer than `limit`. */
function hasSpan(values, width, least, limit) {
  const height = values.length / width;
  const seen = new Uint8Array(values.length);
  for (let start = 0; start < values.length; start += 1) {
    if (seen[start] || values[start] <= least) continue;
    let [top, bottom, left, right] = [height, 0, width, 0];
    for (const place of connected([start], { height, width }, seen, (next) => values[next] > least)) {
      const [row, column] = [Math.floor(place / width), place % width];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      if (Math.hypot(bottom - top + 1, right - left + 1) > limit) return true;
    }
  }
  return false;
}
