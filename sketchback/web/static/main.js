// The page: what is drawn or opened on the left, its photograph on the right.
//
// Each module holds one part of it: `state` the drawing, `controls` its tools, `input` the pictures that come in,
// `weights` the choice of weights, `result` the photograph, `batch` several drawings; `told` what is told of the
// photograph beside the drawing, `tone` and `candidates` the controls of that; `draft` and `history` keep it all,
// `notices` asks about what was overlooked; `backend` makes photographs.

import * as backend from "./backend.js";
import "./camera.js";
import "./candidates.js";
import "./controls.js";
import { left, restore } from "./draft.js";
import { show } from "./history.js";
import { offerSamples } from "./input.js";
import { update } from "./result.js";
import { drawing, keep } from "./state.js";
import { told } from "./told.js";
import "./tone.js";
import { element, failed, say, status } from "./ui.js";
import { chosen, offer, ratioOf, restore as restoreWeights } from "./weights.js";

function hideWhatIsMissing({ formats, ...offered }) {
  for (const one of document.querySelectorAll("[data-needs]")) one.hidden = !offered[one.dataset.needs];
  for (const one of element("format").querySelectorAll("option")) {
    if (![...formats, "ora"].includes(one.value)) one.remove(); // layers are put together by the page itself
  }
}

async function begin() {
  hideWhatIsMissing(backend.capabilities);
  const answer = await backend.weights();
  offer(answer, () => {
    if (drawing.empty && !drawing.told.length) drawing.lay({ ratio: ratioOf(chosen()) });
    else update();
  });
  offerSamples();
  keep("weights", { read: chosen, restore: (name) => restoreWeights(name) });
  keep("told", { read: () => told.all, restore: (all) => { told.all = all; } });
  const restored = await restore();
  if (!drawing.empty) update(); // somebody has drawn already
  else if (!restored) drawing.start({ ratio: ratioOf(answer.default) });
  if (drawing.empty && !restored) await offerLast().catch(() => {}); // the browser may forbid storage
  document.body.dataset.ready = "true"; // what looks at the page from outside waits for this
  show().catch(() => {}); // a browser that keeps nothing says so when there is something to keep
  await waitUntilWarm();
}

async function offerLast() {
  const goOn = await left();
  if (!goOn) return;
  const hide = say("Your last drawing is still here.", { label: "Go on with it", action: () => goOn().then(update) });
  drawing.addEventListener("change", hide, { once: true }); // another one is begun
}

async function waitUntilWarm() {
  let said = element("status").textContent;
  for (let state = await backend.ready(); state !== true; state = await backend.ready()) {
    said = state;
    status(said);
    await new Promise((done) => setTimeout(done, 300));
  }
  if (element("status").textContent === said) status(element("photo").hidden ? "" : "Photograph ready");
}

begin().catch((error) => {
  status(""); // nothing is waited for
  addEventListener("beforeunload", (event) => { if (!drawing.empty) event.preventDefault(); }); // no draft is kept
  failed(error);
});
