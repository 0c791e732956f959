// The controls of tone and fidelity, and the list of what was told.

import { Refusal } from "./refusal.js";
import { drawing } from "./state.js";
import { CHANGES, told } from "./told.js";
import { act, create, element, failed } from "./ui.js";
import { can, choice } from "./weights.js";

const REFERENCE = 256; // pixels of the longer side of a reference that is kept: tones are coarse
const capital = (text) => text[0].toUpperCase() + text.slice(1);

// ---- changes of the whole, and fidelity: sliders, in hundredths

const WORDS = {
  lighter: ["Darker", "Lighter"], warmer: ["Cooler", "Warmer"], colourful: ["Less colour", "More colour"],
};
const sliders = [...CHANGES, "fidelity"];

for (const name of sliders) {
  const slider = element("tone").querySelector(`[data-slider=${name}]`);
  let before;
  slider.addEventListener("pointerdown", () => { before = told.get(name); });
  slider.addEventListener("pointercancel", () => told.set(name, before)); // the finger scrolls the page
  slider.addEventListener("input", () => {
    const value = Number(slider.value);
    told.set(name, value || name === "fidelity" ? value / 100 : undefined);
  });
}

function showSliders() {
  for (const name of sliders) {
    element("tone").querySelector(`[data-slider=${name}]`).value = String(100 * (told.get(name) ?? 0));
  }
}

// ---- colours of parts: a word, or any colour

const OWN = "own"; // the choice that stands for a colour without a word

function showParts() {
  const { parts } = can();
  const rows = element("parts");
  const names = Object.keys(parts);
  if (names.join() !== [...rows.children].map((row) => row.dataset.part).join()) {
    rows.replaceChildren(...names.map((name) => partRow(name, parts[name])));
  }
  for (const row of rows.children) {
    const said = told.get(row.dataset.part);
    const words = parts[row.dataset.part];
    const word = Object.keys(words).find((one) => words[one] === said);
    row.querySelector("select").value = said === undefined ? "" : word ?? OWN;
    row.querySelector("select").querySelector(`[value=${OWN}]`).hidden = said === undefined || word !== undefined;
    row.querySelector("[type=color]").value = said ?? "#808080";
    row.querySelector("[type=color]").classList.toggle("untold", said === undefined);
  }
}

function partRow(name, words) {
  const select = create("select", { ariaLabel: `${capital(name)}: colour in a word` },
    create("option", { value: "", textContent: "any" }),
    ...Object.keys(words).map((word) => create("option", { value: word, textContent: word })),
    create("option", { value: OWN, textContent: "own", hidden: true }));
  const well = create("input", { type: "color", ariaLabel: `${capital(name)}: any colour`, title: "Any colour" });
  select.addEventListener("change", () => told.set(name, words[select.value]));
  well.addEventListener("input", () => told.set(name, well.value));
  const row = create("div", { className: "part" }, create("span", { textContent: capital(name) }), select, well);
  row.dataset.part = name;
  return row;
}

// ---- a reference photograph

let referred = 0;

/** Takes over the tones of a photograph, unless another one, or another drawing, comes before they are read. */
export async function refer(file) {
  referred += 1;
  const asked = [referred, told.renewals];
  let bitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch {
    throw new Refusal(`${file.name}: the browser cannot read this picture. Save it as JPEG or PNG.`);
  }
  const ratio = Math.min(1, REFERENCE / Math.max(bitmap.width, bitmap.height));
  const copy = create("canvas", {
    width: Math.max(16, Math.round(bitmap.width * ratio)), height: Math.max(16, Math.round(bitmap.height * ratio)),
  });
  copy.getContext("2d").drawImage(bitmap, 0, 0, copy.width, copy.height);
  bitmap.close();
  const blob = await new Promise((done) => copy.toBlob(done, "image/png"));
  if (asked[0] === referred && asked[1] === told.renewals) told.set("reference", { blob, name: file.name });
}

act("reference-button", () => element("reference").click());
element("reference").addEventListener("change", () => {
  const [file] = element("reference").files;
  element("reference").value = "";
  if (file) refer(file).catch(failed);
});

// ---- the list of what was told

act("repeat-button", () => {
  told.repeat();
  element("told-title").focus(); // the button is gone
});

function entries() {
  const { tone, candidates, fidelity, parts } = can();
  const found = [];
  const add = (name, text, colour) => {
    if (told.get(name) !== undefined) found.push({ text, colour, takeBack: () => told.set(name) });
  };
  if (candidates) {
    const { seed, candidate } = told.get("candidate") ?? {};
    add("candidate", `Candidate ${candidate} of seed ${seed}`);
  }
  if (tone) {
    for (const colour of drawing.told) {
      found.push({ text: `Painted ${colour}`, colour, takeBack: () => drawing.forgetColour(colour) });
    }
    for (const name of Object.keys(parts)) {
      const said = told.get(name);
      const word = Object.keys(parts[name]).find((one) => parts[name][one] === said);
      add(name, `${capital(name)}: ${word ?? said}`, said);
    }
    for (const name of CHANGES) {
      const value = Math.round(100 * told.get(name));
      add(name, `${WORDS[name][value > 0 ? 1 : 0]} by ${Math.abs(value)}`);
    }
    add("reference", `Colours of ${told.get("reference")?.name}`);
  }
  if (fidelity) add("fidelity", `Fidelity ${told.get("fidelity")}`);
  return found;
}

function list() {
  const list = element("told");
  const at = [...list.children].findIndex((item) => item.contains(document.activeElement));
  const found = entries();
  const written = found.map((one) => one.text).join("\n");
  element("told-none").hidden = found.length > 0;
  element("repeat-button").hidden = !told.canRepeat;
  if (list.dataset.written === written) return;
  list.dataset.written = written;
  list.replaceChildren(...found.map(({ text, colour, takeBack }) => {
    const button = create("button", {
      type: "button", className: "quiet", textContent: "Take back", ariaLabel: `Take back: ${text}`,
    });
    button.addEventListener("click", takeBack);
    const spot = create("i", { className: "spot", hidden: !colour });
    if (colour) spot.style.background = colour;
    return create("li", {}, spot, create("span", { textContent: text }), button);
  }));
  if (at < 0) return; // the focus stays in the list
  const next = list.children[Math.min(at, found.length - 1)];
  (next?.querySelector("button") ?? element("told-title")).focus();
}

/** Shows the controls that the chosen weights have, with what was told. */
function show() {
  const { tone, fidelity, candidates, scales } = can();
  element("tone").hidden = !tone && !fidelity;
  element("tone-controls").hidden = !tone;
  element("fidelity").hidden = !fidelity;
  element("scale").hidden = scales.length < 2;
  element("colour-tool").hidden = !tone;
  element("candidates").hidden = !candidates;
  document.querySelector(".pair").classList.toggle("three", !element("tone").hidden);
  showSliders();
  showParts();
  list();
}

/** Says how many pixels a size is. */
function measure() {
  const { width, height } = drawing.canvas;
  for (const { value, firstChild } of element("scale").options) {
    firstChild.data = `${value * width} × ${value * height}`;
  }
}

choice.addEventListener("change", show);
told.addEventListener("change", show);
for (const react of [list, measure]) drawing.addEventListener("change", react);
