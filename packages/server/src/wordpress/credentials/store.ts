/** SQL of the credentials by which plugins are committed. */
import type { Selectable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { WordpressCredentialTable } from '../../storage/tables/wordpress.ts';

/** A stored credential. */
export type CredentialRow = Selectable<WordpressCredentialTable>;

/** The credential of a project, or undefined. */
export async function findCredential(query: Query, projectId: string): Promise<CredentialRow | undefined> {
  return query.selectFrom('wordpress_credential').selectAll().where('project_id', '=', projectId).executeTakeFirst();
}

/** Sets the credential of a project, in place of one before it. */
export async function replaceCredential(query: Query, row: CredentialRow): Promise<void> {
  const { project_id: _, ...change } = row;
  await query
    .insertInto('wordpress_credential')
    .values(row)
    .onConflict((conflict) => conflict.column('project_id').doUpdateSet(change))
    .execute();
}

/** Removes the credential of a project; false when there is none. */
export async function deleteCredential(query: Query, projectId: string): Promise<boolean> {
  const rows = await query
    .deleteFrom('wordpress_credential')
    .where('project_id', '=', projectId)
    .returning('project_id')
    .execute();
  return rows.length > 0;
}

/** The slugs of the projects whose password is sealed, with that of their organisation. */
export async function listSealedCredentials(query: Query): Promise<{ organisation: string; slug: string }[]> {
  return query
    .selectFrom('wordpress_credential')
    .innerJoin('project', 'project.id', 'wordpress_credential.project_id')
    .innerJoin('organisation', 'organisation.id', 'project.organisation_id')
    .select(['organisation.slug as organisation', 'project.slug'])
    .orderBy('project.slug')
    .execute();
}

/** The slugs of an organisation's projects whose password was sealed under another vault than that of `fingerprint`. */
export async function listLockedCredentials(
  query: Query,
  { organisationId, fingerprint }: { readonly organisationId: string; readonly fingerprint: string },
): Promise<string[]> {
  const rows = await query
    .selectFrom('wordpress_credential')
    .innerJoin('project', 'project.id', 'wordpress_credential.project_id')
    .select('project.slug')
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .where('wordpress_credential.vault_fingerprint', '!=', fingerprint)
    .orderBy('project.slug')
    .execute();
  return rows.map(({ slug }) => slug);
}
