/** SQL of submissions. */
import type { Selectable, Transaction, Updateable } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';

/** A stored submission. */
export type SubmissionRow = Selectable<Schema['submission']>;
/** One with what it is about. */
export type NamedSubmission = SubmissionRow & {
  readonly slug: string;
  readonly author_name: string;
  /** Of the module: the author's own key that was approved last, and when the module was approved first. */
  readonly known_key: string | null;
  readonly approved_at: number | null;
};

/** Adds a submission. Throws a unique violation when the version was handed in. */
export async function insertSubmission(tx: Transaction<Schema>, row: SubmissionRow): Promise<void> {
  await tx.insertInto('submission').values(row).execute();
}

function selectNamed(query: Query) {
  return query
    .selectFrom('submission')
    .innerJoin('project', 'project.id', 'submission.module_id')
    .innerJoin('module_author', 'module_author.id', 'submission.author_id')
    .leftJoin('module_ownership', 'module_ownership.module_id', 'submission.module_id')
    .selectAll('submission')
    .select(['project.slug', 'module_author.name as author_name'])
    .select(['module_ownership.public_key as known_key', 'module_ownership.approved_at']);
}

/** Whose submissions somebody may see: an author their own, of one module if their key is for one. */
export interface SubmissionReach {
  readonly collectionId: string;
  readonly authorId?: string | undefined;
  readonly module?: string | undefined;
}

function selectWithin(query: Query, { collectionId, authorId, module }: SubmissionReach) {
  return selectNamed(query)
    .where('submission.collection_id', '=', collectionId)
    .$if(authorId !== undefined, (all) => all.where('submission.author_id', '=', authorId ?? ''))
    .$if(module !== undefined, (all) => all.where('project.slug', '=', module ?? ''));
}

/** A submission within reach. */
export async function findSubmission(
  query: Query,
  reach: SubmissionReach,
  id: string,
): Promise<NamedSubmission | undefined> {
  return selectWithin(query, reach).where('submission.id', '=', id).executeTakeFirst();
}

/** What is said to be new in the release that a submission became; undefined where there is none, or none any more. */
export async function findChangelog(
  query: Query,
  { release_id: releaseId }: Pick<SubmissionRow, 'release_id'>,
): Promise<string | undefined> {
  if (releaseId === null) return undefined;
  const row = await query.selectFrom('release').select('changelog').where('id', '=', releaseId).executeTakeFirst();
  return row?.changelog;
}

/** Which submissions are asked for. */
export interface SubmissionFilter {
  readonly states?: readonly SubmissionRow['state'][] | undefined;
  /** Those that came before this one. */
  readonly before?: string | undefined;
  readonly limit: number;
}

/** Submissions within reach, the newest first. */
export async function listSubmissions(
  query: Query,
  reach: SubmissionReach,
  { states, before, limit }: SubmissionFilter,
): Promise<NamedSubmission[]> {
  return selectWithin(query, reach)
    .$if(states !== undefined, (all) => all.where('submission.state', 'in', [...(states ?? [])]))
    .$if(before !== undefined, (all) => all.where('submission.id', '<', before ?? ''))
    .orderBy('submission.id', 'desc')
    .limit(limit)
    .execute();
}

/** The submission of an upload. */
export async function findByUpload(query: Query, uploadId: string): Promise<NamedSubmission | undefined> {
  return selectNamed(query).where('submission.upload_id', '=', uploadId).executeTakeFirst();
}

/** The one submission that holds a version of a module: whose bytes come, that waits, or that was approved. */
export async function findHolding(
  query: Query,
  { moduleId, version }: { readonly moduleId: string; readonly version: string },
): Promise<SubmissionRow | undefined> {
  return query
    .selectFrom('submission')
    .selectAll()
    .where('module_id', '=', moduleId)
    .where('version', '=', version)
    .where('state', 'in', ['receiving', 'submitted', 'approved'])
    .executeTakeFirst();
}

/** The highest counter of what a key signed for a module, in that state or whatever became of it; 0 when there is none. */
export async function findHighestCounter(
  query: Query,
  {
    moduleId,
    publicKey,
    state,
  }: { readonly moduleId: string; readonly publicKey: string; readonly state?: SubmissionRow['state'] },
): Promise<number> {
  const row = await query
    .selectFrom('submission')
    .select(({ fn }) => fn.max('author_counter').as('highest'))
    .where('module_id', '=', moduleId)
    .where('public_key', '=', publicKey)
    .$if(state !== undefined, (all) => all.where('state', '=', state ?? 'approved'))
    .executeTakeFirst();
  return Number(row?.highest ?? 0);
}

