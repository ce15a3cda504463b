/** Appending to the log, in the transaction that puts in force what the leaves tell of. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { parseText } from '@signpost/protocol/bytes/text';
import { hashLeaf } from '@signpost/protocol/tlog/merkle';
import { hashPairs } from '@signpost/protocol/tlog/prover';
import { parseHashTile, tileWidth } from '@signpost/protocol/tlog/tile';
import { encodeLogEntry, type LogEntry } from '@signpost/protocol/updates/log-entry';
import type { Transaction } from 'kysely';
import { Refusal } from '../../errors.ts';
import { withSavepoint } from '../../storage/database/savepoint.ts';
import type { Database } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { LogEntryTable, LogNodeTable } from '../../storage/tables/log.ts';
import { isConflict, isOutage, violationOf } from '../../storage/violation.ts';
import type { Vault } from '../../vault/vault.ts';
import { signCheckpoint } from './checkpoint.ts';
import { isRolledBack, rememberSigned } from './high-water.ts';
import { findOpenLog, findPositions, growLog, insertEntries, insertNodes, type LogRow, listSlugs } from './store.ts';
import { logDamaged, openTiles, tellDamage } from './tiles.ts';

/** What appending works with. */
export interface LogParts {
  /** While it is locked, leaves wait for their checkpoint; it is signed when the vault opens. */
  readonly vault: Pick<Vault, 'state' | 'unseal'>;
  readonly now: () => number;
}

type Unowned<Entry> = Entry extends LogEntry ? Omit<Entry, 'organisation'> : never;

/** What happened, and whose it is; the slug of the organisation is added here. */
export interface Loggable {
  readonly organisationId: string;
  readonly entry: Unowned<LogEntry>;
}

/** The most leaves of one call. */
const maxAppended = 500;

/**
 * Appends what is not in the log yet, in this order, and signs a checkpoint over it. Without a log nothing happens: what is in force is
 * appended when one is begun. Returns how many came in. Throws `unavailable`, rule `log-damaged`, when the log is not what was signed: what is not in it is
 * not put in force. A TypeError above 500 leaves.
 */
export async function appendEntries(
  tx: Transaction<Schema>,
  parts: LogParts,
  loggables: readonly Loggable[],
): Promise<number> {
  if (loggables.length > maxAppended) throw new TypeError(`expected at most ${maxAppended} leaves`);
  const log = loggables.length === 0 ? undefined : await findOpenLog(tx);
  if (!log) return 0;
  const leaves = await createLeaves(tx, loggables);
  return tellDamage(() => appendLeaves(tx, parts, { log, leaves }));
}

async function appendLeaves(
  tx: Transaction<Schema>,
  { vault, now }: LogParts,
  { log, leaves: wanted }: { readonly log: LogRow; readonly leaves: readonly Leaf[] },
): Promise<number> {
  const at = now();
  const leaves = await dropLogged(tx, log, wanted);
  if (leaves.length === 0) return 0;
  const rows = leaves.map((leaf, index): LogEntryTable => {
    return { log_id: log.id, position: log.size + index, ...leaf, logged_at: at };
  });
  if (await isRolledBack(tx, log, undefined)) throw logDamaged('the database has gone back behind what was signed');
  const grown = await insertLeaves(tx, log, rows);
  if (vault.state !== 'unlocked') return rows.length;
  const note = await signCheckpoint(tx, vault, { log: grown, at }).catch(passOverLostKey);
  if (note !== undefined) rememberSigned(tx, note);
  return rows.length;
}

/** The vault was begun anew, or locked meanwhile: the checkpoint comes when the log is opened again, or the next one begins. */
function passOverLostKey(error: unknown): undefined {
  const isLost = error instanceof Refusal && (error.rule === 'secret-unreadable' || error.code === 'vault_locked');
  if (!isLost) throw error;
}

/**
 * The same for what no client asks a proof of and what must not wait for a log to be whole: a trust list may revoke a key, a catalogue
 * take out what is infected. Its leaf is there then, without a checkpoint, or comes with the log after this one, and the doctor tells. Throws only what says that
 * the database cannot serve for now.
 */
