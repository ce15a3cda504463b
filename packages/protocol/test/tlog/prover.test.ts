/** Proofs out of tiles: the same as those of the plain tree, for every size around the edges of tiles, and each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashChildren, hashLeaf, verifyConsistency, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { hashTree, proveConsistency, proveInclusion, type TileSource } from '@signpost/protocol/tlog/prover';
import { type Tile, tileWidth } from '@signpost/protocol/tlog/tile';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';
import * as naive from './naive-tree.ts';

type Hash = Uint8Array<ArrayBuffer>;

const entries = Array.from({ length: 1200 }, (_, index) => Uint8Array.of(index % 256, index / 256));

/** All hashes of each level of tiles, computed pair by pair: nothing of the prover is in it. */
const levels = [entries.map(hashLeaf)];
for (let below = levels[0]; below && below.length >= tileWidth; below = levels.at(-1)) {
  const above: Hash[] = [];
  for (let start = 0; start + tileWidth <= below.length; start += tileWidth) {
    let row: Hash[] = below.slice(start, start + tileWidth);
    while (row.length > 1)
      row = row.flatMap((hash, at) => (at % 2 === 0 ? [hashChildren(hash, row[at + 1] ?? hash)] : []));
    above.push(...row);
  }
  levels.push(above);
}

/** The tiles of the tree of `size`, and which were asked for. */
function createSource(size: number): TileSource & { readonly asked: Tile[] } {
  const asked: Tile[] = [];
  return {
    asked,
    readTile: async (tile) => {
      asked.push(tile);
      assert.ok(typeof tile.level === 'number');
      const hashes = levels[tile.level]?.slice(0, Math.floor(size / 256 ** tile.level)) ?? [];
      const start = tile.index * tileWidth;
      return new Uint8Array(hashes.slice(start, start + tile.width).flatMap((hash) => [...hash]));
    },
  };
}

const sizes = fc.oneof(
  fc.integer({ min: 1, max: entries.length }),
  fc.constantFrom(1, 2, 3, 255, 256, 257, 511, 512, 513, 768, 1023, 1024, 1025),
);

test('an inclusion proof out of tiles is that of the plain tree, and verifies', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(), async (size, seed) => {
      const index = seed % size;
      const source = createSource(size);
      const hashes = await proveInclusion(source, { index, size });
      assert.deepEqual(hashes, naive.proveInclusion(index, entries.slice(0, size)));
      const rootHash = await hashTree(source, size);
      verifyInclusion({
        leafHash: hashLeaf(entries[index] ?? new Uint8Array()),
        index,
        hashes,
        head: { size, rootHash },
      });
    }),
    { numRuns: 60 },
  );
});

test('a consistency proof out of tiles is that of the plain tree, and verifies', async () => {
  await fc.assert(
    fc.asyncProperty(sizes, sizes, async (one, other) => {
      const [from, to] = [Math.min(one, other), Math.max(one, other)];
      const source = createSource(to);
      const hashes = await proveConsistency(source, { from, to });
      assert.deepEqual(hashes, naive.proveConsistency(from, entries.slice(0, to)));
      const [older, newer] = [await hashTree(source, from, to), await hashTree(source, to)];
      verifyConsistency({ older: { size: from, rootHash: older }, newer: { size: to, rootHash: newer }, hashes });
    }),
    { numRuns: 60 },
  );
});

test('the root out of tiles is that of the plain tree, of older trees, too', async () => {
  for (const size of [0, 1, 255, 256, 257, 700, 1024, 1200]) {
    const expected = naive.hashTree(entries.slice(0, size));
    assert.deepEqual(await hashTree(createSource(size), size), expected);
    assert.deepEqual(await hashTree(createSource(1200), size, 1200), expected);
  }
});

test('a proof asks for each tile once, and for no tile that the tree does not have', async () => {
  const source = createSource(1200);
  await proveConsistency(source, { from: 300, to: 1200 });
  const names = source.asked.map(({ level, index }) => `${level}/${index}`);
  assert.equal(new Set(names).size, names.length);
  for (const { level, index, width } of source.asked) {
    assert.ok(index * tileWidth + width <= Math.floor(1200 / 256 ** Number(level)), `${level}/${index}/${width}`);
  }
});

test('every tree begins with the empty one and with itself, without a proof', async () => {
  assert.deepEqual(await proveConsistency(createSource(7), { from: 0, to: 7 }), []);
  assert.deepEqual(await proveConsistency(createSource(7), { from: 7, to: 7 }), []);
});

test('a tile of another width is refused, and trees that cannot be are misuse', async () => {
  const short: TileSource = { readTile: async ({ width }) => new Uint8Array(32 * (width - 1)) };
  await assert.rejects(proveInclusion(short, { index: 3, size: 9 }), refuses('malformed'));
  const source = createSource(9);
  for (const [index, size] of [
    [9, 9],
    [-1, 9],
    [0, 0],
    [0.5, 9],
  ] as const) {
    await assert.rejects(proveInclusion(source, { index, size }), TypeError);
  }
  await assert.rejects(proveConsistency(source, { from: 10, to: 9 }), TypeError);
  await assert.rejects(hashTree(source, 10, 9), TypeError);
});

test('the places of a huge tree are found without counting to them', async () => {
  const size = 2 ** 50 + 3;
  const source: TileSource = { readTile: async ({ width }) => new Uint8Array(32 * width) };
  assert.equal((await proveInclusion(source, { index: 2 ** 49, size })).length, 51);
});
