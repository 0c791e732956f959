// The photograph: it follows the drawing, can be compared with it, and can be downloaded.

import { capabilities, invert } from "./backend.js";
import { Follower } from "./follow.js";
import { openRaster } from "./openraster.js";
import { Refusal } from "./refusal.js";
import { download, drawing, photographs, snapshot } from "./state.js";
import { asDraft, scaleOfFile, told, wanted } from "./told.js";
import { act, element, enable, failed, save, status } from "./ui.js";
import { can, choice, chosen, titleOf } from "./weights.js";

const DETAIL = 512; // pixels of the longer side of the photograph with detail

const REST = 250; // milliseconds without a change before the enlarger adds its detail

const LONG = 1000; // milliseconds after which what is asked for is aborted, where something else is told

const SLOW = 300; // milliseconds of an answer; one that takes longer is not begun before the pen is lifted

const EMPTY = 422; // what the backend answers to a sheet on which nothing is drawn

const PREPARING = "Preparing the file…";

const thumbnails = [...document.querySelectorAll(".thumbnail")];
const follower = new Follower(follow);
let calm = () => {}; // closes a message about this drawing, which is over with the next photograph
let resting = null; // a timer, while the photograph lacks the enlarger's detail
let detail = null; // an AbortController, while it is wanted with that detail
let shown = null; // { drawing, photo }: addresses of what is seen
let took = 0; // milliseconds, the last answer
let downloading = false;
let asking = null; // aborts what is asked for
let askedAt = 0; // when that was
let announced = null; // the version that is shown, as the history keeps it

/** Makes a photograph of the drawing as it is now. */
export function update() {
  stopRefining();
  if (!chosen()) return; // the weights are not known yet
  if (!drawing.isDrawing || took < SLOW) follower.want();
}

/** Whether a photograph is made again with all detail when the pen rests. */
const isRefined = (weights) => can(weights).scales.length > 1;

/** Makes it once more, with all detail, unless something changes before. Until then the photograph is "busy". */
function refine(weights, withDetail) {
  const due = !withDetail && isRefined(weights);
  busy(due);
  if (!due || detail) return; // it has it, or it is wanted already
  clearTimeout(resting);
  resting = setTimeout(() => {
    detail = new AbortController();
    follower.want();
  }, REST);
}

function stopRefining() {
  clearTimeout(resting);
  detail?.abort();
  detail = null;
}

function busy(is) { element("photo").setAttribute("aria-busy", String(is)); }

told.addEventListener("change", ({ detail }) => {
  // A fidelity of its own may take minutes to be fetched, and is maybe not wanted any more.
  if (performance.now() - askedAt > LONG && (detail === null || detail === "fidelity")) asking?.abort();
  update();
});
choice.addEventListener("change", () => asking?.abort()); // other weights may still be on their way

drawing.addEventListener("change", () => {
  const { width, height } = drawing.canvas;
  proportion(element("canvas").parentElement, width / height);
  if (element("photo").hidden) proportion(element("photo-picture"), width / height);
  if (drawing.empty) {
    stopRefining();
    busy(false);
    follower.forget();
    asking?.abort();
    arrange(false);
    status("");
  } else update();
});

function proportion(picture, ratio) { picture.style.setProperty("--ratio", String(ratio)); }

async function follow(isNewest) {
  if (drawing.empty) return;
  const began = performance.now();
  askedAt = began;
  const withDetail = detail !== null;
  asking = detail ?? new AbortController();
  const { signal } = asking;
  const tell = (text) => { if (isNewest()) status(text); }; // the sheet may be empty by now
  const late = setTimeout(tell, 400, "Making the photograph…");
  document.body.classList.add("inferring");
  try {
    const weights = chosen();
    const made = snapshot();
    const sent = drawing.picture(withDetail ? DETAIL : capabilities.live);
    let noted = "Photograph ready";
    const note = (text) => { noted = text; };
    const best = { ...wanted(), weights, format: "jpg" };
    const asked = !withDetail && isRefined(weights) ? asDraft(best) : best;
    const photo = await invert(sent, asked, { busy: tell, note, signal, later: withDetail });
    const addresses = { drawing: await loaded(sent), photo: await loaded(photo) };
    if (isNewest()) {
      if (!withDetail) took = performance.now() - began;
      show(addresses, { weights, milliseconds: performance.now() - began, ratio: made.content.ratio });
      refine(weights, withDetail);
      status(noted);
      announce({ drawing: sent, photo, snapshot: made });
      calm();
    } else revoke(addresses);
  } catch (error) {
    if (!isNewest() || error.name === "AbortError") return; // something newer is wanted
    busy(false);
    if (withDetail) {
      announce(announced); // no better one will come
      return status("Photograph ready, without all its detail");
    }
    if (error.status === EMPTY) { // a first dot, or all is erased
      arrange(false);
      return status("Nothing is drawn yet");
    }
    status("No photograph");
    const mayPass = error instanceof Refusal && !error.status; // the server was away, or its answer broke off
    calm = failed(error, mayPass ? { label: "Try again", action: update } : {});
  } finally {
    clearTimeout(late);
    document.body.classList.remove("inferring");
  }
}

