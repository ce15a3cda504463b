/** Makes the catalogue of a collection what it should be: new entries for what waits, a new version, signed by the server's key. */
import { encodeBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseObject } from '@signpost/protocol/json/fields';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { isSignature, type Signer } from '@signpost/protocol/keys/ed25519';
import {
  type CatalogueHead,
  maxCatalogueBytes,
  maxCatalogueModules,
  parseCatalogue,
} from '@signpost/protocol/updates/catalogue';
import { digestHex } from '@signpost/protocol/updates/envelope';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { verifyNamedKey } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyNotExpired } from '@signpost/protocol/updates/verify-trust-list';
import { encodeCatalogue } from '@signpost/protocol/updates/write-catalogue';
import type { Transaction } from 'kysely';
import { systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { fieldsOf } from '../../releases/projects/project.ts';
import type { ProjectRow } from '../../releases/projects/store.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { appendAll, appendOrWait, type Loggable } from '../../trust/log/append.ts';
import { openScopedSigner, type SigningKeyDependencies } from '../../trust/signing-keys.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { buildEntry } from './entry.ts';
import {
  type CatalogueRow,
  deleteEntry,
  type EntryRow,
  findCatalogue,
  findOrganisationSlug,
  listCatalogues,
  listEntries,
  listPendingModules,
  replaceEntry,
  serveCatalogue,
  settleCatalogue,
} from './store.ts';

/** What catalogues are signed with. */
export interface CatalogueParts extends SigningKeyDependencies {
  /** The address of this server, when it has one; download URLs begin with it. */
  readonly baseUrl: string | undefined;
}

/** What became of a catalogue. `unsigned`: it waits, for the reason given. */
export type SigningOutcome =
  | { readonly kind: 'signed'; readonly version: number }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'unsigned'; readonly reason: string };

/** Which catalogue, and when. */
export interface CatalogueTask {
  readonly collection: ProjectRow;
  /** Unix milliseconds. */
  readonly at: number;
  /** A new version even if nothing has changed: the one in force runs out, or does not verify any more. */
  readonly anew?: boolean;
}

interface Signing {
  readonly signer: Signer;
  readonly trust: VerifiedTrustList;
}

const dayMs = 86_400_000;

/**
 * Signs what waits. What cannot be signed now, since the vault is locked or the trust list names no key for the collection, goes on waiting, and
 * nothing of the catalogue in force is touched.
 */
export async function signCatalogue(
  tx: Transaction<Schema>,
  parts: CatalogueParts,
  { collection, at, anew = false }: CatalogueTask,
): Promise<SigningOutcome> {
  const opened = await openSigning(tx, parts, { collection, at });
  if ('reason' in opened) return { kind: 'unsigned', reason: opened.reason };
  const catalogue = await findCatalogue(tx, collection.id);
  if (!catalogue) throw new TypeError('expected a collection to have a catalogue');
  const base = await baseOf(tx, parts, collection);
  const { entries, changes } = await planEntries(tx, collection, {
    ...{ trust: opened.trust, collection: collection.slug, base, at },
  });
  const head = describeHead(collection, { ...opened, at, version: catalogue.version + 1 });
  if (!anew && changes.length === 0 && saysSame(catalogue, head)) {
    await settleCatalogue(tx, collection.id, { trust_digest: opened.trust.digest, base });
    return { kind: 'unchanged' };
  }
  const refusal = await putInForce(tx, parts, { head, entries, collection, base, ...opened });
  if (refusal !== undefined) return { kind: 'unsigned', reason: refusal };
  for (const { module, entry } of changes) {
    await (entry ? replaceEntry(tx, entry) : deleteEntry(tx, module));
  }
  return { kind: 'signed', version: head.version };
}

/** The key and the list to sign under, or why there is none. */
async function openSigning(
  tx: Transaction<Schema>,
  parts: CatalogueParts,
  { collection, at }: CatalogueTask,
): Promise<Signing | { readonly reason: string }> {
  try {
    const trust = await readTrustInForce(tx, collection.organisation_id);
    if (!trust) return { reason: 'no trust list is in force' };
    verifyNotExpired(trust, at);
    const scope = `collection:${collection.slug}` as const;
    return { trust, signer: await openScopedSigner(parts, collection.organisation_id, { query: tx, scope, trust }) };
  } catch (error) {
    if (error instanceof Refusal || error instanceof TrustError) return { reason: error.message };
    throw error;
  }
}

/** Where clients find the organisation of a collection; empty without an address of the server. */
export async function baseOf(query: Query, { baseUrl }: CatalogueParts, collection: ProjectRow): Promise<string> {
  if (baseUrl === undefined) return '';
  const slug = await findOrganisationSlug(query, collection.organisation_id);
  return slug === 'default' ? baseUrl : `${baseUrl}/o/${slug}`;
}

interface EntryPlan {
  /** The texts of all entries, in their order. */
  readonly entries: readonly string[];
  readonly changes: readonly { readonly module: string; readonly entry: EntryRow | undefined }[];
}

