/** The edge of a tree has the root of the whole tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { TreeEdge } from '@signpost/protocol/tlog/tree-edge';
import { hashTree } from './naive-tree.ts';

test('after each leaf the edge has the root of RFC 6962', () => {
  const entries = Array.from({ length: 70 }, (_, index) => Uint8Array.of(index));
  const edge = new TreeEdge();
  for (const [index, entry] of entries.entries()) {
    assert.deepEqual(edge.root, hashTree(entries.slice(0, index)));
    edge.append(hashLeaf(entry));
  }
  assert.deepEqual([edge.size, edge.root], [70, hashTree(entries)]);
});
