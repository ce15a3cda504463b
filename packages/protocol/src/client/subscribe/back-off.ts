/** How long to wait before the next try: full jitter, so that 10,000 clients do not come back together. */

/** The ceiling of the first wait, in milliseconds; each further failure doubles it. */
const firstCeilingMs = 500;
const lastCeilingMs = 30_000;

/** Counts failures in a row. */
export class BackOff {
  readonly #random: () => number;
  #failures = 0;

  constructor(random: () => number) {
    this.#random = random;
  }

  /**
   * The next wait in milliseconds: anything up to the ceiling. `atLeastMs` is what the server asked for; the jitter comes on
   * top, or all who were told the same would return in the same moment.
   */
  next(atLeastMs = 0): number {
    const ceiling = Math.min(lastCeilingMs, firstCeilingMs * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    return Math.round(atLeastMs + this.#random() * ceiling);
  }

  /** The connection works: the next failure is the first again. */
  reset(): void {
    this.#failures = 0;
  }
}