function announce(version) {
  announced = version;
  photographs.dispatchEvent(new CustomEvent("shown", { detail: version }));
}

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

function revoke(addresses) { Object.values(addresses).forEach((address) => URL.revokeObjectURL(address)); }

function show(addresses, { weights, milliseconds, ratio }) {
  const before = shown;
  shown = addresses;
  const photo = element("photo");
  photo.src = addresses.photo;
  proportion(element("photo-picture"), ratio);
  photo.alt = `The photograph that ${titleOf(weights)} makes of the drawing`;
  photo.dataset.number = String(Number(photo.dataset.number ?? 0) + 1);
  photo.dataset.weights = weights;
  photo.dataset.milliseconds = milliseconds.toFixed(0);
  element("over").src = addresses.drawing;
  for (const one of thumbnails) one.querySelector("img").src = addresses.photo;
  if (before) revoke(before);
  arrange(true);
}

function arrange(there) {
  for (const id of ["photo", "over"]) element(id).hidden = !there;
  element("photo-hint").hidden = there;
  element("compare").disabled = !there;
  element("photo-picture").classList.toggle("there", there);
  enable("download-button", there && !downloading);
  compare();
  placeThumbnails();
}

// ---- comparing: the drawing lies over the left part of the photograph

function compare() {
  const share = Number(element("compare").value);
  const there = !element("photo").hidden;
  element("divider").hidden = !there || share === 0 || share === 100;
  element("divider").style.left = `${share}%`;
  element("over").style.clipPath = `inset(0 ${100 - share}% 0 0)`;
  element("compare").setAttribute("aria-valuetext", `${share} percent drawing`);
}

/** Shows all of the photograph, nothing of the drawing over it. */
export function uncover() {
  element("compare").value = "0";
  compare();
}

const ENDS = ["pointerup", "pointercancel"];

element("compare").addEventListener("input", compare);
element("photo-picture").addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || element("photo").hidden) return;
  const picture = event.currentTarget;
  const slide = ({ clientX }) => {
    const box = picture.getBoundingClientRect();
    element("compare").value = ((clientX - box.left) / box.width) * 100;
    compare();
  };
  const before = element("compare").value;
  const end = ({ type }) => {
    picture.removeEventListener("pointermove", slide);
    for (const one of ENDS) picture.removeEventListener(one, end);
    if (type !== "pointercancel") return;
    element("compare").value = before; // the finger scrolls the page
    compare();
  };
  picture.setPointerCapture(event.pointerId);
  slide(event);
  picture.addEventListener("pointermove", slide);
  for (const one of ENDS) picture.addEventListener(one, end);
});

// ---- the file: from the drawing at its full size, or larger

act("download-button", async () => {
  const format = element("format").value;
  const before = element("status").textContent;
  status(PREPARING);
  downloading = true; // a large one takes a while
  enable("download-button", false);
  try {
    const layered = format === "ora";
    const { name } = download; // all is of what is drawn now, whatever is opened until the answer is there
    const picture = drawing.picture();
    const strokes = layered ? drawing.colourPicture() : null;
    const asked = { ...wanted(), weights: chosen(), format: layered ? "png" : format, scale: scaleOfFile() };
    const photo = await invert(picture, asked, { later: true });
    const file = layered ? await openRaster({ drawing: picture, strokes, photo }) : photo;
    save(file, `${name}.${format}`);
  } finally {
    if (element("status").textContent === PREPARING) status(before);
    downloading = false;
    enable("download-button", !element("photo").hidden);
  }
});

// ---- a thumbnail where the photograph is out of view: in the heads that stay in sight on narrow screens

let inView = true;

function placeThumbnails() {
  for (const one of thumbnails) one.hidden = inView || element("photo").hidden;
}

new IntersectionObserver(([entry]) => {
  inView = entry.intersectionRatio > 0.3;
  placeThumbnails();
}, { threshold: [0, 0.3, 1] }).observe(element("photo-picture"));
for (const one of thumbnails) {
  one.addEventListener("click", () => element("photo-picture").scrollIntoView({ behavior: "smooth", block: "center" }));
}
