/** How fast a client sends: a little slower than the server lets frames in (docs/push.md), since what leaves in time may arrive closer together. */

/** Frames at once; the server takes ten. */
const burst = 8;
/** Between two after that; the server takes one a second. */
const intervalMs = 1100;

/** Spaces what is sent. Time is handed in, in milliseconds of a clock that never goes back. */
export class Pace {
  #freeAt = Number.NEGATIVE_INFINITY;

  /** Takes the next place, and returns how long to wait for it. */
  take(now: number): number {
    this.#freeAt = Math.max(this.#freeAt, now - burst * intervalMs) + intervalMs;
    return Math.max(0, this.#freeAt - now);
  }
}
