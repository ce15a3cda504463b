/** Strict reading of OpenPGP's data elements (RFC 9580, 3). */
import { TrustError } from '../errors.ts';

/** Reads a structure from its beginning to its end. Every method throws `malformed` for what is not there. */
export class OctetReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** Whether everything was read. */
  get atEnd(): boolean {
    return this.#position === this.#bytes.length;
  }

  /** What was read until now. */
  get read(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#position);
  }

  /** The next `length` octets. */
  readBytes(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new TrustError('malformed', `expected ${length} more octets of OpenPGP`);
    const read = this.#bytes.slice(this.#position, end);
    this.#position = end;
    return read;
  }

  /** A number of so many octets, big endian. */
  readNumber(octets: 1 | 2 | 4): number {
    return this.readBytes(octets).reduce((number, octet) => number * 256 + octet, 0);
  }

  /** A multiprecision integer (3.2) in its shortest form: its magnitude. */
  readInteger(maxBits: number): Uint8Array<ArrayBuffer> {
    const bits = this.readNumber(2);
    if (bits > maxBits) {
      throw new TrustError('algorithm_unsupported', `expected a number of at most ${maxBits} bits, got ${bits}`);
    }
    const magnitude = this.readBytes(Math.ceil(bits / 8));
    const [top = 0] = magnitude;
    if (magnitude.length * 8 - (Math.clz32(top) - 24) !== bits) {
      throw new TrustError('malformed', 'expected a number of OpenPGP in its shortest form');
    }
    return magnitude;
  }

  /** The octets behind, all of them. */
  readRest(): Uint8Array<ArrayBuffer> {
    return this.readBytes(this.#bytes.length - this.#position);
  }

  /** Throws unless everything was read. */
  assertEnd(): void {
    if (!this.atEnd) throw new TrustError('malformed', 'expected the end of OpenPGP data');
  }
}

/** A length of one, two or five octets (RFC 9580, 4.2.1 and 5.2.3.7), whose first octet was read. */
export function readLength(reader: OctetReader, first: number): number {
  if (first < 192) return first;
  if (first < 255) return (first - 192) * 256 + reader.readNumber(1) + 192;
  return reader.readNumber(4);
}

/** All of them, one after the other. */
export function concatOctets(...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A number of so many octets, big endian. */
export function encodeNumber(number: number, octets: 2 | 4): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: octets }, (_, index) => Math.floor(number / 256 ** (octets - 1 - index)) % 256);
}