export async function appendOrWait(
  tx: Transaction<Schema>,
  parts: LogParts,
  loggables: readonly Loggable[],
): Promise<void> {
  // A leaf that could be stored and not be signed stays; a statement that the rows made fail is undone, and the transaction goes on.
  await withSavepoint(tx, () => appendEntries(tx, parts, loggables).catch(passOverUnsigned)).catch((error: unknown) => {
    if (isOutage(error) || isConflict(error)) throw error;
  });
}

function passOverUnsigned(error: unknown): undefined {
  const isUnsigned = error instanceof Refusal && error.rule === 'log-damaged' && violationOf(error.cause) === undefined;
  if (!isUnsigned) throw error;
}

/** Stores leaves at the end of a log, and the hashes over tiles that are full now; returns the log as it is then. */
export async function insertLeaves(
  tx: Transaction<Schema>,
  log: LogRow,
  rows: readonly LogEntryTable[],
): Promise<LogRow> {
  const grown = { ...log, size: log.size + rows.length };
  await insertEntries(tx, rows);
  await growLog(tx, { id: log.id, from: log.size, to: grown.size });
  await completeTiles(tx, { from: log, to: grown });
  return grown;
}

/** Appends any number, in transactions of their own; returns how many came in. */
export async function appendAll(
  parts: LogParts & { readonly database: Database },
  loggables: readonly Loggable[],
): Promise<number> {
  let appended = 0;
  for (let at = 0; at < loggables.length; at += maxAppended) {
    const part = loggables.slice(at, at + maxAppended);
    appended += await parts.database.transaction((tx) => appendEntries(tx, parts, part));
  }
  return appended;
}

type Leaf = Pick<LogEntryTable, 'type' | 'organisation_id' | 'entry' | 'leaf_hash'>;

async function createLeaves(tx: Transaction<Schema>, loggables: readonly Loggable[]): Promise<Leaf[]> {
  const slugs = await listSlugs(tx, [...new Set(loggables.map(({ organisationId }) => organisationId))]);
  return loggables.map(({ organisationId, entry }) =>
    createLeaf(organisationId, withOwner(entry, slugs, organisationId)),
  );
}

function withOwner(entry: Loggable['entry'], slugs: ReadonlyMap<string, string>, id: string): LogEntry {
  const organisation = slugs.get(id);
  if (organisation === undefined) throw new TypeError('expected an organisation');
  return { ...entry, organisation };
}

function createLeaf(organisationId: string, entry: LogEntry): Leaf {
  const bytes = encodeLogEntry(entry);
  const leafHash = encodeBase64(hashLeaf(bytes));
  return { type: entry.type, organisation_id: organisationId, entry: parseText(bytes), leaf_hash: leafHash };
}

/** Nothing stands in the log twice, so that appending again what was appended changes nothing. */
async function dropLogged(tx: Transaction<Schema>, log: LogRow, leaves: readonly Leaf[]): Promise<readonly Leaf[]> {
  const byHash = new Map(leaves.map((leaf) => [leaf.leaf_hash, leaf]));
  const logged = await findPositions(tx, log.id, [...byHash.keys()]);
  return [...byHash.values()].filter(({ leaf_hash }) => !logged.has(leaf_hash));
}

/** Stores the hash over each tile that became full, level by level. */
async function completeTiles(
  tx: Transaction<Schema>,
  { from, to }: { readonly from: LogRow; readonly to: LogRow },
): Promise<void> {
  const source = openTiles(tx, to);
  for (let level = 1, width = tileWidth; width <= to.size; level++, width *= tileWidth) {
    const nodes: LogNodeTable[] = [];
    for (let position = Math.floor(from.size / width); position < Math.floor(to.size / width); position++) {
      const tile = await source.readTile({ level: level - 1, index: position, width: tileWidth });
      const hash = encodeBase64(hashPairs(parseHashTile(tile, tileWidth)));
      nodes.push({ log_id: to.id, level, position, hash });
    }
    if (nodes.length > 0) await insertNodes(tx, nodes);
  }
}
