// The page: what is drawn or opened on the left, its photograph on the right.

import { Batch } from "./batch.js";
import { Follower } from "./follow.js";
import { Refusal, ask, develop } from "./server.js";
import { Sheet } from "./sheet.js";

const SAMPLES = [
  { file: "face_pencil.png", title: "Portrait in pencil", weights: "faces" },
  { file: "face_ink.png", title: "Portrait in ink", weights: "faces" },
  { file: "face_line.png", title: "Portrait in lines", weights: "faces" },
  { file: "house.png", title: "House", weights: "buildings" },
  { file: "facade.png", title: "Façade", weights: "buildings" },
  { file: "tower.png", title: "Church tower", weights: "buildings" },
];
const LIVE = 512; // pixels of the longer side of what follows the strokes; generators see less
const LARGE = 2_000_000; // bytes from which a photograph is reduced before it is sent
const REDUCED = 2000; // pixels of its longer side then
const MOST_BYTES = 25_000_000;

const element = (id) => document.getElementById(id);
const sheet = new Sheet(element("sheet"), element("cross"));
let known = []; // weights
let name = "photograph"; // of the files to download
let loads = 0; // pictures that were opened; only the last one is laid on the sheet

// ---- saying

function say(text) {
  element("alert").hidden = false;
  element("alert").querySelector("p").textContent = text;
}

function hush() { element("alert").hidden = true; }

function status(text) { if (element("status").textContent !== text) element("status").textContent = text; }

function failed(error) {
  if (error.name === "AbortError") return;
  say(error instanceof Refusal ? error.message : "Something went wrong on the page. Reload it and try again.");
  if (!(error instanceof Refusal)) console.error(error);
}

const enable = (id, on) => element(id).setAttribute("aria-disabled", String(!on));
const enabled = (id) => element(id).getAttribute("aria-disabled") !== "true";

/** A click that a greyed button does not take. It stays in reach of the keyboard, so the focus is never lost. */
function act(id, action) {
  element(id).addEventListener("click", () => {
    if (enabled(id)) Promise.resolve(action()).catch(failed);
  });
}

// ---- weights

const weights = () => document.querySelector("#weights :checked")?.value ?? "";
const titleOf = (value) => known.find((one) => one.name === value)?.title ?? value;
const wide = (value) => {
  const size = known.find((one) => one.name === value)?.size;
  return size && size[1] > size[0] ? 4 / 3 : 4 / 5;
};

function choose(value) {
  const radio = [...document.querySelectorAll("#weights input")].find((one) => one.value === value);
  if (!radio) return;
  radio.checked = true;
  describe();
}

function describe() {
  const one = known.find(({ name: value }) => value === weights());
  const terms = [...new Set(one?.terms.split("; "))].join("; "); // a set's once, however often it was trained on
  const rows = one ? [
    ["Weights", one.title], ["Trained on", one.data.join(", ")], ["Note", one.note], ["Terms", terms],
    ["Made on", one.date],
  ] : [];
  const list = document.createElement("dl");
  for (const [term, text] of rows.filter(([, value]) => value)) {
    const row = document.createElement("div");
    row.append(Object.assign(document.createElement("dt"), { textContent: term }),
      Object.assign(document.createElement("dd"), { textContent: text }));
    list.append(row);
  }
  element("card-weights").replaceChildren(list);
}

function offer(answer) {
  known = answer.weights;
  for (const one of known) {
    const label = document.createElement("label");
    const radio = Object.assign(document.createElement("input"), {
      type: "radio", name: "weights", value: one.name, checked: one.name === answer.default,
    });
    label.title = one.note || one.claim || one.title;
    label.append(radio, Object.assign(document.createElement("span"), { textContent: one.title }));
    element("weights").append(label);
  }
  element("weights").addEventListener("change", () => {
    describe();
    if (sheet.empty) sheet.lay({ ratio: wide(weights()) });
    else follower.want("weights");
  });
  describe();
}

// ---- the photograph

let shown = null; // { drawing, photo }: addresses of what is seen

async function loaded(blob) {
  const address = URL.createObjectURL(blob);
  const image = new Image();
  image.src = address;
  try {
    await image.decode();
  } catch {
    URL.revokeObjectURL(address);
    throw new Refusal("The photograph could not be shown.");
  }
  return address;
}

