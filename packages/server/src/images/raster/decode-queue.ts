/** Who has a picture decoded next: organisations in turn, few at a time, and no more waiting than there is patience for. */
import { Refusal } from '../../errors.ts';

/** How much is decoded and may wait. */
export interface DecodeLimits {
  /** Pictures decoded at a time; of one caller it is never more than one. */
  readonly running: number;
  readonly waiting: number;
  readonly waitingOfOne: number;
}

/** Each that waits holds a picture of some megabytes, and may take as long as the time limit of one. */
export const decodeLimits: DecodeLimits = { running: 2, waiting: 48, waitingOfOne: 12 };

const retryAfterSeconds = 5;

/** A line for each caller; whoever was served stands behind all others. */
export class DecodeQueue {
  readonly #limits: DecodeLimits;
  /** Those who wait by caller, whose turn it is first. Never empty lines. */
  readonly #lines = new Map<string, (() => void)[]>();
  readonly #running = new Set<string>();
  #waiting = 0;

  constructor(limits: DecodeLimits) {
    this.#limits = limits;
  }

  /** Does the work when it is the caller's turn. Throws `rate_limited` when he has too much waiting, `unavailable` when all together have. */
  async run<T>(caller: string, work: () => Promise<T>): Promise<T> {
    await this.#enter(caller);
    try {
      return await work();
    } finally {
      this.#leave(caller);
    }
  }

  async #enter(caller: string): Promise<void> {
    // Who waits while a place is free has a picture in work already.
    if (this.#running.size < this.#limits.running && !this.#running.has(caller)) {
      this.#running.add(caller);
      return;
    }
    const line = this.#lines.get(caller) ?? [];
    this.#assertRoom(line.length);
    this.#waiting += 1;
    await new Promise<void>((resolve) => this.#lines.set(caller, [...line, resolve]));
  }

  #assertRoom(ofOne: number): void {
    const options = { rule: 'image-queue-full', retryAfterSeconds, hint: 'send it again in a moment' };
    if (ofOne >= this.#limits.waitingOfOne) {
      throw new Refusal('rate_limited', `expected at most ${ofOne} pictures of an organisation to wait`, options);
    }
    if (this.#waiting >= this.#limits.waiting) {
      throw new Refusal('unavailable', 'too many pictures wait to be looked at', options);
    }
  }

  /** Hands the place to the first in line who has no picture in work. */
  #leave(caller: string): void {
    this.#running.delete(caller);
    const next = [...this.#lines].find(([other]) => !this.#running.has(other));
    if (!next) return;
    const [other, [start, ...rest]] = next;
    this.#lines.delete(other);
    if (rest.length > 0) this.#lines.set(other, rest);
    this.#waiting -= 1;
    this.#running.add(other);
    start?.();
  }
}
