/** Limits by the hour (RFC 8555, section 6.6), in memory and of bounded size. */
import { AcmeProblem } from '../problem.ts';

const windowMs = 3_600_000;

/** Events remembered over all keys; beyond it the keys seen least recently are forgotten. */
const maxRemembered = 200_000;

/** Counts events by key, such as an account. */
export class HourlyLimits {
  readonly #now: () => number;
  /** The times of each key's events, oldest first; the keys in the order in which they were last seen. */
  readonly #times = new Map<string, number[]>();
  #remembered = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts one event. Throws `rateLimited`, with the time to wait, when it is one more than `limit` an hour; 0 lifts it. */
  take(key: string, limit: number): void {
    if (limit === 0) return;
    this.assertBelow(key, limit);
    this.note(key);
  }

  /** Throws `rateLimited` when another event would be one too many. */
  assertBelow(key: string, limit: number): void {
    const times = this.#recall(key);
    const oldest = times[0];
    if (limit === 0 || times.length < limit || oldest === undefined) return;
    throw new AcmeProblem('rateLimited', `expected at most ${limit} of these an hour`, {
      retryAfterSeconds: Math.max(1, Math.ceil((oldest + windowMs - this.#now()) / 1000)),
    });
  }

  /** Counts one event that has happened. */
  note(key: string): void {
    const times = this.#recall(key);
    times.push(this.#now());
    this.#times.delete(key);
    this.#times.set(key, times);
    this.#remembered += 1;
    for (const [oldest, forgotten] of this.#times) {
      if (this.#remembered <= maxRemembered || this.#times.size === 1) return;
      this.#times.delete(oldest);
      this.#remembered -= forgotten.length;
    }
  }

  #recall(key: string): number[] {
    const before = this.#times.get(key);
    if (before === undefined) return [];
    const now = this.#now();
    // A time in the future comes from a clock that was set back; it must not keep the client out.
    const times = before.filter((time) => time > now - windowMs && time <= now);
    this.#remembered -= before.length - times.length;
    if (times.length === 0) this.#times.delete(key);
    else this.#times.set(key, times);
    return times;
  }
}
