// Picture files -> pictures as arrays, and back, by the browser's own decoders.

import { Refusal } from "../refusal.js";
import { picture, reduce } from "./arrays.js";

const LONGEST = 1600; // pixels of the longer side, as the server has it
const MOST = 40_000_000; // pixels
const TYPES = { png: "image/png", jpg: "image/jpeg", webp: "image/webp" };

/** The drawing in a file: grey (ITU-R BT.601, in whole numbers as Pillow has them), transparent parts white paper. */
export async function decode(blob) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(blob, { colorSpaceConversion: "none" });
  } catch {
    throw new Refusal("This browser cannot read the file. Save it as PNG or JPEG.");
  }
  const { width, height } = bitmap;
  if (width * height > MOST || Math.min(width, height) < 16) {
    throw new Refusal(`A drawing must have 16 x 16 pixels to ${MOST / 1e6} megapixels. Received: ${height} x ${width}.`);
  }
  const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, width, height);
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const grey = picture(height, width, 1);
  grey.data.forEach((_, place) => {
    const at = 4 * place;
    grey.data[place] = ((19595 * data[at] + 38470 * data[at + 1] + 7471 * data[at + 2] + 32768) >> 16) / 255;
  });
  return reduce(grey, LONGEST);
}

/** A file that holds a picture of one or three channels. */
export async function encode({ height, width, channels, data }, format) {
  const pixels = new ImageData(width, height); // rounds, and cuts what is out of range
  for (let place = 0; place < height * width; place += 1) {
    for (let one = 0; one < 3; one += 1) pixels.data[4 * place + one] = 255 * data[place * channels + one % channels];
    pixels.data[4 * place + 3] = 255;
  }
  const canvas = new OffscreenCanvas(width, height);
  canvas.getContext("2d", { alpha: false }).putImageData(pixels, 0, 0);
  return canvas.convertToBlob({ type: TYPES[format] ?? "image/png", quality: 0.95 });
}
