// Photograph or scan of a drawing on paper -> the kind of sketch that a generator knows, as
// `sketchback.sketching.cleanup` makes it.

import { clip, MIN_SIDE, mirror, of, picture, reduce, round, toGray } from "./arrays.js";
import { connected } from "./connected.js";
import { average, blur, dilate, erode, percentiles, slopes } from "./filters.js";
import { segments } from "./lines.js";
import { findPage, rectify, thin, valueAt } from "./page_detection.js";
import { flatten } from "./paper.js";

const WORKING = 1600; // pixels on the long side that the steps work with
const LARGEST = 1024; // pixels on the long side of a result
const LEANING = 480; // pixels on the long side at which a rotation is measured
const MARGIN = 0.1; // of paper beside a small drawing, as a share of its longer side
const MOST = 0.6; // of a page: a drawing that takes up more, with its margin, stays on it
const BLACK = 0.15; // the darkest strokes of what a generator was trained on
const RADIANS = Math.PI / 180;

/** A sketch of one channel on white, made of a picture in colour or grey; a clean one stays nearly as it is. */
export function clean(image) {
  const working = reduce(image, WORKING);
  const corners = findPage(working);
  const even = toGray(flatten(corners ? rectify(working, corners) : working));
  const upright = corners ? even : straighten(even);
  return reduce(centre(matchInk(despeckle(denoise(upright)))), LARGEST);
}

/** Turns a sketch upright by its long straight lines, where most of them have one direction. */
function straighten(sketch) {
  const angle = lean(sketch);
  if (angle === null || Math.abs(angle) < 1 || Math.abs(angle) > 10) return sketch;
  const { height, width } = sketch;
  const [cosine, sine] = [Math.cos(angle * RADIANS), Math.sin(angle * RADIANS)];
  return of(sketch, (_, place) => {
    const [x, y] = [(place % width) - (width - 1) / 2, Math.floor(place / width) - (height - 1) / 2];
    const [from, down] = [cosine * x - sine * y + (width - 1) / 2, sine * x + cosine * y + (height - 1) / 2];
    return valueAt(sketch, from, down, 0, 1);
  });
}

/** By how many degrees the lines of a drawing are turned clockwise from upright; null where they do not show it. */
function lean(sketch) {
  const small = reduce(sketch, LEANING);
  const longest = Math.max(small.height, small.width);
  const angles = Array.from({ length: 720 }, (_, place) => (place / 4) * RADIANS);
  const found = segments(edges(small), angles, Math.floor(longest / 16), longest / 8, 3);
  const lengths = found.map(([x, y]) => Math.hypot(x, y));
  const leans = found.map(([x, y]) => ((((Math.atan2(y, x) / RADIANS + 45) % 90) + 90) % 90) - 45);
  const near = (bin) => (_, place) => Math.abs(leans[place] - bin) < 1;
  const sum = (values) => values.reduce((all, one) => all + one, 0);
  let [peak, most] = [0, 0];
  for (let bin = -12; bin <= 12; bin += 0.5) {
    const together = sum(lengths.filter(near(bin)));
    if (together > most) [peak, most] = [bin, together];
  }
  if (!most || most < 0.6 * sum(lengths) || most < longest) return null;
  return sum(lengths.map((length, place) => (near(peak)(length, place) ? length * leans[place] : 0))) / most;
}

/** The edges of strokes (Canny 1986): where it is steep, and what continues that. */
function edges(tone) {
  const { height, width } = tone;
  const [dx, dy] = slopes(blur(of(tone, (value) => 255 * value), 1)).map((one) => one.data);
  const strength = of(tone, (_, place) => Math.abs(dx[place]) + Math.abs(dy[place]));
  const ridge = thin(strength, dx, dy);
  const above = (least) => (place) => ridge[place] && strength.data[place] > least;
  const [found, seen] = [new Uint8Array(ridge.length), new Uint8Array(ridge.length)];
  for (const place of connected([...ridge.keys()].filter(above(120)), tone, seen, above(60))) found[place] = 1;
  return { height, width, data: found };
}

/** Smoothes grain, and keeps edges, by a bilateral filter (Tomasi and Manduchi 1998), where there is grain. */
function denoise(sketch) {
  const noise = grain(sketch);
  if (noise < 0.02) return sketch;
  const { height, width, data } = sketch;
  const near = [];
  for (let y = -3; y <= 3; y += 1) {
    for (let x = -3; x <= 3; x += 1) {
      if (Math.hypot(x, y) <= 3) near.push([x, y, Math.exp(-(x * x + y * y) / 8)]);
    }
  }
  const likeness = Float32Array.from({ length: 1025 }, (_, step) => Math.exp(-((step / 1024 / (3 * noise)) ** 2) / 2));
  const rows = Int32Array.from({ length: height + 6 }, (_, place) => mirror(place - 3, height) * width);
  const columns = Int32Array.from({ length: width + 6 }, (_, place) => mirror(place - 3, width));
  return of(sketch, (value, place) => {
    const [row, column] = [Math.floor(place / width) + 3, (place % width) + 3];
    let [sum, all] = [0, 0];
    for (const [x, y, weight] of near) {
      const other = data[rows[row + y] + columns[column + x]];
      const share = weight * likeness[Math.round(1024 * Math.abs(other - value))];
      sum += share * other;
      all += share;
    }
    return Math.min(sum / all / (1 - Math.min(noise, 0.1)), 1);
  });
}

