// The backend of the page: the HTTP API of the server that the page came from.
//
// The other modules know what this one exports and nothing else, so another backend can stand in for it: `tab/backend.js`
// does in the page that needs no server. Every failure is a Refusal, or an AbortError where `signal` was aborted.

import { Refusal } from "./refusal.js";

/**
 * What the page offers; the rest is hidden. `server`: there is an HTTP API; `live`: pixels of the longer side of what is
 * sent while the person draws, generators see less.
 */
export const capabilities = { server: true, formats: ["png", "jpg", "webp", "tiff", "pdf"], live: 512 };

const TRIES = 20; // a busy server is asked again, about once a second

/**
 * What a person tells of the photograph's tone; everything may be left out. Where two say something of one place,
 * strokes count before named parts, and these before the reference. Numbers are from -1 to 1 and change the tones of
 * what no stroke and no part tells.
 * @typedef {object} Tone
 * @property {string} [skin] a colour: "#6b4423", or a word from `can.parts`
 * @property {string} [hair]
 * @property {string} [background]
 * @property {string} [sky]
 * @property {string} [wall]
 * @property {string} [ground]
 * @property {number} [lighter]
 * @property {number} [warmer]
 * @property {number} [colourful]
 * @property {Blob} [strokes] a PNG over the whole drawing, of any size: opaque where a colour is told, else transparent
 * @property {Blob} [reference] a photograph whose tones are taken over
 */

/**
 * What is wanted of a photograph; undefined leaves a thing out.
 * @typedef {object} Options
 * @property {string} weights a name from `weights()`
 * @property {string} format "png", "jpg", "webp", "tiff" or "pdf"
 * @property {boolean} [clean] the drawing is a photograph of paper, and is cleaned first
 * @property {boolean} [compare] the drawing beside the photograph
 * @property {Tone} [tone]
 * @property {number} [candidate] 0 to 63: one of many photographs that would fit, always the same for one seed; the one
 *   answer of the weights without it
 * @property {number} [seed] of the candidates, a whole number from 0 to 2^32 - 1
 * @property {number} [fidelity] from 1, the faithful mean, to 0, what looks most like a photograph
 * @property {number} [scale] 2 or 4 times the size of the drawing; 1 for its size without the enlarger; else its size
 * @property {boolean} [fast] half the time, and a little less exact
 */

/**
 * How a request goes on.
 * @typedef {object} Calls
 * @property {AbortSignal} [signal]
 * @property {(sentence: string) => void} [busy] is called when the request has to wait
 * @property {(text: string) => void} [note] is called with a sentence about what was done to the drawing
 * @property {boolean} [later] it need not come before what the person waits for
 */

/**
 * The photograph of a drawing.
 * @param {Blob} drawing
 * @param {Options} options
 * @param {Calls} [calls]
 * @returns {Promise<Blob>}
 */
export function invert(drawing, { tone: { strokes, reference, ...said } = {}, ...options }, calls) {
  const query = defined({ ...options, ...said });
  const files = defined({ strokes, reference });
  if (!Object.keys(files).length) return send("/api/invert", query, drawing, calls);
  const form = new FormData();
  for (const [name, blob] of Object.entries({ drawing, ...files })) form.append(name, blob);
  return send("/api/invert", query, form, calls);
}

/**
 * The drawing in a picture file, as the generator is shown it.
 * @param {Blob | ArrayBuffer} picture
 * @param {{clean: boolean}} options
 * @param {Calls} [calls]
 * @returns {Promise<Blob>} a PNG
 */
export const sketch = (picture, options, calls) => send("/api/sketch", options, picture, calls);

/**
 * What to ask a person about a drawing: "paper", "building", "face", "upside down"; none where nothing is sure.
 * @param {Blob} drawing
 * @returns {Promise<string[]>}
 */
export const notice = async (drawing, options) => (
  JSON.parse(await (await send("/api/notice", {}, drawing, options)).text()).notices);

/**
 * The weights to choose from, and which are the default.
 * @returns {Promise<{default: string, weights: Array<{name: string, title: string, size: ?number[], about: string,
 *   shows: string, claim: string, data: string[], architecture: string, note: string, terms: string, date: string, can: {tone: boolean,
 *   candidates: boolean, fidelity: boolean, fast: boolean, scales: number[],
 *   parts: Record<string, Record<string, string>>}}>}>}
 *   `can` says which options these weights take; `parts` holds the parts that have a colour of their own, and for each
 *   the words that may stand for one, with the colour that they mean.
 */
export const weights = () => get("/api/weights");

/** True when the default weights are loaded; before, a sentence about what is waited for. A Refusal if they cannot be. */
export async function ready() {
  const { ready: is, failure } = await get("/api/health");
  if (failure) throw new Refusal(failure);
  return is || "Warming up, a few seconds…";
}

function defined(values) {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

async function request(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The server cannot be reached. Is it still running in the terminal?");
  }
}

/** The body of an answer, `kind` "blob" or "json". */
async function bodyOf(response, kind) {
  try {
    return await response[kind]();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refusal("The answer of the server broke off. Try again.");
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
  const headers = body instanceof FormData ? {} : { "Content-Type": "application/octet-stream" };
  for (let tries = 1; ; tries += 1) {
    const response = await request(address, { method: "POST", body, signal, headers });
    const noted = response.headers.get("Sketchback-Note");
    if (noted) note?.(noted);
    if (response.ok) return bodyOf(response, "blob");
    if (response.status !== 503 || tries === TRIES) throw new Refusal(await sentence(response), response.status);
    busy?.("Busy; waiting for a free place…");
    const seconds = Number(response.headers.get("Retry-After")) || 1;
    await new Promise((done) => setTimeout(done, 1000 * seconds));
    signal?.throwIfAborted();
  }
}

async function get(path) {
  const response = await request(path);
  if (!response.ok) throw new Refusal(await sentence(response));
  return bodyOf(response, "json");
}
