/** SQL of the overview: what waits for a person, each with how many of its kind there are. */
import { sql } from 'kysely';
import { isFollowedByNone } from '../pki/certificates/store.ts';
import type { Query } from '../storage/database.ts';

/** Whose, and how many rows at most. */
export interface WaitingFilter {
  readonly organisationId: string;
  readonly limit: number;
}

/** Some rows, and how many there are in all. */
export interface Counted<Row> {
  readonly rows: readonly Row[];
  readonly total: number;
}

/** Submissions that nobody has looked at, the oldest first. */
export async function listWaitingSubmissions(query: Query, { organisationId, limit }: WaitingFilter) {
  const waiting = query
    .selectFrom('submission')
    .innerJoin('project as module', 'module.id', 'submission.module_id')
    .innerJoin('project as collection', 'collection.id', 'submission.collection_id')
    .where('submission.organisation_id', '=', organisationId)
    .where('submission.state', '=', 'submitted');
  return counted(
    waiting
      .select(['submission.id', 'submission.version', 'submission.updated_at as since'])
      .select(['module.slug as module', 'collection.slug as collection'])
      .orderBy('submission.id')
      .limit(limit)
      .execute(),
    waiting.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst(),
  );
}

/** Deploys that are prepared and wait for a word, the oldest first. */
export async function listWaitingDeploys(query: Query, { organisationId, limit }: WaitingFilter) {
  const waiting = query
    .selectFrom('wordpress_deploy as deploy')
    .innerJoin('project', 'project.id', 'deploy.project_id')
    .where('deploy.organisation_id', '=', organisationId)
    .where('deploy.state', '=', 'awaiting_confirmation')
    .where('project.deleted_at', 'is', null);
  return counted(
    waiting
      .select(['deploy.id', 'deploy.version', 'deploy.lane', 'deploy.updated_at as since', 'project.slug as project'])
      .orderBy('deploy.id')
      .limit(limit)
      .execute(),
    waiting.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst(),
  );
}

/** Releases that maintainers have been asked to sign, the oldest first. */
export async function listProposed(query: Query, { organisationId, limit }: WaitingFilter) {
  const waiting = query
    .selectFrom('manifest')
    .innerJoin('project', 'project.id', 'manifest.project_id')
    .innerJoin('release', 'release.id', 'manifest.release_id')
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .where('release.deleted_at', 'is', null)
    .where('manifest.state', '=', 'proposed');
  return counted(
    waiting
      .select(['project.slug as project', 'release.version', 'manifest.created_at as since'])
      .orderBy('manifest.id')
      .limit(limit)
      .execute(),
    waiting.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst(),
  );
}

/**
 * Valid certificates that end until `until`, in the last third of their life, and that nothing follows; a program that renews by itself
 * (ACME) will. What ends first comes first.
 */
export async function listEndingCertificates(
  query: Query,
  { organisationId, limit, now, until }: WaitingFilter & { readonly now: number; readonly until: number },
) {
  const ending = query
    .selectFrom('certificate as one')
    .where('one.organisation_id', '=', organisationId)
    .where('one.state', '=', 'valid')
    .where('one.source', '!=', 'acme')
    .where('one.not_after', '>=', now)
    .where('one.not_after', '<=', until)
    .where(sql<boolean>`(one.not_after - ${now}) * 3 <= one.not_after - one.not_before`)
    .where(isFollowedByNone);
  return counted(
    ending
      .select(['one.id', 'one.common_name', 'one.names', 'one.serial', 'one.not_after'])
      .orderBy('one.not_after')
      .orderBy('one.id')
      .limit(limit)
      .execute(),
    ending.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirst(),
  );
}

/** When the first of the certificates ends that nothing follows and no program renews; undefined where there is none. */
export async function findNextEnd(
  query: Query,
  { organisationId, now }: { readonly organisationId: string; readonly now: number },
): Promise<number | undefined> {
  const row = await query
    .selectFrom('certificate as one')
    .select('one.not_after')
    .where('one.organisation_id', '=', organisationId)
    .where('one.state', '=', 'valid')
    .where('one.source', '!=', 'acme')
    .where('one.not_after', '>=', now)
    .where(isFollowedByNone)
    .orderBy('one.not_after')
    .limit(1)
    .executeTakeFirst();
  return row?.not_after;
}

async function counted<Row>(
  rows: Promise<readonly Row[]>,
  count: Promise<{ readonly count: number | string | bigint } | undefined>,
): Promise<Counted<Row>> {
  return { rows: await rows, total: Number((await count)?.count ?? 0) };
}
