/** SQL of making SBOMs: the artifact with all that its document names. */
import type { Query } from '../../../storage/database.ts';
import type { ArtifactRow, ReleaseRow } from '../../lifecycle/store.ts';
import { selectLiveArtifacts } from '../../lifecycle/store.ts';

/** An artifact with its release and project. */
export interface ArtifactInRelease {
  readonly organisationId: string;
  readonly slug: string;
  readonly release: ReleaseRow;
  readonly artifact: ArtifactRow;
}

/** The artifact, unless it, its release or its project is not there any more. */
export async function findArtifactInRelease(query: Query, artifactId: string): Promise<ArtifactInRelease | undefined> {
  const place = await selectLiveArtifacts(query)
    .select(['project.organisation_id', 'project.slug', 'release.id'])
    .where('artifact.id', '=', artifactId)
    .executeTakeFirst();
  if (!place) return undefined;
  const release = await query.selectFrom('release').selectAll().where('id', '=', place.id).executeTakeFirstOrThrow();
  const artifact = await query
    .selectFrom('artifact')
    .selectAll()
    .where('id', '=', artifactId)
    .executeTakeFirstOrThrow();
  return { organisationId: place.organisation_id, slug: place.slug, release, artifact };
}
