// Candidates: a strip of four photographs that would fit the drawing as well; one of them can be taken.

import { invert } from "./backend.js";
import { drawing } from "./state.js";
import { asDraft, told, wanted } from "./told.js";
import { act, create, element, failed } from "./ui.js";
import { can, choice, chosen } from "./weights.js";

const COUNT = 4;
const MOST = 64; // of one seed
const SIZE = 192; // pixels of the longer side
const PAUSE = 700; // milliseconds without a change before they are made: the photograph itself comes first
const MAX_SEED = 2 ** 32 - 1;

let [seed, first] = [0, 0];
let making = null; // an AbortController
let timer = null;

const buttons = Array.from({ length: COUNT }, (_, place) => {
  const button = create("button", { type: "button" }, create("img", { alt: "", draggable: false, hidden: true }),
    create("span", { ariaHidden: "true" }));
  button.addEventListener("click", () => take(first + place));
  element("candidate-strip").append(create("li", {}, button));
  return button;
});

function isTaken(number) {
  const taken = told.get("candidate");
  return taken?.seed === seed && taken.candidate === number;
}

function take(number) { told.set("candidate", isTaken(number) ? undefined : { seed, candidate: number }); }

function name() {
  element("seed").value = String(seed);
  for (const [place, button] of buttons.entries()) {
    const number = first + place;
    button.setAttribute("aria-label", `Candidate ${number} of seed ${seed}`);
    button.setAttribute("aria-pressed", String(isTaken(number)));
    button.querySelector("span").textContent = String(number);
  }
}

/** Makes the strip again, in a moment, after something changed. */
function want() {
  making?.abort();
  clearTimeout(timer);
  name();
  if (!can().candidates) return;
  element("candidate-strip").classList.add("stale");
  if (drawing.empty) buttons.forEach((button) => { button.querySelector("img").hidden = true; });
  else timer = setTimeout(() => make().catch(failed), PAUSE);
}

async function make() {
  making = new AbortController();
  const { signal } = making;
  const [sent, options, weights] = [drawing.picture(SIZE), wanted(), chosen()];
  for (const [place, button] of buttons.entries()) {
    // The one that is taken is made anew.
    const asked = asDraft({ ...options, weights, format: "jpg", seed, candidate: first + place });
    let photo;
    try {
      photo = await invert(sent, asked, { signal, later: true });
    } catch (error) {
      if (error.status === undefined || signal.aborted) throw error;
      return; // the photograph itself has failed in the same way, and said so
    }
    if (signal.aborted) return;
    const image = button.querySelector("img");
    URL.revokeObjectURL(image.src);
    image.src = URL.createObjectURL(photo);
    image.hidden = false;
  }
  element("candidate-strip").classList.remove("stale");
}

/** Turns to the four among which is the one that was taken, if one was. */
function turnToTaken() {
  const taken = told.get("candidate");
  if (taken) [seed, first] = [taken.seed, taken.candidate - (taken.candidate % COUNT)];
}

function show(newSeed, newFirst) {
  [seed, first] = [newSeed, newFirst];
  want();
}

act("more-button", () => {
  const next = first + COUNT;
  show(next < MOST ? seed : (seed + 1) % (MAX_SEED + 1), next % MOST);
});
element("seed").addEventListener("change", () => {
  // What is no seed stays to be mended, with the browser's own words beside it.
  if (element("seed").reportValidity()) show(Number(element("seed").value), 0);
});

for (const one of [drawing, choice]) one.addEventListener("change", want);
told.addEventListener("change", ({ detail }) => {
  if (detail === "candidate") return name(); // the four are the same, whichever is taken
  if (detail === null) turnToTaken();
  return want();
});
