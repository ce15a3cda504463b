/** Writes catalogues (docs/protocol/catalogue.md) out of entries that are prepared one by one. */
import { encodeCanonicalText, type SignableObject } from '../json/canonical.ts';
import { parseObject } from '../json/fields.ts';
import { parseSignableText } from '../json/parse.ts';
import { encodeTime } from '../json/time.ts';
import { encodeAuthorSignature } from './author.ts';
import {
  type CatalogueCollection,
  type CatalogueEntryFields,
  type CatalogueHead,
  catalogueSchemaVersion,
} from './catalogue.ts';
import type { LocaleMap } from './manifest.ts';
import type { VerifiedManifest } from './verify-manifest.ts';

/** One signature as it is written. */
interface SignatureText {
  readonly key_id: string;
  readonly sig: string;
}

/** The canonical text of an entry that offers `manifest`; `parseCatalogueEntry` reads it back. */
export function encodeCatalogueEntry(fields: CatalogueEntryFields, { envelope }: VerifiedManifest): string {
  return encodeCanonicalText({
    slug: fields.slug,
    name: encodeTexts(fields.name, fields.primaryLocale),
    description: encodeTexts(fields.description, fields.primaryLocale),
    category: encodeTexts(fields.category, fields.primaryLocale),
    primary_locale: fields.primaryLocale,
    current_version: fields.currentVersion,
    download_url: fields.downloadUrl,
    sha256: fields.sha256,
    size_bytes: fields.sizeBytes,
    image_url: fields.imageUrl,
    requires_permissions: fields.requiresPermissions,
    info_url: fields.infoUrl,
    trust_level: fields.trustLevel,
    author: fields.author && encodeAuthorSignature(fields.author),
    signature: encodeEntrySignature(parseObject(parseSignableText(envelope), 'the envelope')),
  });
}

/** Beside the older members all signatures, where there are several. */
function encodeEntrySignature({ manifest, signature, signatures }: SignableObject): SignableObject {
  const { key_id } = parseObject(manifest, 'manifest');
  const isAlone = !Array.isArray(signatures) || signatures.length < 2;
  return { key_id, sig: signature, manifest, signatures: isAlone ? undefined : signatures } as SignableObject;
}

/** The canonical text that is signed, of a head and the canonical texts of its entries, in their order. */
export function encodeCatalogue(head: CatalogueHead, entries: readonly string[]): string {
  return join(head, entries, '');
}

/** The same with its signatures, as it is served; that of the head's key stands first. Throws TypeError without it. */
export function encodeSignedCatalogue(
  head: CatalogueHead,
  entries: readonly string[],
  signatures: readonly SignatureText[],
): string {
  const main = signatures.find(({ key_id }) => key_id === head.keyId);
  if (!main) throw new TypeError('expected the signature of the key that the catalogue names');
  const members = encodeCanonicalText({ signature: main.sig, signatures: signatures.map(({ ...entry }) => entry) });
  return join(head, entries, `${members.slice(1, -1)},`);
}

/** By code point all members stand before `modules`, but for `signature`, `signatures` and `version`: thousands of entries need not be encoded again. */
function join(head: CatalogueHead, entries: readonly string[], signatures: string): string {
  const before = encodeCanonicalText({
    catalogue_schema_version: catalogueSchemaVersion,
    collection: encodeCollection(head.collection),
    counter_epoch: head.counterEpoch === 0 ? undefined : head.counterEpoch,
    expires_at: encodeTime(head.expiresAt),
    issued_at: encodeTime(head.issuedAt),
    key_id: head.keyId,
  });
  return `${before.slice(0, -1)},"modules":[${entries.join(',')}],${signatures}"version":${head.version}}`;
}

function encodeCollection({ slug, name, description, primaryLocale }: CatalogueCollection): SignableObject {
  return {
    slug,
    name: encodeTexts(name, primaryLocale),
    description: encodeTexts(description, primaryLocale),
    primary_locale: primaryLocale,
  };
}

/** Clients of the older format expect a map, and an empty one cannot be signed. */
function encodeTexts(texts: LocaleMap, primaryLocale: string): SignableObject {
  return Object.keys(texts).length === 0 ? { [primaryLocale]: '' } : { ...texts };
}
