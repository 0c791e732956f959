// Follows something that changes faster than it can be answered: one request at a time, and then the newest.

export class Follower {
  #wanted = null; // what changed last
  #busy = false;
  #timer = null;

  /**
   * @param {(wanted: unknown, isNewest: () => boolean) => Promise<void>} answer
   * @param {number} pause milliseconds between two requests, so that strokes have time to be drawn
   */
  constructor(answer, pause = 60) {
    this.answer = answer;
    this.pause = pause;
  }

  want(something) {
    this.#wanted = { something };
    if (!this.#busy && this.#timer === null) this.#timer = setTimeout(() => this.#next(), this.pause);
  }

  /** Nothing is wanted any more; an answer on its way is not the newest. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = null;
    this.generation = (this.generation ?? 0) + 1;
  }

  async #next() {
    this.#timer = null;
    if (!this.#wanted) return;
    const { something } = this.#wanted;
    const generation = this.generation;
    this.#wanted = null;
    this.#busy = true;
    try {
      await this.answer(something, () => this.generation === generation);
    } finally {
      this.#busy = false;
      if (this.#wanted) this.#timer = setTimeout(() => this.#next(), this.pause);
    }
  }

  get idle() { return !this.#busy && this.#timer === null; }
}