/** The standard deviation of bare paper from its own blur, on the dark side, because white cuts off the other. */
function grain(sketch) {
  const smooth = blur(sketch, 2);
  const bare = erode(of(smooth, (value) => Number(value > 0.85)), [4, 4]);
  const off = sketch.data.map((value, place) => value - smooth.data[place]).filter((_, place) => bare.data[place]);
  if (off.length < 100) return 0;
  const [low, middle] = percentiles(off, [15.87, 50]);
  return middle - low;
}

/** Removes tiny marks that stand alone on bare paper: dust, specks of JPEG. */
function despeckle(sketch) {
  const { height, width } = sketch;
  const side = Math.max(height, width);
  const most = Math.max((side / 250) ** 2, 2);
  const ink = of(sketch, (value) => Number(value < 0.8));
  const small = picture(height, width, 1); // 1 in marks of at most so many pixels
  const seen = new Uint8Array(ink.data.length);
  for (let start = 0; start < seen.length; start += 1) {
    if (seen[start] || !ink.data[start]) continue;
    const mark = [...connected([start], sketch, seen, (place) => ink.data[place])];
    if (mark.length <= most) for (const place of mark) small.data[place] = 1;
  }
  // Alone: within 2 % of the side nothing that is larger, and no more than a speck or two.
  const reach = Math.max(round(side / 50), 2);
  const count = (image) => average(bordered(image, reach), reach).data.map((value) => Math.round(value * (2 * reach + 1) ** 2));
  const [larger, all] = [of(ink, (value, place) => value - small.data[place]), ink].map(count);
  const wide = width + 2 * reach;
  const alone = of(small, (value, place) => {
    const at = (Math.floor(place / width) + reach) * wide + (place % width) + reach;
    return Number(value && !larger[at] && all[at] <= 2 * most);
  });
  const marked = dilate(alone, [1, 1]);
  return of(sketch, (value, place) => (marked.data[place] ? 1 : value));
}

/** A picture with a rim of zeros. */
function bordered(image, rim) {
  const made = picture(image.height + 2 * rim, image.width + 2 * rim, 1);
  for (let row = 0; row < image.height; row += 1) {
    const line = image.data.subarray(row * image.width, (row + 1) * image.width);
    made.data.set(line, (row + rim) * made.width + rim);
  }
  return made;
}

/** Deepens faint strokes until the darkest are as dark as in what a generator was trained on. */
function matchInk(sketch) {
  const ink = sketch.data.filter((value) => value < 0.85);
  if (ink.length < 1e-3 * sketch.data.length) return sketch;
  const darkest = percentiles(ink, [10])[0];
  if (darkest < 0.4) return sketch;
  const gain = Math.min((1 - BLACK) / (1 - darkest), 3);
  return of(sketch, (value) => clip(1 - gain * (1 - value)));
}

/** Cuts a small drawing out of a large page, in the middle, with a margin; what is darker than `lightest` is drawn. */
export function centre(sketch, lightest = 0.8) {
  const { height, width } = sketch;
  const box = drawn(sketch, lightest);
  if (!box) return sketch;
  const [top, bottom, left, right] = box;
  const longer = Math.max(bottom - top, right - left);
  const rim = MARGIN * longer;
  const least = Math.max(0.375 * (longer + 2 * rim), MIN_SIDE / 2); // no narrower than 3:4
  const half = [bottom - top, right - left].map((side) => Math.max(side / 2 + rim, least));
  if (4 * half[0] * half[1] > MOST * height * width) return sketch;
  const [y, x] = [round((top + bottom) / 2 - half[0]), round((left + right) / 2 - half[1])];
  const size = half.map((one) => round(2 * one));
  const white = picture(size[0], size[1], 1);
  return of(white, (_, place) => {
    const [row, column] = [Math.floor(place / size[1]) + y, (place % size[1]) + x];
    const inside = row >= 0 && column >= 0 && row < height && column < width;
    return inside ? sketch.data[row * width + column] : 1;
  });
}

/** Top, bottom, left and right of what is drawn: all ink but the half percent nearest to each edge. */
function drawn({ height, width, data }, lightest) {
  const sums = [new Float64Array(height), new Float64Array(width)];
  let marked = 0;
  data.forEach((value, place) => {
    if (value >= lightest) return;
    marked += 1;
    sums[0][Math.floor(place / width)] += 1 - value;
    sums[1][place % width] += 1 - value;
  });
  if (marked < 1e-4 * data.length) return null;
  return sums.flatMap((ink) => {
    ink.forEach((_, place) => { if (place) ink[place] += ink[place - 1]; });
    const all = ink.at(-1);
    return [ink.findIndex((sum) => sum >= 0.005 * all), ink.findIndex((sum) => sum >= 0.995 * all) + 1];
  });
}
