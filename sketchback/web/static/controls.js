// The controls of the drawing: tools, width of the stroke, undo and redo; keys; dialogs; light and dark.

import { beginLaying, download, drawing, UNNAMED } from "./state.js";
import { told } from "./told.js";
import { turn } from "./turning.js";
import { act, element, enable, hush, status } from "./ui.js";
import { can, choice, giveBack } from "./weights.js";

drawing.addEventListener("change", () => {
  const { empty } = drawing;
  element("canvas").setAttribute("aria-label", empty ? "Drawing sheet, empty" : "Drawing sheet, with a drawing");
  element("canvas-hint").hidden = !empty;
  enable("undo-button", drawing.canUndo);
  enable("redo-button", drawing.canRedo);
  enable("clear-button", !empty || drawing.told.length > 0);
});
drawing.addEventListener("pencil", ({ detail }) => status(detail === "down" ? "Pencil down" : "Pencil up"));

// ---- tools

const tools = [...document.querySelectorAll("[name=tool]")];
const THINNEST = 1.5; // pixels of the canvas
const THICKEST = { pencil: 20, eraser: 90, colour: 90, uncolour: 90 }; // the generators take thicker strokes for black things, not for lines
const growth = (tool) => THICKEST[tool] / THINNEST;
const toWidth = (tool, value) => THINNEST * growth(tool) ** (value / 100); // even steps to the eye
const toValue = (tool, width) => Math.round((Math.log(width / THINNEST) / Math.log(growth(tool))) * 100);

function pick(tool) {
  drawing.tool = tool;
  const coloured = tool.endsWith("colour");
  tools.forEach((radio) => { radio.checked = radio.value === (coloured ? "colour" : tool); });
  element("colour-row").hidden = !coloured;
  element("rub-button").setAttribute("aria-pressed", String(tool === "uncolour"));
  element("width").value = toValue(tool, drawing.widths[tool]);
}

function widen(by) {
  element("width").value = Number(element("width").value) + by;
  drawing.widths[drawing.tool] = toWidth(drawing.tool, Number(element("width").value));
}

tools.forEach((radio) => radio.addEventListener("change", () => pick(radio.value)));
element("width").addEventListener("input", () => widen(0));
pick("pencil");

element("colour").addEventListener("input", () => {
  drawing.colour = element("colour").value;
  pick("colour");
});
act("rub-button", () => pick(drawing.tool === "uncolour" ? "colour" : "uncolour"));
choice.addEventListener("change", () => { if (!can().tone && drawing.tool.endsWith("colour")) pick("pencil"); });

act("undo-button", () => drawing.undo());
act("redo-button", () => drawing.redo());
act("clear-button", () => {
  hush(); // what it says is of what was on the sheet
  beginLaying(); // a picture that is being read does not come after it
  told.renew();
  download.name = UNNAMED;
  giveBack();
  drawing.clear();
});
act("turn-button", () => turn(drawing));

// A browser that goes back puts values into the controls after all modules have run.
addEventListener("pageshow", () => {
  pick(drawing.tool);
  element("colour").value = drawing.colour;
});

// ---- keys

addEventListener("keydown", (event) => {
  const writing = event.target.matches?.("input:not([type=radio], [type=range], [type=checkbox]), select, textarea");
  if (writing || document.querySelector("dialog[open]") || event.altKey) return;
  const chord = event.ctrlKey || event.metaKey;
  const isLatin = /^[\x20-\x7e]$/.test(event.key); // on other layouts a chord is known by its place
  const key = (chord && !isLatin ? event.code.replace("Key", "") : event.key).toLowerCase();
  // One letter acts at the drawing alone (WCAG 2.1.4): a person who speaks to the machine writes letters anywhere.
  if (!chord && event.target !== document.body && !event.target.closest?.("#canvas, .tools, .colour-row")) return;
  const actions = chord
    ? { z: () => (event.shiftKey ? drawing.redo() : drawing.undo()), y: () => drawing.redo() }
    : { p: () => pick("pencil"), e: () => pick("eraser"), c: () => can().tone && pick("colour"), "[": () => widen(-5), "]": () => widen(5) };
  if (!actions[key]) return;
  event.preventDefault();
  actions[key]();
});

// ---- dialogs

for (const dialog of ["help", "card"]) act(`${dialog}-button`, () => element(dialog).showModal());
for (const dialog of document.querySelectorAll("dialog")) {
  const isAround = ({ target, clientX, clientY }) => {
    const { left, right, top, bottom } = dialog.getBoundingClientRect();
    return target === dialog && (clientX < left || clientX > right || clientY < top || clientY > bottom);
  };
  let begun = false; // around it: text that is selected may end there
  dialog.addEventListener("pointerdown", (event) => { begun = isAround(event); });
  dialog.addEventListener("click", (event) => { if (begun && isAround(event)) dialog.close(); });
}

// ---- light and dark

const system = matchMedia("(prefers-color-scheme: dark)");

function remembered() {
  try { return localStorage.getItem("theme"); } catch { return null; } // the browser may forbid storage
}

function colour(theme = remembered() ?? (system.matches ? "dark" : "light")) {
  document.documentElement.dataset.theme = theme;
  element("theme-button").setAttribute("aria-pressed", String(theme === "dark"));
}

act("theme-button", () => {
  const theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  try { localStorage.setItem("theme", theme); } catch { /* not remembered, then */ }
  colour(theme);
});
system.addEventListener("change", () => colour());
colour();
