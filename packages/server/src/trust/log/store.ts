/** SQL of the transparency log: leaves and hashes are inserted and never touched again; the log's own row only grows. */
import type { Selectable, Transaction } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import { insertRows } from '../../storage/row-inserts.ts';
import type { Schema } from '../../storage/schema.ts';
import type { LogEntryTable, LogNodeTable, TransparencyLogTable } from '../../storage/tables/log.ts';
import type { AuditEventTable } from '../../storage/tables/platform.ts';

/** A log of this deployment. */
export type LogRow = Selectable<TransparencyLogTable>;
/** A leaf. */
export type LogEntryRow = Selectable<LogEntryTable>;

/** The log that is appended to; undefined while there is none. */
export async function findOpenLog(query: Query): Promise<LogRow | undefined> {
  return query.selectFrom('transparency_log').selectAll().where('ended_at', 'is', null).executeTakeFirst();
}

/** Whether the log that is appended to has this name and key. */
export async function isOwnLog(
  { query }: Database,
  { origin, key }: { readonly origin: string; readonly key: { readonly pubkeyB64: string } },
): Promise<boolean> {
  const log = await findOpenLog(query);
  return log?.origin === origin && log.pubkey_b64 === key.pubkeyB64;
}

/** A log by its number, whether it has ended or not. */
export async function findLog(query: Query, id: number): Promise<LogRow | undefined> {
  return query.selectFrom('transparency_log').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Every log, the first one first. */
export async function listLogs(query: Query): Promise<LogRow[]> {
  return query.selectFrom('transparency_log').selectAll().orderBy('id').execute();
}

/** Stores a new log. */
export async function insertLog(tx: Transaction<Schema>, row: LogRow): Promise<void> {
  await tx.insertInto('transparency_log').values(row).execute();
}

/** Ends a log: nothing is appended to it any more. */
export async function endLog(tx: Transaction<Schema>, id: number, at: number): Promise<void> {
  await tx.updateTable('transparency_log').set({ ended_at: at }).where('id', '=', id).execute();
}

/** Moves the end of a log. Throws unless it stands where it was read. */
export async function growLog(
  tx: Transaction<Schema>,
  { id, from, to }: { readonly id: number; readonly from: number; readonly to: number },
): Promise<void> {
  const grown = await tx
    .updateTable('transparency_log')
    .set({ size: to })
    .where('id', '=', id)
    // Two leaves at one place cannot be, whatever the isolation of the transaction.
    .where('size', '=', from)
    .executeTakeFirst();
  if (grown.numUpdatedRows !== 1n) throw new Error('expected the log to stand still');
}

/** Puts a checkpoint in force. Throws unless it covers more than the one before, or is the first. */
export async function putCheckpoint(
  tx: Transaction<Schema>,
  id: number,
  { size, note, at }: { readonly size: number; readonly note: string; readonly at: number },
): Promise<void> {
  const put = await tx
    .updateTable('transparency_log')
    .set({ checkpoint: note, checkpoint_size: size, checkpoint_at: at })
    .where('id', '=', id)
    .where('size', '>=', size)
    .where(({ or, eb }) => or([eb('checkpoint_size', '<', size), eb('checkpoint', 'is', null)]))
    .executeTakeFirst();
  if (put.numUpdatedRows !== 1n) throw new Error('expected the checkpoint to grow');
}

/** Stores leaves. */
export async function insertEntries(tx: Transaction<Schema>, rows: readonly LogEntryTable[]): Promise<void> {
  await insertRows(tx, 'log_entry', rows);
}

/** Stores hashes over full tiles. */
export async function insertNodes(tx: Transaction<Schema>, rows: readonly LogNodeTable[]): Promise<void> {
  await insertRows(tx, 'log_node', rows);
}

/** A run of places at a level of tiles. */
export interface Run {
  readonly log: number;
  readonly level: number;
  readonly start: number;
  readonly count: number;
}

/** The hashes of a run, base64; fewer when there are fewer. */
export async function listHashes(query: Query, { log, level, start, count }: Run): Promise<string[]> {
  if (level === 0) {
    const leaves = await query
      .selectFrom('log_entry')
      .select('leaf_hash')
      .where('log_id', '=', log)
      .where('position', '>=', start)
      .where('position', '<', start + count)
      .orderBy('position')
      .execute();
    return leaves.map(({ leaf_hash }) => leaf_hash);
  }
  const nodes = await query
    .selectFrom('log_node')
    .select('hash')
    .where('log_id', '=', log)
    .where('level', '=', level)
    .where('position', '>=', start)
    .where('position', '<', start + count)
    .orderBy('position')
    .execute();
  return nodes.map(({ hash }) => hash);
}

/** The leaves of a run, in their order; fewer when there are fewer. */
export async function listRun(query: Query, { log, start, count }: Omit<Run, 'level'>): Promise<LogEntryRow[]> {
  return query
    .selectFrom('log_entry')
    .selectAll()
    .where('log_id', '=', log)
    .where('position', '>=', start)
    .where('position', '<', start + count)
    .orderBy('position')
    .execute();
}

/** The place of the first leaf at or after the end of a log, if anybody planted one. */
export async function findBeyond(query: Query, { id, size }: LogRow): Promise<number | undefined> {
  const row = await query
    .selectFrom('log_entry')
    .select('position')
    .where('log_id', '=', id)
    .where('position', '>=', size)
    .orderBy('position')
    .limit(1)
    .executeTakeFirst();
  return row?.position;
}

/** How many hashes over full tiles are stored. */
export async function countNodes(query: Query, { id }: LogRow): Promise<number> {
  const { count } = await query
    .selectFrom('log_node')
    .select(({ fn }) => fn.countAll().as('count'))
    .where('log_id', '=', id)
    .executeTakeFirstOrThrow();
  return Number(count);
}

/** Where leaves stand, by their hashes (base64); those that are not there are left out. */
export async function findPositions(
  query: Query,
  log: number,
  leafHashes: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await query
    .selectFrom('log_entry')
    .select(['leaf_hash', 'position'])
    .where('log_id', '=', log)
    .where('leaf_hash', 'in', [...leafHashes])
    .execute();
  return new Map(rows.map(({ leaf_hash, position }) => [leaf_hash, position]));
}

/** Which leaves to list. */
export interface EntryFilter {
  readonly log: number;
  readonly organisationId: string;
  readonly type?: string | undefined;
  /** Only below this place. */
  readonly before: number;
  readonly limit: number;
}

/** One page, newest first. */
export async function listEntries(query: Query, filter: EntryFilter): Promise<LogEntryRow[]> {
  const { log, organisationId, type, before, limit } = filter;
  return query
    .selectFrom('log_entry')
    .selectAll()
    .where('log_id', '=', log)
    .where('organisation_id', '=', organisationId)
    .$if(type !== undefined, (entries) => entries.where('type', '=', type ?? ''))
    .where('position', '<', before)
    .orderBy('position', 'desc')
    .limit(limit)
    .execute();
}

/** Leaves of a type below a place, whoever's, newest first. */
export async function listOfType(
  query: Query,
  { log, type, before, limit }: Omit<EntryFilter, 'organisationId'> & { readonly type: string },
): Promise<Pick<LogEntryRow, 'position' | 'entry'>[]> {
  return query
    .selectFrom('log_entry')
    .select(['position', 'entry'])
    .where('log_id', '=', log)
    .where('type', '=', type)
    .where('position', '<', before)
    .orderBy('position', 'desc')
    .limit(limit)
    .execute();
}

/** The hashes of rows of the audit log by their sequence; those that are not there are left out. */
export async function listAuditHashes(
  query: Query,
  sequences: readonly number[],
): Promise<ReadonlyMap<number, string>> {
  const rows = await query
    .selectFrom('audit_event')
    .select(['sequence', 'hash'])
    .where('sequence', 'in', [...sequences])
    .execute();
  return new Map(rows.map(({ sequence, hash }) => [sequence, hash]));
}

/** What the log asks of a row of the audit log. */
export type AuditedRow = Pick<
  Selectable<AuditEventTable>,
  'sequence' | 'hash' | 'action' | 'object_kind' | 'object_id' | 'detail'
>;

/** The last of the first `limit` rows of the audit log after one. */
export async function findAuditedEnd(
  query: Query,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<Pick<AuditedRow, 'sequence' | 'hash'> | undefined> {
  return query
    .selectFrom('audit_event')
    .select(['sequence', 'hash'])
    .where('sequence', '>', after)
    .where('sequence', '<=', after + limit)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Rows of the audit log about objects of these kinds, of all organisations and the server, oldest first. */
export async function listAudited(
  query: Query,
  { after, until, kinds, limit }: AuditedRange & { readonly kinds: readonly string[]; readonly limit: number },
): Promise<AuditedRow[]> {
  return query
    .selectFrom('audit_event')
    .select(['sequence', 'hash', 'action', 'object_kind', 'object_id', 'detail'])
    .where('sequence', '>', after)
    .where('sequence', '<=', until)
    .where('object_kind', 'in', kinds)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

/** Rows of the audit log by their sequences, without the first of them. */
interface AuditedRange {
  readonly after: number;
  readonly until: number;
}

/** How many rows of the audit log come after one, and when the first of them was written; null when there is none. */
export async function measureAudited(
  query: Query,
  after: number,
): Promise<{ readonly rows: number; readonly since: number | null }> {
  const [first, last] = await Promise.all(
    (['asc', 'desc'] as const).map((order) =>
      query
        .selectFrom('audit_event')
        .select(['sequence', 'at'])
        .where('sequence', '>', after)
        .orderBy('sequence', order)
        .limit(1)
        .executeTakeFirst(),
    ),
  );
  // Rows are counted up without a gap, and nobody takes one away.
  return first && last ? { rows: last.sequence - first.sequence + 1, since: first.at } : { rows: 0, since: null };
}

/** The slugs of organisations by id. */
export async function listSlugs(query: Query, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const rows = await query
    .selectFrom('organisation')
    .select(['id', 'slug'])
    .where('id', 'in', [...ids])
    .execute();
  return new Map(rows.map(({ id, slug }) => [id, slug]));
}
