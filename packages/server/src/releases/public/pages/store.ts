/** SQL of the public pages: a page of projects, a page of releases that were in service, the name of an organisation. */
import type { Query } from '../../../storage/database.ts';
import { type ArtifactRow, type ReleaseRow, selectLiveReleases } from '../../lifecycle/store.ts';
import type { ProjectRow } from '../../projects/store.ts';

/** A project with the version that is in service on its default channel. */
export type ListedProject = Pick<ProjectRow, 'slug' | 'name' | 'description' | 'primary_locale'> & {
  readonly version: string | null;
};

/** A page of the projects of which strangers can have a release, by slug. */
export async function listPublicProjects(
  query: Query,
  {
    organisationId,
    channel,
    after,
    limit,
  }: {
    readonly organisationId: string;
    readonly channel: string;
    /** The last slug of the page before. */
    readonly after: string | undefined;
    readonly limit: number;
  },
): Promise<ListedProject[]> {
  const listed = query
    .selectFrom('project')
    .leftJoin('release as served', (join) =>
      join
        .onRef('served.project_id', '=', 'project.id')
        .on('served.channel', '=', channel)
        .on('served.state', '=', 'active')
        .on('served.deleted_at', 'is', null),
    )
    .select(['project.slug', 'project.name', 'project.description', 'project.primary_locale', 'served.version'])
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('release')
          .select('release.id')
          .whereRef('release.project_id', '=', 'project.id')
          .where('release.state', 'in', ['active', 'superseded'])
          .where('release.deleted_at', 'is', null),
      ),
    )
    .orderBy('project.slug')
    .limit(limit);
  return (after === undefined ? listed : listed.where('project.slug', '>', after)).execute();
}

/** A page of the releases of a project that were in service, newest first. */
export async function listPastReleases(
  query: Query,
  {
    projectId,
    before,
    limit,
  }: {
    readonly projectId: string;
    /** The id of the last release of the page before. */
    readonly before: string | undefined;
    readonly limit: number;
  },
): Promise<ReleaseRow[]> {
  const listed = selectLiveReleases(query)
    .selectAll('release')
    .where('release.project_id', '=', projectId)
    .where('release.activated_at', 'is not', null)
    .orderBy('release.id', 'desc')
    .limit(limit);
  return (before === undefined ? listed : listed.where('release.id', '<', before)).execute();
}

/** A file with the release that it belongs to. */
export type PastFile = Pick<ArtifactRow, 'name' | 'sha256' | 'size_bytes'> &
  Pick<ReleaseRow, 'version' | 'channel' | 'state'>;

/** The files of releases that were in service, newest first. */
export async function listPastFiles(query: Query, projectId: string, limit: number): Promise<PastFile[]> {
  return selectLiveReleases(query)
    .innerJoin('artifact', 'artifact.release_id', 'release.id')
    .select([
      ...(['artifact.name', 'artifact.sha256', 'artifact.size_bytes'] as const),
      ...(['release.version', 'release.channel', 'release.state'] as const),
    ])
    .where('release.project_id', '=', projectId)
    .where('release.activated_at', 'is not', null)
    .orderBy('release.id', 'desc')
    .orderBy('artifact.created_at')
    .orderBy('artifact.id')
    .limit(limit)
    .execute();
}

/** The name of an organisation. */
export async function readOrganisationName(query: Query, organisationId: string): Promise<string> {
  const { name } = await query
    .selectFrom('organisation')
    .select('name')
    .where('id', '=', organisationId)
    .executeTakeFirstOrThrow();
  return name;
}