async function follow(_, isNewest) {
  if (sheet.empty) return;
  const began = performance.now();
  const late = setTimeout(() => status("Developing…"), 400);
  document.body.classList.add("developing");
  try {
    const chosen = weights();
    const drawing = await sheet.picture(LIVE);
    const photo = await develop("/api/invert", { weights: chosen, format: "jpg" }, drawing, {
      busy: () => status("Busy; waiting for a free place…"),
    });
    const addresses = { drawing: await loaded(drawing), photo: await loaded(photo) };
    if (isNewest()) show(addresses, chosen, performance.now() - began);
    else Object.values(addresses).forEach((address) => URL.revokeObjectURL(address));
  } catch (error) {
    if (!isNewest()) return;
    status("No photograph");
    failed(error);
  } finally {
    clearTimeout(late);
    document.body.classList.remove("developing");
  }
}

function show(addresses, chosen, milliseconds) {
  const before = shown;
  shown = addresses;
  const photo = element("photo");
  photo.src = addresses.photo;
  photo.alt = `The photograph that ${titleOf(chosen)} makes of the drawing`;
  photo.dataset.number = String(Number(photo.dataset.number ?? 0) + 1);
  photo.dataset.weights = chosen;
  photo.dataset.milliseconds = milliseconds.toFixed(0);
  element("over").src = addresses.drawing;
  element("peek").querySelector("img").src = addresses.photo;
  if (before) Object.values(before).forEach((address) => URL.revokeObjectURL(address));
  arrange(true);
  status("Photograph ready");
}

function arrange(there) {
  for (const id of ["photo", "over"]) element(id).hidden = !there;
  element("photo-hint").hidden = there;
  element("compare").disabled = !there;
  element("photo-paper").classList.toggle("there", there);
  enable("download-button", there);
  compare();
  peek();
}

function compare() {
  const share = Number(element("compare").value);
  const there = !element("photo").hidden;
  element("divider").hidden = !there || share === 0 || share === 100;
  element("divider").style.left = `${share}%`;
  element("over").style.clipPath = `inset(0 ${100 - share}% 0 0)`;
  element("compare").setAttribute("aria-valuetext", `${share} percent drawing`);
}

const follower = new Follower(follow);

sheet.addEventListener("change", () => {
  const { width, height } = sheet.canvas;
  for (const paper of document.querySelectorAll(".paper")) paper.style.setProperty("--ratio", String(width / height));
  element("sheet").setAttribute("aria-label", sheet.empty ? "Drawing sheet, empty" : "Drawing sheet, with a drawing");
  element("sheet-hint").hidden = !sheet.empty;
  enable("undo-button", sheet.canUndo);
  enable("redo-button", sheet.canRedo);
  enable("clear-button", !sheet.empty);
  if (sheet.empty) {
    follower.forget();
    arrange(false);
    status("");
  } else follower.want("strokes");
});
sheet.addEventListener("pencil", ({ detail }) => status(detail === "down" ? "Pencil down" : "Pencil up"));

// ---- pictures that come in

/** Photographs of phones are larger than anything that is looked at; other kinds go to the server as they are. */
async function reduce(file) {
  let sent = file;
  if (file.size > LARGE && !/png|tiff|bmp|gif/.test(file.type)) {
    try {
      const bitmap = await createImageBitmap(file);
      const ratio = Math.min(1, REDUCED / Math.max(bitmap.width, bitmap.height));
      const copy = document.createElement("canvas");
      copy.width = Math.round(bitmap.width * ratio);
      copy.height = Math.round(bitmap.height * ratio);
      const context = copy.getContext("2d", { alpha: false });
      context.imageSmoothingQuality = "high";
      context.drawImage(bitmap, 0, 0, copy.width, copy.height);
      bitmap.close();
      sent = await new Promise((done) => copy.toBlob(done, "image/jpeg", 0.95));
    } catch { /* what the browser cannot read, the server may */ }
  }
  if (sent.size > MOST_BYTES) {
    throw new Refusal(`A file may have at most ${MOST_BYTES / 1e6} MB. Received: ${Math.round(sent.size / 1e6)}.`);
  }
  try {
    return await sent.arrayBuffer();
  } catch {
    throw new Refusal("It could not be read. Is it a folder?");
  }
}

async function open(file) {
  hush();
  loads += 1;
  const load = loads;
  status("Reading the drawing…");
  try {
    const bitmap = await read(file);
    if (load !== loads) return;
    name = `${file.name.replace(/\.[^.]*$/, "") || "drawing"}-photograph`;
    sheet.lay({ picture: bitmap, source: file });
  } catch (error) {
    if (load === loads) status(sheet.empty ? "" : "Photograph ready");
    throw error instanceof Refusal ? new Refusal(`${file.name}: ${error.message}`) : error;
  }
}

