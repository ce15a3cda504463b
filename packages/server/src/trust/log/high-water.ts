/**
 * What was signed last, remembered outside of the database. One that was put back to an earlier state (a copied file, a snapshot of the machine, a
 * replica that missed commits) would sign a second history under the same key.
 */
import { readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import type { Checkpoint } from '@signpost/protocol/tlog/checkpoint';
import { hashTree } from '@signpost/protocol/tlog/prover';
import { afterCommit, ownerOf } from '../../storage/database/transactions.ts';
import type { Query } from '../../storage/database.ts';
import { syncFolder, writeDurably } from '../../storage/durable-files.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import type { LogRow } from './store.ts';
import { openTiles } from './tiles.ts';

/** The last note that this process signed, by database. */
const signed = new WeakMap<Query, string>();

/** Remembers a note once `query` has committed. */
export function rememberSigned(query: Query, note: string): void {
  const owner = ownerOf(query);
  afterCommit(query, () => void signed.set(owner, note));
}

/** Whether this process signed something that the log in the database does not begin with, or the file at `path` holds such a note. */
export async function isRolledBack(query: Query, log: LogRow, path: string | undefined): Promise<boolean> {
  const notes = [signed.get(ownerOf(query)), path === undefined ? undefined : await readNote(path)];
  for (const note of notes) {
    // Another log's, or a file that is damaged: neither tells anything of this one.
    const isInForce = note === undefined || note === log.checkpoint;
    const seen = isInForce ? undefined : await verifyCheckpoint(note, log).catch(() => undefined);
    if (seen && !(await beginsWith(query, log, seen))) return true;
  }
  return false;
}

async function beginsWith(query: Query, log: LogRow, { size, rootHash }: Checkpoint): Promise<boolean> {
  return size <= log.size && isSameBytes(await hashTree(openTiles(query, log), size, log.size), rootHash);
}

async function readNote(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  });
}

/**
 * Keeps the checkpoint in force in the file at `path`: the one before stays until this one is on the disk, and for good where the log in the database does not begin with
 * it. Throws `unavailable`, rule `log-damaged`, for a checkpoint that the log has not signed, and what the disk does.
 */
export async function keepHighWater(query: Query, log: LogRow, path: string): Promise<void> {
  const { checkpoint } = log;
  if (checkpoint === null || (await readNote(path)) === checkpoint) return;
  await verifyCheckpoint(checkpoint, log);
  // It is all that tells of what was lost; the log ends when it is opened.
  if (await isRolledBack(query, log, path)) return;
  const temporary = `${path}.new`;
  await writeDurably(temporary, checkpoint);
  await rename(temporary, path);
  await syncFolder(dirname(path));
}
