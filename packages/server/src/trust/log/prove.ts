/** Proofs that something is in the log, made anew whenever they are asked for. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { hashLeaf, verifyInclusion } from '@signpost/protocol/tlog/merkle';
import { proveInclusion } from '@signpost/protocol/tlog/prover';
import { encodeLogEntry, type LogEntry } from '@signpost/protocol/updates/log-entry';
import type { Query } from '../../storage/database.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { findOpenLog, findPositions, type LogRow } from './store.ts';
import { logDamaged, openTiles, tellDamage } from './tiles.ts';

/** Where a leaf stands, and what leads from it to the root of the checkpoint. */
export interface LogProof {
  readonly index: number;
  readonly hashes: readonly Uint8Array<ArrayBuffer>[];
  /** The leaves under the checkpoint. */
  readonly size: number;
  /** The signed note in force. */
  readonly checkpoint: string;
}

/** The proof of an entry under the checkpoint in force; undefined while there is none, or none that covers it. */
export async function proveEntry(query: Query, entry: LogEntry): Promise<LogProof | undefined> {
  const log = await findOpenLog(query);
  if (!log) return undefined;
  const leafHash = encodeBase64(hashLeaf(encodeLogEntry(entry)));
  const index = (await findPositions(query, log.id, [leafHash])).get(leafHash);
  return index === undefined ? undefined : proveIndex(query, log, { index, leafHash });
}

/** The same for the leaf at `index`. Throws `unavailable`, rule `log-damaged`, when the rows prove nothing. */
export async function proveIndex(
  query: Query,
  log: LogRow,
  { index, leafHash }: { readonly index: number; readonly leafHash: string },
): Promise<LogProof | undefined> {
  const { checkpoint, checkpoint_size: size } = log;
  if (checkpoint === null || index >= size) return undefined;
  const hashes = await tellDamage(() => proveInclusion(openTiles(query, log), { index, size }));
  const head = await verifyCheckpoint(checkpoint, log);
  try {
    verifyInclusion({ leafHash: new Uint8Array(Buffer.from(leafHash, 'base64')), index, hashes, head });
  } catch (cause) {
    throw logDamaged(`entry ${index} is not under the checkpoint of ${size}`, cause);
  }
  return { index, hashes, size, checkpoint };
}
