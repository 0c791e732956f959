// The history: every version that was looked at for a second. It can be compared with what is there now, gone back to,
// named and deleted.

import { forget } from "./draft.js";
import { uncover } from "./result.js";
import { beginLaying, drawing, photographs, restoreTold } from "./state.js";
import { clear, get, put, remove, unpack } from "./store.js";
import { told } from "./told.js";
import { act, create, element, failed, hush } from "./ui.js";
import { list, record } from "./versions.js";

const LOOKED_AT = 1000; // milliseconds

const cards = new Map(); // number of a version -> { version, item, addresses }
let timer = null;
let looking = null; // the promise that the version which was looked at last is kept
let shown = null;
let now = null; // the number of the version that is on the page
let open = null; // the version in the dialog
let naming = null; // the promise that its name is kept

photographs.addEventListener("shown", ({ detail }) => {
  clearTimeout(timer);
  shown = detail;
  now = null;
  if (element("photo").getAttribute("aria-busy") === "true") return; // its detail comes as a photograph of its own
  timer = setTimeout(() => { looking = look(detail); }, LOOKED_AT);
});
drawing.addEventListener("change", () => { if (drawing.empty) clearTimeout(timer); });

async function look(looked) {
  try {
    const id = await record(looked);
    if (shown === looked) now = id;
    await show();
  } catch (error) {
    tell(error.name === "QuotaExceededError"
      ? "The browser has no room for more versions. Delete some."
      : "This browser keeps no history, maybe because the window is private.");
  }
}

function tell(text) {
  element("history").hidden = false;
  element("history-note").textContent = text;
}

/** Shows the versions that are kept; other tabs may have changed them. */
export async function show() {
  const versions = await list();
  const wanted = new Set(versions.map(({ id }) => id));
  for (const id of cards.keys()) if (!wanted.has(id)) drop(id);
  for (const version of [...versions].reverse()) {
    if (!cards.has(version.id)) add(version);
    describe(cards.get(version.id), version);
  }
  element("history").hidden = versions.length === 0;
  element("history-note").textContent = "Kept in this browser; it never leaves this machine.";
}

function time({ when }) {
  const today = new Date().toDateString() === new Date(when).toDateString();
  return new Date(when).toLocaleString([], { dateStyle: today ? undefined : "short", timeStyle: "short" });
}

function add(version) {
  const addresses = { drawing: URL.createObjectURL(version.drawing), photo: URL.createObjectURL(version.photo) };
  const button = create("button", { type: "button" }, create("img", { src: addresses.photo, alt: "", draggable: false }),
    create("span"));
  const item = create("li", {}, button);
  button.addEventListener("click", () => compare(cards.get(version.id)));
  cards.set(version.id, { item, addresses });
  element("versions").prepend(item);
}

function describe(card, version) {
  card.version = version;
  const button = card.item.querySelector("button");
  const title = version.name || time(version);
  button.querySelector("span").textContent = title;
  button.title = title;
  button.setAttribute("aria-label", `Version ${title}`);
  if (version.id === now) button.setAttribute("aria-current", "true");
  else button.removeAttribute("aria-current");
}

function drop(id) {
  const { item, addresses } = cards.get(id);
  Object.values(addresses).forEach((address) => URL.revokeObjectURL(address));
  item.remove();
  cards.delete(id);
}

// ---- one version beside what is there now

function compare({ version, addresses }) {
  open = version;
  element("version-when").textContent = time(version);
  element("version-name").value = version.name;
  element("version-drawing").src = addresses.drawing;
  element("version-photo").src = addresses.photo;
  const there = !element("photo").hidden;
  element("version-now").hidden = !there;
  if (there) {
    element("now-drawing").src = element("over").src;
    element("now-photo").src = element("photo").src;
  }
  element("version").showModal();
}

act("version-back", async () => {
  const found = await unpack(open.snapshot);
  element("version").close();
  hush(); // what it says is of what was on the sheet
  beginLaying();
  told.renew();
  restoreTold(found);
  uncover();
  drawing.lay(found.content); // the drawing that was there before is one undo away
  element("canvas").focus({ preventScroll: true });
  element("canvas").scrollIntoView({ behavior: "smooth", block: "nearest" });
});

act("version-delete", async () => {
  if (!confirm("Delete this version?")) return;
  await naming; // which would bring it back
  await remove("versions", open.id);
  element("version").close();
  await show();
  (element("versions").querySelector("button") ?? element("canvas")).focus({ preventScroll: true });
});

async function call(id, name) {
  const kept = await get("versions", id);
  if (kept) await put("versions", { ...kept, name }); // another tab may have deleted it
  await show();
}

element("version-name").addEventListener("change", ({ target }) => {
  naming = call(open.id, target.value.trim()).catch(failed);
});

act("history-clear", async () => {
  if (!confirm(`Delete all ${cards.size} versions, those with a name as well?`)) return;
  clearTimeout(timer); // what is looked at now does not come after them
  await looking;
  await clear("versions");
  await forget(0); // the drawings of tabs that were closed
  await show();
  element("canvas").focus({ preventScroll: true });
});

document.addEventListener("visibilitychange", () => { if (!document.hidden) show().catch(() => {}); });
