// What the modules of the page share: elements, messages, buttons, downloads.

import { Refusal } from "./refusal.js";

export const element = (id) => document.getElementById(id);

/** A new element with properties and children. */
export function create(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/**
 * Shows a message above the page until it is closed; with a button if there is something to do about it. Returns what
 * closes this message, if it is still there.
 */
export function say(text, { label = "", action = null } = {}) {
  const line = element("alert").querySelector("p");
  element("alert").hidden = false;
  line.textContent = text;
  const button = element("alert-action");
  button.hidden = !action;
  button.textContent = label;
  button.onclick = () => {
    close();
    Promise.resolve(action()).catch(failed);
  };
  return () => { if (line.textContent === text) hush(); };
}

export function hush() { element("alert").hidden = true; }

/** Closes the message whose button has the focus, which goes to the sheet. */
function close() {
  hush();
  element("canvas").focus({ preventScroll: true });
}

element("alert-close").addEventListener("click", close);

/** The line beside "Photograph"; a screen reader reads it out, so the same text is not set twice. */
export function status(text) {
  if (element("status").textContent !== text) element("status").textContent = text;
}

/** Says what went wrong, see `say`; returns what closes that message, if it is still there. */
export function failed(error, button = {}) {
  if (error.name === "AbortError") return () => {};
  if (!(error instanceof Refusal)) console.error(error);
  return say(error instanceof Refusal ? error.message : "Something went wrong on the page. Reload it and try again.", button);
}

/** A button that is disabled in this way stays in reach of the keyboard, so the focus is never lost. */
export function enable(id, on) { element(id).setAttribute("aria-disabled", String(!on)); }

/** Runs an action on a click, unless the button is disabled. */
export function act(id, action) {
  element(id).addEventListener("click", () => {
    if (element(id).getAttribute("aria-disabled") !== "true") Promise.resolve(action()).catch(failed);
  });
}

export function save(blob, name) {
  const link = create("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
