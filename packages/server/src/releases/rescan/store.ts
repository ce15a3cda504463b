/** SQL of the rescan. */
import type { Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { JobTable } from '../../storage/tables/platform.ts';
import { selectLiveArtifacts } from '../lifecycle/store.ts';

/** A file to be scanned again, with the release that it would take down. */
export interface ScannedFile {
  readonly id: string;
  readonly sha256: string;
  readonly size_bytes: number;
  readonly slug: string;
  readonly version: string;
  readonly state: string;
}

/** The files of an organisation that are or could be published, in a stable order. */
export async function listScannedFiles(query: Query, organisationId: string): Promise<ScannedFile[]> {
  return selectLiveArtifacts(query)
    .select([
      'artifact.id',
      'artifact.sha256',
      'artifact.size_bytes',
      'project.slug',
      'release.version',
      'release.state',
    ])
    .where('project.organisation_id', '=', organisationId)
    .where('project.scan', '=', 'required')
    .where('release.state', 'in', ['draft', 'active', 'superseded'])
    .orderBy('artifact.id')
    .execute();
}

/** Replaces the stored result of a scan. */
export async function updateScan(tx: Transaction<Schema>, artifactId: string, scan: string): Promise<void> {
  await tx.updateTable('artifact').set({ scan }).where('id', '=', artifactId).execute();
}

/** Ids of all organisations. */
export async function listOrganisationIds(query: Query): Promise<string[]> {
  return (await query.selectFrom('organisation').select('id').orderBy('id').execute()).map(({ id }) => id);
}

/** A job of the organisation, or undefined. */
export async function findJob(query: Query, organisationId: string, id: string): Promise<JobTable | undefined> {
  return query
    .selectFrom('job')
    .selectAll()
    .where('id', '=', id)
    .where('organisation_id', '=', organisationId)
    .executeTakeFirst();
}

/** The job with that dedupe key that waits or runs, or undefined. */
export async function findPendingJob(query: Query, dedupeKey: string): Promise<JobTable | undefined> {
  return query
    .selectFrom('job')
    .selectAll()
    .where('dedupe_key', '=', dedupeKey)
    .where('state', 'in', ['waiting', 'running'])
    .executeTakeFirst();
}
