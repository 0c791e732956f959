// The state of the page: the drawing, the name of the file to download, and what else is kept with a drawing.

import { DrawingCanvas } from "./canvas.js";
import { element } from "./ui.js";

export const drawing = new DrawingCanvas(element("canvas"), element("colours"), element("cross"));

let begun = 0;

/** Begins to lay something on the sheet; returns whether nothing else was begun since, for only the last is laid. */
export function beginLaying() {
  begun += 1;
  const own = begun;
  return () => own === begun;
}

export const UNNAMED = "photograph";

export const download = { name: UNNAMED }; // without its suffix

/** Sends `shown` for every photograph that comes on the page: `{ drawing, photo, snapshot }`, the first two Blobs. */
export const photographs = new EventTarget();

const kept = new Map();

/**
 * What a control says is kept with the drawing: in the draft, and in every version of the history.
 * @param {string} name
 * @param {{read: () => unknown, restore: (value: unknown) => void}} control `read` returns what IndexedDB can store
 */
export const keep = (name, control) => kept.set(name, control);

/** All that makes the photograph, as it is now. */
export function snapshot() {
  const told = Object.fromEntries([...kept].map(([name, { read }]) => [name, read()]));
  return { content: drawing.content, name: download.name, told };
}

/** Sets the controls, not the drawing, to what they were. */
export function restoreTold({ name, told }) {
  download.name = name;
  for (const [one, value] of Object.entries(told)) kept.get(one)?.restore(value);
}
