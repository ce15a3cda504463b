/** Proofs out of tiles: inclusion (RFC 9162, 2.1.3.1) and consistency (2.1.4.1) over C2SP tlog-tiles. */
import { hashChildren, hashEmptyTree } from './merkle.ts';
import { parseHashTile, type Tile, tileWidth } from './tile.ts';

type Hash = Uint8Array<ArrayBuffer>;

/** Where the tiles of a log are read. */
export interface TileSource {
  /** The hashes of a full or partial tile, one after the other as C2SP serves them; never asked for tiles of entries. */
  readTile(tile: Tile): Promise<Uint8Array<ArrayBuffer>>;
}

/** Leaves from `start` up to, but without, `end`. */
interface Range {
  readonly start: number;
  readonly end: number;
}

/** The levels of the tree between two levels of tiles. */
const tileHeight = 8;

/**
 * The hashes that lead from the leaf at `index` to the root of the tree of `size`. What the source says is not judged here:
 * `verifyInclusion` does. Throws `malformed` for tiles of another width, a TypeError for an index beyond the tree.
 */
export async function proveInclusion(
  source: TileSource,
  { index, size }: { readonly index: number; readonly size: number },
): Promise<readonly Hash[]> {
  if (!isSize(size) || !isSize(index) || index >= size) throw new TypeError('expected an index below the size');
  return hashRanges(source, size, listInclusionRanges(index, { start: 0, end: size }));
}

/**
 * The hashes that lead from the root of the tree of `from` leaves to that of the tree of `to`. `verifyConsistency` judges them.
 * Throws `malformed` for tiles of another width, a TypeError for a tree that shrinks.
 */
export async function proveConsistency(
  source: TileSource,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<readonly Hash[]> {
  if (!isSize(from) || !isSize(to) || from > to) throw new TypeError('expected a tree that does not shrink');
  if (from === 0) return [];
  return hashRanges(source, to, listConsistencyRanges(from, { start: 0, end: to }, true));
}

/** The root of the tree of the first `size` leaves, as the tiles of a tree of `of` leaves (default: that size) have it. */
export async function hashTree(source: TileSource, size: number, of: number = size): Promise<Hash> {
  if (!isSize(size) || !isSize(of) || size > of) throw new TypeError('expected a size within the tree');
  if (size === 0) return hashEmptyTree();
  const [root] = await hashRanges(source, of, [{ start: 0, end: size }]);
  return root ?? hashEmptyTree();
}

/** PATH(m, D[n]) of RFC 9162, 2.1.3.1, as the subtrees whose hashes it lists. */
function listInclusionRanges(index: number, range: Range): Range[] {
  if (range.end - range.start === 1) return [];
  const [left, right] = splitRange(range);
  return index < left.end ? [...listInclusionRanges(index, left), right] : [...listInclusionRanges(index, right), left];
}

/** SUBPROOF(m, D[n], b) of RFC 9162, 2.1.4.1, as the subtrees whose hashes it lists. */
function listConsistencyRanges(from: number, range: Range, isKnown: boolean): Range[] {
  if (from === range.end) return isKnown ? [] : [range];
  const [left, right] = splitRange(range);
  return from <= left.end
    ? [...listConsistencyRanges(from, left, isKnown), right]
    : [...listConsistencyRanges(from, right, false), left];
}

/** The left subtree has the largest power of two below the number of leaves. */
function splitRange({ start, end }: Range): readonly [Range, Range] {
  let width = 1;
  while (width * 2 < end - start) width *= 2;
  return [
    { start, end: start + width },
    { start: start + width, end },
  ];
}

async function hashRanges(source: TileSource, size: number, ranges: readonly Range[]): Promise<Hash[]> {
  const tiles = new Map<string, readonly Hash[]>();
  const read = async (level: number, index: number): Promise<readonly Hash[]> => {
    const known = tiles.get(`${level}/${index}`);
    if (known) return known;
    const width = Math.min(tileWidth, Math.floor(size / 2 ** (tileHeight * level)) - index * tileWidth);
    const hashes = parseHashTile(await source.readTile({ level, index, width }), width);
    tiles.set(`${level}/${index}`, hashes);
    return hashes;
  };
  const hashes: Hash[] = [];
  for (const range of ranges) hashes.push(await hashRange(read, range));
  return hashes;
}

/** Reads all hashes of the tile at a level of tiles and an index in it. */
type ReadHashes = (level: number, index: number) => Promise<readonly Hash[]>;

/** MTH of the leaves of a range: itself a subtree of a tree, so all on its left is full. */
async function hashRange(read: ReadHashes, range: Range): Promise<Hash> {
  const width = range.end - range.start;
  if (isPowerOfTwo(width)) return hashFullSubtree(read, range.start, width);
  const [left, right] = splitRange(range);
  return hashChildren(await hashRange(read, left), await hashRange(read, right));
}

/** The hash over `width` leaves, a power of two: in a tile, or over the hashes of one that stand below it. */
async function hashFullSubtree(read: ReadHashes, start: number, width: number): Promise<Hash> {
  let level = 0;
  while (2 ** (tileHeight * (level + 1)) <= width) level++;
  const below = 2 ** (tileHeight * level);
  const first = start / below;
  const index = Math.floor(first / tileWidth);
  const hashes = await read(level, index);
  return hashPairs(hashes.slice(first - index * tileWidth, first - index * tileWidth + width / below));
}

/** The root over hashes whose number is a power of two, such as those of a full tile. Throws a TypeError for none. */
export function hashPairs(hashes: readonly Hash[]): Hash {
  const [left, right] = hashes;
  if (left === undefined) throw new TypeError('expected a hash');
  if (right === undefined) return left;
  const middle = hashes.length / 2;
  return hashChildren(hashPairs(hashes.slice(0, middle)), hashPairs(hashes.slice(middle)));
}

function isSize(number: number): boolean {
  return Number.isSafeInteger(number) && number >= 0;
}

function isPowerOfTwo(number: number): boolean {
  return Number.isInteger(Math.log2(number)) && 2 ** Math.log2(number) === number;
}
