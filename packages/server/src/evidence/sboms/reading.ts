/** What is asked of SBOMs in force: which one, what is in it, what changed since another. */
import { TrustError } from '@signpost/protocol/errors';
import { type ComparedComponent, compareComponents, type SbomDifference } from '@signpost/protocol/sbom/difference';
import { parsePurl } from '@signpost/protocol/sbom/purl';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { namePackage } from './component-columns.ts';
import { type ComponentFilter, type ComponentPage, listComponents, listSboms, type SbomRow } from './store.ts';

/** The SBOM of an artifact: what somebody handed in goes before what the server made. Throws `not_found`. */
export async function requireSbom(
  query: Query,
  { releaseId, artifactSha256 }: { releaseId: string; artifactSha256: string },
): Promise<SbomRow> {
  const rows = await listSboms(query, releaseId);
  const row = rows.find((candidate) => candidate.artifact_sha256 === artifactSha256);
  if (row) return row;
  throw new Refusal('not_found', 'the file has no SBOM', { rule: 'sbom-missing', hint: 'signpost sbom attach' });
}

/** What a search was asked for, as a filter. Throws `invalid` for a package URL that is none. */
export function parseComponentFilter(asked: {
  readonly name?: string | undefined;
  readonly version?: string | undefined;
  readonly purl?: string | undefined;
  readonly licence?: string | undefined;
}): ComponentFilter {
  const { purl, ...filter } = asked;
  if (purl === undefined) return filter;
  try {
    const parsed = parsePurl(purl);
    const version = filter.version ?? parsed.version;
    return { ...filter, version, package: { ecosystem: parsed.type, name: namePackage(parsed) } };
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    throw new Refusal('invalid', error.message, {
      rule: 'purl',
      hint: 'write it like pkg:npm/%40scope/name',
      cause: error,
    });
  }
}

/** The place after a page, as text for the next request. */
export function encodeCursor({ sbom_id, position }: { sbom_id: string; position: number }): string {
  return `${sbom_id}.${position}`;
}

/** Throws `invalid` for text that no page ended with. */
export function parseCursor(text: string | undefined): ComponentPage['after'] {
  if (text === undefined) return undefined;
  const [, sbomId, position] = /^([0-9a-f-]{36})\.(\d{1,9})$/.exec(text) ?? [];
  if (sbomId === undefined) throw new Refusal('invalid', 'expected after to be the next of an earlier page');
  return { sbomId, position: Number(position) };
}

/** Components that are compared with each other at once. */
const maxCompared = 20_000;

/** The difference between two SBOMs. Throws `conflict` for lists that would hold up everybody else. */
export async function compareStoredSboms(query: Query, before: SbomRow, after: SbomRow): Promise<SbomDifference> {
  if (Math.max(before.component_count, after.component_count) > maxCompared) {
    throw new Refusal('conflict', `expected at most ${maxCompared} components to compare`, {
      rule: 'sbom-too-many-components',
      hint: 'fetch both documents and compare them with a program of your own',
    });
  }
  return compareComponents(await listAll(query, before), await listAll(query, after));
}

async function listAll(query: Query, { id }: SbomRow): Promise<readonly ComparedComponent[]> {
  const rows = await listComponents(query, [id], { page: { limit: maxCompared } });
  return rows.map(({ name, version, purl, licences }) => ({
    ...{ name, version: version ?? undefined, purl: purl ?? undefined },
    licences: JSON.parse(licences) as string[],
  }));
}
