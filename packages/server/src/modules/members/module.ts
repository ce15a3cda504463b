/** Modules: projects that stand in a collection, with what its catalogue says of them. */
import { TrustError } from '@signpost/protocol/errors';
import {
  maxCatalogueModules,
  maxPermissions,
  parseWebUrl,
  permissionPattern,
  type TrustLevel,
} from '@signpost/protocol/updates/catalogue';
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Catalogues } from '../../releases/projects/catalogues.ts';
import {
  addProject,
  explainTakenSlug,
  type ProjectDependencies,
  type ProjectFields,
  updateFields,
} from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { countModules, type ModuleRow } from '../catalogue/store.ts';
import { requireCollection } from '../collections/collection.ts';
import { findModule, insertModule, updateModule } from './store.ts';

/** What a module has beside its project. */
export interface ModuleFacts {
  readonly category: LocaleMap;
  readonly requiresPermissions: readonly string[];
  readonly infoUrl: string | undefined;
  /** Whose module it is, in the vendor's word. */
  readonly trustLevel: TrustLevel;
}

/** A module by its own name and that of its collection. */
export interface ModuleName {
  readonly collection: string;
  readonly slug: string;
}

/** Makes a module. Throws as `createProject`, `invalid` for facts that no client would read, and `conflict` for one module too many. */
export async function createModule(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  {
    collection: name,
    project,
    facts,
  }: { collection: string; project: Omit<ProjectFields, 'kind'>; facts: ModuleFacts },
): Promise<ModuleRow> {
  const at = now();
  return database
    .transaction(async (tx) => {
      const collection = await requireCollection(tx, caller.organisationId, name);
      const row = await addModule(tx, caller, { collection, project, facts, at });
      await catalogues.reflect(tx, { project: { ...row, id: row.project_id }, act: 'changed', at });
      return row;
    })
    .catch(explainTakenSlug(project.slug));
}

/** A module that is to be. */
interface PlannedModule {
  readonly collection: ProjectRow;
  readonly project: Omit<ProjectFields, 'kind'>;
  readonly facts: ModuleFacts;
  readonly at: number;
}

/** The same inside a transaction, without the catalogue, in which a module without releases does not stand. */
export async function addModule(
  tx: Transaction<Schema>,
  caller: Caller,
  { collection, project, facts, at }: PlannedModule,
): Promise<ModuleRow> {
  assertFacts(facts);
  if ((await countModules(tx, collection.id)) >= maxCatalogueModules) {
    throw new Refusal('conflict', `a collection holds at most ${maxCatalogueModules} modules`, {
      rule: 'collection-full',
    });
  }
  const row = await addProject(tx, caller, { fields: { ...project, kind: 'module' }, at });
  const module = {
    ...{ project_id: row.id, organisation_id: row.organisation_id, collection_id: collection.id, pending: 0 },
    ...columnsOf(facts),
  };
  await insertModule(tx, module);
  await recordAudit(tx, at, {
    ...caller,
    action: 'module.created',
    object: { kind: 'module', id: row.slug },
    detail: { collection: collection.slug, trust_level: facts.trustLevel },
  });
  return { ...row, ...module };
}

/** What of a module is to change. */
export interface ModuleChange {
  readonly project: Partial<Omit<ProjectFields, 'slug' | 'kind'>>;
  readonly facts: Partial<ModuleFacts>;
}

/** Changes a module, and what the catalogue says of it, together. */
export async function changeModule(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  { name, change }: { name: ModuleName; change: ModuleChange },
): Promise<ModuleRow> {
  const at = now();
  return database.transaction((tx) => applyChange(tx, catalogues, { caller, name, change, at }));
}

/** A change as somebody makes it. */
interface ModuleAct {
  readonly caller: Caller;
  readonly name: ModuleName;
  readonly change: ModuleChange;
  readonly at: number;
}

/** The same inside a transaction. */
export async function applyChange(
  tx: Transaction<Schema>,
  catalogues: Catalogues,
  { caller, name, change, at }: ModuleAct,
): Promise<ModuleRow> {
  const before = await requireModule(tx, caller.organisationId, name);
  const facts = { ...factsOf(before), ...change.facts };
  assertFacts(facts);
  if (Object.keys(change.project).length > 0) {
    await updateFields(tx, caller, { slug: name.slug, change: change.project, at });
  }
  await updateModule(tx, before.project_id, columnsOf(facts));
  const row = await requireModule(tx, caller.organisationId, name);
  await recordAudit(tx, at, {
    ...caller,
    action: 'module.changed',
    object: { kind: 'module', id: name.slug },
    detail: { changed: Object.keys(change.facts).join(' '), trust_level: facts.trustLevel },
  });
  await catalogues.reflect(tx, { project: { ...row, id: row.project_id }, act: 'changed', at });
  return row;
}

/** The module, or `not_found` when it or its collection is missing or deleted. */
export async function requireModule(query: Query, organisationId: string, name: ModuleName): Promise<ModuleRow> {
  const collection = await requireCollection(query, organisationId, name.collection);
  const module = await findModule(query, collection.id, name.slug);
  if (!module) throw new Refusal('not_found', 'no such module');
  return module;
}

/** What a stored module has beside its project. */
export function factsOf(row: ModuleRow): ModuleFacts {
  return {
    category: JSON.parse(row.category) as LocaleMap,
    requiresPermissions: JSON.parse(row.requires_permissions) as string[],
    infoUrl: row.info_url ?? undefined,
    trustLevel: row.trust_level,
  };
}

function columnsOf({ category, requiresPermissions, infoUrl, trustLevel }: ModuleFacts) {
  return {
    category: JSON.stringify(category),
    requires_permissions: JSON.stringify(requiresPermissions),
    info_url: infoUrl ?? null,
    trust_level: trustLevel,
  };
}

/** By the rules that clients read catalogues by: what they would refuse must not get in. */
export function assertFacts({
  requiresPermissions = [],
  infoUrl,
}: Partial<Pick<ModuleFacts, 'requiresPermissions' | 'infoUrl'>>): void {
  if (
    requiresPermissions.length > maxPermissions ||
    !requiresPermissions.every((name) => permissionPattern.test(name))
  ) {
    throw new Refusal('invalid', `expected at most ${maxPermissions} permissions such as files.read`, {
      rule: 'module-permissions',
    });
  }
  try {
    if (infoUrl !== undefined) parseWebUrl({ info_url: infoUrl }, 'info_url');
  } catch (cause) {
    if (!(cause instanceof TrustError)) throw cause;
    throw new Refusal('invalid', cause.message, { rule: 'module-info-url', cause });
  }
}
