// Picture files: made small enough to be sent, and read as drawings.

import { sketch } from "./backend.js";
import { LONG } from "./canvas.js";
import { Refusal } from "./refusal.js";
import { say, status } from "./ui.js";

const LARGE = 2_000_000; // bytes from which a photograph is reduced before it is sent
const REDUCED = 2000; // pixels of its longer side then
const MOST_BYTES = 25_000_000;

/** The drawing in a file, as a bitmap; `note` is told what was noticed. */
export async function read(file, clean, note = say) {
  return createImageBitmap(await sketch(await prepare(file), { clean }, { busy: status, note }));
}

/** The bytes to send: photographs of phones are larger than anything that is looked at; other kinds stay as they are. */
export async function prepare(file) {
  let sent = file;
  if (file.size > LARGE && !/png|tiff|bmp|gif/.test(file.type)) {
    try {
      sent = await reduce(file, REDUCED, "image/jpeg");
    } catch { /* what the browser cannot read, the backend may */ }
  }
  if (sent.size > MOST_BYTES) {
    throw new Refusal(`A file may have at most ${MOST_BYTES / 1e6} MB. Received: ${Math.round(sent.size / 1e6)}.`);
  }
  try {
    return await sent.arrayBuffer();
  } catch {
    throw new Refusal("It could not be read. Is it a folder?");
  }
}

/** A drawing no larger than the sheet shows it: that is what a file may be a multiple of. */
export const asSheet = (drawing) => reduce(drawing, LONG, "image/png");

/** A picture whose longer side has at most so many pixels, as a file of a kind. */
async function reduce(file, most, kind) {
  const bitmap = await createImageBitmap(file);
  const ratio = Math.min(1, most / Math.max(bitmap.width, bitmap.height));
  const copy = document.createElement("canvas");
  copy.width = Math.round(bitmap.width * ratio);
  copy.height = Math.round(bitmap.height * ratio);
  const context = copy.getContext("2d", { alpha: false });
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff"; // what is transparent is paper
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(bitmap, 0, 0, copy.width, copy.height);
  bitmap.close();
  return new Promise((done) => copy.toBlob(done, kind, 0.95));
}
