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
}

const pageSize = 1000;

/** All that `authorityId` has revoked and that had not ended before `endedAfter`, besides in `shards` parts. */
export async function readEntries(
  query: Query,
  authorityId: string,
  { endedAfter, shards }: { readonly endedAfter: number; readonly shards: number },
): Promise<AllEntries> {
  const all = new EntryCollector();
  const parts = Array.from({ length: shards > 1 ? shards : 0 }, () => new EntryCollector());
  const held: string[] = [];
  const seen = new Set<string>();
  for await (const page of readPages(query, authorityId, { endedAfter, revokedAt: 0 })) {
    // A certificate on hold that is revoked for good between two pages would stand in both.
    const rows = page.filter(({ serial }) => !seen.has(serial));
    for (const { serial, reason } of rows) {
      seen.add(serial);
      if (reason === 'certificateHold') held.push(serial);
    }
    all.add(rows);
    if (parts.length === 0) continue;
    for (const [index, own] of Map.groupBy(rows, ({ serial }) => partOf(decodeSerial(serial), shards)))
      parts[index]?.add(own);
  }
  return { ...all.finish(), held, parts: parts.map((part) => part.finish()) };
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

/** What changed since the base: revoked or on hold since, and released since (RFC 5280, 5.3.1, removeFromCRL). */
export async function readChanges(
  query: Query,
  authorityId: string,
  { base, thisUpdate }: { readonly base: DeltaBase; readonly thisUpdate: number },
): Promise<Entries> {
  const changes = new EntryCollector();
  const since = Math.max(0, base.at - underWayMs);
  for await (const page of readPages(query, authorityId, { endedAfter: 0, revokedAt: since })) changes.add(page);
  for (let at = 0; at < base.held.length; at += pageSize) {
    const statuses = await listStatuses(query, authorityId, base.held.slice(at, at + pageSize));
    changes.release(
      statuses.filter(({ state }) => state === 'valid').map(({ serial }) => serial),
      thisUpdate,
    );
  }
  return changes.finish();
}

/** The serial numbers of what is revoked and had not ended at `at`, as rows and as lists have them. */
export async function listSerials(
  query: Query,
  authorityId: string,
  at: number,
): Promise<readonly { readonly serial: string; readonly content: Uint8Array }[]> {
  const found: { serial: string; content: Uint8Array }[] = [];
  for await (const page of readPages(query, authorityId, { endedAfter: at, revokedAt: 0 })) {
    found.push(...page.map(({ serial }) => ({ serial, content: encodeUnsigned(decodeSerial(serial)) })));
  }
  return found;
}

async function* readPages(
  query: Query,
  authorityId: string,
  { endedAfter, revokedAt }: { readonly endedAfter: number; readonly revokedAt: number },
): AsyncGenerator<readonly RevokedRow[]> {
  let after: RevokedCursor = { revokedAt, id: '' };
  for (;;) {
    const page = await listRevoked(query, authorityId, { endedAfter, after, limit: pageSize });
    if (page.length > 0) yield page;
    const last = page.at(-1);
    if (!last || page.length < pageSize) return;
    after = { revokedAt: last.revoked_at ?? 0, id: last.id };
    await setImmediate();
  }
}

class EntryCollector {
  readonly #values: DerValue[] = [];
  readonly #hash = createHash('sha256');
  #count = 0;

  add(rows: readonly RevokedRow[]): void {
    this.#append(rows.map(describeRow));
  }

  release(serials: readonly string[], at: number): void {
    const reason = 'removeFromCRL';
    this.#append(serials.map((serial) => ({ serialNumber: decodeSerial(serial), revokedAt: at, reason })));
  }

  finish(): Entries {
    return { values: this.#values, count: this.#count, content: this.#hash.digest('hex') };
  }

  #append(entries: readonly EntryToWrite[]): void {
    if (entries.length === 0) return;
    const bytes = encodeEntries(entries);
    this.#hash.update(bytes);
    this.#values.push(encoded(bytes));
    this.#count += entries.length;
  }
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
