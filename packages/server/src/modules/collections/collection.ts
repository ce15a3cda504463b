/** Collections: projects that hold modules, and no releases of their own. */
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import type { Caller } from '../../audit/audit.ts';
import { Refusal } from '../../errors.ts';
import {
  addProject,
  explainTakenSlug,
  type ProjectDependencies,
  type ProjectFields,
  requireProject,
} from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import { insertCatalogue } from '../catalogue/store.ts';

/** What a collection is made of. */
export interface CollectionFields {
  readonly slug: string;
  readonly name: LocaleMap;
  readonly description: LocaleMap;
  readonly primaryLocale: string;
  /** How long a catalogue stays fresh, in days. */
  readonly catalogueDays: number;
}

/** Makes a collection with an empty catalogue, signed at once if it can be. Throws as `createProject`. */
export async function createCollection(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  { catalogueDays, ...fields }: CollectionFields,
): Promise<ProjectRow> {
  const at = now();
  // A collection takes no uploads; the columns are those of every project.
  const held = { kind: 'module_collection', acceptedTypes: ['zip'], scan: 'required' } as const;
  const project: ProjectFields = { ...fields, ...held, manifestDays: catalogueDays };
  return database
    .transaction(async (tx) => {
      const collection = await addProject(tx, caller, { fields: project, at });
      await insertCatalogue(tx, collection.id, at);
      await catalogues.reflect(tx, { project: collection, act: 'changed', at });
      return collection;
    })
    .catch(explainTakenSlug(fields.slug));
}

/** The collection, or `not_found` when there is none, it is deleted, or the slug is that of another kind of project. */
export async function requireCollection(query: Query, organisationId: string, slug: string): Promise<ProjectRow> {
  const project = await requireProject(query, organisationId, slug).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'not_found') return undefined;
    throw error;
  });
  if (project?.kind !== 'module_collection') throw new Refusal('not_found', 'no such collection');
  return project;
}
