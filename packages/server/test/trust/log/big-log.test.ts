/** A log of 70,000 entries: tiles of three levels, held against a tree that is computed from the entries alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseCheckpoint } from '@signpost/protocol/tlog/checkpoint';
import { verifyConsistency, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { hashTree, proveConsistency } from '@signpost/protocol/tlog/prover';
import { parseSignedNote } from '@signpost/protocol/tlog/signed-note';
import { parseEntryTile, type Tile, tileWidth } from '@signpost/protocol/tlog/tile';
import { appendAll, type Loggable } from '../../../src/trust/log/append.ts';
import { proveIndex } from '../../../src/trust/log/prove.ts';
import { findOpenLog } from '../../../src/trust/log/store.ts';
import { openTiles, readServedTile } from '../../../src/trust/log/tiles.ts';
import { openLog } from '../../../src/trust/log/transparency-log.ts';
import { createScene } from '../../releases/scene.ts';
import { openMigratedSqlite } from '../../storage/migrated.ts';

const size = 70_000;

/** Level by level, with Node's own SHA-256: nothing of the log is in it. */
function computeLevels(leaves: Buffer[]): Buffer[][] {
  const levels = [leaves];
  for (let row = leaves; row.length > 1; ) {
    const above: Buffer[] = [];
    for (let at = 0; at + 1 < row.length; at += 2) {
      above.push(hash(Uint8Array.of(1), row[at] ?? leaves[0], row[at + 1] ?? leaves[0]));
    }
    levels.push(above);
    row = above;
  }
  return levels;
}

function hash(...parts: readonly (Uint8Array | undefined)[]): Buffer {
  const sha256 = createHash('sha256');
  for (const part of parts) sha256.update(part ?? new Uint8Array());
  return sha256.digest();
}

/** RFC 6962, 2.1: full subtrees from the left, folded from the right. */
function computeRoot(levels: readonly Buffer[][]): Buffer {
  let root: Buffer | undefined;
  for (const [level, row] of levels.entries()) {
    const last = Math.floor(size / 2 ** level) % 2 === 1 ? row[Math.floor(size / 2 ** level) - 1] : undefined;
    if (last) root = root ? hash(Uint8Array.of(1), last, root) : last;
  }
  assert.ok(root);
  return root;
}

test('tiles of every level, roots and proofs of a log of 70,000 entries are right', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-test-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const database = await openMigratedSqlite(folder);
  t.after(() => database.close());
  const { dependencies, caller } = await createScene(database);
  await openLog({ ...dependencies, baseUrl: undefined });
  const loggables = Array.from({ length: size }, (_, index): Loggable => {
    const sha256 = index.toString(16).padStart(64, '0');
    return { organisationId: caller.organisationId, entry: { type: 'audit-head', sequence: index + 1, sha256 } };
  });
  // One checkpoint over all of them; that each transaction has its own is tried elsewhere.
  const vault = { state: 'locked', unseal: () => assert.fail() } as const;
  assert.equal(await appendAll({ ...dependencies, vault }, loggables), size);
  await openLog({ ...dependencies, baseUrl: undefined });
  const log = await findOpenLog(database.query);
  assert.ok(log);
  const read = async (tile: Tile) => {
    const bytes = await readServedTile(database.query, log, tile);
    assert.ok(bytes, JSON.stringify(tile));
    return bytes;
  };
  const entries: Uint8Array[] = [];
  for (let index = 0; index * tileWidth < size; index++) {
    const width = Math.min(tileWidth, size - index * tileWidth);
    entries.push(...parseEntryTile(await read({ level: 'entries', index, width }), width));
  }
  const levels = computeLevels(entries.map((entry) => hash(Uint8Array.of(0), entry)));
  for (const tile of [
    { level: 0, index: 0, width: 256 },
    { level: 0, index: 272, width: 256 },
    { level: 0, index: 273, width: 112 },
    { level: 1, index: 0, width: 256 },
    { level: 1, index: 1, width: 17 },
    { level: 2, index: 0, width: 1 },
  ]) {
    const start = tile.index * tileWidth;
    const expected = levels[8 * tile.level]?.slice(start, start + tile.width) ?? [];
    assert.deepEqual(Buffer.from(await read(tile)), Buffer.concat(expected), JSON.stringify(tile));
  }
  assert.equal(await readServedTile(database.query, log, { level: 2, index: 0, width: 2 }), undefined);
  const head = parseCheckpoint(parseSignedNote(log.checkpoint ?? '').text);
  assert.deepEqual(Buffer.from(head.rootHash), computeRoot(levels));
  for (const index of [0, 65_535, 65_536, size - 1]) {
    const leafHash = levels[0]?.[index] ?? Buffer.alloc(0);
    const proof = await proveIndex(database.query, log, { index, leafHash: leafHash.toString('base64') });
    verifyInclusion({ leafHash, index, hashes: proof?.hashes ?? [], head });
  }
  const source = openTiles(database.query, log);
  for (const from of [1, 256, 65_536, 69_999]) {
    const hashes = await proveConsistency(source, { from, to: size });
    verifyConsistency({ older: { size: from, rootHash: await hashTree(source, from, size) }, newer: head, hashes });
  }
});
