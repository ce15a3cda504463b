/** SQL of the signatures that WordPress' own updater checks. */
import type { Selectable } from 'kysely';
import { type ArtifactRow, selectLiveArtifacts } from '../../releases/lifecycle/store.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import type { WordpressSignatureTable } from '../../storage/tables/wordpress.ts';

/** The signature of an artifact by a key that nobody has revoked here, or undefined. */
export async function findSignature(
  query: Query,
  artifactId: string,
): Promise<Selectable<WordpressSignatureTable> | undefined> {
  return (
    query
      .selectFrom('wordpress_signature')
      .innerJoin('signing_key', 'signing_key.key_id', 'wordpress_signature.key_id')
      .selectAll('wordpress_signature')
      .where('wordpress_signature.artifact_id', '=', artifactId)
      // Sites know no trust list: what they are shown must end with the key, not with the next list.
      .where('signing_key.state', '!=', 'revoked')
      .executeTakeFirst()
  );
}

/** The archives of a plugin that are published and not signed by this key. */
export async function listUnsigned(
  query: Query,
  { projectId, keyId }: { readonly projectId: string; readonly keyId: string },
): Promise<(ArtifactRow & { version: string })[]> {
  return selectLiveArtifacts(query)
    .leftJoin('wordpress_signature', 'wordpress_signature.artifact_id', 'artifact.id')
    .selectAll('artifact')
    .select('release.version')
    .where('release.project_id', '=', projectId)
    .where('release.state', 'in', ['active', 'superseded'])
    .where('artifact.media_type', '=', 'application/zip')
    .where(({ eb, or }) =>
      or([eb('wordpress_signature.key_id', 'is', null), eb('wordpress_signature.key_id', '!=', keyId)]),
    )
    .orderBy('artifact.id')
    .execute();
}

/** Sets the signature of an archive, in place of one before it. */
export async function replaceSignature(query: Query, row: WordpressSignatureTable): Promise<void> {
  const { artifact_id: _, ...change } = row;
  await query
    .insertInto('wordpress_signature')
    .values(row)
    .onConflict((conflict) => conflict.column('artifact_id').doUpdateSet(change))
    .execute();
}

/** The plugins of an organisation, or of all, for which a key of their own is active. */
export async function listSigningPlugins(query: Query, organisationId: string | undefined): Promise<ProjectRow[]> {
  const all = query
    .selectFrom('project')
    .selectAll('project')
    .where('project.kind', '=', 'wordpress_plugin')
    .where('project.deleted_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('signing_key')
          .select('signing_key.key_id')
          .whereRef('signing_key.organisation_id', '=', 'project.organisation_id')
          .where('signing_key.state', '=', 'active')
          .where(({ eb, ref, val }) =>
            eb('signing_key.scope', '=', eb(val<string>('wordpress:'), '||', ref('project.slug'))),
          ),
      ),
    );
  return (organisationId === undefined ? all : all.where('project.organisation_id', '=', organisationId)).execute();
}
