/** How many connections there may be: in total, from one address, of one principal, and new ones in a second. */
import { Refusal } from '../../errors.ts';
import type { Transport } from '../metrics.ts';
import { BackOff } from './back-off.ts';
import type { Reader } from './reader.ts';
import { type BucketSize, TokenBucket } from './token-bucket.ts';

/** The limits; 0 lifts one. */
export interface AdmissionLimits {
  readonly total: number;
  readonly perAddress: number;
  readonly perPrincipal: number;
  readonly newPerSecond: number;
}

/** The limits by name, for figures and refusals. */
export type LimitName = 'total' | 'address' | 'principal' | 'rate';

/** Counts connections. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #refused: (limit: LimitName) => void;
  readonly #counts = new Map<string, number>();
  readonly #bucket: TokenBucket;
  readonly #size: BucketSize;
  readonly #backOff = new BackOff();
  readonly #byTransport: Record<Transport, number> = { sse: 0, ws: 0, poll: 0 };
  #total = 0;

  constructor(limits: AdmissionLimits, refused: (limit: LimitName) => void) {
    this.#limits = limits;
    this.#refused = refused;
    this.#size = { capacity: limits.newPerSecond, perSecond: limits.newPerSecond };
    this.#bucket = new TokenBucket(this.#size, performance.now());
  }

  /**
   * Lets a connection in; the function returned, called once or more often, lets it out. Throws `unavailable` above what the server takes and
   * `rate_limited` above what one address or principal may have, with the time to wait: longer each time.
   */
  enter(reader: Reader, transport: Transport): () => void {
    const keys = listKeys(reader);
    this.#assertRoom(keys);
    for (const key of keys) this.#backOff.forget(key);
    this.#byTransport[transport] += 1;
    this.#total += 1;
    for (const key of keys) this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
    let isIn = true;
    return () => {
      if (!isIn) return;
      isIn = false;
      this.#total -= 1;
      this.#byTransport[transport] -= 1;
      for (const key of keys) this.#release(key);
    };
  }

  /** Whether a connection would be let in; counts nothing. */
  hasRoom(reader: Reader): boolean {
    return this.#findFull(listKeys(reader)) === undefined && this.#bucket.has(1, this.#size, performance.now());
  }

  /** How many are in, by transport. */
  get counts(): Readonly<Record<Transport, number>> {
    return this.#byTransport;
  }

  #assertRoom(keys: readonly string[]): void {
    const full = this.#findFull(keys);
    if (full) throw this.#refuse(full, keys);
    if (this.#bucket.take(1, this.#size, performance.now()) === 0) throw this.#refuse('rate', keys);
  }

  #findFull([address = '', principal]: readonly string[]): LimitName | undefined {
    const { total, perAddress, perPrincipal } = this.#limits;
    if (isFull(this.#total, total)) return 'total';
    if (isFull(this.#counts.get(address) ?? 0, perAddress)) return 'address';
    return principal !== undefined && isFull(this.#counts.get(principal) ?? 0, perPrincipal) ? 'principal' : undefined;
  }

  #refuse(limit: LimitName, [address = '', principal = address]: readonly string[]): Refusal {
    this.#refused(limit);
    const expected = describeLimit(limit, this.#limits);
    const isOwn = limit === 'address' || limit === 'principal';
    const seconds = this.#backOff.next(limit === 'principal' ? principal : address, performance.now());
    // Spread, so that all who were turned away from a full server do not come back together.
    const retryAfterSeconds = isOwn ? seconds : seconds + Math.floor(Math.random() * 5 * seconds);
    return new Refusal(isOwn ? 'rate_limited' : 'unavailable', `expected ${expected}`, {
      rule: `push-limit-${limit}`,
      retryAfterSeconds,
    });
  }

  #release(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}

function listKeys({ principal, address }: Reader): string[] {
  return [`address ${address}`, ...(principal ? [`principal ${principal.kind} ${principal.id}`] : [])];
}

function describeLimit(limit: LimitName, { total, perAddress, perPrincipal, newPerSecond }: AdmissionLimits): string {
  switch (limit) {
    case 'total':
      return `at most ${total} listeners`;
    case 'address':
      return `at most ${perAddress} listeners from one address`;
    case 'principal':
      return `at most ${perPrincipal} listeners of one session or key`;
    case 'rate':
      return `at most ${newPerSecond} new listeners a second`;
  }
}

function isFull(count: number, limit: number): boolean {
  return limit !== 0 && count >= limit;
}
