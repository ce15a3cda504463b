/** SQL of releases, their artifacts, manifests and approvals. */
import type { Insertable, Selectable, Transaction, Updateable } from 'kysely';
import type { Database, Query } from '../../storage/database.ts';
import { type ListPage, rowsToRead } from '../../storage/pages.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ApprovalTable, ArtifactTable, ManifestTable, ReleaseTable } from '../../storage/tables/releases.ts';
import { holdsText } from '../../storage/text-search.ts';

/** A stored release. */
export type ReleaseRow = Selectable<ReleaseTable>;
/** A stored artifact. */
export type ArtifactRow = Selectable<ArtifactTable>;
/** A stored manifest. */
export type ManifestRow = Selectable<ManifestTable>;

/** Begins a query over releases that are there: neither they nor their project are deleted. */
export function selectLiveReleases(query: Query) {
  return query
    .selectFrom('release')
    .innerJoin('project', 'project.id', 'release.project_id')
    .where('project.deleted_at', 'is', null)
    .where('release.deleted_at', 'is', null);
}

/** Begins a query over the files of such releases. */
export function selectLiveArtifacts(query: Query) {
  return selectLiveReleases(query).innerJoin('artifact', 'artifact.release_id', 'release.id');
}

/** The release of that version, deleted or not. */
export async function findRelease(query: Query, projectId: string, version: string): Promise<ReleaseRow | undefined> {
  return query
    .selectFrom('release')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('version', '=', version)
    .executeTakeFirst();
}

/** All releases of a project, newest first, deleted ones too. */
export async function listReleases(query: Query, projectId: string): Promise<ReleaseRow[]> {
  return query
    .selectFrom('release')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .execute();
}

/** Which releases are wanted; `after` is the id of the last one seen. */
export interface ReleaseFilter extends ListPage {
  readonly projectId: string;
  readonly publicOnly: boolean;
  readonly state?: ReleaseRow['state'] | undefined;
}

/** Releases of a project whose version or channel holds `search`, newest first. */
export async function searchReleases({ query, engine }: Database, filter: ReleaseFilter): Promise<ReleaseRow[]> {
  const { projectId, publicOnly, state, search, after } = filter;
  let rows = query.selectFrom('release').selectAll().where('project_id', '=', projectId).orderBy('id', 'desc');
  if (publicOnly) rows = rows.where('deleted_at', 'is', null).where('state', 'in', ['active', 'superseded']);
  if (state !== undefined) rows = rows.where('state', '=', state);
  if (search !== undefined) {
    rows = rows.where(({ or, ref }) =>
      or([ref('version'), ref('channel')].map((value) => holdsText(value, { engine, search }))),
    );
  }
  // Ids are as old as their releases, so that nothing has to be read to go on after one that was deleted meanwhile.
  if (after !== undefined) rows = rows.where('id', '<', after);
  const count = rowsToRead(filter);
  return (count === undefined ? rows : rows.limit(count)).execute();
}

/** The artifacts of releases in a stable order: the first one uploaded is the main one. */
export async function listArtifacts(query: Query, releaseIds: readonly string[]): Promise<ArtifactRow[]> {
  const found: ArtifactRow[] = [];
  // No statement takes more parameters than some ten thousand.
  for (let start = 0; start < releaseIds.length; start += releasesAtOnce) {
    const rows = await query
      .selectFrom('artifact')
      .selectAll()
      .where('release_id', 'in', releaseIds.slice(start, start + releasesAtOnce))
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    found.push(...rows);
  }
  return found;
}

const releasesAtOnce = 5_000;

/** Changes a release whatever its state. */
export async function updateRelease(
  tx: Transaction<Schema>,
  id: string,
  change: Omit<Updateable<ReleaseTable>, 'id' | 'state' | 'project_id' | 'version'>,
): Promise<ReleaseRow> {
  return tx.updateTable('release').set(change).where('id', '=', id).returningAll().executeTakeFirstOrThrow();
}

/** Moves a release to another state if it is in one of `from` and not deleted; undefined when it is not. */
export async function moveRelease(
  tx: Transaction<Schema>,
  id: string,
  change: { from: readonly ReleaseRow['state'][]; to: ReleaseRow['state']; now: number; reason?: string },
): Promise<ReleaseRow | undefined> {
  return tx
    .updateTable('release')
    .set({
      state: change.to,
      reason: change.reason ?? null,
      ...(change.to === 'active' ? { activated_at: change.now } : {}),
    })
    .where('id', '=', id)
    .where('state', 'in', [...change.from])
    .where('deleted_at', 'is', null)
    .returningAll()
    .executeTakeFirst();
}

/** Ends the active release of a channel, unless it is `exceptId`; returns its version. */
export async function supersedeActive(
  tx: Transaction<Schema>,
  where: { projectId: string; channel: string; exceptId: string },
): Promise<string | undefined> {
  const row = await tx
    .updateTable('release')
    .set({ state: 'superseded' })
    .where('project_id', '=', where.projectId)
    .where('channel', '=', where.channel)
    .where('state', '=', 'active')
    .where('id', '!=', where.exceptId)
    .returning('version')
    .executeTakeFirst();
  return row?.version;
}

