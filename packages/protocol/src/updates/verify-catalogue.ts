/** Verifies a catalogue and its entries under a verified trust list (docs/protocol/catalogue.md, "What a client does"). */
import { TrustError } from '../errors.ts';
import { type AuthorSignature, verifyAuthorSignature } from './author.ts';
import { type Catalogue, type CatalogueEntry, maxCatalogueBytes, parseCatalogue } from './catalogue.ts';
import { digestHex, parseSelfSigned } from './envelope.ts';
import { defaultChannel } from './names.ts';
import { findProjectRule } from './trust-list.ts';
import {
  maxClockSkewMs,
  type VerifiedManifest,
  verifyManifestEnvelope,
  verifyNamedKey,
  verifyNamedSignature,
} from './verify-manifest.ts';
import { type VerifiedTrustList, verifyNotExpired } from './verify-trust-list.ts';

/** A catalogue whose key and signature were checked; its entries each need `verifyCatalogueEntry`. Only `verifyCatalogue` makes one. */
export interface VerifiedCatalogue extends Catalogue {
  readonly verified: 'catalogue';
  /** Lower-case hex SHA-256 of the catalogue without its signatures. */
  readonly digest: string;
}

/** An entry that says what the manifest in it says. Only `verifyCatalogueEntry` makes one. */
export interface VerifiedCatalogueEntry extends Omit<CatalogueEntry, 'manifest'> {
  readonly verified: 'catalogue-entry';
  readonly manifest: VerifiedManifest;
  /** The id of the author's own key, whose signature holds; whose it is, only memory tells. */
  readonly authorKeyId: string | undefined;
}

/** What a catalogue is verified against. */
export interface CatalogueContext {
  readonly trust: VerifiedTrustList;
  readonly collection: string;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What an entry is verified against. */
export interface CatalogueEntryContext {
  readonly trust: VerifiedTrustList;
  /** The collection whose catalogue the entry stands in. */
  readonly collection: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** The client's own bound on the age of manifests, in milliseconds. */
  readonly maxAgeMs?: number | undefined;
  /** The addresses that the server answers under, without a slash at the end: absolute download URLs begin with one of them. */
  readonly bases: readonly string[];
}

/**
 * Verifies the bytes of a catalogue. Throws `trust_expired`, `wrong_collection`, the codes of keys as for a manifest, `bad_signature`,
 * `catalogue_stale`, `catalogue_replayed` (another counter epoch), and the codes of parsing. History is the caller's.
 */
export async function verifyCatalogue(bytes: Uint8Array, context: CatalogueContext): Promise<VerifiedCatalogue> {
  const { trust, collection, now } = context;
  verifyNotExpired(trust, now);
  const envelope = parseSelfSigned(bytes, maxCatalogueBytes);
  const catalogue = parseCatalogue(envelope.document);
  if (catalogue.collection.slug !== collection) {
    throw new TrustError('wrong_collection', `expected collection ${collection}, got ${catalogue.collection.slug}`);
  }
  const named = verifyNamedKey(catalogue.keyId, { trust, now, scope: `collection:${collection}` });
  await verifyNamedSignature(envelope, named);
  verifyFreshness(catalogue, now);
  verifyEpoch(catalogue, context);
  return { ...catalogue, verified: 'catalogue', digest: await digestHex(envelope.signedBytes) };
}

/**
 * Verifies that an entry is signed, and offers exactly what the manifest in it says. Throws `entry_unsigned`, `entry_mismatch` and the codes of
 * `verifyManifest`; `bad_signature` for that of an author over something else.
 */
export async function verifyCatalogueEntry(
  entry: CatalogueEntry,
  { trust, collection, now, maxAgeMs, bases }: CatalogueEntryContext,
): Promise<VerifiedCatalogueEntry> {
  if (!entry.manifest) throw new TrustError('entry_unsigned', `expected a signed manifest of ${entry.slug}, got none`);
  verifyNotExpired(trust, now);
  const context = { trust, project: entry.slug, channel: defaultChannel, now, maxAgeMs };
  const manifest = await verifyManifestEnvelope(entry.manifest, context);
  const { sha256, sizeBytes, url } = manifest.main;
  assertSame('current_version', entry.currentVersion, manifest.version);
  assertSame('sha256', entry.sha256, sha256);
  assertSame('size_bytes', entry.sizeBytes, sizeBytes);
  const allowed = [url, ...bases.map((base) => `${base}${url}`)];
  if (!allowed.includes(entry.downloadUrl)) assertSame('download_url', entry.downloadUrl, allowed.at(-1));
  const authorKeyId = entry.author && (await verifyAuthor(entry, entry.author, collection));
  return { ...entry, verified: 'catalogue-entry', manifest, authorKeyId };
}

async function verifyAuthor(
  { slug, currentVersion: version, sha256, sizeBytes }: CatalogueEntry,
  author: AuthorSignature,
  collection: string,
): Promise<string> {
  const statement = { collection, module: slug, version, sha256, sizeBytes };
  return (await verifyAuthorSignature(statement, author)).keyId;
}

function assertSame(name: string, outer: string | number, signed: string | number | undefined): void {
  if (outer !== signed)
    throw new TrustError('entry_mismatch', `expected ${name} to be ${signed} as signed, got ${outer}`);
}

function verifyFreshness({ issuedAt, expiresAt }: Catalogue, now: number): void {
  if (expiresAt <= now) {
    throw new TrustError(
      'catalogue_stale',
      `expected a catalogue in force, got one that expired ${new Date(expiresAt).toISOString()}`,
    );
  }
  if (issuedAt > now + maxClockSkewMs) {
    throw new TrustError('catalogue_stale', 'expected a catalogue issued before now, got one from the future');
  }
}

function verifyEpoch({ counterEpoch }: Catalogue, { trust, collection }: CatalogueContext): void {
  const rule = findProjectRule(trust, collection);
  if (counterEpoch !== rule.counterEpoch) {
    throw new TrustError('catalogue_replayed', `expected counter epoch ${rule.counterEpoch}, got ${counterEpoch}`);
  }
}
