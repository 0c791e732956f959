// Drawings that are not dark strokes on light paper, as `sketchback.sketching.oddities` finds them.

import { Refusal } from "../refusal.js";
import { picture, reduce } from "./arrays.js";

const EMPTY = 422; // the status that the HTTP API gives
const EMPTY_AT = 512; // pixels on the long side at which strokes are sought
const STROKE = 0.03; // of the long side: what is shorter is a speck

/** Returns a sketch, or throws where nothing is drawn on it; see `oddities.is_empty`. */
export function checkDrawn(sketch) {
  if (!isEmpty(sketch)) return sketch;
  throw new Refusal("Something must be drawn on the sheet. Draw on it, or open another picture.", EMPTY);
}

export function isEmpty(sketch) {
  const tone = reduce(sketch, EMPTY_AT);
  const longest = Math.max(tone.height, tone.width);
  const fine = convolve(tone, gaussian(1));
  const side = Math.max(2 * Math.floor(longest / 24) + 1, 7);
  const broad = convolve(tone, new Array(side).fill(1 / side));
  const off = fine.data.map((value, place) => Math.abs(value - broad.data[place]));
  const least = Math.min(Math.max(4 * 1.4826 * median(off), 0.03), 0.1);
  return longestSpan(off, tone.width, least) <= Math.max(STROKE * longest, 3);
}

function gaussian(sigma) {
  const reach = 4 * sigma;
  const bell = (x) => Math.exp(-(x ** 2) / (2 * sigma ** 2));
  const values = Array.from({ length: 2 * reach + 1 }, (_, place) => bell(place - reach));
  const sum = values.reduce((one, other) => one + other);
  return values.map((value) => value / sum);
}

/** A separable filter; outside a picture is its mirror image. */
function convolve({ height, width, data }, kernel) {
  const reach = (kernel.length - 1) / 2;
  const mirror = (place, side) => {
    const period = Math.max(2 * side - 2, 1);
    const inside = ((place % period) + period) % period;
    return inside < side ? inside : period - inside;
  };
  const across = picture(height, width, 1);
  const made = picture(height, width, 1);
  kernel.forEach((weight, index) => {
    for (let column = 0; column < width; column += 1) {
      const from = mirror(column + index - reach, width);
      for (let row = 0; row < height; row += 1) across.data[row * width + column] += weight * data[row * width + from];
    }
  });
  kernel.forEach((weight, index) => {
    for (let row = 0; row < height; row += 1) {
      const [to, from] = [row * width, mirror(row + index - reach, height) * width];
      for (let column = 0; column < width; column += 1) made.data[to + column] += weight * across.data[from + column];
    }
  });
  return made;
}

function median(values) {
  const sorted = values.slice().sort();
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[Math.floor(half)];
}

/** The longest diagonal of a box around pixels above `least` that touch each other. */
function longestSpan(values, width, least) {
  const height = values.length / width;
  const open = Uint8Array.from(values, (value) => value > least);
  let longest = 0;
  for (let start = 0; start < open.length; start += 1) {
    if (!open[start]) continue;
    const stack = [start];
    open[start] = 0;
    let [top, bottom, left, right] = [height, 0, width, 0];
    while (stack.length) {
      const place = stack.pop();
      const [row, column] = [Math.floor(place / width), place % width];
      [top, bottom] = [Math.min(top, row), Math.max(bottom, row)];
      [left, right] = [Math.min(left, column), Math.max(right, column)];
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y += 1) {
        for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x += 1) {
          if (open[y * width + x]) {
            open[y * width + x] = 0;
            stack.push(y * width + x);
          }
        }
      }
    }
    longest = Math.max(longest, Math.hypot(bottom - top + 1, right - left + 1));
  }
  return longest;
}
