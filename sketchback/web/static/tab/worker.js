// The worker of the page that needs no server: one picture at a time, so that the page itself never waits.

import { Refusal } from "../refusal.js";
import { decode, decodePhoto, decodeStrokes, encode } from "./files.js";
import { Generator } from "./inference.js";
import { forgetOthers } from "./keep.js";
import { checkDrawn } from "./oddities.js";

const known = (async () => {
  const response = await fetch(new URL("../weights.json", import.meta.url));
  const answer = await response.json();
  for (const one of [answer.runtime, ...answer.weights]) one.address = new URL(`../${one.file}`, import.meta.url).href;
  await forgetOthers([answer.runtime, ...answer.weights].map(({ address }) => address));
  return answer;
})();
const generators = new Map(); // name -> the promise of a generator
const came = { bytes: 0, of: 0 };

async function generator(name) {
  const { runtime, weights } = await known;
  const facts = weights.find((one) => one.name === name);
  if (!facts) throw new Refusal(`There are no weights ${name} on this site.`);
  if (!generators.has(name)) {
    came.bytes = 0;
    came.of = facts.bytes + (generators.size ? 0 : runtime.bytes);
    generators.set(name, Generator.load(facts, runtime, (bytes) => {
      came.bytes += bytes;
      postMessage({ progress: came });
    }));
  }
  try {
    return await generators.get(name);
  } catch (error) {
    generators.delete(name); // the next one tries again
    throw error;
  }
}

/** What a person tells of the tones, with the files in it as pictures. */
async function told({ strokes, reference, ...numbers }, can) {
  if (!can.tone) throw new Refusal("These weights cannot be told tones. Choose others, or take back what is told.");
  const pictures = {};
  if (strokes) pictures.strokes = await decodeStrokes(strokes);
  if (reference) pictures.reference = await decodePhoto(reference);
  return { ...numbers, ...pictures };
}

const VERBS = {
  load: async ({ name }) => { await generator(name); },
  sketch: async ({ file }) => ({ file: await encode(checkDrawn(await decode(file)), "png") }),
  invert: async ({ file, weights, format, tone = {} }) => {
    const drawn = checkDrawn(await decode(file));
    const made = await generator(weights);
    const said = Object.keys(tone).length ? await told(tone, made.facts.can) : {};
    return { file: await encode(await made.predict(drawn, said), format) };
  },
};

async function answer({ id, verb, query }) {
  try {
    postMessage({ id, result: await VERBS[verb](query) });
  } catch (error) {
    if (!(error instanceof Refusal)) console.error(error);
    const sentence = error instanceof Refusal ? error.message : "Something went wrong in this tab. Reload the page.";
    postMessage({ id, error: sentence, status: error.status });
  }
}

let last = Promise.resolve();
addEventListener("message", ({ data }) => { last = last.then(() => answer(data)); });
