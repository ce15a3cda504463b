/** Limits by client: at most so many requests in any sixty seconds. Kept in memory, of bounded size. */
import { Refusal } from '../errors.ts';

const windowMs = 60_000;

/** Requests remembered over all clients; beyond it the clients seen least recently are forgotten. */
const maxRemembered = 200_000;

/** Counts the requests of each client. */
export interface RateLimit {
  /** Counts one request of `client`. Throws `Refusal('rate_limited')`, with the time to wait, when it is one too many. */
  take(client: string): void;
}

/** A limit of `perMinute` requests in any minute (a sliding window, so no burst at its edges); 0 lifts it. */
export function createRateLimit(perMinute: number, now: () => number, remembered: number = maxRemembered): RateLimit {
  return perMinute === 0 ? { take: () => undefined } : new SlidingWindow(perMinute, now, remembered);
}

class SlidingWindow implements RateLimit {
  readonly #perMinute: number;
  readonly #now: () => number;
  readonly #maxRemembered: number;
  /** The times of each client's requests, oldest first; the clients in the order in which they were last seen. */
  readonly #times = new Map<string, number[]>();
  #remembered = 0;

  constructor(perMinute: number, now: () => number, maxRemembered: number) {
    this.#perMinute = perMinute;
    this.#now = now;
    this.#maxRemembered = maxRemembered;
  }

  take(client: string): void {
    const now = this.#now();
    const times = this.#recall(client, now);
    const oldest = times[0];
    if (times.length >= this.#perMinute && oldest !== undefined) {
      throw new Refusal('rate_limited', `expected at most ${this.#perMinute} such requests a minute`, {
        retryAfterSeconds: Math.max(1, Math.ceil((oldest + windowMs - now) / 1000)),
      });
    }
    times.push(now);
    this.#remembered += 1;
    this.#forgetOldest();
  }

  /** The client's requests inside the window, moved to the end of the map as the one seen last. */
  #recall(client: string, now: number): number[] {
    const before = this.#times.get(client) ?? [];
    // A time in the future comes from a clock that was set back; it must not keep the client out.
    const times = before.filter((time) => time > now - windowMs && time <= now);
    this.#remembered -= before.length - times.length;
    this.#times.delete(client);
    this.#times.set(client, times);
    return times;
  }

  #forgetOldest(): void {
    for (const [client, times] of this.#times) {
      if (this.#remembered <= this.#maxRemembered || this.#times.size <= 1) return;
      this.#times.delete(client);
      this.#remembered -= times.length;
    }
  }
}
