// Follows something that changes faster than it can be answered: one request at a time, and then the newest.

export class Follower {
  #wanted = false;
  #busy = false;
  #timer = null;
  #generation = 0; // of answers; `forget` begins another

  /**
   * @param {(isNewest: () => boolean) => Promise<void>} answer
   * @param {number} pause milliseconds between two requests, so that strokes have time to be drawn
   */
  constructor(answer, pause = 60) {
    this.answer = answer;
    this.pause = pause;
  }

  want() {
    this.#wanted = true;
    if (!this.#busy && this.#timer === null) this.#wait();
  }

  /** Nothing is wanted any more; an answer on its way is not the newest. */
  forget() {
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#wanted = false;
    this.#generation += 1;
  }

  #wait() { this.#timer = setTimeout(() => this.#next(), this.pause); }

  async #next() {
    this.#timer = null;
    const generation = this.#generation;
    this.#wanted = false;
    this.#busy = true;
    try {
      await this.answer(() => this.#generation === generation);
    } finally {
      this.#busy = false;
      if (this.#wanted) this.#wait();
    }
  }
}
