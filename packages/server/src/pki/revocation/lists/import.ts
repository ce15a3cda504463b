/** Lists of authorities whose keys are elsewhere: made there, checked here, and published. */
import { createHash } from 'node:crypto';
import { DerReader } from '@signpost/protocol/asn1/reader';
import { importPublicKey } from '@signpost/protocol/keys/verification-key';
import { isSameName, readName } from '@signpost/protocol/x509/name';
import { findEntry, parseRevocationList, type RevocationList } from '@signpost/protocol/x509/revocation-list';
import { verifySigned } from '@signpost/protocol/x509/verify-certificate';
import type { Transaction } from 'kysely';
import type { Caller } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import type { Query } from '../../../storage/database.ts';
import type { Schema } from '../../../storage/schema.ts';
import { type AuthorityParts, requireAuthority } from '../../authorities/authority.ts';
import type { AuthorityRow } from '../../authorities/store.ts';
import {
  describeRevoked,
  findList,
  type RevocationListRow,
  raiseNumber,
  replaceList,
  updateRevocationState,
} from '../store.ts';
import { adoptEntries } from './adopt.ts';
import { listSerials } from './entries.ts';

/** How far the clock of the machine that made the list may be ahead. */
const clockSkewMs = 300_000;

/** A list, and what may come of it. */
export interface ImportedList {
  readonly authority: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Revoke all that stands below an authority that the list revokes, too. */
  readonly cascade?: boolean;
}

/**
 * Publishes a list of an offline authority, and revokes here what it revokes. Throws `not_found`; `conflict` for an authority whose
 * lists are made here, for a list that is not newer than the one before, and, rule `has-valid-children`, for one that ends an
 * authority with valid certificates below it when there is no `cascade`; `trust_refused` by way of TrustError for what is no list
 * or not signed by the authority's key; `invalid` for the list of somebody else, a part or a delta, one that is not current, and
 * one that leaves out what is revoked.
 */
export async function importList(
  parts: AuthorityParts,
  caller: Caller,
  { authority, bytes, cascade = false }: ImportedList,
): Promise<RevocationListRow> {
  const { database, now } = parts;
  const row = await requireAuthority(database.query, caller.organisationId, authority);
  if (row.custody !== 'offline') {
    throw new Refusal('conflict', `the lists of ${row.name} are made on this server`, { rule: 'key-here' });
  }
  const list = parseRevocationList(bytes);
  await assertAuthentic(list, row);
  assertCurrent(list, now());
  const stored = describeList(row, list, now());
  await database.transaction(async (tx) => {
    await assertNewer(tx, stored);
    await assertComplete(tx, row, list);
    await adoptEntries(tx, { parts, caller, at: now() }, { row, list, cascade });
    await replaceList(tx, stored);
    await updateRevocationState(tx, row.id, { covered: await describeRevoked(tx, row.id) });
    await recordAudit(tx, now(), {
      ...caller,
      action: 'revocation_list.imported',
      object: { kind: 'authority', id: row.id },
      detail: { name: row.name, number: stored.number, entries: stored.entries },
    });
  });
  return stored;
}

async function assertAuthentic(list: RevocationList, row: AuthorityRow): Promise<void> {
  const subject = readName(new DerReader(decode(row.subject)));
  if (!isSameName(list.issuer, subject)) throw refuse('other-issuer', `expected a list of ${row.name}, got another's`);
  await verifySigned(list, await importPublicKey(decode(row.public_key)));
}

function assertCurrent({ scope, deltaBase, thisUpdate, nextUpdate, number }: RevocationList, at: number): void {
  if (scope || deltaBase !== undefined) throw refuse('partial-list', 'expected a complete list, got a part or a delta');
  if (thisUpdate > at + clockSkewMs || nextUpdate <= at) {
    const [from, to] = [thisUpdate, nextUpdate].map((time) => new Date(time).toISOString());
    throw refuse('not-current', `expected a list that is in force now, got one from ${from} to ${to}`);
  }
  if (number < 1n || number > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw refuse('list-number', 'expected a list number from 1 to 2^53−1');
  }
}

/** What this server knows to be revoked must not become good again because the other machine has not heard of it. */
async function assertComplete(query: Query, { id }: AuthorityRow, list: RevocationList): Promise<void> {
  for (const { serial, content } of await listSerials(query, id, list.thisUpdate)) {
    if (!findEntry(list, content)) {
      throw refuse('list-incomplete', `expected the certificate ${serial} in the list, which is revoked here`);
    }
  }
}

function describeList(row: AuthorityRow, list: RevocationList, at: number): RevocationListRow {
  return {
    ...{ authority_id: row.id, organisation_id: row.organisation_id, kind: 'complete', part: '' },
    ...{ number: Number(list.number), base_number: null, this_update: list.thisUpdate, next_update: list.nextUpdate },
    entries: list.entries.length,
    content: createHash('sha256').update(list.signedBytes).digest('hex'),
    der: Buffer.from(list.bytes).toString('base64'),
    digest: createHash('sha256').update(list.bytes).digest('hex'),
    created_at: at,
  };
}

/** RFC 5280, 5.2.3 and 5.1.2.4: neither number nor time goes back, or what a later list revoked would be good again. */
async function assertNewer(tx: Transaction<Schema>, stored: RevocationListRow): Promise<void> {
  const { authority_id: authorityId, organisation_id: organisationId, number, this_update } = stored;
  const hint = 'publish the newest list only';
  const before = await findList(tx, authorityId, { kind: 'complete', part: '' });
  if (before && before.this_update > this_update) {
    const [was, is] = [before.this_update, this_update].map((time) => new Date(time).toISOString());
    throw new Refusal('conflict', `expected a list from ${was} or later, got one from ${is}`, {
      rule: 'list-older',
      hint,
    });
  }
  if (await raiseNumber(tx, { authorityId, organisationId }, number)) return;
  const message = `expected a number above that of the published list, got ${number}`;
  throw new Refusal('conflict', message, { rule: 'list-number', hint });
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('invalid', message, { rule });
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
