/** Random access to the bytes of a file, read synchronously: by the inspection worker, and for a look at what a file is. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** Bytes that do not change while they are inspected. */
export interface ByteSource {
  readonly size: number;
  /** Exactly `length` bytes at `offset`. Throws a RangeError outside the file: callers check bounds and name the rule. */
  read(offset: number, length: number): Buffer;
}

/** Entries are mostly read in order, so that one window saves most system calls. */
const windowBytes = 256 * 1024;

/** A file on disk. Never writes. */
export class FileSource implements ByteSource {
  readonly size: number;
  readonly #descriptor: number;
  #window: Buffer = Buffer.alloc(0);
  #windowOffset = 0;

  private constructor(descriptor: number) {
    this.#descriptor = descriptor;
    this.size = fstatSync(descriptor).size;
  }

  static open(path: string): FileSource {
    return new FileSource(openSync(path, 'r'));
  }

  read(offset: number, length: number): Buffer {
    assertInside(this, offset, length);
    const start = offset - this.#windowOffset;
    if (start >= 0 && start + length <= this.#window.length) return this.#window.subarray(start, start + length);
    // A fresh window each time: what was handed out before keeps its bytes.
    this.#window = this.#readExactly(offset, Math.min(Math.max(length, windowBytes), this.size - offset));
    this.#windowOffset = offset;
    return this.#window.subarray(0, length);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #readExactly(offset: number, length: number): Buffer {
    const buffer = Buffer.allocUnsafeSlow(length);
    let filled = 0;
    while (filled < length) {
      const count = readSync(this.#descriptor, buffer, filled, length - filled, offset + filled);
      if (count === 0) throw new RangeError('the file became shorter while it was read');
      filled += count;
    }
    return buffer;
  }
}

/** Bytes in memory. */
export class MemorySource implements ByteSource {
  readonly size: number;
  readonly #bytes: Buffer;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.size = bytes.length;
  }

  read(offset: number, length: number): Buffer {
    assertInside(this, offset, length);
    return this.#bytes.subarray(offset, offset + length);
  }
}

function assertInside(source: ByteSource, offset: number, length: number): void {
  if (offset >= 0 && length >= 0 && offset + length <= source.size) return;
  throw new RangeError(`expected bytes ${offset} to ${offset + length} within ${source.size}`);
}
