/** What a detached signature is over, so that a file of any size can be hashed once while it comes in, and never be kept. */

/** Hash functions of detached signatures. */
export type FileHashName = 'SHA-256' | 'SHA-384' | 'SHA-512' | 'BLAKE2b-512';

/** One hash: of what stands in front, then of the file, then of what stands behind. */
export interface CoveredFile {
  readonly hash: FileHashName;
  readonly before: Uint8Array<ArrayBuffer>;
  readonly after: Uint8Array<ArrayBuffer>;
}

/** Nothing stands there. */
export const noBytes: Uint8Array<ArrayBuffer> = new Uint8Array();
