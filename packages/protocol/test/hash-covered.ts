/** Hashes a file as a detached signature wants it, by Node. */
import { createHash } from 'node:crypto';
import type { CoveredFile } from '@signpost/protocol/keys/covered-file';

const names = { 'SHA-256': 'sha256', 'SHA-384': 'sha384', 'SHA-512': 'sha512', 'BLAKE2b-512': 'blake2b512' } as const;

/** The digest of `file` with what stands around it. */
export function hashCovered({ hash, before, after }: CoveredFile, file: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(createHash(names[hash]).update(before).update(file).update(after).digest());
}
