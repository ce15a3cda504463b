/** One entry of a catalogue: what a module is, with the signed manifest of what it offers. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseSignableText } from '@signpost/protocol/json/parse';
import { type AuthorSignature, verifyAuthorSignature } from '@signpost/protocol/updates/author';
import { parseCatalogueEntry } from '@signpost/protocol/updates/catalogue';
import type { LocaleMap } from '@signpost/protocol/updates/manifest';
import { defaultChannel } from '@signpost/protocol/updates/names';
import { verifyCatalogueEntry } from '@signpost/protocol/updates/verify-catalogue';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import { encodeCatalogueEntry } from '@signpost/protocol/updates/write-catalogue';
import { findCurrentManifest } from '../../releases/lifecycle/store.ts';
import { fieldsOf } from '../../releases/projects/project.ts';
import type { Query } from '../../storage/database.ts';
import { chooseShownFile, iconPath } from '../icons/icon-file.ts';
import { type IconRow, listIconFiles } from '../icons/store.ts';
import { findApproved } from '../submissions/store.ts';
import type { EntryRow, ModuleRow } from './store.ts';

/** What entries are made under. */
export interface EntryContext {
  readonly trust: VerifiedTrustList;
  /** The slug of the collection. */
  readonly collection: string;
  /** Where clients find the organisation, without a slash at the end; empty where the server knows no address of its own. */
  readonly base: string;
  /** Unix milliseconds. */
  readonly at: number;
}

/**
 * The entry of a module as clients would accept it now; undefined when there is nothing to offer: no signed release, or one that does not verify
 * any more, or a module that is deleted.
 */
export async function buildEntry(
  query: Query,
  module: ModuleRow,
  context: EntryContext,
): Promise<EntryRow | undefined> {
  if (module.deleted_at !== null) return undefined;
  const row = await findCurrentManifest(query, module.project_id, defaultChannel);
  if (!row?.envelope) return undefined;
  const manifest = await verifyNow(row.envelope, module.slug, context);
  if (!manifest) return undefined;
  const image = chooseShownFile(await listIconFiles(query, module.project_id));
  const author = await findAuthorSignature(query, row.release_id, { module: module.slug, manifest, context });
  const document = encodeEntry(module, { manifest, image, author, base: context.base });
  // As with manifests: what leaves here has passed the verifier that clients run.
  const entry = parseCatalogueEntry(parseSignableText(document));
  await verifyCatalogueEntry(entry, { ...context, now: context.at, bases: [context.base] });
  return {
    module_id: module.project_id,
    collection_id: module.collection_id,
    release_id: row.release_id,
    slug: module.slug,
    document,
    key_ids: manifest.signers.join(' '),
    expires_at: row.expires_at,
  };
}

async function verifyNow(
  envelope: string,
  project: string,
  { trust, at }: EntryContext,
): Promise<VerifiedManifest | undefined> {
  try {
    return await verifyManifest(encodeText(envelope), { trust, project, channel: defaultChannel, now: at });
  } catch (error) {
    // A key that was revoked, a manifest that has ended: clients would refuse the entry, so it is left out.
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

interface Offered {
  readonly module: string;
  readonly manifest: VerifiedManifest;
  readonly context: EntryContext;
}

/** What the author signed, as it was approved; undefined where something else became of the draft afterwards. */
async function findAuthorSignature(
  query: Query,
  releaseId: string,
  { module, manifest: { version, main }, context: { collection } }: Offered,
): Promise<AuthorSignature | undefined> {
  const submission = await findApproved(query, releaseId);
  if (!submission) return undefined;
  const { public_key: pubkeyB64, signature: sig, author_counter: counter } = submission;
  if (pubkeyB64 === null || sig === null || counter === null) return undefined;
  const author = { counter: Number(counter), pubkeyB64, sig };
  const statement = { collection, module, version, sha256: main.sha256, sizeBytes: main.sizeBytes };
  return verifyAuthorSignature(statement, author).then(() => author, omitUntrusted);
}

function omitUntrusted(error: unknown): undefined {
  if (!(error instanceof TrustError)) throw error;
}

interface EntryParts {
  readonly manifest: VerifiedManifest;
  readonly image: IconRow | undefined;
  readonly author: AuthorSignature | undefined;
  readonly base: string;
}

function encodeEntry(module: ModuleRow, { manifest, image, author, base }: EntryParts): string {
  const { name, description, primaryLocale } = fieldsOf(module);
  const { sha256, sizeBytes, url } = manifest.main;
  const fields = {
    ...{ slug: module.slug, name, description, primaryLocale, sha256, sizeBytes },
    category: JSON.parse(module.category) as LocaleMap,
    currentVersion: manifest.version,
    downloadUrl: `${base}${url}`,
    imageUrl: image && `${base}${iconPath(image)}`,
    requiresPermissions: JSON.parse(module.requires_permissions) as string[],
    infoUrl: module.info_url ?? undefined,
    trustLevel: module.trust_level,
    author,
  };
  return encodeCatalogueEntry(fields, manifest);
}
