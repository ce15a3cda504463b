/** Projects: what is released under one slug. */
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { localePattern, slugPattern } from '@signpost/protocol/updates/names';
import type { Transaction } from 'kysely';
import type { AuditAction } from '../../audit/actions.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import type { Schema } from '../../storage/schema.ts';
import { violationOf } from '../../storage/violation.ts';
import type { AcceptedType } from '../inspection/media-type.ts';
import type { Catalogues } from './catalogues.ts';
import { findProject, insertProject, type ProjectRow, updateProject } from './store.ts';

/** What projects work with. */
export interface ProjectDependencies {
  readonly database: Database;
  readonly now: () => number;
  readonly catalogues: Catalogues;
}

/** What a project is made of; the rest has defaults. */
export interface ProjectFields {
  readonly slug: string;
  readonly kind: ProjectRow['kind'];
  readonly name: LocaleMap;
  readonly description: LocaleMap;
  readonly primaryLocale: string;
  readonly acceptedTypes: readonly AcceptedType[];
  /** `off`: releases are not scanned, and their manifests say so. */
  readonly scan: 'required' | 'off';
  /** How long a manifest stays fresh, in days. */
  readonly manifestDays: number;
}

/** First path segments that the server itself answers. */
const reservedSlugs = new Set([
  'acme',
  'admin',
  'api',
  'assets',
  'auth',
  'badge',
  'channels',
  'console',
  'default',
  'docs',
  'favicon',
  'healthz',
  'help',
  'info',
  'latest',
  'log',
  'login',
  'logout',
  'manifest',
  'metrics',
  'modules',
  'ocsp',
  'pki',
  'public',
  'push',
  'robots',
  'root',
  'signing',
  'signpost',
  'static',
  'status',
  'trust',
  'tuf',
  'verify',
  'watch',
  'well-known',
]);

/** Makes a project. Throws `invalid` for a reserved or malformed slug, `conflict` for one that is taken. */
export async function createProject(
  { database, now }: Pick<ProjectDependencies, 'database' | 'now'>,
  caller: Caller,
  fields: ProjectFields,
): Promise<ProjectRow> {
  const at = now();
  return database.transaction((tx) => addProject(tx, caller, { fields, at })).catch(explainTakenSlug(fields.slug));
}

/** The same inside a transaction; what the database says of a slug that is taken is for `explainTakenSlug` outside of it. */
export async function addProject(
  tx: Transaction<Schema>,
  caller: Caller,
  { fields, at }: { fields: ProjectFields; at: number },
): Promise<ProjectRow> {
  assertSlug(fields.slug);
  const row: ProjectRow = {
    id: createId(at),
    organisation_id: caller.organisationId,
    slug: fields.slug,
    kind: fields.kind,
    ...columnsOf(fields),
    counter: 0,
    created_at: at,
    deleted_at: null,
  };
  await insertProject(tx, row);
  await recordProjectAct(tx, { caller, at, action: 'project.created', slug: row.slug });
  return row;
}

/** Makes a `conflict` of the violation that a slug which is taken leads to; other errors are thrown on. */
export function explainTakenSlug(slug: string): (error: unknown) => never {
  return (error) => {
    if (violationOf(error) !== 'unique') throw error;
    throw new Refusal('conflict', `the slug ${slug} is taken`, {
      rule: 'slug-taken',
      hint: 'a deleted project keeps its slug: signpost project restore',
    });
  };
}

/** Changes what may change: everything but slug and kind. */
export async function changeProject(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  request: ProjectChange,
): Promise<ProjectRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const changed = await updateFields(tx, caller, { ...request, at });
    await catalogues.reflect(tx, { project: changed, act: 'changed', at });
    return changed;
  });
}

/** Which project is changed, and how. */
export interface ProjectChange {
  readonly slug: string;
  readonly change: Partial<Omit<ProjectFields, 'slug' | 'kind'>>;
}

