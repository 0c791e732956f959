// Several drawings one after another: a card for each, progress, and all photographs in one archive. They are made with
// what was told, but for colours that are painted on the sheet: these belong to its drawing.

import { invert, notice, sketch } from "./backend.js";
import { suited } from "./notices.js";
import { asSheet, prepare } from "./pictures.js";
import { Refusal } from "./refusal.js";
import { scaleOfFile, wantedOfAny } from "./told.js";
import { create, element, enable, save, say } from "./ui.js";
import { chosen } from "./weights.js";
import { zip } from "./zip.js";

const MOST = 200;

const asked = (name) => ({ ...wantedOfAny(name), weights: name, format: "png", scale: scaleOfFile(name) });

export class Batch {
  #done = [];
  #stop = null; // an AbortController, while more are begun
  #ended = null; // one for all that is asked of these files
  #addresses = [];

  /** @param {{open: (file: File) => void, clean: () => boolean}} page lays a file on the canvas; whether to clean */
  constructor(page) {
    this.page = page;
    element("batch-stop").addEventListener("click", () => this.#stop?.abort());
    element("batch-close").addEventListener("click", () => this.close());
    element("batch-download").addEventListener("click", () => this.#downloadAll());
  }

  close() {
    this.#clear();
    element("batch").hidden = true;
    element("canvas").focus();
  }

  /** Ends what goes on, and forgets its photographs. */
  #clear() {
    this.#ended?.abort();
    this.#stop?.abort();
    this.#stop = null;
    element("batch-cards").replaceChildren();
    this.#addresses.forEach((address) => URL.revokeObjectURL(address));
    this.#addresses = [];
    this.#done = [];
  }

  async run(files) {
    this.#clear();
    const [stop, ended] = [new AbortController(), new AbortController()];
    [this.#stop, this.#ended] = [stop, ended];
    if (files.length > MOST) say(`A batch takes ${MOST} drawings. Received ${files.length}; the others wait.`);
    const accepted = [...files].slice(0, MOST);
    element("batch").hidden = false;
    element("batch-stop").hidden = false;
    enable("batch-download", false);
    const cards = accepted.map((file) => this.#card(file));
    element("batch-progress").max = accepted.length;
    element("batch-progress").value = 0;
    element("batch-title").focus({ preventScroll: true });
    element("batch").scrollIntoView({ behavior: "smooth", block: "start" });
    const query = { asked: asked(chosen()), clean: this.page.clean(), ended: ended.signal };
    for (const [index, file] of accepted.entries()) {
      if (stop.signal.aborted) break;
      element("batch-status").textContent = `${index + 1} of ${accepted.length}`;
      try {
        await this.#invert(file, cards[index], query, stop.signal);
      } catch (error) {
        if (stop.signal.aborted) break;
        const said = error instanceof Refusal ? error.message : "This file could not be read.";
        this.#say(cards[index], "failed", said);
      }
      element("batch-progress").value = index + 1;
    }
    if (this.#stop !== stop) return; // another batch has begun, or it was closed
    if (document.activeElement === element("batch-stop")) element("batch-title").focus({ preventScroll: true });
    element("batch-stop").hidden = true;
    this.#stop = null;
    for (const card of cards) {
      if (card.dataset.state === "waiting") this.#say(card, "stopped", "Not begun");
      if (card.dataset.state === "working") this.#say(card, "stopped", "Stopped");
    }
    this.#count();
  }

  /** Says how many are done, once no more are begun. */
  #count() {
    if (this.#stop) return;
    const states = [...element("batch-cards").children].map((card) => card.dataset.state);
    const [done, failed] = ["done", "failed"].map((one) => states.filter((state) => state === one).length);
    const bad = failed ? `, ${failed} could not be made` : "";
    const stopped = states.includes("stopped") ? "Stopped: " : "";
    element("batch-status").textContent = `${stopped}${done} of ${states.length} done${bad}`;
  }

  #card(file) {
    const card = create("li", {}, create("div", { className: "frames" }, create("span"), create("span")),
      create("b", { textContent: file.name, title: file.name }), create("p", { textContent: "Waiting" }),
      create("div", { className: "buttons" }));
    card.dataset.state = "waiting";
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
    card.querySelectorAll(".frames > span")[place].replaceChildren(create("img", { src: address, alt }));
  }

  async #invert(file, card, query, signal) {
    this.#say(card, "working", "Reading");
    const busy = (text) => this.#say(card, "working", text);
    const later = true; // the sheet comes first
    let noted = "";
    const note = (text) => { noted = text; };
    const drawing = await sketch(await prepare(file), { clean: query.clean }, { signal, busy, note, later });
    this.#frame(card, 0, drawing, `Drawing ${file.name}`);
    const button = (text, act) => {
      const added = create("button", { type: "button", textContent: text, ariaLabel: `${text} ${file.name}` });
      added.addEventListener("click", act);
      card.querySelector(".buttons").append(added);
    };
    let made = null;
    const make = async (options, said, calls) => {
      this.#say(card, "working", "Making the photograph");
      const blob = await invert(options.scale ? await asSheet(drawing) : drawing, options, { ...calls, busy, later });
      calls.signal.throwIfAborted();
      this.#frame(card, 1, blob, `Photograph made from ${file.name}`);
      if (!made) {
        made = { name: this.#name(file.name) };
        this.#done.push(made);
        button("Download", () => save(made.blob, made.name));
        enable("batch-download", true);
      }
      made.blob = blob;
      this.#say(card, "done", said);
    };
    button("To the sheet", () => this.page.open(file));
    const other = suited(await notice(drawing, { signal, busy, later }).catch(() => []), query.asked.weights);
    if (other) { // also where these weights cannot make it
      button(`Use ${other.title}`, async ({ target }) => {
        target.disabled = true;
        try {
          await make(asked(other.name), noted, { signal: query.ended });
          if ([target, document.body].includes(document.activeElement)) target.nextElementSibling.focus();
          target.remove();
        } catch (error) {
          if (query.ended.aborted) return;
          target.disabled = false;
          this.#say(card, "failed", error instanceof Refusal ? error.message : "It could not be made.");
        }
        this.#count();
      });
    }
    await make(query.asked, other ? `${noted} It looks like a ${other.shows}.`.trim() : noted, { signal });
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
    save(await zip(this.#done), "photographs.zip");
  }
}
