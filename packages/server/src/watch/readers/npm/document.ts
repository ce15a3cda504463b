/** Documents of an npm registry, as far as the watch reads them. Others wrote every word (npm/registry, docs/responses/package-metadata.md). */
import { isJsonObject, type JsonObject, type JsonValue, readMember } from '@signpost/protocol/json/foreign';
import { lineOf } from '../../sources/line.ts';
import type { ListedArtifact } from '../reader.ts';

/** Versions that are listed of a package, the newest first; older ones are left out. */
export const maxVersions = 5000;
/** Longer ones are none (node-semver). */
const maxVersionLength = 256;

/** The versions in a packument; `undefined`: it is none. */
export function readVersions(bytes: Uint8Array): readonly ListedArtifact[] | undefined {
  const packument = parseDocument(bytes);
  const versions = packument && readObject(packument, 'versions');
  if (!packument || !versions) return undefined;
  const times = readObject(packument, 'time');
  const latest = readText(readObject(packument, 'dist-tags'), 'latest');
  return Object.keys(versions)
    .filter((version) => version !== '' && version.length <= maxVersionLength)
    .map((version) => ({
      names: { version },
      line: lineOf(version),
      publishedAt: readTime(readText(times, version)),
      isDefault: version === latest,
    }))
    .sort((left, right) => (right.publishedAt ?? 0) - (left.publishedAt ?? 0))
    .slice(0, maxVersions);
}

/** A signature of the registry over `name@version:integrity`. */
export interface RegistrySignature {
  readonly keyId: string;
  /** Base64. */
  readonly signature: string;
}

/** What one version's document says. */
export interface VersionDocument {
  /** Subresource integrity by SHA-512 (`sha512-…`); older packages have none. */
  readonly integrity: string | undefined;
  /** The hash of its tarball in hex, by SHA-512, or by SHA-1 where there is no other. */
  readonly digest: { readonly algorithm: 'sha512' | 'sha1'; readonly hex: string };
  readonly signatures: readonly RegistrySignature[];
  readonly hasAttestations: boolean;
  /** `undefined`: the registry does not say who published it. */
  readonly publisher: Publisher | undefined;
}

/** Who published it. */
export interface Publisher {
  readonly name: string | undefined;
  readonly email: string | undefined;
  readonly isTrusted: boolean;
  readonly isApproved: boolean;
}

const maxSignatures = 16;

/** The document of one version; `undefined`: it is none, or is of another name or version. */
export function readVersion(
  bytes: Uint8Array,
  { name, version }: { readonly name: string; readonly version: string },
): VersionDocument | undefined {
  const document = parseDocument(bytes);
  const dist = document && readObject(document, 'dist');
  if (!dist || readText(document, 'name') !== name || readText(document, 'version') !== version) return undefined;
  const integrity = readIntegrity(readText(dist, 'integrity'));
  if (integrity === null) return undefined;
  const digest = readDigest(integrity, readText(dist, 'shasum'));
  if (!digest) return undefined;
  return {
    ...{ integrity, digest, signatures: readSignatures(readMember(dist, 'signatures')) },
    hasAttestations: readObject(dist, 'attestations') !== undefined,
    publisher: readPublisher(readMember(document, '_npmUser')),
  };
}

/** Of what several hashes are named for, SHA-512 counts; npm takes what matches any of several. `null`: there is no telling which. */
function readIntegrity(text: string | undefined): string | undefined | null {
  const [first, ...others] = (text ?? '').split(/\s+/).filter((entry) => entry.startsWith('sha512-'));
  if (first === undefined) return undefined;
  return others.length === 0 && /^sha512-[A-Za-z0-9+/]{86}==$/.test(first) ? first : null;
}

function readDigest(integrity: string | undefined, shasum: string | undefined): VersionDocument['digest'] | undefined {
  if (integrity !== undefined) {
    return { algorithm: 'sha512', hex: Buffer.from(integrity.slice('sha512-'.length), 'base64').toString('hex') };
  }
  return shasum !== undefined && /^[0-9a-f]{40}$/.test(shasum) ? { algorithm: 'sha1', hex: shasum } : undefined;
}

