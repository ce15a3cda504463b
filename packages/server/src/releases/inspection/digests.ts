/** The digests that update ecosystems ask for, computed in one pass over the bytes. */
import { createHash, type Hash } from 'node:crypto';

/** Lower-case hex. The keys are the columns of the table `artifact`. */
export interface Digests {
  readonly sha1: string;
  readonly sha256: string;
  readonly sha384: string;
  readonly sha512: string;
  readonly blake2b512: string;
}

/** Takes the bytes in order, then gives all five digests. */
export class DigestWriter {
  readonly #hashes: Readonly<Record<keyof Digests, Hash>> = {
    sha1: createHash('sha1'),
    sha256: createHash('sha256'),
    sha384: createHash('sha384'),
    sha512: createHash('sha512'),
    blake2b512: createHash('blake2b512'),
  };
  #size = 0;

  /** How many bytes have been taken. */
  get size(): number {
    return this.#size;
  }

  write(chunk: Uint8Array): void {
    for (const hash of Object.values(this.#hashes)) hash.update(chunk);
    this.#size += chunk.length;
  }

  /** The digests of all bytes so far. To be called once; later calls throw. */
  finish(): Digests {
    const { sha1, sha256, sha384, sha512, blake2b512 } = this.#hashes;
    return {
      sha1: sha1.digest('hex'),
      sha256: sha256.digest('hex'),
      sha384: sha384.digest('hex'),
      sha512: sha512.digest('hex'),
      blake2b512: blake2b512.digest('hex'),
    };
  }
}
