/** One entry of a catalogue: what a module is, with the signed manifest of what it offers. */
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { parseSignableText } from '@signpost/protocol/json/parse';
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
import type { EntryRow, ModuleRow } from './store.ts';

/** What entries are made under. */
export interface EntryContext {
  readonly trust: VerifiedTrustList;
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
  const document = encodeEntry(module, manifest, context.base);
  // As with manifests: what leaves here has passed the verifier that clients run.
  const entry = parseCatalogueEntry(parseSignableText(document));
  await verifyCatalogueEntry(entry, { trust: context.trust, now: context.at, bases: [context.base] });
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

function encodeEntry(module: ModuleRow, manifest: VerifiedManifest, base: string): string {
  const { name, description, primaryLocale } = fieldsOf(module);
  const { sha256, sizeBytes, url } = manifest.main;
  const fields = {
    ...{ slug: module.slug, name, description, primaryLocale, sha256, sizeBytes },
    category: JSON.parse(module.category) as LocaleMap,
    currentVersion: manifest.version,
    downloadUrl: `${base}${url}`,
    imageUrl: undefined,
    requiresPermissions: JSON.parse(module.requires_permissions) as string[],
    infoUrl: module.info_url ?? undefined,
    trustLevel: module.trust_level,
  };
  return encodeCatalogueEntry(fields, manifest);
}
