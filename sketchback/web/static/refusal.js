// A failure with a sentence for people; the page shows it as it is. `status` is that of an HTTP answer, if there was one.

export class Refusal extends Error {
  constructor(sentence, status = 0) {
    super(sentence);
    this.status = status;
  }
}
