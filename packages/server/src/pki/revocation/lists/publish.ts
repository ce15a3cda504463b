/** Publishing an authority's lists: complete, delta, and parts of large ones, under one sequence of numbers (RFC 5280, 5.2.3). */
import { createHash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import { signRevocationList } from '@signpost/protocol/x509/write-revocation-list';
import type { Transaction } from 'kysely';
import { type Actor, systemActor } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { AuthorityParts } from '../../authorities/authority.ts';
import { forgetIssuers, type Issuer } from '../../authorities/issuer.ts';
import { chooseParts, formatPart } from '../../authorities/list-parts.ts';
import { locateAuthority } from '../../authorities/locations.ts';
import { readOrganisationSlug } from '../../authorities/store.ts';
import { baseAgeMs } from '../periods.ts';
import {
  describeRevoked,
  findRevocationState,
  listListFacts,
  type RevocationListRow,
  type RevocationStateRow,
  replaceList,
  takeNumber,
  updateRevocationState,
} from '../store.ts';
import { type AllEntries, type DeltaBase, type Entries, readEntries } from './entries.ts';

/** How lists are to be made. */
export interface PublishOptions {
  /** From this update to the next that is promised, ms. */
  readonly validityMs: number;
  /** Who caused it, for the audit log. */
  readonly actor?: Actor;
}

/** A delta above this is no saving: what it is measured from is moved. */
const maxDeltaEntries = 5000;

/**
 * Makes and stores the lists of what `issuer` has revoked until now, each with a number never used before, and returns the
 * complete one, which one with a higher number may have overtaken. What changes meanwhile is not in them, and shows: see
 * `isBehind`. Throws `conflict` for an issuer that may not sign lists.
 */
export async function publishLists(
  parts: AuthorityParts,
  issuer: Issuer,
  options: PublishOptions,
): Promise<RevocationListRow> {
  assertMaySignLists(issuer.certificate, issuer.name);
  const { query } = parts.database;
  const { authorityId, organisationId } = issuer;
  // Before anything is read: what was revoked before a number was taken is in the list that has it.
  const number = await parts.database.transaction((tx) => takeNumber(tx, { authorityId, organisationId }));
  const thisUpdate = Math.floor(parts.now() / 1000) * 1000;
  const covered = await describeRevoked(query, authorityId);
  const before = await findRevocationState(query, authorityId);
  const shards = before?.shards ?? 1;
  // RFC 5280, 3.3: an entry stays until it stood in a list from after the certificate's end.
  const endedAfter = thisUpdate - options.validityMs;
  const base = before && describeDeltaBase(before);
  const entries = await readEntries(query, authorityId, { endedAfter, shards, base, thisUpdate });
  const update = { number, thisUpdate, nextUpdate: thisUpdate + options.validityMs };
  const making: Making = { parts, issuer, update, base: await describeListBase(parts, issuer) };
  const complete = await makeList(making, { kind: 'complete', part: '' }, entries);
  const delta = base && (await makeList(making, { kind: 'delta', part: '', baseNumber: base.number }, entries.changes));
  const changedParts = await makeParts(making, entries, shards);
  const wanted = chooseParts(entries.count, shards);
  await setImmediate();
  // Megabytes, which the disk takes its time for.
  const { durable } = await parts.database.commit(async (tx) => {
    // One with a higher number was faster; what it may lack shows in what it covers.
    if (!(await replaceList(tx, complete))) return;
    for (const row of [...(delta ? [delta] : []), ...changedParts]) await replaceList(tx, row);
    const isMoved = isBaseToMove(before, { delta, thisUpdate });
    const base = isMoved ? describeNewBase(entries, update) : await describeKnownHolds(tx, authorityId, entries);
    await updateRevocationState(tx, authorityId, { covered, shards: wanted, ...base });
    // From now on its certificates name the part that they will stand in.
    if (wanted !== shards) forgetIssuers(parts, tx);
    await recordPublication(tx, complete, { at: parts.now(), actor: options.actor ?? systemActor, name: issuer.name });
  });
  await durable;
  // Once more, when there are parts for the first time: nobody shall look for one in vain.
  return wanted === shards ? complete : publishLists(parts, issuer, options);
}

interface Update {
  readonly number: number;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

interface Making {
  readonly parts: AuthorityParts;
  readonly issuer: Issuer;
  readonly update: Update;
  /** The address of the authority's lists; without one they name none. */
  readonly base: string | undefined;
}

async function describeListBase({ database, pkiUrl }: AuthorityParts, issuer: Issuer): Promise<string | undefined> {
  const slug = await readOrganisationSlug(database.query, issuer.organisationId);
  return locateAuthority(pkiUrl, slug, issuer.name).crl[0];
}

interface ListKind {
  readonly kind: RevocationListRow['kind'];
  readonly part: string;
  readonly baseNumber?: number;
}

async function makeList(
  { parts, issuer, update, base }: Making,
  { kind, part, baseNumber }: ListKind,
  { values, count, content }: Entries,
): Promise<RevocationListRow> {
  // Writing and signing a large list takes tens of milliseconds: others have their turn before each, and before all are stored.
  await setImmediate();
  const bytes = await signRevocationList(
    {
      issuer: issuer.certificate.subject,
      authorityKeyIdentifier: keyIdentifierOf(issuer),
      thisUpdate: update.thisUpdate,
      nextUpdate: update.nextUpdate,
      number: BigInt(update.number),
      ...(baseNumber === undefined ? {} : { deltaBase: BigInt(baseNumber) }),
      ...(part !== '' && base !== undefined ? { scope: { uris: [`${base}/${part}`] } } : {}),
      ...(part === '' && kind === 'complete' && base !== undefined ? { freshestCrl: [`${base}/delta`] } : {}),
      entries: values,
    },
    issuer.signer,
  );
  return {
    ...{ authority_id: issuer.authorityId, organisation_id: issuer.organisationId, kind, part },
    ...{ number: update.number, base_number: baseNumber ?? null, entries: count, content },
    ...{ this_update: update.thisUpdate, next_update: update.nextUpdate, created_at: parts.now() },
    der: Buffer.from(bytes).toString('base64'),
    digest: createHash('sha256').update(bytes).digest('hex'),
  };
}

function describeDeltaBase(state: RevocationStateRow): (DeltaBase & { readonly number: number }) | undefined {
  if (state.base_number === null || state.base_at === null) return undefined;
  return { number: state.base_number, at: state.base_at, held: JSON.parse(state.base_held) as string[] };
}

/** Parts are signed again when their entries have changed, or half of their time is over. */
async function makeParts(making: Making, { parts }: AllEntries, shards: number): Promise<RevocationListRow[]> {
  // Without an address of its own, a part would pass for the whole.
  if (making.base === undefined || parts.length === 0) return [];
  const known = await listListFacts(making.parts.database.query, making.issuer.authorityId);
  const contents = new Map(
    known.filter((one) => isFresh(one, making.update)).map(({ part, content }) => [part, content]),
  );
  const made: RevocationListRow[] = [];
  for (const [index, entries] of parts.entries()) {
    const part = formatPart(shards, index);
    if (contents.get(part) !== entries.content) made.push(await makeList(making, { kind: 'complete', part }, entries));
  }
  return made;
}

function isFresh({ this_update, next_update }: Pick<RevocationListRow, 'this_update' | 'next_update'>, update: Update) {
  return next_update - update.thisUpdate > (next_update - this_update) / 2;
}

function isBaseToMove(
  before: RevocationStateRow | undefined,
  { delta, thisUpdate }: { readonly delta: RevocationListRow | undefined; readonly thisUpdate: number },
): boolean {
  if (!before || before.base_at === null) return true;
  return thisUpdate - before.base_at >= baseAgeMs || (delta?.entries ?? 0) > maxDeltaEntries;
}

function describeNewBase({ held }: AllEntries, { number, thisUpdate }: Update) {
  return { base_number: number, base_at: thisUpdate, base_held: JSON.stringify(held) };
}

/** RFC 5280, 5.3.1: a delta also releases what was on hold only in a list since its base. */
async function describeKnownHolds(tx: Transaction<Schema>, authorityId: string, { held }: AllEntries) {
  const state = await findRevocationState(tx, authorityId);
  const known = JSON.parse(state?.base_held ?? '[]') as string[];
  return { base_held: JSON.stringify([...new Set([...known, ...held])]) };
}

async function recordPublication(
  tx: Transaction<Schema>,
  list: RevocationListRow,
  { at, actor, name }: { readonly at: number; readonly actor: Actor; readonly name: string },
): Promise<void> {
  await recordAudit(tx, at, {
    organisationId: list.organisation_id,
    actor,
    action: 'revocation_list.published',
    object: { kind: 'authority', id: list.authority_id },
    detail: { name, number: list.number, entries: list.entries },
  });
}

function assertMaySignLists({ extensions }: Certificate, name: string): void {
  if (extensions.keyUsage?.value.has('cRLSign') !== false) return;
  throw new Refusal('conflict', `the certificate of ${name} does not let it sign revocation lists`, {
    rule: 'crl-sign-missing',
  });
}

function keyIdentifierOf({ certificate, name }: Issuer): Uint8Array {
  const identifier = certificate.extensions.subjectKeyIdentifier?.value;
  // RFC 5280, 4.2.1.2 and 5.2.1: authorities have one, and their lists name it.
  if (!identifier) throw new Refusal('conflict', `the certificate of ${name} has no key identifier`);
  return identifier;
}

/** Whether the lists of an authority do not say what its certificates say, because of a crash or because there is none yet. */
export async function isBehind({ database }: Pick<AuthorityParts, 'database'>, authorityId: string): Promise<boolean> {
  const state = await findRevocationState(database.query, authorityId);
  return state?.covered !== (await describeRevoked(database.query, authorityId));
}

/** Whether the complete list of an authority is to be made again: it is behind, missing, or half of its time is over. */
export async function isDue(
  { database, now }: Pick<AuthorityParts, 'database' | 'now'>,
  authorityId: string,
): Promise<boolean> {
  const list = (await listListFacts(database.query, authorityId)).find(
    ({ kind, part }) => kind === 'complete' && part === '',
  );
  if (!list) return true;
  const halfway = list.this_update + (list.next_update - list.this_update) / 2;
  return now() >= halfway || (await isBehind({ database }, authorityId));
}
