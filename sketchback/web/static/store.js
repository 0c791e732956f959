// What the browser keeps for the page, in IndexedDB: on this machine, for this page only. Drafts are drawings that are
// not finished, one for each tab; versions are the history.

import { LONG } from "./canvas.js";

const PLACE = new URL("../", import.meta.url).pathname; // a host may have several pages
const NAME = PLACE === "/" ? "sketchback" : `sketchback ${PLACE}`;

let opening = null;

const settled = (request) => new Promise((done, refuse) => {
  request.onsuccess = () => done(request.result);
  request.onerror = () => refuse(request.error);
});

/** The next access opens the database again. */
function forget() { opening = null; }

function open() {
  opening ??= new Promise((done, refuse) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("drafts", { keyPath: "tab" });
      request.result.createObjectStore("versions", { keyPath: "id", autoIncrement: true });
    };
    settled(request).then((database) => {
      database.onclose = forget; // the person deleted what the browser keeps
      done(database);
    }, (error) => {
      forget();
      refuse(error);
    });
  });
  return opening;
}

async function within(store, mode, action) {
  const transaction = (await open()).transaction(store, mode);
  const committed = new Promise((done, refuse) => {
    transaction.oncomplete = done;
    transaction.onabort = () => refuse(transaction.error); // also where the disk is full
  });
  const request = action(transaction.objectStore(store));
  transaction.commit?.(); // it need not hear of the request's end, which a page that is left does not see
  const [result] = await Promise.all([settled(request), committed]);
  return result;
}

/** Each of them is refused with the browser's error where it keeps nothing, or has no room. */
export const get = (store, key) => within(store, "readonly", (one) => one.get(key));
export const all = (store) => within(store, "readonly", (one) => one.getAll());
export const put = (store, value) => within(store, "readwrite", (one) => one.put(value));
export const remove = (store, key) => within(store, "readwrite", (one) => one.delete(key));
export const clear = (store) => within(store, "readwrite", (one) => one.clear());

// ---- a drawing in the form in which it can be stored

const written = new WeakMap(); // bitmap -> its PNG: a picture stays the same under many strokes

/** Whether a picture, or none, can be stored at once. */
export const isWritten = (bitmap) => !bitmap || written.has(bitmap);

async function write(bitmap) {
  if (!written.has(bitmap)) {
    const copy = document.createElement("canvas");
    const ratio = Math.min(1, LONG / Math.max(bitmap.width, bitmap.height)); // the sheet shows no more
    [copy.width, copy.height] = [Math.round(bitmap.width * ratio), Math.round(bitmap.height * ratio)];
    copy.getContext("2d").drawImage(bitmap, 0, 0, copy.width, copy.height);
    written.set(bitmap, await new Promise((done) => copy.toBlob(done, "image/png")));
  }
  return written.get(bitmap);
}

export async function pack({ content, ...rest }) {
  return { ...rest, content: { ...content, picture: content.picture && await write(content.picture) } };
}

export async function unpack({ content, ...rest }) {
  const picture = content.picture && await createImageBitmap(content.picture);
  if (picture) written.set(picture, content.picture); // the same PNG when it is stored again
  return { ...rest, content: { ...content, picture } };
}
