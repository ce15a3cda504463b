/** SQL of what strangers ask for: served files, and the counts of their downloads. */
import type { Query } from '../../storage/database.ts';
import type { DownloadCountTable } from '../../storage/tables/releases.ts';
import { type ArtifactRow, type ReleaseRow, selectLiveArtifacts, selectLiveReleases } from '../lifecycle/store.ts';

/** Which file of which release. */
export interface FileName {
  readonly organisationId: string;
  readonly slug: string;
  readonly version: string;
  /** Absent: the main file. */
  readonly name?: string;
}

/** A stored file with the release it belongs to. */
export interface StoredFile {
  readonly artifact: ArtifactRow;
  readonly release: ReleaseRow;
}

/** The file, whatever the state of its release, unless project or release are deleted. */
export async function findFile(query: Query, file: FileName): Promise<StoredFile | undefined> {
  const release = await selectLiveReleases(query)
    .selectAll('release')
    .where('project.organisation_id', '=', file.organisationId)
    .where('project.slug', '=', file.slug)
    .where('release.version', '=', file.version)
    .executeTakeFirst();
  if (!release) return undefined;
  const artifacts = query.selectFrom('artifact').selectAll().where('release_id', '=', release.id);
  const named = file.name === undefined ? artifacts : artifacts.where('name', '=', file.name);
  const artifact = await named.orderBy('created_at').orderBy('id').limit(1).executeTakeFirst();
  return artifact && { artifact, release };
}

/** The version that is active on a channel, or undefined. */
export async function findActiveVersion(
  query: Query,
  where: { organisationId: string; slug: string; channel: string },
): Promise<string | undefined> {
  const row = await selectLiveReleases(query)
    .select('release.version')
    .where('project.organisation_id', '=', where.organisationId)
    .where('project.slug', '=', where.slug)
    .where('release.channel', '=', where.channel)
    .where('release.state', '=', 'active')
    .executeTakeFirst();
  return row?.version;
}

/** Every published file of an organisation, or of all: what the public tree holds. */
export async function listPublishedFiles(query: Query): Promise<
  {
    organisation_id: string;
    organisation: string;
    slug: string;
    kind: string;
    version: string;
    channel: string;
    state: string;
    name: string;
    sha256: string;
  }[]
> {
  return selectLiveArtifacts(query)
    .innerJoin('organisation', 'organisation.id', 'project.organisation_id')
    .select([
      'organisation.id as organisation_id',
      'organisation.slug as organisation',
      'project.slug',
      'project.kind',
      'release.version',
      'release.channel',
      'release.state',
      'artifact.name',
      'artifact.sha256',
    ])
    .where('release.state', 'in', ['active', 'superseded'])
    .orderBy('artifact.created_at')
    .orderBy('artifact.id')
    .execute();
}

/** Adds to the count of a day. */
export async function addDownloads(query: Query, row: DownloadCountTable): Promise<void> {
  await query
    .insertInto('download_count')
    .values(row)
    .onConflict((conflict) =>
      conflict
        .columns(['project_id', 'day', 'version', 'platform'])
        .doUpdateSet(({ eb, ref }) => ({ count: eb(ref('download_count.count'), '+', row.count) })),
    )
    .execute();
}

/** The counts of a project between two days, both included. */
export async function listDownloads(
  query: Query,
  where: { projectId: string; from: string; to: string },
): Promise<Omit<DownloadCountTable, 'project_id'>[]> {
  return query
    .selectFrom('download_count')
    .select(['day', 'version', 'platform', 'count'])
    .where('project_id', '=', where.projectId)
    .where('day', '>=', where.from)
    .where('day', '<=', where.to)
    .orderBy('day')
    .orderBy('version')
    .orderBy('platform')
    .execute();
}
