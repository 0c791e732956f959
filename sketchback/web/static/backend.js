// The backend of the page: the HTTP API of the server that the page came from.
//
// The other modules know these four functions only, so another backend can stand in for this one. Every failure is a
// Refusal, or an AbortError where `signal` was aborted.

import { Refusal } from "./refusal.js";

const TRIES = 20; // a busy server is asked again, about once a second

/**
 * The photograph of a drawing.
 * @param {Blob} drawing
 * @param {{weights: string, format: string}} query
 * @param {{signal?: AbortSignal, busy?: () => void, note?: (text: string) => void}} options `busy` is called when the
 *   request has to wait, `note` with a sentence about what was done to the drawing
 * @returns {Promise<Blob>}
 */
export const invert = (drawing, query, options) => send("/api/invert", query, drawing, options);

/**
 * The drawing in a picture file, as the generator is shown it.
 * @param {Blob | ArrayBuffer} picture
 * @param {{clean: boolean}} query
 * @returns {Promise<Blob>} a PNG
 */
export const sketch = (picture, query, options) => send("/api/sketch", query, picture, options);

/**
 * What to ask a person about a drawing: "paper", "building", "face", "upside down"; none where nothing is sure.
 * @param {Blob} drawing
 * @returns {Promise<string[]>}
 */
export const notice = async (drawing, options) => (
  JSON.parse(await (await send("/api/notice", {}, drawing, options)).text()).notices);

/** The weights to choose from, and which are the default. */
export const weights = () => get("/api/weights");

/** Whether the default weights are loaded. */
export const ready = async () => (await get("/api/health")).ready;

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server cannot be reached. Is it still running in the terminal?");
  }
}

async function sentence(response) {
  try {
    return (await response.json()).error || response.statusText;
  } catch {
    return `The server answered ${response.status}.`;
  }
}

async function send(path, query, body, { signal, busy, note } = {}) {
  const address = `${path}?${new URLSearchParams(query)}`;
  const headers = { "Content-Type": "application/octet-stream" };
  for (let tries = 1; ; tries += 1) {
    const response = await request(address, { method: "POST", body, signal, headers });
    const noted = response.headers.get("Sketchback-Note");
    if (noted) note?.(noted);
    if (response.ok) return response.blob();
    if (response.status !== 503 || tries === TRIES) throw new Refusal(await sentence(response), response.status);
    busy?.();
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    await new Promise((done) => setTimeout(done, 1000 * seconds));
    signal?.throwIfAborted();
  }
}

async function get(path) {
  const response = await request(path);
  if (!response.ok) throw new Refusal(await sentence(response));
  return response.json();
}
