// Several drawings one after another: a card for each, progress, and all photographs in one archive.

import { Refusal, develop } from "./server.js";
import { zip } from "./zip.js";

const MOST = 200;
const element = (id) => document.getElementById(id);

export class Batch {
  #done = [];
  #stop = null;
  #addresses = [];

  /** @param {{reduce, save, open, say, query}} page what the batch needs of it */
  constructor(page) {
    this.page = page;
    element("batch-stop").addEventListener("click", () => this.#stop?.abort());
    element("batch-close").addEventListener("click", () => this.close());
    element("batch-download").addEventListener("click", () => this.#downloadAll());
  }

  close() {
    this.#stop?.abort();
    element("batch").hidden = true;
    element("batch-cards").replaceChildren();
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
    this.#addresses = [];
    element("sheet").focus();
  }

  async run(files) {
    this.#stop?.abort();
    const stop = new AbortController();
    this.#stop = stop;
    this.#done = [];
    if (files.length > MOST) this.page.say(`A batch takes ${MOST} drawings. Received ${files.length}; the others wait.`);
    const chosen = [...files].slice(0, MOST);
    element("batch").hidden = false;
    element("batch-stop").hidden = false;
    element("batch-download").setAttribute("aria-disabled", "true");
    element("batch-cards").replaceChildren();
    const cards = chosen.map((file) => this.#card(file));
    element("batch-progress").max = chosen.length;
    element("batch-progress").value = 0;
    element("batch-title").focus({ preventScroll: true });
    element("batch").scrollIntoView({ behavior: "smooth", block: "start" });
    const query = this.page.query();
    let failed = 0;
    for (const [index, file] of chosen.entries()) {
      if (stop.signal.aborted) break;
      element("batch-status").textContent = `${index + 1} of ${chosen.length}`;
      try {
        await this.#develop(file, cards[index], query, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) break;
        failed += 1;
        const said = error instanceof Refusal ? error.message : "This file could not be read.";
        this.#say(cards[index], "failed", said);
      }
      element("batch-progress").value = index + 1;
    }
    if (this.#stop !== stop) return; // another batch took over
    element("batch-stop").hidden = true;
    const bad = failed ? `, ${failed} could not be read` : "";
    const rest = chosen.length - this.#done.length - failed;
    element("batch-status").textContent = rest
      ? `Stopped: ${this.#done.length} of ${chosen.length} done${bad}`
      : `${this.#done.length} of ${chosen.length} done${bad}`;
    for (const card of cards.filter((one) => one.dataset.state === "waiting")) this.#say(card, "stopped", "Not begun");
  }

  #card(file) {
    const card = document.createElement("li");
    card.dataset.state = "waiting";
    const frames = document.createElement("div");
    frames.className = "frames";
    frames.append(document.createElement("span"), document.createElement("span"));
    const name = document.createElement("b");
    name.textContent = file.name;
    name.title = file.name;
    const said = document.createElement("p");
    said.textContent = "Waiting";
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    card.append(frames, name, said, buttons);
    element("batch-cards").append(card);
    return card;
  }

  #say(card, state, text) {
    card.dataset.state = state;
    card.querySelector("p").textContent = text;
  }

  #frame(card, place, blob, alt) {
    const address = URL.createObjectURL(blob);
    this.#addresses.push(address);
    const image = document.createElement("img");
    image.src = address;
    image.alt = alt;
    card.querySelectorAll(".frames > span")[place].replaceChildren(image);
  }

  async #develop(file, card, query, signal) {
    this.#say(card, "working", "Reading");
    const busy = () => this.#say(card, "working", "Waiting for a free place");
    const sketch = await develop("/api/sketch", { clean: query.clean }, await this.page.reduce(file), { signal, busy });
    this.#frame(card, 0, sketch, `Drawing ${file.name}`);
    this.#say(card, "working", "Developing");
    const asked = { weights: query.weights, format: "png" };
    const photo = await develop("/api/invert", asked, sketch, { signal, busy });
    this.#frame(card, 1, photo, `Photograph made from ${file.name}`);
    this.#say(card, "done", "");
    const name = this.#name(file.name);
    this.#done.push({ name, blob: photo });
    const button = (text, act) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = text;
      made.setAttribute("aria-label", `${text} ${file.name}`);
      made.addEventListener("click", act);
      card.querySelector(".buttons").append(made);
    };
    button("To the sheet", () => this.page.open(file));
    button("Download", () => this.page.save(photo, name));
    element("batch-download").setAttribute("aria-disabled", "false");
  }

  #name(file) { // two folders may hold the same name
    const stem = `${file.replace(/\.[^.]*$/, "") || "drawing"}-photograph`;
    const taken = new Set(this.#done.map(({ name }) => name));
    let name = `${stem}.png`;
    for (let number = 2; taken.has(name); number += 1) name = `${stem}-${number}.png`;
    return name;
  }

  async #downloadAll() {
    if (!this.#done.length) return;
    this.page.save(await zip(this.#done), "photographs.zip");
  }
}
