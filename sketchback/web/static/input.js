// How pictures come in: opened, pasted, dropped, or chosen among the samples.

import { Batch } from "./batch.js";
import { ask, suited } from "./notices.js";
import { read } from "./pictures.js";
import { Refusal } from "./refusal.js";
import { beginLaying, download, drawing } from "./state.js";
import { told } from "./told.js";
import { refer } from "./tone.js";
import { turned } from "./turning.js";
import { act, create, element, failed, hush, say, status } from "./ui.js";
import { borrow, can, chosen, giveBack, showing } from "./weights.js";

const SAMPLES = [
  { file: "face_pencil.png", title: "Portrait in pencil", shows: "face" },
  { file: "face_ink.png", title: "Portrait in ink", shows: "face" },
  { file: "face_line.png", title: "Portrait in lines", shows: "face" },
  { file: "house.png", title: "House", shows: "building" },
  { file: "facade.png", title: "Façade", shows: "building" },
  { file: "tower.png", title: "Church tower", shows: "building" },
];

const stem = (name) => name.replace(/\.[^.]*$/, "");
const cleaned = () => element("clean").checked;

const batch = new Batch({
  open: (file) => open(file, { isTold: true }) // its photograph was made with what is told
    .then(() => element("canvas").scrollIntoView({ behavior: "smooth", block: "center" })).catch(failed),
  clean: cleaned,
});

/** Lays a picture on the sheet; what was told is not told of it, unless it `isTold`. */
export async function open(file, { isTold = false } = {}) {
  hush();
  const isNewest = beginLaying();
  const clean = cleaned();
  status("Reading the drawing…");
  try {
    const picture = await read(file, clean, (text) => { if (isNewest()) say(text); });
    if (!isNewest()) return;
    if (!isTold) told.renew();
    download.name = `${stem(file.name) || "drawing"}-photograph`;
    giveBack();
    const isCleaned = cleaned(); // chosen while it was read, maybe
    drawing.lay({ picture, source: file, cleaned: clean });
    element("clean").checked = isCleaned;
    if (isCleaned !== clean) await readAgain();
    else ask().catch(() => {}); // a hint less
  } catch (error) {
    if (isNewest()) status(drawing.empty ? "" : "Photograph ready");
    throw error instanceof Refusal ? new Refusal(`${file.name}: ${error.message}`) : error;
  }
}

async function take(files) {
  if (files.length === 1) await open(files[0]);
  else if (files.length) await batch.run(files);
}

/** Reads the opened file again, after the person chose to clean it, or not to. */
async function readAgain() {
  const { source, turns } = drawing.background;
  if (!source) return;
  const clean = cleaned();
  status("Reading the drawing…");
  reading += 1;
  try {
    const picture = await turned(await read(source, clean), turns);
    const now = drawing.background;
    if (now.source !== source || cleaned() !== clean) return;
    if (now.turns !== turns) await readAgain();
    else {
      drawing.lay({ picture, source, turns, cleaned: clean, strokes: drawing.content.strokes });
      ask().catch(() => {});
    }
  } catch (error) {
    status("Photograph ready"); // the one before
    throw error;
  } finally {
    reading -= 1;
    sayHowItWasRead();
  }
}

let reading = 0; // how many are read again

/** The switch says how the picture on the sheet was read, after undo as well. */
function sayHowItWasRead() {
  const { cleaned: was } = drawing.background;
  if (!reading && was !== null) element("clean").checked = was;
}
drawing.addEventListener("change", sayHowItWasRead);

act("open-button", () => element("files").click());
for (const id of ["files", "capture"]) {
  element(id).addEventListener("change", () => {
    const files = [...element(id).files];
    element(id).value = ""; // the same file can be chosen again
    take(files).catch(failed);
  });
}
element("clean").addEventListener("change", () => {
  hush(); // what it says of the picture is of how it was read before
  readAgain().catch(failed);
});

// ---- paste

act("paste-button", async () => {
  let items;
  try {
    items = await navigator.clipboard.read();
  } catch {
    return say("The browser does not let a button paste here. Press Ctrl+V (on a Mac ⌘V), or choose Open instead.");
  }
  for (const item of items) {
    const kind = item.types.find((type) => type.startsWith("image/"));
    if (kind) return open(new File([await item.getType(kind)], "pasted", { type: kind }));
  }
  return say("There is no picture on the clipboard. Copy one first.");
});
addEventListener("paste", (event) => {
  if (!document.querySelector("dialog[open]")) take([...(event.clipboardData?.files ?? [])]).catch(failed);
});

// ---- drop

let inside = 0; // `dragenter` and `dragleave` are sent for every element on the way
const carriesFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");

addEventListener("dragenter", (event) => {
  if (!carriesFiles(event)) return;
  inside += 1;
  element("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (!carriesFiles(event)) return;
  inside -= 1;
  if (inside <= 0) element("drop").hidden = true;
});
const overTone = (event) => Boolean(event.target.closest?.("#tone")) && can().tone;

addEventListener("dragover", (event) => {
  if (!carriesFiles(event)) return;
  event.preventDefault();
  element("drop").querySelector("p").textContent = overTone(event)
    ? "Let go to take over the colours of this photograph" : "Let go to open the drawing";
});
addEventListener("drop", (event) => {
  inside = 0;
  element("drop").hidden = true;
  if (!carriesFiles(event)) return;
  event.preventDefault();
  if (document.querySelector("dialog[open]")) return;
  const files = [...event.dataTransfer.files];
  (overTone(event) && files.length ? refer(files[0]) : take(files)).catch(failed);
});

// ---- samples

async function laySample(sample, address) {
  hush();
  const isNewest = beginLaying();
  try {
    const picture = await createImageBitmap(await (await fetch(address)).blob());
    if (!isNewest()) return;
    told.renew();
    const other = suited([sample.shows], chosen());
    if (other) borrow(other.name); // weights that show the same stay as the person chose them
    download.name = `${stem(sample.file)}-photograph`;
    drawing.lay({ picture });
    element("canvas").scrollIntoView({ behavior: "smooth", block: "nearest" });
  } catch {
    throw new Refusal("The sample could not be loaded. Reload the page.");
  }
}

/** Lays out the samples for which there are weights; all where there are none for any. */
export function offerSamples() {
  const fitting = SAMPLES.filter((one) => showing(one.shows));
  (fitting.length ? fitting : SAMPLES).forEach(offerSample);
}

function offerSample(sample) {
  const image = create("img", { src: `page/samples/${sample.file}`, alt: sample.title, draggable: false });
  const button = create("button", { type: "button", title: sample.title }, image);
  button.addEventListener("click", () => laySample(sample, image.src).catch(failed));
  element("samples").append(create("li", {}, button));
}
