/** A Merkle tree that grows leaf by leaf, kept as its right edge (RFC 6962, 2.1): what a reader of a whole log needs of it. */
import { hashChildren, hashEmptyTree } from './merkle.ts';

type Hash = Uint8Array<ArrayBuffer>;

/** The hashes of the full subtrees that a tree falls into, the largest first. */
export class TreeEdge {
  readonly #subtrees: Hash[];
  #size: number;

  /** The edge of a tree of `size` leaves; the caller holds `root` against what was signed. */
  constructor(size = 0, subtrees: readonly Hash[] = []) {
    this.#size = size;
    this.#subtrees = [...subtrees];
  }

  get size(): number {
    return this.#size;
  }

  /** Appends the hash of one entry. */
  append(leafHash: Hash): void {
    let hash = leafHash;
    // Each subtree of the same width to the left makes a wider one.
    for (let width = this.#size; width % 2 === 1; width = Math.floor(width / 2)) {
      hash = hashChildren(this.#subtrees.pop() ?? hash, hash);
    }
    this.#subtrees.push(hash);
    this.#size++;
  }

  /** The root of the tree so far. */
  get root(): Hash {
    const [last, ...larger] = this.#subtrees.toReversed();
    return last ? larger.reduce((right, left) => hashChildren(left, right), last) : hashEmptyTree();
  }
}
