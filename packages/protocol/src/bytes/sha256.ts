/** SHA-256 in pieces (FIPS 180-4): Web Crypto hashes only what is in memory as a whole. */
import { encodeHex } from './hex.ts';

/** A digest that is fed in pieces. Another implementation, such as the platform's, may take its place. */
export interface StreamingHash {
  /** Takes the next bytes; they may be reused afterwards. */
  update(bytes: Uint8Array): void;
  /** The lower-case hex digest of all bytes taken. Called once. */
  digestHex(): string;
}

/** A new SHA-256. */
export function createSha256(): StreamingHash {
  return new Sha256();
}

/** The SHA-256 of all parts, one after the other: for what is small, where waiting for the platform costs more than hashing. */
export function hashSha256(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const hash = new Sha256();
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** `times` times the SHA-256 of the digest before, beginning with `digest`: what slow key derivations do. */
export function iterateSha256(digest: Uint8Array, times: number): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(blockBytes);
  block.set(digest.subarray(0, 32));
  const view = new DataView(block.buffer);
  // FIPS 180-4, 5.1.1: 32 octets and their padding are one block.
  block[32] = 0x80;
  view.setUint16(62, 256);
  const hash = new Sha256();
  for (let time = 0; time < times; time++) hash.compressAlone(view);
  return block.slice(0, 32);
}

const blockBytes = 64;
/** Where in the last block the length of the message stands. */
const lengthOffset = 56;
/** For one block at a time: nothing is awaited while it is in use. */
const schedule = new Int32Array(64);

class Sha256 implements StreamingHash {
  readonly #state: Int32Array = initialState.slice();
  readonly #pending: Uint8Array<ArrayBuffer> = new Uint8Array(blockBytes);
  readonly #pendingView: DataView = new DataView(this.#pending.buffer);
  #pendingBytes = 0;
  #totalBytes = 0;

  update(bytes: Uint8Array): void {
    this.#totalBytes += bytes.length;
    let offset = this.#fillPending(bytes);
    if (this.#pendingBytes === blockBytes) {
      this.#compress(this.#pendingView, 0);
      this.#pendingBytes = 0;
    }
    if (bytes.length - offset >= blockBytes) offset = this.#compressWhole(bytes, offset);
    this.#fillPending(bytes.subarray(offset));
  }

  digestHex(): string {
    return encodeHex(this.digest());
  }

  /** The digest of all bytes taken. Called once. */
  digest(): Uint8Array<ArrayBuffer> {
    this.#pending[this.#pendingBytes] = 0x80;
    this.#pending.fill(0, this.#pendingBytes + 1);
    if (this.#pendingBytes >= lengthOffset) {
      this.#compress(this.#pendingView, 0);
      this.#pending.fill(0);
    }
    // FIPS 180-4, 5.1.1: the length in bits, 64 bits wide.
    this.#pendingView.setUint32(lengthOffset, this.#totalBytes / 2 ** 29);
    this.#pendingView.setUint32(lengthOffset + 4, this.#totalBytes * 8);
    this.#compress(this.#pendingView, 0);
    const digest = new Uint8Array(32);
    writeState(this.#state, new DataView(digest.buffer));
    return digest;
  }

  /** Puts the digest of the one padded block `view` where its message stood. */
  compressAlone(view: DataView): void {
    this.#state.set(initialState);
    this.#compress(view, 0);
    writeState(this.#state, view);
  }

  /** Tops up an incomplete block, or begins one; returns how many bytes were taken. */
  #fillPending(bytes: Uint8Array): number {
    const taken = Math.min(blockBytes - this.#pendingBytes, bytes.length);
    // A block that is whole in the input is compressed where it stands.
    if (this.#pendingBytes === 0 && taken === blockBytes) return 0;
    this.#pending.set(bytes.subarray(0, taken), this.#pendingBytes);
    this.#pendingBytes += taken;
    return taken;
  }

  /** Compresses the blocks that are whole from `offset` on; returns where the rest begins. */
  #compressWhole(bytes: Uint8Array, offset: number): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = offset;
    for (; bytes.length - at >= blockBytes; at += blockBytes) this.#compress(view, at);
    return at;
  }

  /** FIPS 180-4, 6.2.2. */
  #compress(view: DataView, offset: number): void {
    const w = schedule;
    const state = this.#state;
    expandBlock(w, view, offset);
    // One by one: destructuring goes through an iterator, which halves the speed.
    let a = state[0] ?? 0;
    let b = state[1] ?? 0;
    let c = state[2] ?? 0;
    let d = state[3] ?? 0;
    let e = state[4] ?? 0;
    let f = state[5] ?? 0;
    let g = state[6] ?? 0;
    let h = state[7] ?? 0;
    for (let t = 0; t < 64; t++) {
      const sum1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
      const temp1 = (h + sum1 + ((e & f) ^ (~e & g)) + (roundConstants[t] ?? 0) + (w[t] ?? 0)) | 0;
      const sum0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
      const temp2 = (sum0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + temp1) | 0;
      d = c;
      c = b;
      b = a;
      a = (temp1 + temp2) | 0;
    }
    state[0] = (state[0] ?? 0) + a;
    state[1] = (state[1] ?? 0) + b;
    state[2] = (state[2] ?? 0) + c;
    state[3] = (state[3] ?? 0) + d;
    state[4] = (state[4] ?? 0) + e;
    state[5] = (state[5] ?? 0) + f;
    state[6] = (state[6] ?? 0) + g;
    state[7] = (state[7] ?? 0) + h;
  }
}

function writeState(state: Int32Array, view: DataView): void {
  for (let index = 0; index < 8; index++) view.setInt32(index * 4, state[index] ?? 0);
}

function expandBlock(w: Int32Array, view: DataView, offset: number): void {
  for (let t = 0; t < 16; t++) w[t] = view.getInt32(offset + t * 4);
  for (let t = 16; t < 64; t++) {
    const w15 = w[t - 15] ?? 0;
    const w2 = w[t - 2] ?? 0;
    const sigma0 = rotate(w15, 7) ^ rotate(w15, 18) ^ (w15 >>> 3);
    const sigma1 = rotate(w2, 17) ^ rotate(w2, 19) ^ (w2 >>> 10);
    w[t] = ((w[t - 16] ?? 0) + sigma0 + (w[t - 7] ?? 0) + sigma1) | 0;
  }
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

// The fractional parts of the square roots of the first 8 primes and the cube roots of the first 64 (4.2.2, 5.3.3).
const initialState = Int32Array.from([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const roundConstants = Int32Array.from([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);
