// Drawings that are not dark strokes on light paper, as `sketchback.sketching.oddities` finds them.

import { Refusal } from "../refusal.js";
import { mirror, picture, reduce } from "./arrays.js";

const EMPTY = 422; // the status that the HTTP API gives
const EMPTY_AT = 512; // pixels on the long side at which strokes are sought
const STROKE = 0.03; // of the long side: what is shorter is a speck
const [LEAST, MOST] = [0.03, 0.1]; // of what may count as ink, between a pixel and what is around it
const BELL = Array.from({ length: 9 }, (_, place) => Math.exp(-((place - 4) ** 2) / 2) / 2.5066); // Gaussian, sigma 1

/** Returns a sketch, or throws where nothing is drawn on it; see `oddities.is_empty`. */
export function checkDrawn(sketch) {
  if (!isEmpty(sketch)) return sketch;
  throw new Refusal("Something must be drawn on the sheet. Draw on it, or open another picture.", EMPTY);
}

export function isEmpty(sketch) {
  const tone = reduce(sketch, EMPTY_AT);
  const longest = Math.max(tone.height, tone.width);
  const fine = filter(tone, weigh, 4);
  const side = Math.max(2 * Math.floor(longest / 24) + 1, 7);
  const broad = filter(tone, average, (side - 1) / 2);
  const off = fine.data.map((value, place) => Math.abs(value - broad.data[place]));
  const spans = (least) => hasSpan(off, tone.width, least, Math.max(STROKE * longest, 3));
  return !spans(MOST) && !spans(Math.min(Math.max(4 * 1.4826 * median(off), LEAST), MOST)); // most drawings are plain
}

/** A separable filter along the columns and then along the rows; outside a picture is its mirror image. */
function filter({ height, width, data }, line, reach) {
  const made = picture(height, width, 1);
  const pass = (source, count, side, outer, inner) => {
    const [from, to] = [new Float32Array(side + 2 * reach), new Float32Array(side)];
    const places = Int32Array.from(from, (_, at) => mirror(at - reach, side) * inner);
    for (let one = 0; one < count; one += 1) {
      for (let at = 0; at < from.length; at += 1) from[at] = source[one * outer + places[at]];
      line(from, to, reach);
      for (let at = 0; at < side; at += 1) made.data[one * outer + at * inner] = to[at];
    }
  };
  pass(data, height, width, width, 1);
  pass(made.data, width, height, 1, width);
  return made;
}

function weigh(from, to) {
  for (let at = 0; at < to.length; at += 1) {
    let sum = 0;
    for (let index = 0; index < BELL.length; index += 1) sum += BELL[index] * from[at + index];
    to[at] = sum;
  }
}

function average(from, to, reach) { // what leaves the window is taken off
  const side = 2 * reach + 1;
  let sum = 0;
  for (let at = 0; at < side - 1; at += 1) sum += from[at];
  for (let at = 0; at < to.length; at += 1) {
    sum += from[at + side - 1];
    to[at] = sum / side;
    sum -= from[at];
  }
}

function median(values) {
  const sorted = values.slice().sort();
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[Math.floor(half)];
}

/** Whether pixels above `least` that touch each other have a box with a diagonal longer than `limit`. */
function hasSpan(values, width, least, limit) {
  const height = values.length / width;
  const seen = new Uint8Array(values.length);
  for (let start = 0; start < values.length; start += 1) {
    if (seen[start] || values[start] <= least) continue;
    const stack = [start];
    seen[start] = 1;
    let [top, bottom, left, right] = [height, 0, width, 0];
    while (stack.length) {
      const place = stack.pop();
      const row = Math.floor(place / width);
      const column = place - row * width;
      top = Math.min(top, row);
      bottom = Math.max(bottom, row);
      left = Math.min(left, column);
      right = Math.max(right, column);
      if (Math.hypot(bottom - top + 1, right - left + 1) > limit) return true;
      for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y += 1) {
        for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x += 1) {
          const next = y * width + x;
          if (!seen[next] && values[next] > least) {
            seen[next] = 1;
            stack.push(next);
          }
        }
      }
    }
  }
  return false;
}
