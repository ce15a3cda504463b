/** A token bucket: paces one connection, `capacity` at once and `perSecond` after that. Time is handed in, and never goes back. */

/** What buckets are like; `perSecond` 0 lifts the limit. */
export interface BucketSize {
  readonly capacity: number;
  readonly perSecond: number;
}

/** The bucket of one connection. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  /** A full one, at `now` in milliseconds of a clock that only goes forward. */
  constructor(size: BucketSize, now: number) {
    this.#tokens = size.capacity;
    this.#at = now;
  }

  /** Takes up to `wanted` whole tokens and returns how many there were. */
  take(wanted: number, size: BucketSize, now: number): number {
    if (size.perSecond === 0) return wanted;
    this.#refill(size, now);
    const granted = Math.min(wanted, Math.floor(this.#tokens));
    this.#tokens -= granted;
    return granted;
  }

  /** Whether `wanted` whole tokens are there. */
  has(wanted: number, size: BucketSize, now: number): boolean {
    if (size.perSecond === 0) return true;
    this.#refill(size, now);
    return this.#tokens >= wanted;
  }

  #refill(size: BucketSize, now: number): void {
    if (now <= this.#at) return;
    this.#tokens = Math.min(size.capacity, this.#tokens + ((now - this.#at) / 1000) * size.perSecond);
    this.#at = now;
  }
}
