// The versions of the history: which are kept, and how many.

import { all, pack, put, remove } from "./store.js";
import { crc32 } from "./zip.js";

export const MOST = 60;
export const MOST_BYTES = 100_000_000;

/** Those that go when there are too many: the oldest first, those with a name last, the newest never. */
export function superfluous(versions, most = MOST, mostBytes = MOST_BYTES) {
  const order = [...versions].sort((a, b) => b.id - a.id);
  const [newest, ...rest] = order;
  const kept = [newest, ...rest.filter(({ name }) => name), ...rest.filter(({ name }) => !name)].filter(Boolean);
  let bytes = 0;
  return kept.filter((version, place) => {
    bytes += version.bytes;
    return place > 0 && (place >= most || bytes > mostBytes);
  });
}

/** Newest first. */
export const list = async () => (await all("versions")).reverse();

/** Two numbers that are the same for the same picture under the same strokes: also for what was gone back to. */
async function identity({ picture, ...drawn }) {
  const bytes = picture ? await picture.arrayBuffer() : new ArrayBuffer(0);
  return [new Uint8Array(bytes), new TextEncoder().encode(JSON.stringify(drawn))].map(crc32).join(" ");
}

/** Keeps what was shown, unless it is kept already; returns its number. */
export async function record({ drawing, photo, snapshot }) {
  const packed = await pack(snapshot);
  packed.content.source = null; // photographs of phones are large, and the drawing is there
  const told = JSON.stringify(snapshot.told, (_, value) => (value instanceof Blob ? value.size : value));
  const key = `${await identity(packed.content)} ${told}`;
  const known = (await list()).find((version) => version.key === key);
  if (known) return known.id;
  const points = packed.content.strokes.reduce((sum, stroke) => sum + stroke.points.length, 0);
  const bytes = drawing.size + photo.size + (packed.content.picture?.size ?? 0) + told.length + 40 * points;
  const version = { key, when: Date.now(), name: "", bytes, drawing, photo, snapshot: packed };
  const id = await put("versions", version);
  for (const old of superfluous(await list())) await remove("versions", old.id);
  return id;
}
