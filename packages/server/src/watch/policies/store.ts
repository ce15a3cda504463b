/** SQL of policies. */
import type { Insertable, Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { Tx } from '../parts.ts';

/** The latest version of a selector's policy; undefined: there never was one. */
export async function findLatestPolicy(
  query: Query,
  { organisationId, selector }: { readonly organisationId: string; readonly selector: string },
): Promise<Selectable<Schema['watch_policy']> | undefined> {
  return query
    .selectFrom('watch_policy')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .where('selector', '=', selector)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Adds a version. The unique number refuses one that somebody else took. */
export async function insertPolicy(tx: Tx, row: Insertable<Schema['watch_policy']>): Promise<void> {
  await tx.insertInto('watch_policy').values(row).execute();
}

/** Since when a person is a member (Unix ms); undefined for a stranger, and for who may not log in any more. */
export async function findMemberSince(
  query: Query,
  organisationId: string,
  personId: string,
): Promise<number | undefined> {
  const row = await query
    .selectFrom('membership')
    .innerJoin('person', 'person.id', 'membership.person_id')
    .select('membership.created_at')
    .where('membership.organisation_id', '=', organisationId)
    .where('membership.person_id', '=', personId)
    .where('person.disabled_at', 'is', null)
    .executeTakeFirst();
  return row?.created_at;
}
