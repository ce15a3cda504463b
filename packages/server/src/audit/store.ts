/** The rows of the audit log: recorded in the transaction that they tell of, never changed, never deleted. */
import { encodeCanonicalText, type SignableValue } from '@signpost/protocol/json/canonical';
import { Refusal } from '../errors.ts';
import type { Database, Query } from '../storage/database.ts';
import { insertRows } from '../storage/row-inserts.ts';
import type { AuditEventTable } from '../storage/tables/platform.ts';
import type { AuditAction } from './actions.ts';
import type { AuditEntry } from './audit.ts';
import { type AuditHead, emptyAuditHead, findBreak, hashAuditRow, type UnhashedRow } from './chain.ts';

const pageSize = 500;
const textLimit = 1024;

/**
 * Appends one row and moves the head, in `transaction`. Call it last: it makes other writers of the log wait until the
 * transaction ends. Throws a TypeError outside a transaction.
 */
export async function recordAudit(transaction: Query, now: number, entry: AuditEntry): Promise<void> {
  await recordAudits(transaction, now, [entry]);
}

/** Appends several rows in this order and moves the head once, as `recordAudit` does; at most 500. */
export async function recordAudits(transaction: Query, now: number, entries: readonly AuditEntry[]): Promise<void> {
  if (!transaction.isTransaction) throw new TypeError('expected a transaction, got the database itself');
  const head = await readHead(transaction);
  const rows = chainRows(head, now, entries);
  const { sequence, hash } = rows.at(-1) ?? head;
  const moved = await transaction
    .updateTable('audit_head')
    .set({ sequence, hash })
    // The chain cannot fork, whatever the isolation of the transaction.
    .where('sequence', '=', head.sequence)
    .where('hash', '=', head.hash)
    .executeTakeFirst();
  if (moved.numUpdatedRows !== 1n) throw new Error('expected the audit head to stand still');
  await insertRows(transaction, 'audit_event', rows);
}

function chainRows(head: AuditHead, now: number, entries: readonly AuditEntry[]): AuditEventTable[] {
  let end = head;
  return entries.map((entry) => {
    const row = createRow(end, now, entry);
    end = { sequence: row.sequence, hash: hashAuditRow(row) };
    return { ...row, hash: end.hash };
  });
}

/**
 * Recomputes the whole chain in pages and returns its end. Throws `conflict`, rule `audit-chain-broken`, naming the
 * first row that is missing, changed or not vouched for by the head.
 */
export async function verifyAuditChain(database: Database): Promise<AuditHead> {
  let end = emptyAuditHead;
  for (;;) {
    end = await verifyPages(database, end);
    const head = await readHead(database.query);
    if (head.sequence === end.sequence) {
      if (head.hash !== end.hash) throw broken(`the head does not match row ${end.sequence}`);
      return end;
    }
    if (head.sequence < end.sequence) throw broken(`row ${head.sequence + 1} lies beyond the head`);
    // Rows and head move in one transaction: a head further on means new rows, or rows that were taken away.
    if ((await readPage(database, { after: end.sequence, limit: 1 })).length === 0) {
      throw broken(`row ${end.sequence + 1} is missing`);
    }
  }
}

/** Which rows to list. Without an organisation, those of all and of the server itself. */
export interface AuditFilter {
  readonly organisationId?: string;
  readonly action?: AuditAction | undefined;
  /** Who did it, by their id. */
  readonly actorId?: string | undefined;
  readonly outcome?: AuditEventTable['outcome'] | undefined;
  /** Rows beyond this sequence. */
  readonly after?: number | undefined;
  /** Rows below this sequence. */
  readonly before?: number | undefined;
  readonly newestFirst?: boolean;
  readonly limit: number;
}

/** One page of rows, oldest first unless the newest are asked for. */
export async function listAudit(database: Database, filter: AuditFilter): Promise<AuditEventTable[]> {
  return readPage(database, filter);
}

/** Every row that matches, oldest first, read in pages. */
export async function* exportAudit(
  database: Database,
  filter: Omit<AuditFilter, 'limit'> = {},
): AsyncIterable<AuditEventTable> {
  let after = filter.after ?? 0;
  for (;;) {
    const rows = await readPage(database, { ...filter, after, limit: pageSize });
    yield* rows;
    const last = rows.at(-1);
    if (!last) return;
    after = last.sequence;
  }
}

async function readHead(query: Query): Promise<AuditHead> {
  const head = await query.selectFrom('audit_head').select(['sequence', 'hash']).where('id', '=', 1).executeTakeFirst();
  if (!head) throw broken('the head is missing');
  return head;
}

async function readPage(database: Database, filter: AuditFilter): Promise<AuditEventTable[]> {
  const { organisationId, action, actorId, outcome, after = 0, before, newestFirst = false, limit } = filter;
  return database.query
    .selectFrom('audit_event')
    .selectAll()
    .where('sequence', '>', after)
    .$if(before !== undefined, (query) => query.where('sequence', '<', before ?? 0))
    .$if(organisationId !== undefined, (query) => query.where('organisation_id', '=', organisationId ?? null))
    .$if(action !== undefined, (query) => query.where('action', '=', action ?? ''))
    .$if(actorId !== undefined, (query) => query.where('actor_id', '=', actorId ?? ''))
    .$if(outcome !== undefined, (query) => query.where('outcome', '=', outcome ?? 'success'))
    .orderBy('sequence', newestFirst ? 'desc' : 'asc')
    .limit(limit)
    .execute();
}

async function verifyPages(database: Database, start: AuditHead): Promise<AuditHead> {
  let end = start;
  for await (const row of exportAudit(database, { after: start.sequence })) {
    const wrong = findBreak(end, row);
    if (wrong !== undefined) throw broken(wrong);
    end = { sequence: row.sequence, hash: row.hash };
  }
  return end;
}

function broken(what: string): Refusal {
  return new Refusal('conflict', `the audit log was tampered with: ${what}`, {
    rule: 'audit-chain-broken',
    hint: 'keep a copy of the database as it is and compare it with a backup or an exported log',
  });
}

function createRow(head: AuditHead, now: number, entry: AuditEntry): UnhashedRow {
  return {
    sequence: head.sequence + 1,
    at: now,
    organisation_id: entry.organisationId,
    actor_kind: entry.actor.kind,
    actor_id: entry.actor.id,
    session_id: entry.actor.sessionId,
    action: entry.action,
    object_kind: entry.object.kind,
    object_id: cleanText(entry.object.id),
    outcome: entry.outcome ?? 'success',
    detail: encodeDetail(entry.detail ?? {}),
    previous_hash: head.hash,
  };
}

function encodeDetail(detail: NonNullable<AuditEntry['detail']>): string | null {
  const names = Object.keys(detail);
  if (names.length === 0) return null;
  const members: Record<string, SignableValue | undefined> = {};
  for (const name of names) {
    const value = detail[name];
    members[name] = typeof value === 'string' ? cleanText(value) : value;
  }
  return encodeCanonicalText(members);
}

// Strangers choose some of these texts; none may keep the row from being written. Canonical JSON refuses lone
// surrogates, U+2028 and U+2029, PostgreSQL refuses U+0000.
function cleanText(text: string): string {
  const written = text.slice(0, textLimit).toWellFormed();
  // Replacing costs more than looking, and nearly all texts have none.
  return /[\u0000\u2028\u2029]/.test(written) ? written.replaceAll(/[\u0000\u2028\u2029]/g, '\ufffd') : written;
}
