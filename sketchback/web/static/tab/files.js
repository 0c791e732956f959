// Picture files -> pictures as arrays, and back, by the browser's own decoders.

import { Refusal } from "../refusal.js";
import { MIN_SIDE, picture, reduce } from "./arrays.js";
import { percentiles } from "./filters.js";

const LONGEST = 1600; // pixels of the longer side, as the server has it
const MOST = 40_000_000; // pixels
// As `sketchback.images` has them: of a picture, more than lines cover; of white, what only light lines are above.
const [LINES, LIGHT, INK] = [0.5, 0.75, 0.5];
const TYPES = { png: "image/png", jpg: "image/jpeg", webp: "image/webp" };

/** The drawing in a file: grey; transparent parts are white paper, or black under light lines. */
export async function decode(blob) {
  const { height, width, data } = await pixels(blob, true);
  const grey = picture(height, width, 1);
  for (let place = 0, at = 0; place < grey.data.length; place += 1, at += 4) {
    grey.data[place] = greyOf(data, at);
  }
  return reduce(grey, LONGEST);
}

/** A photograph in a file, RGB. */
export async function decodePhoto(blob) { return reduce(colours(await pixels(blob, true)), LONGEST); }

/** Colour strokes in a file: RGB, NaN where it is more transparent than opaque. */
export async function decodeStrokes(blob) { return colours(await pixels(blob, false)); }

/** The pixels of a file, over paper if there is to be any. */
async function pixels(blob, hasPaper) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  } catch {
    throw new Refusal("This browser cannot read the file. Save it as PNG or JPEG.");
  }
  const { width, height } = bitmap;
  if (width * height > MOST || Math.min(width, height) < MIN_SIDE) {
    const least = `${MIN_SIDE} x ${MIN_SIDE} pixels`;
    throw new Refusal(`A picture must have ${least} to ${MOST / 1e6} megapixels. Received: ${height} x ${width}.`);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const drawn = context.getImageData(0, 0, width, height);
  if (!hasPaper || isOpaque(drawn)) return drawn;
  context.globalCompositeOperation = "destination-over";
  context.fillStyle = isOfLightLines(drawn) ? "#000" : "#fff";
  context.fillRect(0, 0, width, height);
  return context.getImageData(0, 0, width, height);
}

function isOpaque({ data }) {
  for (let at = 3; at < data.length; at += 4) if (data[at] < 255) return false;
  return true;
}

/** Whether a picture is light lines and nothing else, as programs save them that draw on a dark screen. */
function isOfLightLines({ data }) {
  const greys = [];
  for (let at = 0; at < data.length; at += 4) if (data[at + 3] >= 128) greys.push(greyOf(data, at));
  return greys.length > 0 && greys.length < LINES * (data.length / 4) && percentiles(greys, [INK])[0] > LIGHT;
}

/** ITU-R BT.601, in whole numbers as Pillow has them. */
const greyOf = (data, at) => ((19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >> 16) / 255;

function colours({ height, width, data }) {
  const made = picture(height, width, 3);
  for (let place = 0; place < height * width; place += 1) {
    const told = data[4 * place + 3] >= 128;
    for (let one = 0; one < 3; one += 1) made.data[3 * place + one] = told ? data[4 * place + one] / 255 : NaN;
  }
  return made;
}

/** A file that holds a picture of one or three channels. */
export async function encode({ height, width, channels, data }, format) {
  const made = new ImageData(width, height); // rounds, and cuts what is out of range
  for (let place = 0; place < height * width; place += 1) {
    for (let one = 0; one < 3; one += 1) made.data[4 * place + one] = 255 * data[place * channels + one % channels];
    made.data[4 * place + 3] = 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d", { alpha: false }).putImageData(made, 0, 0);
  return canvas.convertToBlob({ type: TYPES[format] ?? "image/png", quality: 0.95 });
}
