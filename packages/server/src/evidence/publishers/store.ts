/** SQL of trusted publishing. */
import type { Selectable, Transaction } from 'kysely';
import { announceAccessChange } from '../../accounts/access-changes.ts';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { PublisherGrantTable, PublisherTable } from '../../storage/tables/publishers.ts';

/** A stored publisher. */
export type PublisherRow = Selectable<PublisherTable>;

/** The project of a slug in an organisation, unless it is deleted. */
export async function findProjectId(query: Query, organisationId: string, slug: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('project')
    .select('id')
    .where('organisation_id', '=', organisationId)
    .where('slug', '=', slug)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  return row?.id;
}

/** Adds a publisher. */
export async function insertPublisher(query: Query, row: PublisherRow): Promise<void> {
  await query.insertInto('publisher').values(row).execute();
}

/** The publishers of a project that are not removed, oldest first. */
export async function listPublishers(query: Query, projectId: string): Promise<PublisherRow[]> {
  return query
    .selectFrom('publisher')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('removed_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** Holds a publisher as it is for the rest of the transaction; false when it is removed. */
export async function holdPublisher(tx: Transaction<Schema>, id: string): Promise<boolean> {
  // Writing the row, to what it is, makes a removal wait, which then finds the key.
  const row = await tx
    .updateTable('publisher')
    .set(({ ref }) => ({ created_at: ref('created_at') }))
    .where('id', '=', id)
    .where('removed_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Removes a publisher of a project; undefined when it has none of this id in force. */
export async function removePublisherRow(
  query: Query,
  { id, projectId, now }: { id: string; projectId: string; now: number },
): Promise<PublisherRow | undefined> {
  return query
    .updateTable('publisher')
    .set({ removed_at: now })
    .where('id', '=', id)
    .where('project_id', '=', projectId)
    .where('removed_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Revokes what was given for tokens of a publisher and has not ended. */
export async function revokeGrantedKeys(query: Query, publisherId: string, now: number): Promise<void> {
  await query
    .updateTable('api_key')
    .set({ revoked_at: now })
    .where('revoked_at', 'is', null)
    .where('id', 'in', (rows) =>
      rows.selectFrom('publisher_grant').select('api_key_id').where('publisher_id', '=', publisherId),
    )
    .execute();
  announceAccessChange(query);
}

/** Remembers a token until it ends. Throws a unique violation when it was shown before. */
export async function insertToken(query: Query, digest: string, expiresAt: number): Promise<void> {
  await query.insertInto('publisher_token').values({ digest, expires_at: expiresAt }).execute();
}

/** Forgets tokens that hold nowhere any more, and takes keys that ended off the list of those in force. */
export async function deleteEnded(query: Query, now: number): Promise<void> {
  await query.deleteFrom('publisher_token').where('expires_at', '<=', now).execute();
  await query
    .updateTable('api_key')
    .set(({ ref }) => ({ revoked_at: ref('expires_at') }))
    .where('revoked_at', 'is', null)
    .where('expires_at', '<=', now)
    .where('id', 'in', (rows) => rows.selectFrom('publisher_grant').select('api_key_id'))
    .execute();
}

/** Keeps what a key was given for. */
export async function insertGrant(query: Query, row: Selectable<PublisherGrantTable>): Promise<void> {
  await query.insertInto('publisher_grant').values(row).execute();
}

/** Ties an artifact to the grant behind the key that uploaded it; nothing for a key of another kind. */
export async function tieArtifact(query: Query, artifactId: string, apiKeyId: string): Promise<void> {
  const grant = await query
    .selectFrom('publisher_grant')
    .select('id')
    .where('api_key_id', '=', apiKeyId)
    .executeTakeFirst();
  if (!grant) return;
  await query.insertInto('artifact_grant').values({ artifact_id: artifactId, grant_id: grant.id }).execute();
}

/** What an artifact was uploaded by: the claims as stored, and the publisher; undefined for any other upload. */
export async function findGrantOf(
  query: Query,
  artifactId: string,
): Promise<{ readonly id: string; readonly publisher_id: string; readonly claims: string } | undefined> {
  return query
    .selectFrom('artifact_grant')
    .innerJoin('publisher_grant', 'publisher_grant.id', 'artifact_grant.grant_id')
    .select(['publisher_grant.id', 'publisher_grant.publisher_id', 'publisher_grant.claims'])
    .where('artifact_grant.artifact_id', '=', artifactId)
    .executeTakeFirst();
}
