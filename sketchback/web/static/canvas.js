// The drawing surface: a white or an opened picture as background, strokes on it, and the history of both.
//
// The history is a list of steps. A step is a background (its size, the picture on it, strokes that were carried over)
// or a stroke. What is seen is drawn again from the last background on, so undo and redo only move a number. Strokes of
// colour say what colour a place has; they lie on a canvas of their own, over the drawing, and are no part of it.

export const LONG = 960; // pixels of the longer side
const STEPS = 300; // of history
const WHITE = "#fff";
const NONE = "none"; // the colour of a stroke that takes colour away

/** The size of a canvas with these proportions (width : height), neither too wide nor too tall to be drawn on. */
function sized(ratio) {
  const bounded = Math.min(2, Math.max(0.5, ratio));
  return bounded < 1
    ? { width: Math.round(LONG * bounded), height: LONG }
    : { width: LONG, height: Math.round(LONG / bounded) };
}

function paint(context, stroke, from = 1) {
  const { points, width, eraser, colour } = stroke;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.globalCompositeOperation = colour === NONE ? "destination-out"
    : eraser || colour ? "source-over" : "darken"; // graphite on graphite only gets darker
  for (let index = Math.max(1, from); index < points.length; index += 1) {
    const [a, b, c] = [points[Math.max(0, index - 2)], points[index - 1], points[index]];
    const pressure = (b.pressure + c.pressure) / 2;
    const grey = Math.round(120 - 95 * Math.min(1, pressure * 1.5));
    context.strokeStyle = colour && colour !== NONE ? colour : eraser ? WHITE : `rgb(${grey},${grey},${grey})`;
    context.lineWidth = width * (0.4 + 1.2 * pressure);
    context.beginPath();
    context.moveTo((a.x + b.x) / 2, (a.y + b.y) / 2);
    context.quadraticCurveTo(b.x, b.y, (b.x + c.x) / 2, (b.y + c.y) / 2);
    context.stroke();
  }
  context.globalCompositeOperation = "source-over";
}

export class DrawingCanvas extends EventTarget {
  #steps = [];
  #at = 0; // steps that are not undone
  #stroke = null;
  #pointer = null;
  #box = null; // where the sheet was as the stroke began
  #penSeen = false;
  #point = null; // of the keyboard

