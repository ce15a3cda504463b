/** Hash functions as bundles, log entries and statements name them. */
import { TrustError } from '../errors.ts';
import type { HashName } from '../keys/signature-algorithm.ts';

/** Names of HashAlgorithm (sigstore/protobuf-specs, sigstore_common.proto). */
const protobufNames: ReadonlyMap<string, HashName> = new Map([
  ['SHA2_256', 'SHA-256'],
  ['SHA2_384', 'SHA-384'],
  ['SHA2_512', 'SHA-512'],
]);

/** Names in entries of Rekor v1 and in statements. */
const shortNames: ReadonlyMap<string, HashName> = new Map([
  ['sha256', 'SHA-256'],
  ['sha384', 'SHA-384'],
  ['sha512', 'SHA-512'],
]);

/** The hash function of a bundle or a Rekor v2 entry. Throws `algorithm_unsupported`. */
export function parseHashAlgorithm(name: string): HashName {
  return find(protobufNames, name);
}

/** The hash function of a Rekor v1 entry. Throws `algorithm_unsupported`. */
export function parseShortHashName(name: string): HashName {
  return find(shortNames, name);
}

function find(names: ReadonlyMap<string, HashName>, name: string): HashName {
  const hash = names.get(name);
  if (hash) return hash;
  throw new TrustError('algorithm_unsupported', `expected ${[...names.keys()].join(', ')}, got ${name.slice(0, 40)}`);
}
