/** Digests of what is in memory as a whole (FIPS 180-4). */
import { hashSha256 } from '../bytes/sha256.ts';
import type { HashName } from './signature-algorithm.ts';

/** Up to here, waiting for the platform costs more than hashing by ourselves. */
const maxOwnBytes = 2048;

/** The digest of `bytes`: the platform's, but for a SHA-256 of what is small. */
export async function digestBytes(
  hash: HashName | 'SHA-1',
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  if (hash === 'SHA-256' && bytes.length <= maxOwnBytes) return hashSha256(bytes);
  return new Uint8Array(await globalThis.crypto.subtle.digest(hash, bytes));
}