async function read(file) {
  const sketch = await develop("/api/sketch", { clean: element("clean").checked }, await reduce(file), {
    busy: () => status("Busy; waiting for a free place…"),
  });
  return createImageBitmap(sketch);
}

function take(files) {
  if (!files.length) return Promise.resolve();
  return files.length === 1 ? open(files[0]) : batch.run(files);
}

async function again() { // the same file, cleaned or not
  const { source } = sheet.sheet;
  if (!source) return;
  const { checked } = element("clean");
  status("Reading the drawing…");
  try {
    const bitmap = await read(source);
    if (sheet.sheet.source === source && element("clean").checked === checked) sheet.replace(bitmap, source);
  } catch (error) {
    status("Photograph ready"); // the one before
    throw error;
  }
}

function save(blob, title) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: title });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const batch = new Batch({
  reduce, save, say,
  open: (file) => open(file).then(() => element("sheet").scrollIntoView({ behavior: "smooth", block: "center" })).catch(failed),
  query: () => ({ weights: weights(), clean: element("clean").checked }),
});

act("open-button", () => element("files").click());
for (const id of ["files", "capture"]) {
  element(id).addEventListener("change", () => {
    const files = [...element(id).files];
    element(id).value = ""; // the same file can be chosen again
    take(files).catch(failed);
  });
}
element("clean").addEventListener("change", () => again().catch(failed));

act("paste-button", async () => {
  let items;
  try {
    items = await navigator.clipboard.read();
  } catch {
    return say("The browser does not let a button paste here. Press Ctrl+V (on a Mac ⌘V) instead.");
  }
  for (const item of items) {
    const kind = item.types.find((type) => type.startsWith("image/"));
    if (kind) return open(new File([await item.getType(kind)], "pasted", { type: kind }));
  }
  return say("There is no picture on the clipboard. Copy one first.");
});
addEventListener("paste", (event) => {
  const files = [...(event.clipboardData?.files ?? [])];
  if (files.length) take(files).catch(failed);
});

let drags = 0; // enter and leave are told for every element on the way
const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
addEventListener("dragenter", (event) => {
  if (!carries(event)) return;
  drags += 1;
  element("drop").hidden = false;
});
addEventListener("dragleave", (event) => {
  if (!carries(event)) return;
  drags -= 1;
  if (drags <= 0) element("drop").hidden = true;
});
addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
addEventListener("drop", (event) => {
  drags = 0;
  element("drop").hidden = true;
  if (!carries(event)) return;
  event.preventDefault();
  take([...event.dataTransfer.files]).catch(failed);
});

// ---- the camera

let stream = null;

act("camera-button", async () => {
  const hand = matchMedia("(pointer: coarse)").matches;
  if (hand || !navigator.mediaDevices?.getUserMedia) return element("capture").click();
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1920 } } });
  } catch (error) {
    throw new Refusal(error.name === "NotAllowedError"
      ? "The browser was not allowed to use the camera. Allow it in the address bar, or open a picture."
      : "No camera was found. Open a picture instead.");
  }
  element("video").srcObject = stream;
  element("camera").showModal();
  await element("video").play();
});
element("camera").addEventListener("close", () => {
  stream?.getTracks().forEach((track) => track.stop());
  element("video").srcObject = null;
});
act("shoot", async () => {
  const video = element("video");
  const copy = document.createElement("canvas");
  [copy.width, copy.height] = [video.videoWidth, video.videoHeight];
  copy.getContext("2d").drawImage(video, 0, 0);
  const blob = await new Promise((done) => copy.toBlob(done, "image/jpeg", 0.95));
  element("camera").close();
  return open(new File([blob], "camera.jpg", { type: "image/jpeg" }));
});

// ---- samples

for (const sample of SAMPLES) {
  const button = Object.assign(document.createElement("button"), { type: "button", title: sample.title });
  const image = Object.assign(document.createElement("img"), {
    src: `/page/samples/${sample.file}`, alt: sample.title, draggable: false,
  });
  button.append(image);
  button.addEventListener("click", async () => {
    hush();
    loads += 1;
    const load = loads;
    try {
      const bitmap = await createImageBitmap(await (await fetch(image.src)).blob());
      if (load !== loads) return;
      choose(sample.weights);
      name = `${sample.file.replace(".png", "")}-photograph`;
      sheet.lay({ picture: bitmap });
      element("sheet").scrollIntoView({ behavior: "smooth", block: "nearest" });
    } catch {
      failed(new Refusal("The sample could not be loaded. Is the server still running in the terminal?"));
    }
  });
  const item = document.createElement("li");
  item.append(button);
  element("samples").append(item);
}

