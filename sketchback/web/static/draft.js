// The drawing that is not finished is kept in the browser, so that a reload, or a tab that was put to sleep, brings it
// back. Every tab has its own, also one that was duplicated: a lock with the tab's name is held while its page lives.

import { Refusal } from "./refusal.js";
import { drawing, photographs, restoreTold, snapshot } from "./state.js";
import { all, get, isWritten, pack, put, remove, unpack } from "./store.js";
import { told } from "./told.js";
import { choice } from "./weights.js";

const LOCK = "tab "; // and the name of a tab
const PAUSE = 300; // milliseconds after a change
const MOST = 5; // of tabs that were closed
const MOST_SOURCE = 25_000_000; // bytes of the opened file, which cleaning reads again

let tab = "";
let timer = null;
let kept = true; // whether a reload would bring the drawing back; the browser asks where it would not

/** Puts the drawing of this tab back, and keeps it from now on; returns whether there was one. */
export async function restore() {
  let found;
  let before;
  try {
    before = sessionStorage.getItem("tab"); // which the browser copies with a tab that is duplicated
    tab = before ?? named();
    if (!await hold(tab)) {
      tab = named();
      await hold(tab);
    }
    sessionStorage.setItem("tab", tab);
    const packed = before && await get("drafts", before);
    found = packed && await unpack(packed);
    await forget();
  } catch {
    kept = false; // the browser may forbid storage
  }
  if (found) {
    putBack(found);
    if (tab !== before) save(); // a copy, which goes its own way
  }
  for (const one of [drawing, told, choice]) one.addEventListener("change", later);
  photographs.addEventListener("shown", later); // its seed, for one
  document.addEventListener("visibilitychange", () => { if (document.hidden) save(); });
  addEventListener("pagehide", save);
  addEventListener("beforeunload", (event) => { if (!kept && !drawing.empty) event.preventDefault(); });
  return Boolean(found);
}

function putBack(found) {
  restoreTold(found);
  if (drawing.empty) drawing.start(found.content);
  else drawing.lay(found.content); // what somebody has drawn already is one undo away
}

/** The last drawing of a tab that was closed, and what puts it on this sheet; none while another tab is open. */
export async function left() {
  const { closed, open } = await drafts();
  if (open || !closed.length) return null;
  return async () => {
    const packed = await get("drafts", closed[0].tab);
    if (!packed) throw new Refusal("That drawing was deleted meanwhile, with the history.");
    putBack(await unpack(packed));
    await save();
    if (kept) await remove("drafts", packed.tab);
  };
}

const named = () => String(Date.now() + Math.random());

/** Holds the lock of a tab for as long as the page lives; false where another page has it. */
const hold = (name) => new Promise((done) => {
  if (!navigator.locks) return done(true); // plain HTTP from another machine
  return navigator.locks.request(LOCK + name, { ifAvailable: true }, (lock) => {
    done(Boolean(lock));
    return lock && new Promise(() => {});
  }).catch(() => done(true));
});

/** The drafts of tabs that were closed, the last first, and whether another tab is open; without locks, it may be. */
async function drafts() {
  const held = (await navigator.locks?.query())?.held.map(({ name }) => name).filter((name) => name.startsWith(LOCK));
  const [mine, open] = [LOCK + tab, held?.some((name) => name !== LOCK + tab) ?? true];
  const closed = (await all("drafts")).filter((draft) => ![mine, ...held ?? []].includes(LOCK + draft.tab));
  return { closed: closed.sort((a, b) => b.when - a.when), open };
}

/** Deletes all but the last drafts of tabs that were closed; without locks, of all others. */
export async function forget(most = MOST) {
  const { closed } = await drafts();
  await Promise.all(closed.slice(most).map((draft) => remove("drafts", draft.tab)));
}

function later() {
  clearTimeout(timer);
  const isNew = !isWritten(drawing.background.picture); // too long to be written while the page goes
  if (isNew) kept = false;
  timer = setTimeout(save, isNew ? 0 : PAUSE);
}

async function save() {
  clearTimeout(timer);
  try {
    const packed = await pack(snapshot());
    if (!packed.content.picture && !packed.content.strokes.length) return await remove("drafts", tab);
    if (packed.content.source?.size > MOST_SOURCE) packed.content.source = null;
    await put("drafts", { ...packed, tab, when: Date.now() });
    kept = isWritten(drawing.background.picture); // there may be another one by now
  } catch {
    kept = false;
  }
  return undefined;
}
