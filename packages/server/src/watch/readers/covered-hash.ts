/** Hashes of a file with what stands around it, while it comes in (docs/protocol/detached-signatures.md). */
import { createHash, type Hash } from 'node:crypto';
import type { CoveredFile, FileHashName } from '@signpost/protocol/keys/covered-file';

const names: Readonly<Record<FileHashName, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'BLAKE2b-512': 'blake2b512',
};

/** A hash to which the file is added; `finishHash` ends it. */
export function beginHash({ hash, before }: CoveredFile): Hash {
  return createHash(names[hash]).update(before);
}

/** The digest. */
export function finishHash(hash: Hash, { after }: CoveredFile): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash.update(after).digest());
}
