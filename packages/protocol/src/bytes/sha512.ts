/** SHA-384 and SHA-512 in pieces (FIPS 180-4), on halves of 32 bits: Web Crypto hashes only what is in memory as a whole. */
import { encodeHex } from './hex.ts';
import type { StreamingHash } from './sha256.ts';

/** A new SHA-384. */
export function createSha384(): StreamingHash {
  return new Sha512(deriveState(8), 48);
}

/** A new SHA-512. */
export function createSha512(): StreamingHash {
  return new Sha512(deriveState(0), 64);
}

const blockBytes = 128;
const rounds = 80;
const letters = 8;

class Sha512 implements StreamingHash {
  /** High and low half of each word, in turn. */
  readonly #state: Int32Array;
  readonly #digestBytes: number;
  readonly #schedule = new Int32Array(2 * rounds);
  /** The words a to h. */
  readonly #working = new Int32Array(2 * letters);
  readonly #pending = new Uint8Array(blockBytes);
  readonly #constants = deriveConstants();
  #pendingBytes = 0;
  #totalBytes = 0;

  constructor(state: Int32Array, digestBytes: number) {
    this.#state = state;
    this.#digestBytes = digestBytes;
  }

  update(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    for (let offset = 0; offset < bytes.length; ) {
      const taken = Math.min(blockBytes - this.#pendingBytes, bytes.length - offset);
      this.#pending.set(bytes.subarray(offset, offset + taken), this.#pendingBytes);
      this.#pendingBytes += taken;
      offset += taken;
      if (this.#pendingBytes === blockBytes) this.#compress();
    }
  }

  digestHex(): string {
    const paddingBytes = ((239 - (this.#totalBytes % blockBytes)) % blockBytes) + 1;
    const tail = new Uint8Array(paddingBytes + 16);
    tail[0] = 0x80;
    // FIPS 180-4, 5.1.2: the length in bits, 128 bits wide.
    new DataView(tail.buffer).setBigUint64(paddingBytes + 8, BigInt(this.#totalBytes) * 8n);
    this.update(tail);
    const digest = new Uint8Array(64);
    const view = new DataView(digest.buffer);
    for (const [index, half] of this.#state.entries()) view.setInt32(index * 4, half);
    return encodeHex(digest.subarray(0, this.#digestBytes));
  }

  /** FIPS 180-4, 6.4.2. */
  #compress(): void {
    this.#pendingBytes = 0;
    this.#working.set(this.#state);
    this.#expand();
    for (let t = 0; t < rounds; t++) this.#turn(t);
    // After 80 rounds, ten times eight, every word is where it was.
    for (let at = 0; at < 2 * letters; at += 2) {
      addTo(this.#state, at, this.#working[at] ?? 0, this.#working[at + 1] ?? 0);
    }
  }

  #expand(): void {
    const w = this.#schedule;
    const view = new DataView(this.#pending.buffer);
    for (let half = 0; half < 32; half++) w[half] = view.getInt32(half * 4);
    for (let at = 32; at < 2 * rounds; at += 2) {
      const h15 = w[at - 30] ?? 0;
      const l15 = w[at - 29] ?? 0;
      const h2 = w[at - 4] ?? 0;
      const l2 = w[at - 3] ?? 0;
      w[at] = w[at - 32] ?? 0;
      w[at + 1] = w[at - 31] ?? 0;
      addTo(w, at, w[at - 14] ?? 0, w[at - 13] ?? 0);
      addTo(
        w,
        at,
        low(h15, l15, 1) ^ low(h15, l15, 8) ^ (h15 >>> 7),
        low(l15, h15, 1) ^ low(l15, h15, 8) ^ low(l15, h15, 7),
      );
      addTo(w, at, low(h2, l2, 19) ^ low(l2, h2, 29) ^ (h2 >>> 6), low(l2, h2, 19) ^ low(h2, l2, 29) ^ low(l2, h2, 6));
    }
  }

  /** One round. The words stay where they are: it is the letters a to h that move on, by one word each round. */
  #turn(t: number): void {
    const v = this.#working;
    // Where the halves of a stand; those of the next letter stand two further, around the end.
    const a = (-2 * t) & 15;
    const d = (a + 6) & 15;
    const e = (a + 8) & 15;
    const h = (a + 14) & 15;
    const ah = v[a] ?? 0;
    const al = v[a + 1] ?? 0;
    const eh = v[e] ?? 0;
    const el = v[e + 1] ?? 0;
    // h becomes the first temporary word, then the new a.
    addTo(v, h, low(eh, el, 14) ^ low(eh, el, 18) ^ low(el, eh, 9), low(el, eh, 14) ^ low(el, eh, 18) ^ low(eh, el, 9));
    const f = (a + 10) & 15;
    const g = (a + 12) & 15;
    addTo(v, h, choose(eh, v[f], v[g]), choose(el, v[f + 1], v[g + 1]));
    addTo(v, h, this.#constants[2 * t] ?? 0, this.#constants[2 * t + 1] ?? 0);
    addTo(v, h, this.#schedule[2 * t] ?? 0, this.#schedule[2 * t + 1] ?? 0);
    addTo(v, d, v[h] ?? 0, v[h + 1] ?? 0);
    addTo(v, h, low(ah, al, 28) ^ low(al, ah, 2) ^ low(al, ah, 7), low(al, ah, 28) ^ low(ah, al, 2) ^ low(ah, al, 7));
    const b = (a + 2) & 15;
    const c = (a + 4) & 15;
    addTo(v, h, vote(ah, v[b], v[c]), vote(al, v[b + 1], v[c + 1]));
  }
}

/** Ch (FIPS 180-4, 4.1.3). */
function choose(x: number, y = 0, z = 0): number {
  return (x & y) ^ (~x & z);
}

/** Maj. */
function vote(x: number, y = 0, z = 0): number {
  return (x & y) ^ (x & z) ^ (y & z);
}

/** One half of a word that is rotated right by fewer than 32 bits: what is left of `half`, below what falls out of `other`. */
function low(half: number, other: number, bits: number): number {
  return (half >>> bits) | (other << (32 - bits));
}

/** Adds a word of two halves to the one at `at`. */
function addTo(words: Int32Array, at: number, high: number, lowHalf: number): void {
  const sum = ((words[at + 1] ?? 0) >>> 0) + (lowHalf >>> 0);
  words[at + 1] = sum;
  words[at] = (words[at] ?? 0) + high + (sum > 0xffff_ffff ? 1 : 0);
}

/** FIPS 180-4, 5.3.4 and 5.3.5: the fractional parts of the square roots of eight primes, from the one at `first` on. */
function deriveState(first: number): Int32Array {
  return toHalves(
    listPrimes(first + letters)
      .slice(first)
      .map((prime) => takeRoot(BigInt(prime) << 128n, 2n)),
  );
}

let constants: Int32Array | undefined;

/** FIPS 180-4, 4.2.3: the fractional parts of the cube roots of the first 80 primes. */
function deriveConstants(): Int32Array {
  constants ??= toHalves(listPrimes(rounds).map((prime) => takeRoot(BigInt(prime) << 192n, 3n)));
  return constants;
}

/** The whole part of a root, by Newton's method from above. */
function takeRoot(number: bigint, degree: bigint): bigint {
  let root = 1n << 80n;
  for (;;) {
    const next = ((degree - 1n) * root + number / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}

function listPrimes(count: number): number[] {
  const primes: number[] = [];
  for (let number = 2; primes.length < count; number++) {
    if (primes.every((prime) => number % prime !== 0)) primes.push(number);
  }
  return primes;
}

/** The lower 64 bits of each word. */
function toHalves(words: readonly bigint[]): Int32Array {
  return Int32Array.from(
    words.flatMap((word) => [Number((word >> 32n) & 0xffff_ffffn) | 0, Number(word & 0xffff_ffffn) | 0]),
  );
}
