// The worker of the page that needs no server: one picture at a time, so that the page itself never waits.

import { Refusal } from "../refusal.js";
import { picture, toGray } from "./arrays.js";
import { clean } from "./cleanup.js";
import { decode, decodePhoto, decodeStrokes, encode } from "./files.js";
import { forgetOthers } from "./keep.js";
import { Network } from "./networks.js";
import { checkDrawn, turnNegative } from "./oddities.js";
import { run } from "./pipeline.js";
import { leaveGpu, runtimeOf } from "./runtime.js";
import { notice } from "./subject.js";

const MOST = 16_000_000; // pixels of a photograph

const known = (async () => {
  const response = await fetch(new URL("../weights.json", import.meta.url));
  const answer = await response.json();
  const listed = [...answer.helpers, ...answer.weights];
  const files = [...Object.values(answer.runtimes), ...listed, ...listed.flatMap(({ parts = [] }) => parts)];
  for (const one of files) one.address = new URL(`../${one.file}`, import.meta.url).href;
  await forgetOthers(files.map(({ address }) => address));
  return answer;
})();
const networks = new Map(); // name -> a network
const coming = new Map(); // name -> the promise of what it is made of
const came = { bytes: 0, of: 0 };

async function factsOf(name) {
  const { helpers, weights } = await known;
  const facts = [...weights, ...helpers].find((one) => one.name === name);
  if (!facts) throw new Refusal(`There are no weights ${name} on this site.`);
  return facts;
}

/** Fetches what a network is made of, unless it is there. Several may come at a time. */
async function fetched(name) {
  const [facts, runtime] = [await factsOf(name), await runtimeOf(await known)];
  if (networks.has(name)) return null;
  if (!coming.has(name)) {
    if (!coming.size) [came.bytes, came.of] = [0, 0];
    const files = [facts, ...facts.parts ?? [], ...networks.size || coming.size ? [] : [runtime]];
    came.of += files.reduce((sum, { bytes }) => sum + bytes, 0);
    coming.set(name, Network.fetch(facts, runtime, (bytes, kept) => {
      came.bytes += bytes;
      if (!kept) postMessage({ progress: came });
    }));
  }
  try {
    return await coming.get(name);
  } catch (error) {
    coming.delete(name); // the next one tries again
    throw error;
  }
}

/** In its turn only: a network is made while no other one runs. */
async function network(name) {
  const files = await fetched(name);
  if (files) networks.set(name, await Network.load(files));
  coming.delete(name);
  return networks.get(name);
}

// What a request cannot begin without; it may take minutes to come, and other requests do not wait for it.
const NEEDED = {
  load: ({ name }) => name,
  invert: ({ weights, fidelity }) => (fidelity ? `${weights}-between` : weights),
};

/** What a person tells of the tones, with the files in it as pictures. */
async function told({ strokes, reference, ...numbers }, can) {
  if (!can.tone) throw new Refusal("These weights cannot be told tones. Choose others, or take back what is told.");
  const pictures = {};
  if (strokes) pictures.strokes = await decodeStrokes(strokes);
  if (reference) pictures.reference = await decodePhoto(reference);
  return { ...numbers, ...pictures };
}

const VERBS = {
  load: async ({ name }) => {
    const [height, width] = (await network(name)).facts.size ?? [128, 128];
    await run(await network(name), picture(height, width, 1), {}); // the first time, the browser still compiles
  },
  sketch: async ({ file, clean: isPaper }) => {
    const drawn = await (isPaper ? decodePhoto : decode)(file);
    const { sketch, note } = turnNegative(toGray(drawn));
    const made = isPaper ? clean(note ? sketch : drawn) : sketch; // the colour of the paper is divided out
    return { file: await encode(checkDrawn(made), "png"), note };
  },
  notice: async ({ file }) => notice(await decode(file)),
  invert: async ({ file, weights, format, tone = {}, candidate, seed, fidelity = 0, scale }) => {
    const { sketch: drawn, note } = turnNegative(await decode(file));
    checkDrawn(drawn);
    const { can, sampler } = await factsOf(weights);
    if (scale && (!can.scales.includes(scale) || drawn.height * drawn.width * scale ** 2 > MOST)) {
      throw new Refusal(`A photograph of this drawing cannot be ${scale} times as large here. Take a smaller size.`);
    }
    if (candidate !== undefined && !can.candidates) throw new Refusal("These weights have one answer. Choose others.");
    if (fidelity && !can.fidelity) throw new Refusal("These weights have one end of a training only. Choose others.");
    const generator = await network(fidelity ? `${weights}-between` : weights);
    const photo = await run(generator, drawn, {
      tone: Object.keys(tone).length ? await told(tone, can) : {},
      candidate,
      seed,
      fidelity,
      scale,
      sampler: () => network(sampler),
      enlarger: () => (scale === 1 || can.scales.length === 1 ? null : network("enlarger")),
    });
    return { file: await encode(photo, format), note };
  },
};

const dropped = new Set(); // numbers of what nobody waits for any more

/** Does it, in WebAssembly where a GPU was lost, has too little memory, or computes wrongly. */
async function attempt(verb, query) {
  try {
    return await VERBS[verb](query);
  } catch (error) {
    if (error instanceof Refusal || !await leaveGpu()) throw error;
    console.error(error);
    networks.clear();
    return VERBS[verb](query);
  }
}

async function answer({ id, verb, query }) {
  try {
    if (NEEDED[verb]) await fetched(NEEDED[verb](query));
    await inTurn(async () => {
      if (!dropped.delete(id)) postMessage({ id, result: await attempt(verb, query) });
    });
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    const sentence = error instanceof Refusal ? error.message : "Something went wrong in this tab. Reload the page.";
    postMessage({ id, error: sentence, status: error.status });
  }
}

let last = Promise.resolve();

/** One after the other. */
function inTurn(action) {
  const done = last.then(action);
  last = done.catch(() => {}); // said by who waits for it
  return done;
}

addEventListener("message", ({ data }) => {
  if (data.drop) dropped.add(data.drop);
  else answer(data);
});
