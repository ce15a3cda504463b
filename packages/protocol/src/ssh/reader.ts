/** Strict reading of SSH's data types (RFC 4251, 5). */
import { TrustError } from '../errors.ts';

/** Reads a structure from its beginning to its end. Every method throws `malformed` for what is not there. */
export class SshReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #position = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
  }

  /** The next `length` bytes. */
  readBytes(length: number): Uint8Array<ArrayBuffer> {
    const end = this.#position + length;
    if (end > this.#bytes.length) throw new TrustError('malformed', `expected ${length} more bytes of SSH`);
    const read = this.#bytes.slice(this.#position, end);
    this.#position = end;
    return read;
  }

  /** `uint32`. */
  readUint32(): number {
    return new DataView(this.readBytes(4).buffer).getUint32(0);
  }

  /** `string`. */
  readString(): Uint8Array<ArrayBuffer> {
    return this.readBytes(this.readUint32());
  }

  /** `string` of printable US-ASCII, as all names are. */
  readName(): string {
    const bytes = this.readString();
    if (!bytes.every((byte) => byte >= 0x20 && byte < 0x7f))
      throw new TrustError('malformed', 'expected a name of SSH');
    return String.fromCharCode(...bytes);
  }

  /** `mpint` that is above zero: its magnitude, big endian, without a zero in front. */
  readPositive(): Uint8Array<ArrayBuffer> {
    const [first = 0, ...rest] = this.readString();
    const magnitude = first === 0 ? rest : [first, ...rest];
    const [top = 0] = magnitude;
    // A zero in front is there only where the number would else be negative.
    if (first > 0x7f || top === 0 || (first === 0 && top < 0x80)) {
      throw new TrustError('malformed', 'expected a positive number of SSH in its shortest form');
    }
    return Uint8Array.from(magnitude);
  }

  /** Throws unless everything was read. */
  assertEnd(): void {
    if (this.#position !== this.#bytes.length) throw new TrustError('malformed', 'expected the end of SSH data');
  }
}

/** `string`. */
export function encodeSshString(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoded = new Uint8Array(4 + bytes.length);
  new DataView(encoded.buffer).setUint32(0, bytes.length);
  encoded.set(bytes, 4);
  return encoded;
}
