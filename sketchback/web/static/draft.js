// The drawing that is not finished is kept in the browser, so that a reload, or a tab that was put to sleep, brings it
// back. Every tab has its own.

import { drawing, photographs, restoreTold, snapshot } from "./state.js";
import { all, get, pack, put, remove, unpack } from "./store.js";

const PAUSE = 300; // milliseconds after a change
const MOST = 5; // of tabs that were closed
const MOST_SOURCE = 25_000_000; // bytes of the opened file, which cleaning reads again

let tab = "";
let timer = null;
let kept = true; // whether a reload would bring the drawing back

/** Puts the drawing of this tab back, and keeps it from now on; returns whether there was one. */
export async function restore() {
  let found;
  try {
    tab = sessionStorage.getItem("tab") ?? String(Date.now() + Math.random());
    sessionStorage.setItem("tab", tab);
    const packed = await get("drafts", tab);
    found = packed && await unpack(packed);
    const others = (await all("drafts")).filter((draft) => draft.tab !== tab).sort((a, b) => b.when - a.when);
    await Promise.all(others.slice(MOST).map((draft) => remove("drafts", draft.tab)));
  } catch {
    kept = false; // the browser may forbid storage
  }
  if (found) {
    restoreTold(found);
    drawing.start(found.content);
  }
  drawing.addEventListener("change", later);
  photographs.addEventListener("shown", later); // also where a control has changed it
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("pagehide", save);
  addEventListener("beforeunload", (event) => { if (!kept && !drawing.empty) event.preventDefault(); }); // it is asked
  return Boolean(found);
}

function later() {
  clearTimeout(timer);
  timer = setTimeout(save, PAUSE);
}

async function save() {
  clearTimeout(timer);
  try {
    const packed = await pack(snapshot());
    if (!packed.content.picture && !packed.content.strokes.length) return await remove("drafts", tab);
    if (packed.content.source?.size > MOST_SOURCE) packed.content.source = null;
    await put("drafts", { ...packed, tab, when: Date.now() });
    kept = true;
  } catch {
    kept = false;
  }
  return undefined;
}
