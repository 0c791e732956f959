// Filters of pictures of one channel, with OpenCV's numbers: outside a picture is its mirror image.

import { mirror, picture } from "./arrays.js";

/** Runs `line(from, to)` along one axis (0: down, 1: across); `from` reaches so many places farther at both ends. */
function pass({ height, width, data }, axis, reach, line) {
  const made = picture(height, width, 1);
  const [count, side, outer, inner] = axis ? [height, width, width, 1] : [width, height, 1, width];
  const [from, to] = [new Float32Array(side + 2 * reach), new Float32Array(side)];
  const places = Int32Array.from(from, (_, at) => mirror(at - reach, side) * inner);
  for (let one = 0; one < count; one += 1) {
    for (let at = 0; at < from.length; at += 1) from[at] = data[one * outer + places[at]];
    line(from, to);
    for (let at = 0; at < side; at += 1) made.data[one * outer + at * inner] = to[at];
  }
  return made;
}

const weigh = (weights) => (from, to) => {
  for (let at = 0; at < to.length; at += 1) {
    let sum = 0;
    for (let index = 0; index < weights.length; index += 1) sum += weights[index] * from[at + index];
    to[at] = sum;
  }
};

/** Blurs by a Gaussian of that standard deviation in pixels. */
export function blur(image, deviation) {
  const reach = Math.floor(Math.round(8 * deviation + 1) / 2);
  const bell = Array.from({ length: 2 * reach + 1 }, (_, place) => Math.exp(-(((place - reach) / deviation) ** 2) / 2));
  const sum = bell.reduce((all, one) => all + one);
  const line = weigh(bell.map((one) => one / sum));
  return pass(pass(image, 1, reach, line), 0, reach, line);
}

/** The mean of a square of `2 * reach + 1` pixels. */
export function average(image, reach) {
  const side = 2 * reach + 1;
  const line = (from, to) => { // what leaves the window is taken off
    let sum = 0;
    for (let at = 0; at < side - 1; at += 1) sum += from[at];
    for (let at = 0; at < to.length; at += 1) {
      sum += from[at + side - 1];
      to[at] = sum / side;
      sum -= from[at];
    }
  };
  return pass(pass(image, 1, reach, line), 0, reach, line);
}

/** How a picture rises to the right and downwards, by Sobel's filter. */
export function slopes(image) {
  const [rise, smooth] = [weigh([-1, 0, 1]), weigh([1, 2, 1])];
  return [pass(pass(image, 1, 1, rise), 0, 1, smooth), pass(pass(image, 1, 1, smooth), 0, 1, rise)];
}

const extreme = (choose, reach) => (from, to) => {
  for (let at = 0; at < to.length; at += 1) {
    to[at] = from[at];
    for (let index = 1; index <= 2 * reach; index += 1) to[at] = choose(to[at], from[at + index]);
  }
};

function stretch(image, choose, [down, across]) {
  return pass(pass(image, 1, across, extreme(choose, across)), 0, down, extreme(choose, down));
}

/** The darkest and the lightest of what is within reach, `[down, across]` in pixels. */
export const erode = (image, reach) => stretch(image, Math.min, reach);
export const dilate = (image, reach) => stretch(image, Math.max, reach);

/** Takes what is lighter, or darker, and does not cover a window anywhere; see `cv2.morphologyEx`. */
export const open = (image, reach) => dilate(erode(image, reach), reach);
export const close = (image, reach) => erode(dilate(image, reach), reach);

/** The percentiles of numbers, interpolated; each from 0 to 100. */
export function percentiles(values, shares) {
  const sorted = Float32Array.from(values).sort();
  return shares.map((share) => {
    const place = (share / 100) * (sorted.length - 1);
    const below = Math.floor(place);
    return sorted[below] + (place - below) * (sorted[Math.min(below + 1, sorted.length - 1)] - sorted[below]);
  });
}
