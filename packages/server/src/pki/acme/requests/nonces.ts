/** Anti-replay nonces (RFC 8555, section 6.5): numbered and authenticated, so that memory is bounded whoever asks for how many. */
import { createHmac, createSecretKey, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto';

/** The youngest nonces that still count, a bit each: 128 KiB. */
const defaultWindow = 1 << 20;
const numberBytes = 6;
const codeBytes = 12;

/** Makes nonces and takes each once. After a restart none of the older ones counts; clients then get a new one and go on. */
export class Nonces {
  readonly #key: KeyObject = createSecretKey(randomBytes(32));
  readonly #window: number;
  readonly #used: Uint8Array;
  #next = 0;

  /** `window`: how many nonces may be out at a time, a multiple of eight. */
  constructor(window: number = defaultWindow) {
    this.#window = window;
    this.#used = new Uint8Array(window / 8);
  }

  /** A new nonce, base64url. */
  create(): string {
    const number = this.#next++;
    const bytes = Buffer.alloc(numberBytes);
    bytes.writeUIntBE(number, 0, numberBytes);
    // The place belonged to a nonce that has left the window.
    this.#used[this.#byteOf(number)] = (this.#used[this.#byteOf(number)] ?? 0) & ~bitOf(number);
    return Buffer.concat([bytes, this.#codeOf(bytes)]).toString('base64url');
  }

  /** Whether `text` is a nonce of ours that nobody has used; from now on it is used. */
  use(text: string): boolean {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== numberBytes + codeBytes || bytes.toString('base64url') !== text) return false;
    const number = bytes.readUIntBE(0, numberBytes);
    if (!timingSafeEqual(this.#codeOf(bytes.subarray(0, numberBytes)), bytes.subarray(numberBytes))) return false;
    if (number >= this.#next || number < this.#next - this.#window) return false;
    const place = this.#byteOf(number);
    const used = this.#used[place] ?? 0;
    if ((used & bitOf(number)) !== 0) return false;
    this.#used[place] = used | bitOf(number);
    return true;
  }

  #codeOf(number: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(number).digest().subarray(0, codeBytes);
  }

  #byteOf(number: number): number {
    return Math.floor((number % this.#window) / 8);
  }
}

function bitOf(number: number): number {
  return 1 << (number % 8);
}
