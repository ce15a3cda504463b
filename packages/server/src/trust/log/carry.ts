/**
 * The log through a restore. What was logged stays logged: a restored state takes along what the state that it replaces has logged since. Where that
 * cannot be known, the log ends, since going on would sign a second history of it.
 */
import { isSameBytes } from '@signpost/protocol/bytes/compare';
import { TrustError } from '@signpost/protocol/errors';
import { hashTree } from '@signpost/protocol/tlog/prover';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { isOutage } from '../../storage/violation.ts';
import { insertLeaves } from './append.ts';
import { verifyCheckpoint } from './checkpoint.ts';
import { endLog, findOpenLog, insertLog, type LogRow, listLogs, listRun, putCheckpoint } from './store.ts';
import { openTiles } from './tiles.ts';
import { concludeLog, recordCarried } from './transparency-log.ts';

/** Between which states. */
export interface CarryParts {
  /** The restored state, which nobody uses yet. */
  readonly staged: Database;
  /** The state that it replaces; undefined when there is none, or none that can be opened. */
  readonly current: Database | undefined;
  readonly now: () => number;
}

/**
 * Brings the logs of `current` into `staged`; may be called again, for what came meanwhile. A log of `staged` that `current` does not have, or
 * has otherwise, ends, and the audit log says so; the next one begins when the vault is open. Throws when `current` cannot be reached
 * for now: a log must not end for that.
 */
export async function carryLogs(parts: CarryParts): Promise<void> {
  const carried = new Set<number>();
  // What is too damaged to be read is what restores are for.
  for (const log of await readLogs(parts.current)) {
    if (!parts.current || !(await carryLog(parts, parts.current, log).catch(isUnreadable))) break;
    carried.add(log.id);
  }
  await parts.staged.transaction(async (tx) => {
    const open = await findOpenLog(tx);
    if (!open) return;
    const at = parts.now();
    if (carried.has(open.id)) await recordCarried(tx, open, at);
    else await concludeLog(tx, { log: open, at, reason: 'restored' });
  });
}

async function readLogs(current: Database | undefined): Promise<readonly LogRow[]> {
  if (!current) return [];
  return listLogs(current.query).catch((error: unknown) => {
    if (isOutage(error)) throw error;
    return [];
  });
}

/** False for rows that are damaged, which are no history to go on with. Throws everything else. */
function isUnreadable(error: unknown): false {
  if (error instanceof TrustError || (error instanceof Refusal && error.rule === 'log-damaged')) return false;
  throw error;
}

/** False when the two have different histories. */
async function carryLog({ staged, now }: CarryParts, current: Database, log: LogRow): Promise<boolean> {
  const mine = await findOrBegin(staged, log);
  if (mine.pubkey_b64 !== log.pubkey_b64 || !(await isSameHistory(staged, current, { mine, log }))) return false;
  if (log.checkpoint !== null) await verifyCheckpoint(log.checkpoint, log);
  await copyLeaves(staged, current, { mine, log });
  await staged.transaction(async (tx) => {
    const { checkpoint: note, checkpoint_size: size, checkpoint_at: at } = log;
    if (note !== null && size > mine.checkpoint_size) await putCheckpoint(tx, log.id, { size, note, at: at ?? now() });
    if (log.ended_at !== null && mine.ended_at === null) await endLog(tx, log.id, log.ended_at);
  });
  return true;
}

async function findOrBegin(staged: Database, log: LogRow): Promise<LogRow> {
  const mine = (await listLogs(staged.query)).find(({ id }) => id === log.id);
  if (mine) return mine;
  const empty = { ...log, size: 0, checkpoint_size: 0, checkpoint: null, checkpoint_at: null };
  await staged.transaction((tx) => insertLog(tx, empty));
  return empty;
}

/** Two logs as two states have them. */
interface Pair {
  readonly mine: LogRow;
  readonly log: LogRow;
}

async function isSameHistory(staged: Database, current: Database, { mine, log }: Pair): Promise<boolean> {
  const size = Math.min(mine.size, log.size);
  const [one, other] = [openTiles(staged.query, mine), openTiles(current.query, log)];
  return isSameBytes(await hashTree(one, size, mine.size), await hashTree(other, size, log.size));
}

const pageRows = 500;

async function copyLeaves(staged: Database, current: Database, { mine, log }: Pair): Promise<void> {
  let grown = mine;
  while (grown.size < log.size) {
    const rows = await listRun(current.query, { log: log.id, start: grown.size, count: pageRows });
    if (rows.length === 0) throw new Error('expected as many leaves as the log says');
    grown = await staged.transaction((tx) => insertLeaves(tx, grown, rows));
  }
}
