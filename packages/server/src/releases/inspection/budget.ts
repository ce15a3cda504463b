/** What an archive may unpack to, spent while it is unpacked. Declared sizes only ever refuse, they never allow. */
import { refuse } from './rules.ts';

/** How far an inspection goes. */
export interface InspectionLimits {
  /** MAX_UNCOMPRESSED_MB in bytes. */
  readonly maxUncompressedBytes: number;
  /** Wall-clock time for one file. */
  readonly timeLimitMs: number;
}

/** How much may come out of an archive. */
export interface UnpackLimits extends Pick<InspectionLimits, 'maxUncompressedBytes'> {
  /** `maxEntries` when absent. */
  readonly maxEntries?: number;
}

/** The entries that an archive may hold. */
export const maxEntries = 65_535;

/** Deflate reaches 1,032:1; real releases stay below 30:1. */
const maxRatio = 200;

/** Small archives of padding harm nobody. */
const ratioFloorBytes = 8 * 1024 * 1024;

/** The bytes and entries that one archive may still give. */
export class UnpackBudget {
  readonly #capBytes: number;
  readonly #ratioBytes: number;
  readonly #maxEntries: number;
  #spentBytes = 0;
  #entries = 0;

  constructor(archiveBytes: number, limits: UnpackLimits) {
    this.#capBytes = limits.maxUncompressedBytes;
    this.#ratioBytes = Math.max(ratioFloorBytes, maxRatio * archiveBytes);
    this.#maxEntries = limits.maxEntries ?? maxEntries;
  }

  get spentBytes(): number {
    return this.#spentBytes;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Counts bytes that came out. Throws `archive-too-large` or `archive-ratio`. */
  spend(bytes: number): void {
    this.#spentBytes += bytes;
    this.expect(0);
  }

  /** Refuses early what the archive itself announces beyond the bytes that are spent. */
  expect(bytes: number): void {
    const total = this.#spentBytes + bytes;
    if (total > this.#capBytes)
      refuse('archive-too-large', `expected at most ${this.#capBytes} bytes unpacked, got ${total}`);
    if (total > this.#ratioBytes)
      refuse('archive-ratio', `expected at most ${maxRatio} times the size of the archive, got ${total} bytes`);
  }

  /** Counts an entry. Throws `archive-too-many-entries`. */
  addEntry(): void {
    this.#entries++;
    if (this.#entries > this.#maxEntries) {
      refuse('archive-too-many-entries', `expected at most ${this.#maxEntries} entries`);
    }
  }
}
