/** Authors: who hands in modules of a collection, with which keys, and whose a module is. */
import { slugPattern } from '@signpost/protocol/updates/names';
import { createApiKey, findAnswerable, revokeApiKey } from '../../accounts/api-keys.ts';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId, isId } from '../../storage/ids.ts';
import { requireCollection } from '../collections/collection.ts';
import { type ModuleName, requireModule } from '../members/module.ts';
import {
  type AuthorRow,
  deleteOwnership,
  findAuthor,
  findOwnership,
  insertAuthor,
  insertAuthorKey,
  listAuthorKeys,
  replaceOwnership,
} from './store.ts';

/** What authors work with. */
export interface AuthorParts {
  readonly database: Database;
  readonly now: () => number;
}

/** What a key of an author is made of. */
export interface AuthorKeyWish {
  /** The one module that it is for; all of the collection's when nothing is said. */
  readonly module: string | undefined;
  /** Days that it holds; for ever when nothing is said. */
  readonly days: number | undefined;
}

/** A key as it is shown once. */
export interface ShownKey {
  readonly id: string;
  readonly key: string;
}

/** An author by the collection and the id. */
export interface AuthorName {
  readonly collection: string;
  readonly author: string;
}

const dayMs = 86_400_000;

/** Keys of one author that are not revoked. */
const maxKeys = 20;

/** Makes an author with a first key. Throws `not_found` without the collection, `invalid` for a module that cannot be one; `forbidden` for a client certificate. */
export async function createAuthor(
  { database, now }: AuthorParts,
  caller: Caller,
  { collection: slug, name, ...wish }: AuthorKeyWish & { readonly collection: string; readonly name: string },
): Promise<{ readonly author: AuthorRow; readonly key: ShownKey }> {
  const at = now();
  return database.transaction(async (tx) => {
    const collection = await requireCollection(tx, caller.organisationId, slug);
    const author: AuthorRow = {
      ...{ id: createId(at), organisation_id: caller.organisationId, collection_id: collection.id },
      ...{ name, created_at: at },
    };
    await insertAuthor(tx, author);
    await recordAudit(tx, at, {
      ...caller,
      action: 'module_author.created',
      object: { kind: 'module-author', id: author.id },
      detail: { collection: slug, name },
    });
    return { author, key: await addKey(tx, caller, { collection, author, wish, at }) };
  });
}

/** Gives an author a further key: whoever exchanges keys makes the new one first. Throws as `createAuthor`, and `conflict` for one key too many. */
export async function createAuthorKey(
  { database, now }: AuthorParts,
  caller: Caller,
  { name, wish }: { readonly name: AuthorName; readonly wish: AuthorKeyWish },
): Promise<ShownKey> {
  const at = now();
  return database.transaction(async (tx) => {
    const { collection, author } = await requireAuthor(tx, caller.organisationId, name);
    const held = (await listAuthorKeys(tx, collection.id)).filter(({ author_id }) => author_id === author.id);
    if (held.length >= maxKeys) {
      throw new Refusal('conflict', `an author has at most ${maxKeys} keys`, {
        rule: 'author-keys',
        hint: 'signpost module author revoke-key: those that nobody uses',
      });
    }
    return addKey(tx, caller, { collection, author, wish, at });
  });
}

interface PlannedKey {
  readonly collection: ProjectRow;
  readonly author: AuthorRow;
  readonly wish: AuthorKeyWish;
  readonly at: number;
}

async function addKey(
  tx: Parameters<typeof insertAuthorKey>[0],
  caller: Caller,
  { collection, author, wish: { module, days }, at }: PlannedKey,
): Promise<ShownKey> {
  if (module !== undefined && !slugPattern.test(module)) {
    throw new Refusal('invalid', 'expected the slug of a module', { rule: 'slug-form' });
  }
  const wanted = {
    organisationId: caller.organisationId,
    name: `author ${author.name}`.slice(0, 200),
    scope:
      module === undefined
        ? (`collection:${collection.slug}` as const)
        : (`module:${collection.slug}/${module}` as const),
    verbs: ['submit'] as const,
    expiresAt: days === undefined ? null : at + days * dayMs,
    createdBy: await findAnswerable(tx, caller.actor),
  };
  const { key, row } = await createApiKey(tx, wanted, { actor: caller.actor, now: at });
  await insertAuthorKey(tx, { api_key_id: row.id, author_id: author.id });
  return { id: row.id, key };
}

/** Revokes a key of an author at once. Throws `not_found` when there is none in force. */
export async function revokeAuthorKey(
  parts: AuthorParts,
  caller: Caller,
  { name, keyId }: { readonly name: AuthorName; readonly keyId: string },
): Promise<void> {
  const { collection, author } = await requireAuthor(parts.database.query, caller.organisationId, name);
  const held = await listAuthorKeys(parts.database.query, collection.id);
  if (!held.some(({ id, author_id }) => id === keyId && author_id === author.id)) {
    throw new Refusal('not_found', 'there is no such API key');
  }
  await revokeApiKey(parts, caller, keyId);
}

/**
 * Gives a module to an author of its collection, or makes it the vendor's own: `author` undefined. The new one brings their own key, if any:
 * that of the one before counts no longer.
 */
export async function giveModule(
  { database, now }: AuthorParts,
  caller: Caller,
  { name, author: id }: { readonly name: ModuleName; readonly author: string | undefined },
): Promise<void> {
  const at = now();
  await database.transaction(async (tx) => {
    const module = await requireModule(tx, caller.organisationId, name);
    const before = await findOwnership(tx, module.project_id);
    const author =
      id === undefined ? undefined : await requireAuthor(tx, caller.organisationId, { ...name, author: id });
    if (before?.author_id === author?.author.id) return;
    if (author) {
      await replaceOwnership(tx, {
        ...{ module_id: module.project_id, collection_id: module.collection_id, author_id: author.author.id },
        ...{ public_key: null, approved_at: before ? before.approved_at : at },
      });
    } else await deleteOwnership(tx, module.project_id);
    await recordAudit(tx, at, {
      ...caller,
      action: 'module.given',
      object: { kind: 'module', id: name.slug },
      detail: { collection: name.collection, from: before?.author_id ?? 'vendor', to: author?.author.id ?? 'vendor' },
    });
  });
}

/** The author and their collection, or `not_found`. */
async function requireAuthor(
  query: Query,
  organisationId: string,
  { collection: slug, author: id }: AuthorName,
): Promise<{ readonly collection: ProjectRow; readonly author: AuthorRow }> {
  const collection = await requireCollection(query, organisationId, slug);
  const author = isId(id) ? await findAuthor(query, collection.id, id) : undefined;
  if (!author) throw new Refusal('not_found', 'no such author');
  return { collection, author };
}
