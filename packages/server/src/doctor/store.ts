/** SQL of the overview: counts, and what the database says should lie on disk. */
import { sql } from 'kysely';
import type { Query } from '../storage/database.ts';

/** How much there is, deleted things left out. */
export async function countThings(
  query: Query,
  organisationId: string,
): Promise<{ projects: number; releases: number; artifacts: number }> {
  const projects = query
    .selectFrom('project')
    .where('organisation_id', '=', organisationId)
    .where('deleted_at', 'is', null);
  const releases = query
    .selectFrom('release')
    .innerJoin('project', 'project.id', 'release.project_id')
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .where('release.deleted_at', 'is', null);
  const artifacts = releases.innerJoin('artifact', 'artifact.release_id', 'release.id');
  const count = async (rows: { n: number | string | bigint } | undefined) => Number(rows?.n ?? 0);
  return {
    projects: await count(await projects.select(({ fn }) => fn.countAll().as('n')).executeTakeFirst()),
    releases: await count(await releases.select(({ fn }) => fn.countAll().as('n')).executeTakeFirst()),
    artifacts: await count(await artifacts.select(({ fn }) => fn.countAll().as('n')).executeTakeFirst()),
  };
}

/** Every blob that an artifact, SBOM or VEX document of an organisation, or of any, refers to, with its size in bytes. */
export async function listReferencedBlobs(
  query: Query,
  organisationId?: string,
): Promise<{ sha256: string; size_bytes: number }[]> {
  const artifacts = query
    .selectFrom('artifact')
    .innerJoin('release', 'release.id', 'artifact.release_id')
    .innerJoin('project', 'project.id', 'release.project_id')
    .select(['artifact.sha256', 'artifact.size_bytes'])
    .$if(organisationId !== undefined, (rows) => rows.where('project.organisation_id', '=', organisationId ?? ''));
  const documents = (['sbom', 'vex'] as const).map((table) =>
    query
      .selectFrom(table)
      .innerJoin('project', 'project.id', `${table}.project_id`)
      .select([`${table}.sha256`, `${table}.size_bytes`])
      .$if(organisationId !== undefined, (rows) => rows.where('project.organisation_id', '=', organisationId ?? '')),
  );
  const all = [await artifacts.distinct().execute()];
  for (const rows of documents) all.push(await rows.distinct().execute());
  return all.flat();
}

/** Every blob that an icon of an organisation, or of any, is or was, with its size in bytes and the slug of its module. */
export async function listIconBlobs(
  query: Query,
  organisationId?: string,
): Promise<{ slug: string; sha256: string; size_bytes: number; ended_at: number | null }[]> {
  return query
    .selectFrom('module_icon')
    .innerJoin('project', 'project.id', 'module_icon.module_id')
    .select(['project.slug', 'module_icon.sha256', 'module_icon.size_bytes', 'module_icon.ended_at'])
    .$if(organisationId !== undefined, (rows) => rows.where('project.organisation_id', '=', organisationId ?? ''))
    .orderBy('module_icon.id')
    .execute();
}

/** Every blob that is a picture of a plugin's page, staged or shown. */
export async function listAssetBlobs(query: Query): Promise<{ sha256: string | null }[]> {
  const shown = query.selectFrom('wordpress_shown_asset').select('sha256');
  return query.selectFrom('wordpress_asset').select('sha256').union(shown).execute();
}

/** Every project that is not deleted. */
export async function listProjectSlugs(query: Query, organisationId: string): Promise<string[]> {
  const rows = await query
    .selectFrom('project')
    .select('slug')
    .where('organisation_id', '=', organisationId)
    .where('deleted_at', 'is', null)
    .orderBy('slug')
    .execute();
  return rows.map(({ slug }) => slug);
}

/** What PostgreSQL, in a connection of ours, does before it says that something is committed. */
export async function readDurability(query: Query): Promise<{ name: string; setting: string }[]> {
  const { rows } = await sql<{ name: string; setting: string }>`
    select name, setting from pg_settings where name in ('synchronous_commit', 'fsync', 'full_page_writes') order by name
  `.execute(query);
  return rows;
}

/** Whether the organisation has an authority that issues here. */
export async function hasAuthorities(query: Query, organisationId: string): Promise<boolean> {
  const row = await query
    .selectFrom('authority')
    .select('id')
    .where('organisation_id', '=', organisationId)
    .where('state', '=', 'active')
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** The newest certificates in force for keys that somebody else made, as base64 of their DER. */
export async function listForeignKeyed(
  query: Query,
  organisationId: string,
  { now, limit }: { readonly now: number; readonly limit: number },
): Promise<string[]> {
  const rows = await query
    .selectFrom('certificate')
    .select('der')
    .where('organisation_id', '=', organisationId)
    .where('source', 'in', ['request', 'acme', 'import'])
    .where('state', '=', 'valid')
    .where('not_after', '>=', now)
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ der }) => der);
}