// ---- tools

const tools = [...document.querySelectorAll("[name=tool]")];
const toWidth = (value) => 1.5 * 60 ** (value / 100); // 1.5 to 90 pixels of the sheet, evenly to the eye
const toValue = (width) => Math.round((Math.log(width / 1.5) / Math.log(60)) * 100);

function pick(tool) {
  sheet.tool = tool;
  tools.forEach((radio) => { radio.checked = radio.value === tool; });
  element("width").value = toValue(sheet.widths[tool]);
  element("sheet").dataset.tool = tool;
}

function widen(by) {
  element("width").value = Number(element("width").value) + by;
  sheet.widths[sheet.tool] = toWidth(Number(element("width").value));
}

tools.forEach((radio) => radio.addEventListener("change", () => pick(radio.value)));
element("width").addEventListener("input", () => widen(0));
act("undo-button", () => sheet.undo());
act("redo-button", () => sheet.redo());
act("clear-button", () => sheet.clear());
act("turn-button", () => sheet.turn());

addEventListener("keydown", (event) => {
  const writing = event.target.matches?.("input:not([type=radio], [type=range], [type=checkbox]), select, textarea");
  if (writing || document.querySelector("dialog[open]") || event.altKey) return;
  const command = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  const actions = command
    ? { z: () => (event.shiftKey ? sheet.redo() : sheet.undo()), y: () => sheet.redo() }
    : { p: () => pick("pencil"), e: () => pick("eraser"), "[": () => widen(-5), "]": () => widen(5) };
  if (!actions[key]) return;
  event.preventDefault();
  actions[key]();
});

element("compare").addEventListener("input", compare);
element("photo-paper").addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || element("photo").hidden) return;
  const paper = event.currentTarget;
  const slide = ({ clientX }) => {
    const box = paper.getBoundingClientRect();
    element("compare").value = ((clientX - box.left) / box.width) * 100;
    compare();
  };
  paper.setPointerCapture(event.pointerId);
  slide(event);
  paper.addEventListener("pointermove", slide);
  for (const end of ["pointerup", "pointercancel"]) {
    paper.addEventListener(end, () => paper.removeEventListener("pointermove", slide), { once: true });
  }
});
act("download-button", async () => {
  const kind = element("format").value;
  status("Preparing the file…");
  try {
    const drawing = await sheet.picture();
    save(await develop("/api/invert", { weights: weights(), format: kind }, drawing), `${name}.${kind}`);
  } finally {
    status("Photograph ready");
  }
});

for (const dialog of ["help", "card"]) act(`${dialog}-button`, () => element(dialog).showModal());
for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }); // on what lies around
}
element("alert").querySelector("button").addEventListener("click", hush);

// ---- light and dark; the photograph in view

const system = matchMedia("(prefers-color-scheme: dark)");
const remembered = () => { try { return localStorage.getItem("theme"); } catch { return null; } };

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

let photoInView = true;
function peek() { element("peek").hidden = photoInView || element("photo").hidden; }
new IntersectionObserver(([entry]) => {
  photoInView = entry.intersectionRatio > 0.3;
  peek();
  // Above the window counts as in view: who has gone on below it, to a batch, has seen it.
}, { threshold: [0, 0.3, 1], rootMargin: "100000px 0px 0px" }).observe(element("photo-paper"));
act("peek", () => element("photo-paper").scrollIntoView({ behavior: "smooth", block: "center" }));

// ---- begin

async function warm() {
  for (;;) {
    const { ready } = await ask("/api/health");
    if (ready) break;
    status("Warming up, a few seconds…");
    await new Promise((done) => setTimeout(done, 500));
  }
  if (element("status").textContent.startsWith("Warming") || element("status").textContent.startsWith("Starting")) {
    status(sheet.empty ? "" : "Photograph ready");
  }
}

pick("pencil");
ask("/api/weights").then((answer) => {
  offer(answer);
  sheet.start(wide(answer.default));
  document.body.dataset.ready = "true";
  return warm();
}).catch(failed);