  constructor(canvas, colours, cross) {
    super();
    this.canvas = canvas;
    this.colours = colours.getContext("2d");
    this.cross = cross;
    this.context = canvas.getContext("2d", { alpha: false });
    this.tool = "pencil";
    this.widths = { pencil: 4.5, eraser: 44, colour: 80, uncolour: 80 };
    this.colour = "#b3261e"; // of the tool "colour"; "uncolour" takes colour away
    this.#push({ kind: "background", ...sized(4 / 5), picture: null, source: null, turns: 0, carried: [] });
    this.#draw();
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    canvas.addEventListener("pointerup", (event) => this.#up(event));
    canvas.addEventListener("pointercancel", (event) => this.#up(event));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
    // The sheet does not go away under a stroke.
    addEventListener("wheel", (event) => { if (this.#pointer !== null) event.preventDefault(); }, { passive: false });
    addEventListener("resize", () => { if (this.#pointer !== null) this.#endStroke(); }); // a phone was turned
  }

  // ---- what it holds

  #lastBackground() {
    let index = this.#at - 1;
    while (this.#steps[index].kind !== "background") index -= 1;
    return index;
  }

  get background() { return this.#steps[this.#lastBackground()]; }

  get strokes() {
    const begin = this.#lastBackground();
    return [...this.#steps[begin].carried, ...this.#steps.slice(begin + 1, this.#at).map((step) => step.stroke)];
  }

  get empty() {
    const now = this.#stroke ? [this.#stroke] : [];
    return !this.background.picture && ![...this.strokes, ...now].some((stroke) => !stroke.eraser && !stroke.colour);
  }

  get isDrawing() { return this.#stroke !== null; }

  /** The colours that strokes tell, each once. */
  get told() {
    const colours = this.strokes.map((stroke) => stroke.colour).filter((colour) => colour && colour !== NONE);
    return [...new Set(colours)];
  }

  /** All that can be kept of it and be given to `start` or `lay`; a stroke that is being drawn belongs to it. */
  get content() {
    const { width, height, picture, source, turns, cleaned } = this.background;
    const drawn = this.#stroke ? [{ ...this.#stroke, points: [...this.#stroke.points] }] : [];
    return { ratio: width / height, picture, source, turns, cleaned, strokes: [...this.strokes, ...drawn] };
  }

  get canUndo() { return this.#at > 1; }

  get canRedo() { return this.#at < this.#steps.length; }

  /** The drawing as a picture, dark on white, its longer side at most `long` pixels. */
  picture(long = LONG) { return this.#copy(this.canvas, long, false); }

  /** The strokes of colour as a picture, transparent where none is; null where no colour is told. */
  colourPicture(long = LONG) { return this.told.length ? this.#copy(this.colours.canvas, long, true) : null; }

  #copy(canvas, long, alpha) {
    const { width, height } = canvas;
    const ratio = Math.min(1, long / Math.max(width, height));
    const copy = document.createElement("canvas");
    copy.width = Math.round(width * ratio);
    copy.height = Math.round(height * ratio);
    const context = copy.getContext("2d", { alpha, willReadFrequently: true });
    context.imageSmoothingQuality = "high";
    context.drawImage(canvas, 0, 0, copy.width, copy.height);
    // `toBlob` waits until the browser is idle, which takes longer than the encoding.
    const bytes = atob(copy.toDataURL("image/png").split(",")[1]);
    return new Blob([Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))], { type: "image/png" });
  }

  // ---- steps

  #push(step) {
    this.#steps.length = this.#at;
    this.#steps.push(step);
    if (this.#steps.length > STEPS) this.#forget();
    this.#at = this.#steps.length;
  }

  #forget() { // the oldest step; the first must stay a background
    const [background, next] = this.#steps;
    if (next.kind === "background") this.#steps.shift();
    else {
      background.carried = [...background.carried, next.stroke];
      this.#steps.splice(1, 1);
    }
  }

  #changed() { this.dispatchEvent(new Event("change")); }

  #draw() {
    const { width, height, picture } = this.background;
    for (const canvas of [this.canvas, this.colours.canvas]) {
      if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
    }
    this.colours.clearRect(0, 0, width, height);
    this.context.globalCompositeOperation = "source-over";
    this.context.fillStyle = WHITE;
    this.context.fillRect(0, 0, width, height);
    if (picture) {
      const ratio = Math.min(width / picture.width, height / picture.height);
      const [w, h] = [picture.width * ratio, picture.height * ratio];
      this.context.imageSmoothingQuality = "high";
      this.context.drawImage(picture, (width - w) / 2, (height - h) / 2, w, h);
    }
    for (const stroke of this.strokes) this.#paint(stroke);
  }

  #paint(stroke, from) { paint(stroke.colour ? this.colours : this.context, stroke, from); }

  #show() {
    this.#draw();
    this.#changed();
  }

  /** A background before which there is nothing to undo, and strokes on it that can be undone one by one. */
  start({ ratio, picture = null, source = null, turns = 0, cleaned = null, strokes = [] }) {
    this.#steps = [];
    this.#at = 0;
    this.#push({ kind: "background", ...sized(ratio), picture, source, turns, cleaned, carried: [] });
    for (const stroke of strokes) this.#push({ kind: "stroke", stroke });
    this.#show();
  }

  /**
   * A new background: white, or a picture, under strokes that are carried over; `source` is the file that it came from,
   * `turns` how many quarters it was turned since, and `cleaned` whether it was cleaned as it was read.
   */
  lay({ picture = null, source = null, turns = 0, cleaned = null, ratio = null, strokes = [] } = {}) {
    this.#endStroke();
    const { width, height } = ratio ? sized(ratio) : picture ? sized(picture.width / picture.height) : this.background;
    this.#push({ kind: "background", width, height, picture, source, turns, cleaned, carried: strokes });
    this.#show();
  }

  /** Takes back all strokes of one colour. */
  forgetColour(colour) {
    const { strokes, ...rest } = this.content;
    this.lay({ ...rest, strokes: strokes.filter((stroke) => stroke.colour !== colour) });
  }

  clear() { if (!this.empty || this.told.length) this.lay(); }

  undo() {
    this.#endStroke();
    if (!this.canUndo) return;
    this.#at -= 1;
    this.#show();
  }

  redo() {
    this.#endStroke();
    if (!this.canRedo) return;
    this.#at += 1;
    this.#show();
  }

  // ---- strokes

  #startStroke(point, eraserEnd = false) {
    const tool = !eraserEnd ? this.tool : this.tool.endsWith("colour") ? "uncolour" : "eraser";
    this.#stroke = {
      points: [point, { ...point, x: point.x + 0.1 }], // a touch leaves a dot
      width: this.widths[tool],
      eraser: tool === "eraser",
      colour: { colour: this.colour, uncolour: NONE }[tool],
    };
    this.#paint(this.#stroke);
    this.#changed();
  }

  #add(point) {
    const { points } = this.#stroke;
    const last = points.at(-1);
    if (Math.hypot(point.x - last.x, point.y - last.y) < 1) return;
    points.push(point);
    this.#paint(this.#stroke, points.length - 1);
  }

  #endStroke() {
    if (!this.#stroke) return;
    const stroke = this.#stroke;
    this.#stroke = null;
    this.#pointer = null;
    stroke.points.push(stroke.points.at(-1)); // the curve ends between the last two points
    this.#paint(stroke, stroke.points.length - 1);
    this.#push({ kind: "stroke", stroke });
    this.cross.classList.remove("down");
    this.#changed();
  }

  #dropStroke() {
    this.#stroke = null;
    this.#pointer = null;
    this.#show();
  }

  #where(event) {
    const box = this.#box;
    const pressure = event.pointerType === "pen" ? event.pressure : 0.5; // other pointers do not measure it
    return {
      x: ((event.clientX - box.left) / box.width) * this.canvas.width,
      y: ((event.clientY - box.top) / box.height) * this.canvas.height,
      pressure,
    };
  }

  #down(event) {
    if (event.pointerType === "pen") this.#penSeen = true;
    const palm = this.#penSeen && event.pointerType === "touch";
    const eraserEnd = (event.buttons & 32) !== 0;
    if (this.#pointer !== null || palm || (event.button !== 0 && !eraserEnd)) return;
    event.preventDefault();
    this.canvas.dataset.by = "pointer"; // a person who draws by hand needs no focus ring
    this.canvas.focus({ preventScroll: true });
    this.#endStroke();
    this.cross.hidden = true;
    this.#pointer = event.pointerId;
    this.canvas.setPointerCapture(event.pointerId);
    this.#box = this.canvas.getBoundingClientRect(); // what comes above the sheet in mid-stroke bends no line
    this.#startStroke(this.#where(event), eraserEnd);
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return undefined;
    if (!event.buttons) return this.#endStroke(); // it was lifted where the browser did not see it
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) this.#add(this.#where(one));
    return this.#changed();
  }

  #up(event) {
    if (event.pointerId !== this.#pointer) return;
    if (event.type === "pointercancel" && event.pointerType === "touch") this.#dropStroke(); // two fingers zoom
    else this.#endStroke();
  }

  // ---- by keyboard

  #key(event) {
    delete this.canvas.dataset.by;
    const step = event.shiftKey ? 40 : 10;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const { width, height } = this.canvas;
    const { x, y } = this.#point ?? { x: width / 2, y: height / 2 };
    this.#point = { x: Math.min(width, x), y: Math.min(height, y), pressure: 0.5 }; // the sheet may have been turned
    if (event.key in moves && !event.ctrlKey && !event.metaKey && !event.altKey) {
      const [dx, dy] = moves[event.key];
      this.#point = {
        x: Math.min(width, Math.max(0, this.#point.x + dx * step)),
        y: Math.min(height, Math.max(0, this.#point.y + dy * step)),
        pressure: 0.5,
      };
      if (this.#stroke && this.#pointer === null) {
        this.#add(this.#point);
        this.#changed();
      }
    } else if (event.key === " ") {
      if (event.repeat) return event.preventDefault();
      const lifted = this.#stroke !== null;
      if (lifted) this.#endStroke();
      else this.#startStroke(this.#point);
      this.dispatchEvent(new CustomEvent("pencil", { detail: lifted ? "up" : "down" }));
    } else return undefined;
    event.preventDefault();
    this.cross.hidden = false;
    this.cross.classList.toggle("down", this.#stroke !== null);
    this.cross.style.left = `${(this.#point.x / width) * 100}%`;
    this.cross.style.top = `${(this.#point.y / height) * 100}%`;
    return undefined;
  }

  #leave() {
    if (this.#pointer === null) this.#endStroke();
    this.cross.hidden = true;
    delete this.canvas.dataset.by;
  }
}
