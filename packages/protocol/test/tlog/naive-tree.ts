/** A Merkle tree as RFC 6962, 2.1 defines it, slow and plain: what the proofs are held against. */
import { hashChildren, hashEmptyTree, hashLeaf } from '@signpost/protocol/tlog/merkle';

type Hash = Uint8Array<ArrayBuffer>;

/** MTH(D[n]). */
export function hashTree(entries: readonly Uint8Array[]): Hash {
  const [first, ...rest] = entries;
  if (first === undefined) return hashEmptyTree();
  if (rest.length === 0) return hashLeaf(first);
  const split = findSplit(entries.length);
  return hashChildren(hashTree(entries.slice(0, split)), hashTree(entries.slice(split)));
}

/** PATH(m, D[n]). */
export function proveInclusion(index: number, entries: readonly Uint8Array[]): Hash[] {
  if (entries.length <= 1) return [];
  const split = findSplit(entries.length);
  const [left, right] = [entries.slice(0, split), entries.slice(split)];
  return index < split
    ? [...proveInclusion(index, left), hashTree(right)]
    : [...proveInclusion(index - split, right), hashTree(left)];
}

/** PROOF(m, D[n]). */
export function proveConsistency(size: number, entries: readonly Uint8Array[]): Hash[] {
  return proveSubtree(size, entries, true);
}

function proveSubtree(size: number, entries: readonly Uint8Array[], isWhole: boolean): Hash[] {
  if (size === entries.length) return isWhole ? [] : [hashTree(entries)];
  const split = findSplit(entries.length);
  const [left, right] = [entries.slice(0, split), entries.slice(split)];
  return size <= split
    ? [...proveSubtree(size, left, isWhole), hashTree(right)]
    : [...proveSubtree(size - split, right, false), hashTree(left)];
}

/** The largest power of two below `size`. */
function findSplit(size: number): number {
  return 2 ** Math.ceil(Math.log2(size) - 1);
}
