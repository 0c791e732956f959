// Choosing the weights: what the drawing shows.

import { create, element } from "./ui.js";

let known = [];

/** Says "change" when other weights were chosen, by a person or by a sample. */
export const choice = new EventTarget();

const find = (name) => known.find((one) => one.name === name);

export const chosen = () => document.querySelector("#weights :checked")?.value ?? "";

const NOTHING = { tone: false, candidates: false, fidelity: false, fast: false, scales: [1], parts: {} };

/** What weights can do, by default the chosen ones; see `weights` in the backend. */
export const can = (name = chosen()) => find(name)?.can ?? NOTHING;

export const titleOf = (name) => find(name)?.title ?? name;

/** What weights make photographs of, "face" or "building"; empty where nobody knows. */
export const shows = (name) => find(name)?.shows ?? "";

let own = null; // the weights that a person chose, while a sample brought others

let choices = 0; // by the person

const latest = new Map(); // "face" or "building" -> the weights of it that were chosen last

/** The weights that show such a thing: those that were chosen last, or the first. */
export const showing = (subject) => latest.get(subject) ?? known.find((one) => one.shows === subject);

/** Width : height of an empty sheet for these weights. */
export function ratioOf(name) {
  const size = find(name)?.size; // height, width in training
  return size && size[1] > size[0] ? 4 / 3 : 4 / 5;
}

/** Chooses weights for the person. */
export function choose(name) {
  choices += 1;
  restore(name);
}

/** Chooses weights that come with a drawing. */
export function restore(name, before = null) {
  const radio = [...document.querySelectorAll("#weights input")].find((one) => one.value === name);
  if (!radio) return;
  radio.checked = true;
  own = before;
  describe();
}

/** Chooses weights for a sample, until a drawing of the person's own comes. */
export function borrow(name) { restore(name, own ?? chosen()); }

/** Chooses again what the person had chosen. */
export function giveBack() { if (own) restore(own); }

/** The choice as it is now, and what brings it back, unless the person chose meanwhile. */
export function remember() {
  const [name, before, made] = [chosen(), own, choices];
  return () => { if (made === choices) restore(name, before); };
}

/** Offers the weights of a backend; `changed` is called when the person chooses others. */
export function offer(answer, changed) {
  known = answer.weights;
  for (const one of known) {
    const radio = create("input", { type: "radio", name: "weights", value: one.name, checked: one.name === answer.default });
    const title = one.about || one.claim || one.title;
    element("weights").append(create("label", { title }, radio, create("span", { textContent: one.title })));
  }
  element("weights").addEventListener("change", () => {
    own = null;
    choices += 1;
    describe();
    changed();
  });
  describe();
}

/** Fills the part of "What to know" that is about these weights. */
function describe() {
  const one = find(chosen());
  if (!one) return;
  latest.set(one.shows, one);
  choice.dispatchEvent(new Event("change"));
  const terms = [...new Set(one.terms.split("; "))].join("; "); // two stages may have used the same data
  const rows = [
    ["Weights", one.title], ["Trained on", one.data.join(", ")], ["Terms", terms], ["Made on", one.date],
  ];
  const list = create("dl", {}, ...rows.filter(([, text]) => text).map(([term, text]) => (
    create("div", {}, create("dt", { textContent: term }), create("dd", { textContent: text })))));
  for (const said of document.querySelectorAll("[data-shows]")) said.hidden = said.dataset.shows !== (one.shows || "face");
  element("weights-about").textContent = one.about;
  element("card-weights").replaceChildren(list);
}
