// Tone maps as `sketchback.images.tones` has them: the mean colour of each cell of a picture, NaN where nothing is told.

import { clip, crop, picture, resize } from "./arrays.js";

export const CELL = 16; // pixels, the side of a cell
export const BLOCK = 4; // pixels, the side of a block: a mask says on this finer grid where a tone is meant
const CHANGES = ["lighter", "warmer", "colourful"];

export const cellsOf = (side) => Math.ceil(side / CELL);

/** What a generator of a picture takes: red, green, blue and whether they are told; without a map nothing is. */
export function encode(told, height, width) {
  const made = picture(cellsOf(height), cellsOf(width), 4);
  for (let cell = 0; told && 3 * cell < told.data.length; cell += 1) {
    if (Number.isNaN(told.data[3 * cell])) continue;
    for (let one = 0; one < 3; one += 1) made.data[4 * cell + one] = told.data[3 * cell + one];
    made.data[4 * cell + 3] = 1;
  }
  return made;
}

/** The tone map of a photograph; with weights, of each pixel one, NaN where they are less than 1 in sum. */
export function ofPhoto({ height, width, data }, weights = null) {
  const made = picture(cellsOf(height), cellsOf(width), 3);
  const [sums, counts] = [new Float64Array(made.data.length), new Float64Array(made.data.length / 3)];
  for (let row = 0; row < height; row += 1) {
    for (let column = 0; column < width; column += 1) {
      const cell = Math.floor(row / CELL) * made.width + Math.floor(column / CELL);
      const pixel = row * width + column;
      const weight = weights ? weights[pixel] : 1;
      counts[cell] += weight;
      for (let one = 0; one < 3; one += 1) sums[3 * cell + one] += weight * data[3 * pixel + one];
    }
  }
  sums.forEach((sum, place) => {
    const count = counts[Math.floor(place / 3)];
    made.data[place] = count >= 1 ? sum / count : NaN;
  });
  return made;
}

/** A mask on blocks -> one on the pixels of a picture. */
export function toPixels(mask, { height, width }) {
  return crop(resize(mask, mask.height * BLOCK, mask.width * BLOCK), height, width);
}

export const changes = (tone) => CHANGES.some((name) => tone[name]);

/** Changes the tones of a whole picture in CIELAB, each number from -1 to 1, see `telling.change`. */
export function change(tones, { lighter = 0, warmer = 0, colourful = 0 }) {
  const made = picture(tones.height, tones.width, 3);
  for (let at = 0; at < made.data.length; at += 3) {
    const [light, a, b] = toLab(tones.data.subarray(at, at + 3));
    const changed = [
      100 * (Math.min(Math.max(light, 0), 100) / 100) ** (8 ** -lighter),
      a * (1 + colourful) + 30 * warmer,
      b * (1 + colourful) + 60 * warmer,
    ];
    made.data.set(toRgb(changed), at);
  }
  return made;
}

// ---- CIELAB of sRGB under D65, with OpenCV's numbers

const TO_XYZ = [
  [0.412453 / 0.950456, 0.35758 / 0.950456, 0.180423 / 0.950456],
  [0.212671, 0.71516, 0.072169],
  [0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754],
];
const TO_RGB = [
  [3.240479 * 0.950456, -1.53715, -0.498535 * 1.088754],
  [-0.969256 * 0.950456, 1.875991, 0.041556 * 1.088754],
  [0.055648 * 0.950456, -0.204043, 1.057311 * 1.088754],
];
const [DARK, SLOPE, OFFSET] = [0.008856, 7.787, 16 / 116];
const times = (matrix, values) => matrix.map((row) => row[0] * values[0] + row[1] * values[1] + row[2] * values[2]);

export function toLab(rgb) {
  const linear = [...rgb].map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
  const xyz = times(TO_XYZ, linear);
  const [x, y, z] = xyz.map((value) => (value > DARK ? Math.cbrt(value) : SLOPE * value + OFFSET));
  return [xyz[1] > DARK ? 116 * y - 16 : 903.3 * xyz[1], 500 * (x - y), 200 * (y - z)];
}

function toRgb([light, a, b]) {
  const y = light <= DARK * 903.3 ? (light / 903.3) * SLOPE + OFFSET : (light + 16) / 116;
  const xyz = [a / 500 + y, y, y - b / 200].map(
    (value) => (value <= SLOPE * DARK + OFFSET ? (value - OFFSET) / SLOPE : value ** 3));
  return times(TO_RGB, xyz).map(clip).map(
    (value) => (value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055)).map(clip);
}
