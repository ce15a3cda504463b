/** The catalogue: what the modules of a collection are, signed as a whole (docs/protocol/catalogue.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { type AuthorSignature, parseAuthorSignature } from './author.ts';
import { type DocumentSignature, type Envelope, readEnvelope, sha256Pattern } from './envelope.ts';
import type { LocaleMap } from './manifest.ts';
import { localePattern, parseHostRelativeUrl, slugPattern, versionPattern } from './names.ts';

/** The largest catalogue that is parsed, in bytes. */
export const maxCatalogueBytes = 16_777_216;

/** The most modules that a catalogue may name. */
export const maxCatalogueModules = 5_000;

/** The most permissions that a module may ask for. */
export const maxPermissions = 64;

/** The one schema version that clients accept. */
export const catalogueSchemaVersion = 1;

/** A permission as the host application names it. */
export const permissionPattern: RegExp = /^[A-Za-z0-9_][A-Za-z0-9_.:*/-]{0,99}$/;

/** By whom a module is vouched for, from the vendor to anybody. */
export const trustLevels = ['official', 'verified', 'community'] as const;

/** One of them. */
export type TrustLevel = (typeof trustLevels)[number];

/** The collection itself, as its catalogue describes it. */
export interface CatalogueCollection {
  readonly slug: string;
  readonly name: LocaleMap;
  readonly description: LocaleMap;
  readonly primaryLocale: string;
}