/** The same inside a transaction, whose catalogues the caller brings up to date. */
export async function updateFields(
  tx: Transaction<Schema>,
  caller: Caller,
  { slug, change, at }: ProjectChange & { at: number },
): Promise<ProjectRow> {
  const project = await requireProject(tx, caller.organisationId, slug);
  const changed = await updateProject(tx, project.id, columnsOf({ ...fieldsOf(project), ...change }));
  await recordProjectAct(tx, {
    caller,
    at,
    action: 'project.changed',
    slug,
    detail: { changed: Object.keys(change).join(' ') },
  });
  return changed;
}

/** Hides a project and all it publishes; nothing is lost. */
export async function deleteProject(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  slug: string,
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const project = await requireProject(tx, caller.organisationId, slug);
    const deleted = await updateProject(tx, project.id, { deleted_at: at });
    await recordProjectAct(tx, { caller, at, action: 'project.deleted', slug });
    await catalogues.reflect(tx, { project: deleted, act: 'deleted', at });
  });
}

/** Brings a deleted project back as it was. Throws `conflict` when it is not deleted. */
export async function restoreProject(
  { database, now, catalogues }: ProjectDependencies,
  caller: Caller,
  slug: string,
): Promise<ProjectRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const project = await findProject(tx, caller.organisationId, slug);
    if (!project) throw new Refusal('not_found', 'no such project');
    if (project.deleted_at === null)
      throw new Refusal('conflict', 'the project is not deleted', { rule: 'not-deleted' });
    const restored = await updateProject(tx, project.id, { deleted_at: null });
    await recordProjectAct(tx, { caller, at, action: 'project.restored', slug });
    await catalogues.reflect(tx, { project: restored, act: 'restored', at });
    return restored;
  });
}

/** The project, or `not_found` when there is none or it is deleted. */
export async function requireProject(query: Query, organisationId: string, slug: string): Promise<ProjectRow> {
  const project = await findProject(query, organisationId, slug);
  if (!project || project.deleted_at !== null) throw new Refusal('not_found', 'no such project');
  return project;
}

/** The fields of a stored project. */
export function fieldsOf(row: ProjectRow): ProjectFields {
  return {
    slug: row.slug,
    kind: row.kind,
    name: JSON.parse(row.name) as LocaleMap,
    description: JSON.parse(row.description) as LocaleMap,
    primaryLocale: row.primary_locale,
    acceptedTypes: JSON.parse(row.accepted_types) as AcceptedType[],
    scan: row.scan,
    manifestDays: row.manifest_days,
  };
}

function columnsOf(fields: Omit<ProjectFields, 'slug' | 'kind'>) {
  if (!localePattern.test(fields.primaryLocale)) throw new Refusal('invalid', 'expected primary_locale to be a locale');
  if (fields.name[fields.primaryLocale] === undefined) {
    throw new Refusal('invalid', `expected a name in the primary locale ${fields.primaryLocale}`);
  }
  return {
    name: JSON.stringify(fields.name),
    description: JSON.stringify(fields.description),
    primary_locale: fields.primaryLocale,
    accepted_types: JSON.stringify(fields.acceptedTypes),
    scan: fields.scan,
    manifest_days: fields.manifestDays,
  };
}

function assertSlug(slug: string): void {
  if (!slugPattern.test(slug)) {
    throw new Refusal('invalid', 'expected a slug of 3 to 50 characters a-z, 0-9 and inner hyphens', {
      rule: 'slug-form',
    });
  }
  if (reservedSlugs.has(slug)) throw new Refusal('invalid', `the slug ${slug} is reserved`, { rule: 'slug-reserved' });
}

interface ProjectAct {
  readonly caller: Caller;
  readonly at: number;
  readonly action: Extract<AuditAction, `project.${string}`>;
  readonly slug: string;
  readonly detail?: Readonly<Record<string, string>>;
}

async function recordProjectAct(query: Query, { caller, at, action, slug, detail }: ProjectAct): Promise<void> {
  await recordAudit(query, at, {
    ...caller,
    action,
    object: { kind: 'project', id: slug },
    ...(detail ? { detail } : {}),
  });
}
