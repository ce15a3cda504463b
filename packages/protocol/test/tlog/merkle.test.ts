/** Merkle trees (RFC 6962, 2.1): known roots, all small trees against a plain one, and each refusal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeHex, parseHex } from '@signpost/protocol/bytes/hex';
import {
  hashEmptyTree,
  hashLeaf,
  maxProofHashes,
  verifyConsistency,
  verifyInclusion,
} from '@signpost/protocol/tlog/merkle';
import fc from 'fast-check';
import { refuses } from '../refuses.ts';
import { hashTree, proveConsistency, proveInclusion } from './naive-tree.ts';

/** The entries of the Certificate Transparency project's own tests, and the roots over the first one, two, … of them. */
const entries = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map(parseHex);
const roots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const many = Array.from({ length: 70 }, (_, index) => Uint8Array.of(index, 7));
const heads = Array.from({ length: 71 }, (_, size) => ({ size, rootHash: hashTree(many.slice(0, size)) }));

function headOf(size: number) {
  const head = heads[size];
  assert.ok(head);
  return head;
}

function leafOf(index: number): Uint8Array<ArrayBuffer> {
  return hashLeaf(many[index] ?? Uint8Array.of(index));
}

test('the known trees have the known roots', () => {
  for (const [index, root] of roots.entries()) assert.equal(encodeHex(hashTree(entries.slice(0, index + 1))), root);
  assert.equal(encodeHex(hashEmptyTree()), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
});

test('a known consistency proof verifies', () => {
  const hashes = [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ].map(parseHex);
  const [older, newer] = [6, 8].map((size) => ({ size, rootHash: parseHex(roots[size - 1] ?? '') }));
  assert.ok(older && newer);
  verifyConsistency({ older, newer, hashes });
});

test('every entry of every tree of up to 70 entries is proven, and proves no other place', () => {
  for (let size = 1; size <= 70; size++) {
    const head = headOf(size);
    for (let index = 0; index < size; index++) {
      const hashes = proveInclusion(index, many.slice(0, size));
      verifyInclusion({ leafHash: leafOf(index), index, hashes, head });
      const other = { leafHash: leafOf(index), index: index ^ 1, hashes, head };
      if (size > 1) assert.throws(() => verifyInclusion(other), refuses('log_proof_invalid'));
    }
  }
});

test('every tree of up to 70 entries is proven to begin with every smaller one', () => {
  for (let size = 0; size <= 70; size++) {
    for (let older = 0; older <= size; older++) {
      const hashes = older === 0 ? [] : proveConsistency(older, many.slice(0, size));
      verifyConsistency({ older: headOf(older), newer: headOf(size), hashes });
    }
  }
});

test('a proof in which anything is changed is refused', () => {
  const size = fc.integer({ min: 2, max: 70 });
  fc.assert(
    fc.property(size, fc.nat(), fc.nat(), fc.nat(), (count, seed, place, bit) => {
      const index = seed % count;
      const head = headOf(count);
      const hashes = proveInclusion(index, many.slice(0, count));
      const proof = { leafHash: leafOf(index), index, hashes, head };
      const flipped = hashes.map((hash) => Uint8Array.from(hash));
      const target = flipped[place % flipped.length];
      assert.ok(target);
      target[bit % 32] = (target[bit % 32] ?? 0) ^ (1 << (bit % 8));
      for (const changed of [
        { ...proof, hashes: flipped },
        { ...proof, hashes: hashes.slice(1) },
        { ...proof, hashes: [...hashes, leafOf(0)] },
        { ...proof, leafHash: leafOf((index + 1) % count) },
        { ...proof, head: { ...head, rootHash: leafOf(0) } },
      ]) {
        assert.throws(() => verifyInclusion(changed), refuses('log_proof_invalid'));
      }
    }),
  );
});

test('a consistency proof in which anything is changed is refused', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(), (count, seed, place) => {
      const size = 1 + (seed % (count - 1));
      const hashes = proveConsistency(size, many.slice(0, count));
      const proof = { older: headOf(size), newer: headOf(count), hashes };
      for (const changed of [
        { ...proof, hashes: hashes.filter((_, at) => at !== place % hashes.length) },
        { ...proof, hashes: [...hashes, leafOf(0)] },
        { ...proof, older: { size, rootHash: leafOf(200) } },
        { ...proof, newer: { size: count, rootHash: leafOf(200) } },
        { ...proof, hashes: [] },
      ]) {
        assert.throws(() => verifyConsistency(changed), refuses('log_proof_invalid'));
      }
    }),
  );
});

test('sizes and hashes that cannot be are refused', () => {
  const [head, leafHash] = [headOf(4), leafOf(1)];
  const hashes = proveInclusion(1, many.slice(0, 4));
  for (const changed of [
    { index: 4 },
    { index: -1 },
    { index: 0.5 },
    { head: { ...head, size: 0 } },
    { head: { ...head, size: Number.MAX_VALUE } },
    { hashes: hashes.map((hash) => hash.subarray(1)) },
    { hashes: Array.from({ length: maxProofHashes + 1 }, () => leafHash) },
  ]) {
    const proof = { leafHash, index: 1, hashes, head, ...changed };
    assert.throws(() => verifyInclusion(proof), refuses('log_proof_invalid'));
  }
  const shrunk = { older: headOf(5), newer: headOf(4), hashes: [] };
  assert.throws(() => verifyConsistency(shrunk), refuses('log_proof_invalid'));
  const forked = { older: { size: 4, rootHash: leafHash }, newer: head, hashes: [] };
  assert.throws(() => verifyConsistency(forked), refuses('log_proof_invalid'));
  const beginning = { older: { size: 0, rootHash: leafHash }, newer: head, hashes: [] };
  assert.throws(() => verifyConsistency(beginning), refuses('log_proof_invalid'));
});

test('indexes beyond 32 bits are places like others', () => {
  const size = 2 ** 40;
  const index = 2 ** 40 - 1;
  const hashes = Array.from({ length: 40 }, (_, level) => hashLeaf(Uint8Array.of(level)));
  const proof = { leafHash: leafOf(0), index, hashes };
  assert.throws(
    () => verifyInclusion({ ...proof, head: { size, rootHash: leafOf(0) } }),
    refuses('log_proof_invalid', /another root/),
  );
});