/** What a catalogue says of itself. */
export interface CatalogueHead {
  readonly collection: CatalogueCollection;
  /** Grows with each catalogue of the collection. */
  readonly version: number;
  readonly counterEpoch: number;
  readonly keyId: string;
  /** Unix milliseconds. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** What an entry says of its module, beside the manifest in it. */
export interface CatalogueEntryFields {
  readonly slug: string;
  readonly name: LocaleMap;
  readonly description: LocaleMap;
  readonly category: LocaleMap;
  readonly primaryLocale: string;
  readonly currentVersion: string;
  /** Absolute on the server that signed, or host-relative where it knows no name of its own. */
  readonly downloadUrl: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  readonly imageUrl: string | undefined;
  readonly requiresPermissions: readonly string[];
  readonly infoUrl: string | undefined;
  readonly trustLevel: TrustLevel;
  /** The author's own signature over this version, where there is one. */
  readonly author: AuthorSignature | undefined;
}

/** An entry, parsed and not verified by itself. */
export interface CatalogueEntry extends CatalogueEntryFields {
  /** The signed manifest of the module; absent: nobody signed what it offers. */
  readonly manifest: Envelope | undefined;
}

/** A catalogue, parsed and not verified. */
export interface Catalogue extends CatalogueHead {
  readonly entries: readonly CatalogueEntry[];
}

/** Parses the catalogue without its signatures. Throws `malformed` and `too_large`; unknown members are passed over. */
export function parseCatalogue(document: SignableObject): Catalogue {
  if (document.catalogue_schema_version !== catalogueSchemaVersion) {
    throw new TrustError('malformed', `expected catalogue_schema_version ${catalogueSchemaVersion}`);
  }
  const items = parseArray(document, 'modules');
  if (items.length > maxCatalogueModules) {
    throw new TrustError('too_large', `expected at most ${maxCatalogueModules} modules, got ${items.length}`);
  }
  const entries = items.map(parseCatalogueEntry);
  if (new Set(entries.map(({ slug }) => slug)).size !== entries.length) {
    throw new TrustError('malformed', 'expected modules to name each module once');
  }
  return { ...parseHead(document), entries };
}

function parseHead(document: SignableObject): CatalogueHead {
  const collection = parseObject(document.collection, 'collection');
  return {
    collection: {
      slug: parsePattern(collection, 'slug', slugPattern, 'a collection slug'),
      name: parseTexts(collection, 'name'),
      description: parseTexts(collection, 'description'),
      primaryLocale: parsePattern(collection, 'primary_locale', localePattern, 'a locale'),
    },
    version: parseInteger(document, 'version', 1),
    counterEpoch: document.counter_epoch === undefined ? 0 : parseInteger(document, 'counter_epoch', 0),
    keyId: parsePattern(document, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    issuedAt: parseTime(document, 'issued_at'),
    expiresAt: parseTime(document, 'expires_at'),
  };
}

/** Parses one member of `modules`. Throws `malformed` and `too_large`. */
export function parseCatalogueEntry(item: SignableValue): CatalogueEntry {
  const entry = parseObject(item, 'a module');
  return {
    slug: parsePattern(entry, 'slug', slugPattern, 'a module slug'),
    name: parseTexts(entry, 'name'),
    description: parseTexts(entry, 'description'),
    category: parseTexts(entry, 'category'),
    primaryLocale: parsePattern(entry, 'primary_locale', localePattern, 'a locale'),
    currentVersion: parsePattern(entry, 'current_version', versionPattern, 'a version'),
    downloadUrl: parseUrl(entry, 'download_url'),
    sha256: parsePattern(entry, 'sha256', sha256Pattern, 'a SHA-256 in hex'),
    sizeBytes: parseInteger(entry, 'size_bytes', 0),
    imageUrl: entry.image_url === undefined ? undefined : parseUrl(entry, 'image_url'),
    requiresPermissions: parsePermissions(entry),
    infoUrl: entry.info_url === undefined ? undefined : parseWebUrl(entry, 'info_url'),
    trustLevel: parseTrustLevel(entry),
    author: entry.author === undefined ? undefined : parseAuthorSignature(entry.author),
    manifest: entry.signature === undefined ? undefined : parseEntrySignature(entry.signature),
  };
}

/** The manifest stands beside its signature, as clients of the older format read it; further signatures are ours. */
function parseEntrySignature(item: SignableValue): Envelope {
  const { key_id, sig, manifest, signatures = [{ key_id, sig } as SignableObject] } = parseObject(item, 'signature');
  const envelope = readEnvelope({ manifest, signature: sig, signatures } as SignableObject, 'manifest');
  const named = envelope.signatures.find(({ keyId }: DocumentSignature) => keyId === key_id);
  if (envelope.document.key_id !== key_id || envelope.signer !== named?.keyId) {
    throw new TrustError('malformed', 'expected "sig" to be that of the key that the manifest names');
  }
  return envelope;
}

function parseTexts(object: SignableObject, name: string): LocaleMap {
  const texts = parseObject(object[name], name);
  for (const locale of Object.keys(texts)) {
    if (!localePattern.test(locale)) throw new TrustError('malformed', `expected ${name} to be keyed by locale`);
    parseString(texts, locale, 65_536);
  }
  return { ...texts } as LocaleMap;
}

function parsePermissions(entry: SignableObject): readonly string[] {
  const permissions = parseArray(entry, 'requires_permissions');
  if (permissions.length > maxPermissions) {
    throw new TrustError('too_large', `expected at most ${maxPermissions} permissions, got ${permissions.length}`);
  }
  for (const permission of permissions) {
    if (typeof permission !== 'string' || !permissionPattern.test(permission)) {
      throw new TrustError('malformed', 'expected requires_permissions to name permissions');
    }
  }
  return permissions as readonly string[];
}

function parseTrustLevel(entry: SignableObject): TrustLevel {
  const level = trustLevels.find((known) => known === entry.trust_level);
  if (!level) throw new TrustError('malformed', `expected trust_level to be one of ${trustLevels.join(', ')}`);
  return level;
}

function parseUrl(entry: SignableObject, name: string): string {
  const text = parseString(entry, name);
  return text.startsWith('/') ? parseHostRelativeUrl(text) : parseWebUrl(entry, name);
}

/** An address that an application may show or open: http or https, nothing hidden in it. Throws `malformed`. */
export function parseWebUrl(entry: SignableObject, name: string): string {
  const text = parseString(entry, name);
  const url = /^https?:\/\/[!-~]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (!url || url.username || url.password) {
    throw new TrustError('malformed', `expected ${name} to be an http or https URL without credentials`);
  }
  return text;
}
