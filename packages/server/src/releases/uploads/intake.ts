/** Bytes on their way in, gathered into few large batches that the disk and other threads read where they lie. */
import type { SharedBytes } from '../inspection/digests.ts';

const batchBytes = 512 * 1024;

/** Batches that are being written while the next is gathered; the sender waits when there are so many. */
const maxUnderWay = 4;

/** What came is written after this at the latest, so that a slow or broken sender loses next to nothing. */
const longestMs = 100;

/** Buffers kept for the next upload, 8 MiB. */
const maxSpare = 16;

/** Buffers that uploads use in turn, since collecting shared memory takes the garbage collector of each thread. */
export class BatchBuffers {
  readonly #spare: SharedArrayBuffer[] = [];

  take(): SharedArrayBuffer {
    return this.#spare.pop() ?? new SharedArrayBuffer(batchBytes);
  }

  giveBack(buffer: SharedArrayBuffer): void {
    if (this.#spare.length < maxSpare) this.#spare.push(buffer);
  }
}

/** Takes the bytes of one upload. A sender who is slow holds one batch, however long he takes. */
export class Intake {
  readonly #buffers: BatchBuffers;
  readonly #write: (batch: SharedBytes) => Promise<void>;
  readonly #underWay: Promise<void>[] = [];
  #batch: SharedBytes | undefined;
  #filled = 0;
  #due: NodeJS.Timeout | undefined;

  /** `write` gets the batches in order, before the last one is done, and settles when it reads no more from its batch. */
  constructor(buffers: BatchBuffers, write: (batch: SharedBytes) => Promise<void>) {
    this.#buffers = buffers;
    this.#write = write;
  }

  /** Copies `chunk`; resolves when there is room for more. Rejects when an earlier batch could not be written. */
  async take(chunk: Uint8Array): Promise<void> {
    let rest = chunk;
    while (rest.length > 0) {
      this.#batch ??= new Uint8Array(this.#buffers.take());
      const piece = rest.subarray(0, this.#batch.length - this.#filled);
      this.#batch.set(piece, this.#filled);
      this.#filled += piece.length;
      rest = rest.subarray(piece.length);
      if (this.#filled < this.#batch.length) {
        this.#due ??= setTimeout(() => this.#send(), longestMs);
        return;
      }
      this.#send();
      if (this.#underWay.length > maxUnderWay) await this.#underWay.shift();
    }
  }

  /** Writes what has been gathered; resolves when all is written, rejects after all has ended when some is not. */
  async flush(): Promise<void> {
    this.#send();
    await Promise.allSettled(this.#underWay);
    await Promise.all(this.#underWay);
  }

  #send(): void {
    clearTimeout(this.#due);
    this.#due = undefined;
    if (this.#batch === undefined) return;
    const batch = this.#batch.subarray(0, this.#filled);
    this.#batch = undefined;
    this.#filled = 0;
    const written = this.#write(batch).finally(() => this.#buffers.giveBack(batch.buffer));
    // Whoever waits for it hears of the failure; that may be later.
    written.catch(() => undefined);
    this.#underWay.push(written);
  }
}
