/** The whole log held against itself: entries against leaves, leaves against tiles, tiles against the signed root. */
import { hash } from 'node:crypto';
import { setImmediate as giveWay } from 'node:timers/promises';
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import { hashPairs, hashTree } from '@signpost/protocol/tlog/prover';
import { parseHashTile, tileWidth } from '@signpost/protocol/tlog/tile';
import type { Query } from '../../storage/database.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { countNodes, findBeyond, type LogRow, listHashes, listRun } from './store.ts';
import { logDamaged, openTiles, tellDamage } from './tiles.ts';

/**
 * Throws `unavailable`, rule `log-damaged`, naming what does not agree. Reads every row of the log, a tile of them at a time: what was read yesterday may have been changed
 * since, and nobody else reads it here. Returns how many entries it read.
 */
export async function checkLog(query: Query, log: LogRow): Promise<number> {
  await tellDamage(() => readWhole(query, log));
  return log.size;
}

async function readWhole(query: Query, log: LogRow): Promise<void> {
  for (let start = 0; start < log.size; start += tileWidth) {
    await checkLeaves(query, log, start);
    await giveWay();
  }
  for (let level = 1, width = tileWidth; width <= log.size; level++, width *= tileWidth) {
    for (let position = 0; position < Math.floor(log.size / width); position++) {
      await checkNode(query, log, { level, position });
    }
  }
  await checkEnd(query, log);
  if (log.checkpoint === null) throw logDamaged('the checkpoint is gone');
  const { size, rootHash } = await verifyCheckpoint(log.checkpoint, log);
  if (size !== log.checkpoint_size)
    throw logDamaged(`the checkpoint is of ${size} entries, not ${log.checkpoint_size}`);
  if (isSameBytes(await hashTree(openTiles(query, log), size, log.size), rootHash)) return;
  throw logDamaged(`the entries do not have the root of the checkpoint of ${size}`);
}

/** Rows that stand where the next ones would come; however many there are, one is read. */
async function checkEnd(query: Query, log: LogRow): Promise<void> {
  const planted = await findBeyond(query, log);
  if (planted !== undefined) throw logDamaged(`entry ${planted} is beyond the end of the log`);
  let expected = 0;
  for (let width = tileWidth; width <= log.size; width *= tileWidth) expected += Math.floor(log.size / width);
  const nodes = await countNodes(query, log);
  if (nodes !== expected) throw logDamaged(`expected the hashes of ${expected} full tiles, got ${nodes}`);
}

async function checkLeaves(query: Query, log: LogRow, start: number): Promise<void> {
  const count = Math.min(tileWidth, log.size - start);
  const rows = await listRun(query, { log: log.id, start, count });
  if (rows.length < count) throw logDamaged(`entries from ${start} on are missing`);
  for (const { position, entry, leaf_hash } of rows) {
    // RFC 6962, 2.1: a leaf is hashed with 0 before it.
    const leaf = hash('sha256', Buffer.concat([Buffer.of(0), Buffer.from(entry)]), 'base64');
    if (leaf !== leaf_hash) throw logDamaged(`entry ${position} is not what was logged`);
  }
}

async function checkNode(
  query: Query,
  log: LogRow,
  { level, position }: { readonly level: number; readonly position: number },
): Promise<void> {
  const [stored] = await listHashes(query, { log: log.id, level, start: position, count: 1 });
  const tile = await openTiles(query, log).readTile({ level: level - 1, index: position, width: tileWidth });
  const computed = hashPairs(parseHashTile(tile, tileWidth));
  if (stored === Buffer.from(computed).toString('base64')) return;
  throw logDamaged(`the hash of tile ${position} at level ${level - 1} is not that of its hashes`);
}
