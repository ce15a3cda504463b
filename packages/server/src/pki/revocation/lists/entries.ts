/** The entries of revocation lists (RFC 5280, 5.1.2.6), read page by page so that a hundred thousand hold nobody up. */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { encodeUnsigned } from '@signpost/protocol/asn1/integer';
import { type DerValue, encoded } from '@signpost/protocol/asn1/writer';
import { type RevocationReason, revocationReasons } from '@signpost/protocol/x509/revocation-list';
import { type EntryToWrite, encodeEntries } from '@signpost/protocol/x509/write-revocation-list';
import type { Query } from '../../../storage/database.ts';
import { partOf } from '../../authorities/list-parts.ts';
import { listRevoked, listStatuses, type RevokedCursor, type RevokedRow } from '../store.ts';

/** Encoded entries, and what is to be known of them. */
export interface Entries {
  /** Each holds the entries of a page. */
  readonly values: readonly DerValue[];
  readonly count: number;
  /** The hex SHA-256 of the encodings: the same for the same entries. */
  readonly content: string;
}

/** The entries of a complete list, as a whole and in parts. */
export interface AllEntries extends Entries {
  /** The serial numbers on hold. */
  readonly held: readonly string[];
  /** By their place; none when there is but one. */
  readonly parts: readonly Entries[];
  /** Revoked or on hold since the base of the delta, and released since; nothing without one. */
  readonly changes: Entries;
}

const pageSize = 1000;

/** Which entries are asked for. */
export interface EntriesWish {
  /** Unix ms: what ended before is in no list any more. */
  readonly endedAfter: number;
  /** How many parts there are. */
  readonly shards: number;
  /** What a delta is measured from; without it there is none. */
  readonly base?: DeltaBase | undefined;
  /** Unix ms of the lists. */
  readonly thisUpdate: number;
}

/** All that `authorityId` has revoked, besides in parts, and what of it changed since the base. */
export async function readEntries(query: Query, authorityId: string, wish: EntriesWish): Promise<AllEntries> {
  const { endedAfter, shards, base } = wish;
  const all = new EntryCollector();
  const changes = new EntryCollector();
  const parts = Array.from({ length: shards > 1 ? shards : 0 }, () => new EntryCollector());
  const since = base ? base.at - underWayMs : Number.POSITIVE_INFINITY;
  const held: string[] = [];
  const seen = new Set<string>();
  for await (const page of readPages(query, authorityId, endedAfter)) {
    // A certificate on hold that is revoked for good between two pages would stand in both.
    const rows = page.filter(({ serial }) => !seen.has(serial));
    for (const { serial, reason } of rows) {
      seen.add(serial);
      if (reason === 'certificateHold') held.push(serial);
    }
    // In any order, so that what the lists share is encoded once.
    for (const [index, own] of groupByPart(rows, shards)) {
      const entries = encodeRows(own);
      all.append(entries);
      parts[index]?.append(entries);
      changes.append(isSince(own[0], since) ? entries : encodeRows(own.filter((row) => isSince(row, since))));
    }
  }
  if (base) await addReleased(query, authorityId, { changes, base, thisUpdate: wish.thisUpdate });
  return { ...all.finish(), held, parts: parts.map((part) => part.finish()), changes: changes.finish() };
}

function groupByPart(rows: readonly RevokedRow[], shards: number): Iterable<[number, readonly RevokedRow[]]> {
  if (rows.length === 0) return [];
  if (shards === 1) return [[0, rows]];
  return Map.groupBy(rows, ({ serial }) => partOf(decodeSerial(serial), shards));
}

/** In the order of revocation: whether all that follows was revoked since as well. */
function isSince(row: RevokedRow | undefined, since: number): boolean {
  return row !== undefined && (row.revoked_at ?? 0) >= since;
}

/** What a delta list says beside the complete list that it is measured from. */
export interface DeltaBase {
  /** Unix ms of the base list. */
  readonly at: number;
  /** The serial numbers that it, or a list since, has on hold. */
  readonly held: readonly string[];
}

/** A transaction that was under way when the base was read is not in it, and dates its revocations before. */
const underWayMs = 3_600_000;

/** RFC 5280, 5.3.1, removeFromCRL: what was on hold since the base, and is released. */
async function addReleased(
  query: Query,
  authorityId: string,
  {
    changes,
    base,
    thisUpdate,
  }: { readonly changes: EntryCollector; readonly base: DeltaBase; readonly thisUpdate: number },
): Promise<void> {
  for (let at = 0; at < base.held.length; at += pageSize) {
    const statuses = await listStatuses(query, authorityId, base.held.slice(at, at + pageSize));
    const released = statuses.filter(({ state }) => state === 'valid');
    const reason = 'removeFromCRL';
    changes.append(
      encodeAll(released.map(({ serial }) => ({ serialNumber: decodeSerial(serial), revokedAt: thisUpdate, reason }))),
    );
  }
}

/** The serial numbers of what is revoked and had not ended at `at`, as rows and as lists have them. */
export async function listSerials(
  query: Query,
  authorityId: string,
  at: number,
): Promise<readonly { readonly serial: string; readonly content: Uint8Array }[]> {
  const found: { serial: string; content: Uint8Array }[] = [];
  for await (const page of readPages(query, authorityId, at)) {
    found.push(...page.map(({ serial }) => ({ serial, content: encodeUnsigned(decodeSerial(serial)) })));
  }
  return found;
}

async function* readPages(
  query: Query,
  authorityId: string,
  endedAfter: number,
): AsyncGenerator<readonly RevokedRow[]> {
  let after: RevokedCursor = { revokedAt: 0, id: '' };
  for (;;) {
    const page = await listRevoked(query, authorityId, { endedAfter, after, limit: pageSize });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    after = { revokedAt: last.revoked_at ?? 0, id: last.id };
    await setImmediate();
  }
}

interface EncodedEntries {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly count: number;
}

class EntryCollector {
  readonly #values: DerValue[] = [];
  readonly #hash = createHash('sha256');
  #count = 0;

  append({ bytes, count }: EncodedEntries): void {
    if (count === 0) return;
    this.#hash.update(bytes);
    this.#values.push(encoded(bytes));
    this.#count += count;
  }

  finish(): Entries {
    return { values: this.#values, count: this.#count, content: this.#hash.digest('hex') };
  }
}

function encodeRows(rows: readonly RevokedRow[]): EncodedEntries {
  return encodeAll(rows.map(describeRow));
}

function encodeAll(entries: readonly EntryToWrite[]): EncodedEntries {
  return { bytes: encodeEntries(entries), count: entries.length };
}

function describeRow({ serial, reason, revoked_at: at, invalid_from: since }: RevokedRow): EntryToWrite {
  const entry = { serialNumber: decodeSerial(serial), revokedAt: at ?? 0, reason: toReason(reason) };
  return since === null ? entry : { ...entry, invalidSince: since };
}

/** The reason in a row, which is one of the standard's. Throws a TypeError for another one. */
export function toReason(text: string | null): RevocationReason {
  if (text === null) return 'unspecified';
  if (!(text in revocationReasons)) throw new TypeError(`expected a reason for revocation, got ${text}`);
  return text as RevocationReason;
}

function decodeSerial(serial: string): Uint8Array {
  return Buffer.from(serial, 'hex');
}
