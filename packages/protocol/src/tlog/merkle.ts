/** Merkle trees of logs (RFC 6962, 2.1): hashes of leaves and nodes; inclusion and consistency proofs (RFC 9162, 2.1.3.2 and 2.1.4.2). */
import { isSameBytes } from '../bytes/compare.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { TrustError } from '../errors.ts';
import type { TreeHead } from './checkpoint.ts';

/** A tree below 2^53 entries needs no more. */
export const maxProofHashes = 64;

const leafPrefix = Uint8Array.of(0);
const nodePrefix = Uint8Array.of(1);

/** The hash of an entry. */
export function hashLeaf(entry: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashSha256(leafPrefix, entry);
}

/** The hash of two subtrees. */
export function hashChildren(left: Uint8Array, right: Uint8Array): Uint8Array<ArrayBuffer> {
  return hashSha256(nodePrefix, left, right);
}

/** The hash of a tree without entries. */
export function hashEmptyTree(): Uint8Array<ArrayBuffer> {
  return hashSha256();
}

/** That the entry at `index`, counted from 0, is in the tree of `head`. */
export interface InclusionProof {
  readonly leafHash: Uint8Array;
  readonly index: number;
  readonly hashes: readonly Uint8Array[];
  readonly head: TreeHead;
}

/** Throws `log_proof_invalid` unless the proof leads from the leaf to the root (RFC 9162, 2.1.3.2). */
export function verifyInclusion({ leafHash, index, hashes, head }: InclusionProof): void {
  assertHashes(hashes);
  if (!isSize(head.size) || !isSize(index) || index >= head.size) {
    throw refuse(`an index below the tree's size, got ${index} of ${head.size}`);
  }
  let [node, last, hash] = [index, head.size - 1, Uint8Array.from(leafHash)];
  for (const sibling of hashes) {
    if (last === 0) throw refuse('a shorter inclusion proof');
    if (node % 2 === 1 || node === last) {
      hash = hashChildren(sibling, hash);
      // A last node without a sibling is its parent, too.
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      hash = hashChildren(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refuse('a longer inclusion proof');
  if (!isSameBytes(hash, head.rootHash)) throw refuse('an inclusion proof that leads to the root, got another root');
}

/** That the tree of `newer` begins with all entries of the tree of `older`. */
export interface ConsistencyProof {
  readonly older: TreeHead;
  readonly newer: TreeHead;
  readonly hashes: readonly Uint8Array[];
}

/**
 * Throws `log_proof_invalid` unless `newer` begins with `older` (RFC 9162, 2.1.4.2). Equal sizes need equal roots and no
 * proof; every tree begins with the empty one, which must have its hash.
 */
export function verifyConsistency({ older, newer, hashes }: ConsistencyProof): void {
  assertHashes(hashes);
  if (!isSize(older.size) || !isSize(newer.size) || older.size > newer.size) {
    throw refuse(`a tree of at least ${older.size} entries, got ${newer.size}`);
  }
  if (older.size === newer.size || older.size === 0) {
    assertTrivial({ older, newer, hashes });
    return;
  }
  const [first, ...rest] = isPowerOfTwo(older.size) ? [older.rootHash, ...hashes] : hashes;
  if (!first) throw refuse('a longer consistency proof');
  climb(first, rest, { older, newer });
}

function assertTrivial({ older, newer, hashes }: ConsistencyProof): void {
  if (hashes.length > 0) throw refuse('an empty consistency proof');
  const expected = older.size === 0 ? hashEmptyTree() : newer.rootHash;
  if (!isSameBytes(older.rootHash, expected)) throw refuse('the same root for the same size');
}

function climb(first: Uint8Array, rest: readonly Uint8Array[], heads: Omit<ConsistencyProof, 'hashes'>): void {
  let [node, last] = [heads.older.size - 1, heads.newer.size - 1];
  while (node % 2 === 1) [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  let [older, newer] = [Uint8Array.from(first), Uint8Array.from(first)];
  for (const hash of rest) {
    if (last === 0) throw refuse('a shorter consistency proof');
    if (node % 2 === 1 || node === last) {
      older = hashChildren(hash, older);
      newer = hashChildren(hash, newer);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
    } else {
      newer = hashChildren(newer, hash);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  if (last !== 0) throw refuse('a longer consistency proof');
  if (!isSameBytes(older, heads.older.rootHash)) throw refuse('a consistency proof that leads to the older root');
  if (!isSameBytes(newer, heads.newer.rootHash)) throw refuse('a consistency proof that leads to the newer root');
}

function assertHashes(hashes: readonly Uint8Array[]): void {
  if (hashes.length > maxProofHashes) throw refuse(`at most ${maxProofHashes} hashes, got ${hashes.length}`);
  if (hashes.some(({ length }) => length !== 32)) throw refuse('hashes of 32 octets');
}

function isSize(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function isPowerOfTwo(number: number): boolean {
  return Number.isInteger(Math.log2(number)) && 2 ** Math.log2(number) === number;
}

function refuse(expected: string): TrustError {
  return new TrustError('log_proof_invalid', `expected ${expected}`);
}
