/** SQL of revocation: what is revoked, the lists that say so, and how far their numbers are. */
import { type Selectable, sql, type Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { AuthorityTable, CertificateTable } from '../../storage/tables/pki.ts';
import type { RevocationListTable, RevocationStateTable } from '../../storage/tables/revocation.ts';
import type { AuthorityPlace } from '../authorities/authority.ts';

/** The newest list of a kind. */
export type RevocationListRow = Selectable<RevocationListTable>;
/** How far an authority is. */
export type RevocationStateRow = Selectable<RevocationStateTable>;
/** A certificate that is revoked or on hold, as lists need it. */
export type RevokedRow = Pick<CertificateTable, 'id' | 'serial' | 'reason' | 'revoked_at' | 'invalid_from'>;
/** The state of one certificate. */
export type StatusRow = Pick<CertificateTable, 'serial' | 'state' | 'reason' | 'revoked_at'>;

/** Where the next page of revoked certificates begins. */
export interface RevokedCursor {
  readonly revokedAt: number;
  readonly id: string;
}

/** A page of an authority's certificates that are not valid and did not end before `endedAfter`, by time of revocation. */
export async function listRevoked(
  query: Query,
  authorityId: string,
  page: { readonly endedAfter: number; readonly after: RevokedCursor; readonly limit: number },
): Promise<RevokedRow[]> {
  const { revokedAt, id } = page.after;
  return (
    query
      .selectFrom('certificate')
      .select(['id', 'serial', 'reason', 'revoked_at', 'invalid_from'])
      .where('issuer_id', '=', authorityId)
      // The literal lets both engines use the index on what is revoked.
      .where(sql<boolean>`state <> 'valid'`)
      // As one value, so that the index leads to the place: thousands may have been revoked in the same millisecond.
      .where(sql<boolean>`(revoked_at, id) > (${revokedAt}, ${id})`)
      .where('not_after', '>=', page.endedAfter)
      .orderBy('revoked_at')
      .orderBy('id')
      .limit(page.limit)
      .execute()
  );
}

/** One text for what is revoked: another one when a certificate was revoked, put on hold or released since. */
export async function describeRevoked(query: Query, authorityId: string): Promise<string> {
  const row = await query
    .selectFrom('certificate')
    .select((one) => [
      one.fn.countAll<number>().as('count'),
      one.fn.max('revoked_at').as('latest'),
      sql<number>`coalesce(sum(case when state = 'held' then 1 else 0 end), 0)`.as('held'),
    ])
    .where('issuer_id', '=', authorityId)
    .where(sql<boolean>`state <> 'valid'`)
    .executeTakeFirstOrThrow();
  return `${row.count}/${row.latest ?? 0}/${row.held}`;
}

/** The states of those of `serials` that the authority issued. */
export async function listStatuses(
  query: Query,
  authorityId: string,
  serials: readonly string[],
): Promise<StatusRow[]> {
  return query
    .selectFrom('certificate')
    .select(['serial', 'state', 'reason', 'revoked_at'])
    .where('issuer_id', '=', authorityId)
    .where('serial', 'in', serials)
    .execute();
}

/** Certificates as a list made elsewhere may speak of them. */
export type RecordedRow = Pick<
  CertificateTable,
  'id' | 'serial' | 'fingerprint' | 'state' | 'subject' | 'subject_authority_id'
>;

/** Those of `serials` that the authority issued and that are not revoked for good. */
export async function listUnrevoked(
  query: Query,
  authorityId: string,
  serials: readonly string[],
): Promise<RecordedRow[]> {
  return query
    .selectFrom('certificate')
    .select(['id', 'serial', 'fingerprint', 'state', 'subject', 'subject_authority_id'])
    .where('issuer_id', '=', authorityId)
    .where('serial', 'in', serials)
    .where('state', '<>', 'revoked')
    .orderBy('id')
    .execute();
}

/** How far an authority is, or undefined before its first list. */
export async function findRevocationState(query: Query, authorityId: string): Promise<RevocationStateRow | undefined> {
  return query.selectFrom('revocation_state').selectAll().where('authority_id', '=', authorityId).executeTakeFirst();
}

/** Takes the next number of an authority's lists: no number is taken twice, whatever becomes of the list. */
export async function takeNumber(transaction: Transaction<Schema>, place: AuthorityPlace): Promise<number> {
  const { number } = await transaction
    .insertInto('revocation_state')
    .values(beginState(place, 1))
    .onConflict((conflict) =>
      conflict.column('authority_id').doUpdateSet((row) => ({ number: row('revocation_state.number', '+', 1) })),
    )
    .returning('number')
    .executeTakeFirstOrThrow();
  return number;
}

/** Raises the last number to that of a list made elsewhere; false when it does not grow. */
export async function raiseNumber(
  transaction: Transaction<Schema>,
  place: AuthorityPlace,
  number: number,
): Promise<boolean> {
  const result = await transaction
    .insertInto('revocation_state')
    .values(beginState(place, number))
    .onConflict((conflict) =>
      conflict
        .column('authority_id')
        .doUpdateSet({ number })
        // A list with a lower number would hide what a later one says.
        .where('revocation_state.number', '<', number),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

function beginState({ authorityId, organisationId }: AuthorityPlace, number: number): RevocationStateTable {
  return {
    ...{ authority_id: authorityId, organisation_id: organisationId, number },
    ...{ base_number: null, base_at: null, base_held: '[]', shards: 1, covered: '' },
  };
}

/** Changes what is known of an authority's lists, but for the number. */
export async function updateRevocationState(
  transaction: Transaction<Schema>,
  authorityId: string,
  change: Partial<Omit<RevocationStateTable, 'authority_id' | 'organisation_id' | 'number'>>,
): Promise<void> {
  await transaction.updateTable('revocation_state').set(change).where('authority_id', '=', authorityId).execute();
}

/** Puts a list in the place of an older one; false when the one there has the same or a higher number. */
export async function replaceList(transaction: Transaction<Schema>, row: RevocationListTable): Promise<boolean> {
  const { authority_id: _, kind: __, part: ___, ...changes } = row;
  const result = await transaction
    .insertInto('revocation_list')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['authority_id', 'kind', 'part'])
        .doUpdateSet(changes)
        // Two at once: the one with the higher number stays.
        .where('revocation_list.number', '<', row.number),
    )
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** The newest list of a kind and part. */
export async function findList(
  query: Query,
  authorityId: string,
  which: Pick<RevocationListTable, 'kind' | 'part'>,
): Promise<RevocationListRow | undefined> {
  return query
    .selectFrom('revocation_list')
    .selectAll()
    .where('authority_id', '=', authorityId)
    .where('kind', '=', which.kind)
    .where('part', '=', which.part)
    .executeTakeFirst();
}

/** What is said about a list without the list itself. */
export type ListFacts = Omit<RevocationListRow, 'der'>;

/** All lists of an authority, without their bytes. */
export async function listListFacts(query: Query, authorityId: string): Promise<ListFacts[]> {
  return query
    .selectFrom('revocation_list')
    .select([
      ...(['authority_id', 'organisation_id', 'kind', 'part', 'number', 'base_number', 'this_update'] as const),
      ...(['next_update', 'entries', 'content', 'digest', 'created_at'] as const),
    ])
    .where('authority_id', '=', authorityId)
    .orderBy('kind')
    .orderBy('part')
    .execute();
}

/** An authority that publishes. */
export type PublishingRow = Pick<AuthorityTable, 'id' | 'organisation_id' | 'name' | 'custody'>;

/** Every authority, of every organisation or of one, that still says what it revoked: also a revoked one, until its last certificate ends at `at`. */
export async function listPublishing(query: Query, at: number, organisationId?: string): Promise<PublishingRow[]> {
  return query
    .selectFrom('authority')
    .select(['id', 'organisation_id', 'name', 'custody'])
    .where('state', 'in', ['active', 'retired', 'revoked'])
    .$if(organisationId !== undefined, (rows) => rows.where('organisation_id', '=', organisationId ?? ''))
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('certificate')
          .select('certificate.id')
          .whereRef('certificate.subject_authority_id', '=', 'authority.id')
          .whereRef('certificate.organisation_id', '=', 'authority.organisation_id')
          .where('certificate.not_after', '>=', at),
      ),
    )
    .orderBy('id')
    .execute();
}

/** A list of all certificates that an authority published, and whose it is. */
export type PublishedRow = Pick<
  RevocationListTable,
  'authority_id' | 'organisation_id' | 'number' | 'this_update' | 'next_update'
> & { readonly name: string };

/** The complete lists, of authorities that `listPublishing` names at `at`, that end until `until`. */
export async function listEnding(query: Query, at: number, until: number): Promise<PublishedRow[]> {
  const publishing = new Map((await listPublishing(query, at)).map(({ id, name }) => [id, name]));
  const rows = await query
    .selectFrom('revocation_list')
    .select(['authority_id', 'organisation_id', 'number', 'this_update', 'next_update'])
    .where('kind', '=', 'complete')
    .where('part', '=', '')
    .where('next_update', '<=', until)
    .orderBy('next_update')
    .execute();
  return rows.flatMap((row) => {
    const name = publishing.get(row.authority_id);
    return name === undefined ? [] : [{ ...row, name }];
  });
}

/** The detail of the newest audit row about an object, by an action of which there are few; undefined: none. */
export async function findLastTold(query: Query, action: string, objectId: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('audit_event')
    .select('detail')
    .where('action', '=', action)
    .where('object_id', '=', objectId)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.detail ?? undefined;
}
