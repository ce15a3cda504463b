/** SQL of SBOMs and their components. */
import { type Insertable, type Selectable, sql, type Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { SbomComponentTable, SbomTable } from '../../storage/tables/evidence.ts';
import type { ComponentColumns } from './component-columns.ts';

/** A stored SBOM. */
export type SbomRow = Selectable<SbomTable>;
/** A stored component. */
export type SbomComponentRow = Selectable<SbomComponentTable>;

/** Rows in one statement: well below the parameters that either engine takes. */
const insertSize = 500;

/** Takes the SBOM of that origin out of force, if there is one; its document stays, its components go. */
export async function retireSbom(
  tx: Transaction<Schema>,
  { releaseId, artifactSha256, origin }: { releaseId: string; artifactSha256: string; origin: SbomRow['origin'] },
): Promise<string | undefined> {
  const row = await tx
    .updateTable('sbom')
    .set({ state: 'past' })
    .where('release_id', '=', releaseId)
    .where('artifact_sha256', '=', artifactSha256)
    .where('origin', '=', origin)
    .where('state', '=', 'current')
    .returning('id')
    .executeTakeFirst();
  if (row) await tx.deleteFrom('sbom_component').where('sbom_id', '=', row.id).execute();
  return row?.id;
}

/** Stores an SBOM with its components. */
export async function insertSbom(
  tx: Transaction<Schema>,
  row: Insertable<SbomTable>,
  components: readonly ComponentColumns[],
): Promise<void> {
  await tx.insertInto('sbom').values(row).execute();
  for (let at = 0; at < components.length; at += insertSize) {
    const rows = components
      .slice(at, at + insertSize)
      .map((columns, index) => ({ sbom_id: row.id, position: at + index, ...columns }));
    await tx.insertInto('sbom_component').values(rows).execute();
  }
}

/** The SBOMs in force of a release, those that were attached before those that were generated. */
export async function listSboms(query: Query, releaseId: string): Promise<SbomRow[]> {
  return query
    .selectFrom('sbom')
    .selectAll()
    .where('release_id', '=', releaseId)
    .where('state', '=', 'current')
    .orderBy('origin')
    .orderBy('id')
    .execute();
}

/** The SBOM of a release with that digest, also one that was replaced: a signed manifest may name it. */
export async function findSbomDocument(
  query: Query,
  { releaseId, sha256 }: { readonly releaseId: string; readonly sha256: string },
): Promise<SbomRow | undefined> {
  return query
    .selectFrom('sbom')
    .selectAll()
    .where('release_id', '=', releaseId)
    .where('sha256', '=', sha256)
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** What components are searched by; absent members match all. */
export interface ComponentFilter {
  /** A part of the name, in any case. */
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  /** Type and name of a package URL. */
  readonly package?: { readonly ecosystem: string; readonly name: string } | undefined;
  /** A part of a licence, in any case. */
  readonly licence?: string | undefined;
}

/** Which rows of a long list. */
export interface ComponentPage {
  /** The last id and position of the page before. */
  readonly after?: { readonly sbomId: string; readonly position: number } | undefined;
  readonly limit: number;
}

/** Components of these SBOMs, in a stable order. */
export async function listComponents(
  query: Query,
  sbomIds: readonly string[],
  { filter = {}, page }: { filter?: ComponentFilter; page: ComponentPage },
): Promise<SbomComponentRow[]> {
  if (sbomIds.length === 0) return [];
  return selectComponents(query, filter, page)
    .where('sbom_component.sbom_id', 'in', [...sbomIds])
    .selectAll('sbom_component')
    .execute();
}

/** A component with the release that holds it. */
export type FoundComponent = SbomComponentRow & { readonly slug: string; readonly release: string };

/** Components of all releases of an organisation that are not deleted. */
export async function searchComponents(
  query: Query,
  organisationId: string,
  { filter, page, project }: { filter: ComponentFilter; page: ComponentPage; project?: string | undefined },
): Promise<FoundComponent[]> {
  const found = selectComponents(query, filter, page)
    .innerJoin('sbom', 'sbom.id', 'sbom_component.sbom_id')
    .innerJoin('release', 'release.id', 'sbom.release_id')
    .innerJoin('project', 'project.id', 'sbom.project_id')
    .where('project.organisation_id', '=', organisationId)
    .where('project.deleted_at', 'is', null)
    .where('release.deleted_at', 'is', null)
    .selectAll('sbom_component')
    .select(['project.slug', 'release.version as release']);
  return (project === undefined ? found : found.where('project.slug', '=', project)).execute();
}

function selectComponents(query: Query, filter: ComponentFilter, page: ComponentPage) {
  let rows = query.selectFrom('sbom_component');
  const name = filter.name === undefined ? undefined : createPattern(filter.name);
  if (name !== undefined) rows = rows.where(sql<boolean>`sbom_component.search like ${name} escape '\\'`);
  if (filter.version !== undefined) rows = rows.where('sbom_component.version', '=', filter.version);
  if (filter.package !== undefined) {
    rows = rows
      .where('sbom_component.ecosystem', '=', filter.package.ecosystem)
      .where('sbom_component.package', '=', filter.package.name);
  }
  const licence = filter.licence === undefined ? undefined : createPattern(filter.licence);
  if (licence !== undefined)
    rows = rows.where(sql<boolean>`lower(sbom_component.licences) like ${licence} escape '\\'`);
  const { after } = page;
  if (after) {
    rows = rows.where(({ eb, or, and }) =>
      or([
        eb('sbom_component.sbom_id', '>', after.sbomId),
        and([eb('sbom_component.sbom_id', '=', after.sbomId), eb('sbom_component.position', '>', after.position)]),
      ]),
    );
  }
  return rows.orderBy('sbom_component.sbom_id').orderBy('sbom_component.position').limit(page.limit);
}

/** What contains `text`: `%` and `_` stand for themselves. */
function createPattern(text: string): string {
  return `%${text.toLowerCase().replaceAll(/[\\%_]/g, '\\$&')}%`;
}

/** The package URLs of components, by what their documents call them. */
export async function listComponentRefs(
  query: Query,
  sbomIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  if (sbomIds.length === 0) return new Map();
  const rows = await query
    .selectFrom('sbom_component')
    .select(['ref', 'purl'])
    .where('sbom_id', 'in', [...sbomIds])
    .where('purl', 'is not', null)
    .execute();
  return new Map(rows.map(({ ref, purl }) => [ref, purl ?? '']));
}