async function planEntries(
  tx: Transaction<Schema>,
  collection: ProjectRow,
  context: Parameters<typeof buildEntry>[2],
): Promise<EntryPlan> {
  const stored = new Map((await listEntries(tx, collection.id)).map((entry) => [entry.module_id, entry]));
  const changes: EntryPlan['changes'][number][] = [];
  for (const module of await listPendingModules(tx, collection.id)) {
    const before = stored.get(module.project_id);
    const entry = await buildEntry(tx, module, context);
    if (entry?.document === before?.document) continue;
    changes.push({ module: module.project_id, entry });
    if (entry) stored.set(module.project_id, entry);
    else stored.delete(module.project_id);
  }
  const ordered = [...stored.values()].sort((left, right) => (left.slug < right.slug ? -1 : 1));
  return { entries: ordered.map(({ document }) => document), changes };
}

function describeHead(
  collection: ProjectRow,
  { signer, trust, at, version }: Signing & { at: number; version: number },
): CatalogueHead {
  const { slug, name, description, primaryLocale, manifestDays } = fieldsOf(collection);
  return {
    collection: { slug, name, description, primaryLocale },
    version,
    counterEpoch: findProjectRule(trust, slug).counterEpoch,
    keyId: signer.keyId,
    issuedAt: at,
    expiresAt: at + manifestDays * dayMs,
  };
}

/** Whether the catalogue in force says the same of the collection, by the same rules. */
function saysSame({ head }: CatalogueRow, { collection, counterEpoch }: CatalogueHead): boolean {
  if (head === null) return false;
  const before = JSON.parse(head) as CatalogueHead;
  return JSON.stringify([before.collection, before.counterEpoch]) === JSON.stringify([collection, counterEpoch]);
}

interface NewCatalogue extends Signing {
  readonly collection: ProjectRow;
  readonly head: CatalogueHead;
  readonly entries: readonly string[];
  readonly base: string;
}

/** Signs and stores; returns why it cannot be, when it would be more than clients read. */
async function putInForce(
  tx: Transaction<Schema>,
  parts: CatalogueParts,
  catalogue: NewCatalogue,
): Promise<string | undefined> {
  const { head, entries, signer, collection, trust, base } = catalogue;
  const bytes = encodeText(encodeCatalogue(head, entries));
  // Room for the signatures, which are no part of what is signed.
  if (bytes.length > maxCatalogueBytes - 1024 || entries.length > maxCatalogueModules) {
    return `a catalogue takes at most ${maxCatalogueModules} modules and ${maxCatalogueBytes} bytes`;
  }
  const signature = await signer.sign(bytes);
  await verifyOwn(catalogue, bytes, signature);
  const sha256 = await digestHex(bytes);
  const isNext = await serveCatalogue(tx, collection.id, {
    ...{
      version: head.version,
      head: JSON.stringify(head),
      key_id: head.keyId,
      digest: sha256,
      size_bytes: bytes.length,
    },
    ...{ signature: encodeBase64(signature), issued_at: head.issuedAt, expires_at: head.expiresAt },
    ...{ trust_digest: trust.digest, base },
  });
  if (!isNext) throw new Refusal('conflict', 'another catalogue came in between', { rule: 'catalogue-version' });
  await appendOrWait(tx, parts, [describeLogged(collection, head.version, sha256)]);
  await recordCatalogue(tx, catalogue, sha256);
  return undefined;
}

/** The head as a client reads it, the key and the signature; each entry was verified when it was made. */
async function verifyOwn(
  { head, trust }: NewCatalogue,
  bytes: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const read = parseCatalogue(parseObject(parseSignableText(encodeCatalogue(head, [])), 'the catalogue'));
  const scope = `collection:${read.collection.slug}` as const;
  const { key } = verifyNamedKey(read.keyId, { trust, now: head.issuedAt, scope });
  if (!(await isSignature(key, signature, bytes))) {
    throw new TrustError('bad_signature', 'expected the signature that was just made to verify');
  }
}

/** Appends the catalogues in force that are not in the log yet; returns how many. */
export async function logCataloguesInForce(parts: CatalogueParts): Promise<number> {
  const loggables = (await listCatalogues(parts.database.query)).flatMap(({ collection, catalogue }) =>
    catalogue.digest === null ? [] : [describeLogged(collection, catalogue.version, catalogue.digest)],
  );
  return appendAll(parts, loggables);
}

function describeLogged({ organisation_id, slug }: ProjectRow, version: number, sha256: string): Loggable {
  return { organisationId: organisation_id, entry: { type: 'catalogue', collection: slug, version, sha256 } };
}

async function recordCatalogue(
  tx: Transaction<Schema>,
  { head, entries, collection }: NewCatalogue,
  sha256: string,
): Promise<void> {
  const { version, keyId, issuedAt: at } = head;
  const { organisation_id: organisationId, slug } = collection;
  const payload = { collection: slug, version, sha256, modules: entries.length };
  await recordEvent(tx, { id: createId(at), organisationId, topic: 'catalogue.updated', payload, at });
  await recordAudit(tx, at, {
    ...{ organisationId, actor: systemActor, action: 'catalogue.signed' },
    object: { kind: 'collection', id: slug },
    detail: { version, sha256, modules: entries.length, key_id: keyId },
  });
}
