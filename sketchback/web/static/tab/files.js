// Picture files -> pictures as arrays, and back, by the browser's own decoders.

import { Refusal } from "../refusal.js";
import { MIN_SIDE, picture, reduce } from "./arrays.js";

const LONGEST = 1600; // pixels of the longer side, as the server has it
const MOST = 40_000_000; // pixels
const TYPES = { png: "image/png", jpg: "image/jpeg", webp: "image/webp" };

/** The drawing in a file: grey (ITU-R BT.601, in whole numbers as Pillow has them), transparent parts white paper. */
export async function decode(blob) {
  const { height, width, data } = await pixels(blob, "#fff");
  const grey = picture(height, width, 1);
  for (let place = 0, at = 0; place < grey.data.length; place += 1, at += 4) {
    grey.data[place] = ((19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >> 16) / 255;
  }
  return reduce(grey, LONGEST);
}

/** A photograph in a file, RGB. */
export async function decodePhoto(blob) { return reduce(colours(await pixels(blob, "#fff")), LONGEST); }

/** Colour strokes in a file: RGB, NaN where it is more transparent than opaque. */
export async function decodeStrokes(blob) { return colours(await pixels(blob, null)); }

/** The pixels of a file, over paper of a colour if one is given. */
async function pixels(blob, paper) {
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
  if (paper) {
    context.fillStyle = paper;
    context.fillRect(0, 0, width, height);
  }
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, width, height);
}

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
