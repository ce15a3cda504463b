/** Random access to a file for zip.js: entries are read in order, so that one window saves most system calls. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Reader } from '@zip.js/zip.js';

const windowBytes = 4 * 2 ** 20;

/** A file on disk. Close it after use. */
export class FileReader extends Reader<number> {
  readonly #descriptor: number;
  #window: Buffer = Buffer.alloc(0);
  #windowOffset = 0;

  private constructor(descriptor: number) {
    super(descriptor);
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  static open(path: string): FileReader {
    return new FileReader(openSync(path, 'r'));
  }

  override async readUint8Array(index: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const wanted = Math.min(length, this.size - index);
    const start = index - this.#windowOffset;
    if (start < 0 || start + wanted > this.#window.length) this.#fill(index, wanted);
    const from = index - this.#windowOffset;
    // A copy: zip.js may hand the bytes on.
    return new Uint8Array(this.#window.subarray(from, from + wanted));
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #fill(offset: number, wanted: number): void {
    const buffer = Buffer.allocUnsafeSlow(Math.min(Math.max(wanted, windowBytes), this.size - offset));
    let filled = 0;
    while (filled < buffer.length) {
      const count = readSync(this.#descriptor, buffer, filled, buffer.length - filled, offset + filled);
      if (count === 0) throw new RangeError('the file became shorter while it was read');
      filled += count;
    }
    this.#window = buffer;
    this.#windowOffset = offset;
  }
}
