/** What places answered, kept for a while: for the observations that follow a listing, and for what changes by the year. */

/** How much is kept. */
interface Bounds {
  readonly count: number;
  /** For how long an answer is good, in milliseconds. */
  readonly ms: number;
  readonly now: () => number;
}

/** The newest answers by key. */
export class KeptAnswers<Answer> {
  readonly #bounds: Bounds;
  readonly #kept = new Map<string, { readonly at: number; readonly answer: Answer }>();

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /** The last answer, while it is good. */
  find(key: string): Answer | undefined {
    const known = this.#kept.get(key);
    return known && this.#bounds.now() - known.at < this.#bounds.ms ? known.answer : undefined;
  }

  /** Keeps an answer, and gives up the oldest one above the count. */
  keep(key: string, answer: Answer): void {
    this.#kept.delete(key);
    this.#kept.set(key, { at: this.#bounds.now(), answer });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > this.#bounds.count && oldest !== undefined) this.#kept.delete(oldest);
  }
}

/** Of listings: those of so many sources, for as long as one is looked at. */
export const keptListings = { count: 16, ms: 10 * 60_000 } as const;
