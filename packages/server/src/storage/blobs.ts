/** Content-addressed files: a blob is named by its SHA-256 and never changes. */
import type { Readable } from 'node:stream';

/** An inclusive range of bytes. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** Where artifacts lie. */
export interface Blobs {
  /**
   * Moves the finished file at `path`, whose lower-case hex SHA-256 the caller has computed, into the store. Durable
   * when it returns; a blob that is already there and intact is kept and the file removed.
   */
  adopt(path: string, sha256: string): Promise<void>;
  /** The size in bytes, or undefined when there is no such blob. */
  measure(sha256: string): Promise<number | undefined>;
  /** The bytes, or those of `range`. Throws when there is no such blob. */
  read(sha256: string, range?: ByteRange): Readable;
  /** The path of the blob on the local disk, or undefined when it does not lie there. */
  locate(sha256: string): string | undefined;
  remove(sha256: string): Promise<void>;
  /** Every blob with the time it was stored, in Unix milliseconds. */
  list(): AsyncIterable<{ sha256: string; storedAt: number }>;
}