/** The submission that was approved as a release. */
export async function findApproved(query: Query, releaseId: string): Promise<SubmissionRow | undefined> {
  return query
    .selectFrom('submission')
    .selectAll()
    .where('release_id', '=', releaseId)
    .where('state', '=', 'approved')
    .executeTakeFirst();
}

/** Moves a submission from one state to the next; false when it is not in `from`, so that only one caller wins. */
export async function moveSubmission(
  tx: Transaction<Schema>,
  id: string,
  { from, change }: { from: SubmissionRow['state']; change: Updateable<Schema['submission']> },
): Promise<boolean> {
  const row = await tx
    .updateTable('submission')
    .set(change)
    .where('id', '=', id)
    .where('state', '=', from)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** How often an author has handed in since `since` (Unix milliseconds). */
export async function countSubmissions(query: Query, authorId: string, since: number): Promise<number> {
  const row = await query
    .selectFrom('submission')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('author_id', '=', authorId)
    .where('created_at', '>', since)
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** The bytes of an author that wait for a decision, however long, and of all that came or ended since `since`. */
export async function measureKept(query: Query, authorId: string, since: number): Promise<number> {
  const row = await query
    .selectFrom('submission')
    .select(({ fn }) => fn.sum('size_bytes').as('bytes'))
    .where('author_id', '=', authorId)
    .where(({ or, eb }) => or([eb('state', 'in', ['receiving', 'submitted']), eb('updated_at', '>', since)]))
    .executeTakeFirst();
  return Number(row?.bytes ?? 0);
}

/** Lets go of a release that is to be deleted: what was handed in as it remains on record. */
export async function forgetRelease(tx: Transaction<Schema>, releaseId: string): Promise<void> {
  await tx
    .updateTable('submission')
    .set({ release_id: null, artifact_id: null })
    .where('release_id', '=', releaseId)
    .where('state', 'in', ['withdrawn', 'refused'])
    .execute();
}

/** How many submissions of an author nobody has decided on. */
export async function countOpen(query: Query, authorId: string): Promise<number> {
  const row = await query
    .selectFrom('submission')
    .select(({ fn }) => fn.countAll().as('n'))
    .where('author_id', '=', authorId)
    .where('state', 'in', ['receiving', 'submitted'])
    .executeTakeFirst();
  return Number(row?.n ?? 0);
}

/** Uploads of submissions that have ended, or are gone, and whose submissions do not know it. */
export async function listUnsettled(query: Query): Promise<string[]> {
  const rows = await query
    .selectFrom('submission')
    .leftJoin('upload', 'upload.id', 'submission.upload_id')
    .select('submission.upload_id')
    .where('submission.state', '=', 'receiving')
    .where(({ or, eb }) => or([eb('upload.id', 'is', null), eb('upload.state', 'in', ['accepted', 'refused'])]))
    .execute();
  return rows.map(({ upload_id }) => upload_id);
}

/** An upload, of whichever project. */
export async function findUploadById(query: Query, id: string) {
  return query.selectFrom('upload').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The version in service of a module that an author handed in and no manager approved, or not all of its files, if there is one. */
export async function findUnreviewed(query: Query, moduleId: string): Promise<string | undefined> {
  const row = await query
    .selectFrom('release')
    .innerJoin('submission', (join) =>
      join.onRef('submission.module_id', '=', 'release.project_id').onRef('submission.version', '=', 'release.version'),
    )
    .select('release.version')
    .where('release.project_id', '=', moduleId)
    .where('release.state', '=', 'active')
    .where(({ or, and, eb, ref, exists, selectFrom }) =>
      or([
        eb('submission.state', 'in', ['receiving', 'submitted']),
        and([
          eb('submission.state', 'in', ['withdrawn', 'refused']),
          eb('submission.release_id', '=', ref('release.id')),
        ]),
        and([
          eb('submission.state', '=', 'approved'),
          exists(
            selectFrom('artifact')
              .select('artifact.id')
              .whereRef('artifact.release_id', '=', 'release.id')
              .whereRef('artifact.id', '!=', 'submission.artifact_id'),
          ),
        ]),
      ]),
    )
    .executeTakeFirst();
  return row?.version;
}