function readSignatures(value: JsonValue | undefined): readonly RegistrySignature[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, maxSignatures).flatMap((entry: JsonValue) => {
    const [keyId, signature] = isJsonObject(entry) ? [readText(entry, 'keyid'), readText(entry, 'sig')] : [];
    return keyId === undefined || signature === undefined ? [] : [{ keyId, signature }];
  });
}

/** Registries write it as an object, or as `name <address>`; whoever has neither name nor door is nobody. */
function readPublisher(value: JsonValue | undefined): Publisher | undefined {
  const publisher = typeof value === 'string' ? parsePublisher(value) : describePublisher(value);
  return publisher && (publisher.name || publisher.isTrusted || publisher.isApproved) ? publisher : undefined;
}

function parsePublisher(text: string): Publisher {
  const [, name, email] = /^([^<]*)(?:<([^>]*)>)?$/.exec(text) ?? [];
  return { name: name?.trimEnd(), email, isTrusted: false, isApproved: false };
}

function describePublisher(value: JsonValue | undefined): Publisher | undefined {
  if (!isJsonObject(value)) return undefined;
  const [isTrusted, isApproved] = ['trustedPublisher', 'approver'].map((member) => {
    const found = readMember(value, member);
    return found !== undefined && found !== null;
  }) as [boolean, boolean];
  return { name: readText(value, 'name'), email: readText(value, 'email'), isTrusted, isApproved };
}

/** An attestation as the registry hands it out. */
export interface StoredAttestation {
  readonly predicateType: string;
  /** The bundle, as JSON again. */
  readonly bundle: Uint8Array<ArrayBuffer>;
}

/** The attestations of a version; `undefined`: it is no list of them. */
export function readAttestations(bytes: Uint8Array): readonly StoredAttestation[] | undefined {
  const list = parseDocument(bytes);
  const entries = list && readMember(list, 'attestations');
  if (!Array.isArray(entries)) return undefined;
  return entries.flatMap((entry: JsonValue) => {
    const [type, bundle] = isJsonObject(entry) ? [readText(entry, 'predicateType'), readMember(entry, 'bundle')] : [];
    if (type === undefined || bundle === undefined) return [];
    return [{ predicateType: type, bundle: new Uint8Array(Buffer.from(JSON.stringify(bundle))) }];
  });
}

/** A key of the registry. */
export interface RegistryKey {
  readonly keyId: string;
  /** SubjectPublicKeyInfo in base64. */
  readonly spki: string;
  /** Unix ms; what was published before is still its own. `undefined`: it goes on. */
  readonly expires: number | undefined;
}

/** The keys of a registry; `undefined`: it is no list of them. */
export function readKeys(bytes: Uint8Array): readonly RegistryKey[] | undefined {
  const list = parseDocument(bytes);
  const entries = list && readMember(list, 'keys');
  if (!Array.isArray(entries)) return undefined;
  return entries.flatMap((entry: JsonValue) => {
    const [keyId, spki] = isJsonObject(entry) ? [readText(entry, 'keyid'), readText(entry, 'key')] : [];
    if (!isJsonObject(entry) || keyId === undefined || spki === undefined) return [];
    return [{ keyId, spki, expires: readTime(readText(entry, 'expires')) }];
  });
}

/** READMEs that were cut off in the middle of a character stand in these documents, so they are read as leniently as npm does. */
function parseDocument(bytes: Uint8Array): JsonObject | undefined {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as JsonValue;
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readObject(object: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = object && readMember(object, name);
  return isJsonObject(value) ? value : undefined;
}

function readText(object: JsonObject | undefined, name: string): string | undefined {
  const value = object && readMember(object, name);
  return typeof value === 'string' ? value : undefined;
}

/** A moment in ISO 8601; `undefined` for what is none, and for one that no clock has shown. */
function readTime(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isSafeInteger(time) && time > 0 ? time : undefined;
}
