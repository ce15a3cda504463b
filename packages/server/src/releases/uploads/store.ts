/** SQL of uploads, and of the release and artifact that an accepted one becomes. */
import { type Insertable, type Selectable, sql, type Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { ArtifactTable, ReleaseTable, UploadTable } from '../../storage/tables/releases.ts';

/** A stored upload. */
export type UploadRow = Selectable<UploadTable>;

/** Stores a new upload. */
export async function insertUpload(query: Query, row: Insertable<UploadTable>): Promise<void> {
  await query.insertInto('upload').values(row).execute();
}

/** An upload of a project, or undefined. */
export async function findUpload(query: Query, projectId: string, id: string): Promise<UploadRow | undefined> {
  return query
    .selectFrom('upload')
    .selectAll()
    .where('project_id', '=', projectId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** An upload with its project, whatever state both are in, or undefined. */
export async function findUploadWithProject(
  query: Query,
  id: string,
): Promise<
  | (UploadRow & { slug: string; accepted_types: string; scan: 'required' | 'off'; deleted_at: number | null })
  | undefined
> {
  return query
    .selectFrom('upload')
    .innerJoin('project', 'project.id', 'upload.project_id')
    .selectAll('upload')
    .select(['project.slug', 'project.accepted_types', 'project.scan', 'project.deleted_at'])
    .where('upload.id', '=', id)
    .executeTakeFirst();
}

/** Notes that bytes came, so that the upload is not taken for abandoned. */
export async function touchUpload(query: Query, id: string, now: number): Promise<void> {
  await query.updateTable('upload').set({ updated_at: now }).where('id', '=', id).execute();
}

/** Moves an upload from one state to the next; false when it is not in `from`, so that only one caller wins. */
export async function moveUpload(
  tx: Transaction<Schema>,
  id: string,
  move: { from: readonly UploadRow['state'][]; change: Partial<Omit<UploadTable, 'id'>> },
): Promise<boolean> {
  const row = await tx
    .updateTable('upload')
    .set(move.change)
    .where('id', '=', id)
    .where('state', 'in', [...move.from])
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Notes how far an inspection is. Changes nothing once it has ended. */
export async function updateProgress(
  query: Query,
  id: string,
  { stage, progress, now }: { stage: string; progress: number; now: number },
): Promise<void> {
  await query
    .updateTable('upload')
    .set({ stage, progress, updated_at: now })
    .where('id', '=', id)
    .where('state', '=', 'inspecting')
    .execute();
}

/** Forgets an upload that is in one of `states`; false when it is in another. */
export async function deleteUpload(query: Query, id: string, states: readonly UploadRow['state'][]): Promise<boolean> {
  const row = await query
    .deleteFrom('upload')
    .where('id', '=', id)
    .where('state', 'in', [...states])
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Forgets uploads that were accepted or refused before `before`. */
export async function deleteEndedUploads(query: Query, before: number): Promise<void> {
  await query
    .deleteFrom('upload')
    .where('state', 'in', ['accepted', 'refused'])
    .where('updated_at', '<', before)
    .execute();
}

/** Uploads that wait for bytes and have not got any since `before`. */
export async function listSilentUploads(query: Query, before: number): Promise<string[]> {
  const rows = await query
    .selectFrom('upload')
    .select('id')
    .where('state', '=', 'receiving')
    .where('updated_at', '<', before)
    .execute();
  return rows.map(({ id }) => id);
}

/** Uploads that wait for a verdict that no job will give: theirs was given up. Its dedupe key is `jobKind` and the id. */
export async function listAbandonedInspections(query: Query, jobKind: string): Promise<string[]> {
  const rows = await query
    .selectFrom('upload')
    .select('upload.id')
    .where('upload.state', '=', 'inspecting')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('job')
            .select('job.id')
            .where('job.state', 'in', ['waiting', 'running'])
            .where('job.dedupe_key', '=', sql<string>`${`${jobKind}:`} || ${sql.ref('upload.id')}`),
        ),
      ),
    )
    .execute();
  return rows.map(({ id }) => id);
}

/** Which of `ids` are uploads whose bytes are still needed. */
export async function listOpenUploads(query: Query, ids: readonly string[]): Promise<Set<string>> {
  if (ids.length === 0) return new Set();
  const rows = await query
    .selectFrom('upload')
    .select('id')
    .where('id', 'in', [...ids])
    .where('state', 'in', ['receiving', 'inspecting'])
    .execute();
  return new Set(rows.map(({ id }) => id));
}

/** Whether a release holds a file of this name. */
export async function hasArtifact(query: Query, releaseId: string, name: string): Promise<boolean> {
  const row = await query
    .selectFrom('artifact')
    .select('id')
    .where('release_id', '=', releaseId)
    .where('name', '=', name)
    .executeTakeFirst();
  return row !== undefined;
}

/** Makes a release. Throws a unique violation when the project has one of that version. */
export async function insertRelease(tx: Transaction<Schema>, row: Insertable<ReleaseTable>): Promise<void> {
  await tx.insertInto('release').values(row).execute();
}

/** Holds a release as it is for the rest of the transaction; false when it is no draft, was in service once, or is deleted. */
export async function holdDraft(tx: Transaction<Schema>, releaseId: string): Promise<boolean> {
  // Writing the row, to what it is, keeps others from activating the release in between.
  const row = await tx
    .updateTable('release')
    .set(({ ref }) => ({ state: ref('state') }))
    .where('id', '=', releaseId)
    .where('state', '=', 'draft')
    .where('activated_at', 'is', null)
    .where('deleted_at', 'is', null)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Adds a file to a release. Throws a unique violation when it holds one of that name. */
export async function insertArtifact(tx: Transaction<Schema>, row: Insertable<ArtifactTable>): Promise<void> {
  await tx.insertInto('artifact').values(row).execute();
}

/** A stored artifact, or undefined. */
export async function findArtifact(query: Query, id: string): Promise<Selectable<ArtifactTable> | undefined> {
  return query.selectFrom('artifact').selectAll().where('id', '=', id).executeTakeFirst();
}