/** Stores a manifest. */
export async function insertManifest(tx: Transaction<Schema>, row: Insertable<ManifestTable>): Promise<void> {
  await tx.insertInto('manifest').values(row).execute();
}

/** Takes the served manifest of a channel out of service. */
export async function retireManifest(tx: Transaction<Schema>, projectId: string, channel: string): Promise<void> {
  await tx
    .updateTable('manifest')
    .set({ state: 'past' })
    .where('project_id', '=', projectId)
    .where('channel', '=', channel)
    .where('state', '=', 'current')
    .execute();
}

/** Gives up whatever proposal of a release still waits. */
export async function voidProposals(tx: Transaction<Schema>, releaseId: string): Promise<void> {
  await tx
    .updateTable('manifest')
    .set({ state: 'void' })
    .where('release_id', '=', releaseId)
    .where('state', '=', 'proposed')
    .execute();
}

/** Puts a proposed manifest into service if it still waits; false when it does not. */
export async function serveProposal(tx: Transaction<Schema>, id: string, envelope: string): Promise<boolean> {
  const row = await tx
    .updateTable('manifest')
    .set({ state: 'current', envelope })
    .where('id', '=', id)
    .where('state', '=', 'proposed')
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The proposal of a release that waits, or undefined. */
export async function findProposal(query: Query, releaseId: string): Promise<ManifestRow | undefined> {
  return query
    .selectFrom('manifest')
    .selectAll()
    .where('release_id', '=', releaseId)
    .where('state', '=', 'proposed')
    .executeTakeFirst();
}

/** The manifest in service on a channel, with its release, or undefined. */
export async function findCurrentManifest(
  query: Query,
  projectId: string,
  channel: string,
): Promise<ManifestRow | undefined> {
  return query
    .selectFrom('manifest')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('channel', '=', channel)
    .where('state', '=', 'current')
    .executeTakeFirst();
}

/** The highest counter that clients of a channel may have seen; 0 for none. */
export async function findHighestServedCounter(query: Query, projectId: string, channel: string): Promise<number> {
  const row = await query
    .selectFrom('manifest')
    .select(({ fn }) => fn.max('counter').as('counter'))
    .where('project_id', '=', projectId)
    .where('channel', '=', channel)
    .where('state', 'in', ['current', 'past'])
    .executeTakeFirst();
  return Number(row?.counter ?? 0);
}

/** Every manifest in service, with its project and organisation. */
export async function listCurrentManifests(
  query: Query,
  organisationId?: string,
): Promise<(ManifestRow & { organisation_id: string; slug: string; version: string })[]> {
  const all = query
    .selectFrom('manifest')
    .innerJoin('project', 'project.id', 'manifest.project_id')
    .innerJoin('release', 'release.id', 'manifest.release_id')
    .selectAll('manifest')
    .select(['project.organisation_id', 'project.slug', 'release.version'])
    .where('manifest.state', '=', 'current')
    .where('project.deleted_at', 'is', null);
  return (organisationId === undefined ? all : all.where('project.organisation_id', '=', organisationId)).execute();
}

/** Records a signature; the same key signing again changes nothing. */
export async function insertApproval(tx: Transaction<Schema>, row: ApprovalTable): Promise<void> {
  await tx
    .insertInto('approval')
    .values(row)
    .onConflict((conflict) => conflict.columns(['manifest_id', 'key_id']).doNothing())
    .execute();
}

/** The signatures on a proposal, oldest first. */
export async function listApprovals(query: Query, manifestId: string): Promise<ApprovalTable[]> {
  return query
    .selectFrom('approval')
    .selectAll()
    .where('manifest_id', '=', manifestId)
    .orderBy('created_at')
    .orderBy('key_id')
    .execute();
}

/** Whether a manifest of the release was ever made, in whichever state it is. */
export async function hasManifest(query: Query, releaseId: string): Promise<boolean> {
  const row = await query
    .selectFrom('manifest')
    .select('id')
    .where('release_id', '=', releaseId)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes a release with its files and all that was said of them; returns the SHA-256 of each blob that they were. */
export async function deleteDraft(tx: Transaction<Schema>, releaseId: string): Promise<string[]> {
  const artifacts = tx.selectFrom('artifact').select('id').where('release_id', '=', releaseId);
  const sboms = tx.selectFrom('sbom').select('id').where('release_id', '=', releaseId);
  await tx.deleteFrom('upload').where('artifact_id', 'in', artifacts).execute();
  await tx.deleteFrom('artifact_grant').where('artifact_id', 'in', artifacts).execute();
  await tx.deleteFrom('evidence_document').where('artifact_id', 'in', artifacts).execute();
  await tx.deleteFrom('sbom_component').where('sbom_id', 'in', sboms).execute();
  const blobs: string[] = [];
  for (const table of ['sbom', 'vex', 'artifact'] as const) {
    const rows = await tx.deleteFrom(table).where('release_id', '=', releaseId).returning('sha256').execute();
    blobs.push(...rows.map(({ sha256 }) => sha256));
  }
  for (const table of ['release_verdict', 'policy_override'] as const) {
    await tx.deleteFrom(table).where('release_id', '=', releaseId).execute();
  }
  await tx.deleteFrom('release').where('id', '=', releaseId).execute();
  return [...new Set(blobs)];
}
