/** Time that only goes forward: what a timestamp authority stamps with, also across restarts. */

/** How far stamped time may be ahead of the clock, and how much is reserved at once. */
const maxAheadMs = 1000;

/** What a clock is made of. */
export interface ClockParts {
  readonly now: () => number;
  /** Up to where time was reserved before: it may have been stamped. */
  readonly reservedUntil: number;
  /** Reserves durably; resolves once nobody will stamp an earlier time again, whatever happens. */
  readonly reserve: (until: number) => Promise<void>;
}

/** One to a timestamp authority and process. */
export class TimestampClock {
  readonly #parts: ClockParts;
  #last: number;
  #reservedUntil: number;
  #reserving: Promise<void> | undefined;

  constructor(parts: ClockParts) {
    this.#parts = parts;
    this.#last = parts.reservedUntil;
    this.#reservedUntil = parts.reservedUntil;
  }

  /**
   * The time to stamp, Unix ms: never before one that was stamped, and after all of them when `isOrdered`. Undefined when the
   * clock has gone back by more than `maxAheadMs`, or cannot keep up with ordered stamps.
   */
  async take({ isOrdered }: { readonly isOrdered: boolean }): Promise<number | undefined> {
    const now = this.#parts.now();
    const time = Math.max(now, this.#last + (isOrdered ? 1 : 0));
    if (time - now > maxAheadMs) return undefined;
    this.#last = time;
    await this.#reserve(time);
    return time;
  }

  /** One reservation at a time; whoever finds its time reserved meanwhile makes none. */
  async #reserve(time: number): Promise<void> {
    while (time >= this.#reservedUntil) {
      this.#reserving ??= this.#extend(time + maxAheadMs);
      await this.#reserving;
    }
  }

  async #extend(until: number): Promise<void> {
    try {
      await this.#parts.reserve(until);
      this.#reservedUntil = until;
    } finally {
      this.#reserving = undefined;
    }
  }
}
