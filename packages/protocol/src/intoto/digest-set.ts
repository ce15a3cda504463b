/** Digests by algorithm (in-toto/attestation, spec/v1/digest_set.md). */
import { parseHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonValue } from '../json/foreign.ts';

/** Digests by the names of their algorithms, in lower-case hexadecimal where the algorithm is known. At least one. */
export type DigestSet = ReadonlyMap<string, string>;

/** The most digests of one subject or dependency. */
export const maxDigests = 32;

/** Octets of the digests whose form is known. Git's object names are SHA-1, or SHA-256 in newer repositories. */
const knownLengths: ReadonlyMap<string, readonly number[]> = new Map([
  ['sha224', [28]],
  ['sha256', [32]],
  ['sha384', [48]],
  ['sha512', [64]],
  ['sha3_256', [32]],
  ['sha3_384', [48]],
  ['sha3_512', [64]],
  ['sha1', [20]],
  ['gitCommit', [20, 32]],
  ['gitTree', [20, 32]],
  ['gitBlob', [20, 32]],
  ['gitTag', [20, 32]],
]);

/** Reads the digests of `what`. Throws `malformed`, or `too_large` when there are more than `maxDigests`. */
export function interpretDigestSet(value: JsonValue | undefined, what: string): DigestSet {
  if (!isJsonObject(value)) throw new TrustError('malformed', `expected ${what} to have digests by algorithm`);
  const entries = Object.entries(value);
  if (entries.length > maxDigests)
    throw new TrustError('too_large', `expected at most ${maxDigests} digests of ${what}`);
  if (entries.length === 0) throw new TrustError('malformed', `expected at least one digest of ${what}`);
  return new Map(entries.map(([algorithm, digest]) => [algorithm, parseDigest(algorithm, digest, what)]));
}

function parseDigest(algorithm: string, digest: JsonValue, what: string): string {
  if (typeof digest !== 'string' || digest === '' || digest.length > 1024) {
    throw new TrustError('malformed', `expected each digest of ${what} to be text of 1 to 1024 characters`);
  }
  const lengths = knownLengths.get(algorithm);
  if (lengths && !lengths.includes(parseHex(digest).length)) {
    throw new TrustError('malformed', `expected ${lengths.join(' or ')} octets of ${algorithm} for ${what}`);
  }
  return digest;
}
