// A failure with a sentence for people; the page shows it as it is.

export class Refusal extends Error {}
