/** Entries of the transparency log (docs/protocol/log.md): what was published, by whom, and its digest, as canonical JSON (RFC 8785). */
import { parseText } from '../bytes/text.ts';
import { TrustError } from '../errors.ts';
import { encodeCanonical, type SignableObject } from '../json/canonical.ts';
import { assertMembers, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { parseCanonicalText } from '../json/parse.ts';
import { encodeTime } from '../json/time.ts';
import { sha256Pattern } from './envelope.ts';
import { channelPattern, slugPattern, versionPattern } from './names.ts';
import type { VerifiedManifest } from './verify-manifest.ts';

/** The largest entry, in bytes: what a tile of C2SP tlog-tiles can hold. */
export const maxLogEntryBytes = 65_535;

/** A manifest that was put in force. */
export interface LoggedManifest {
  readonly type: 'manifest';
  /** The slug of the organisation whose roots vouch for the key. */
  readonly organisation: string;
  readonly project: string;
  readonly channel: string;
  readonly version: string;
  readonly counter: number;
  readonly keyId: string;
  /** Lower-case hex SHA-256 of the canonical `manifest` object. */
  readonly sha256: string;
}

/** A trust list that was put in force. */
export interface LoggedTrustList {
  readonly type: 'trust-list';
  readonly organisation: string;
  readonly trustVersion: number;
  /** Of the canonical `trust` object. */
  readonly sha256: string;
}

/** A catalogue that was put in force. */
export interface LoggedCatalogue {
  readonly type: 'catalogue';
  readonly organisation: string;
  readonly collection: string;
  readonly version: number;
  /** Of the canonical catalogue without its signatures. */
  readonly sha256: string;
}

/** A certificate that one of the organisation's authorities issued. */
export interface LoggedCertificate {
  readonly type: 'certificate';
  readonly organisation: string;
  /** The id of the issuing key, hex. */
  readonly issuer: string;
  /** Hex. */
  readonly serial: string;
  /** Of its DER. */
  readonly sha256: string;
}

/** A certificate that was revoked. */
export interface LoggedRevocation {
  readonly type: 'revocation';
  readonly organisation: string;
  readonly issuer: string;
  readonly serial: string;
  /** A name of RFC 5280, 5.3.1, such as `keyCompromise`. */
  readonly reason: string;
  /** Unix milliseconds. */
  readonly revokedAt: number;
}

/** The head of the organisation's audit chain, so that nobody rewrites it below that row unseen. */
export interface LoggedAuditHead {
  readonly type: 'audit-head';
  readonly organisation: string;
  readonly sequence: number;
  readonly sha256: string;
}

/** Anything that stands in the log. */
export type LogEntry =
  | LoggedManifest
  | LoggedTrustList
  | LoggedCatalogue
  | LoggedCertificate
  | LoggedRevocation
  | LoggedAuditHead;

/** The names of the kinds of entries. */
export type LogEntryType = LogEntry['type'];

/** What of a verified manifest its entry is made of. */
export type LoggableManifest = Pick<
  VerifiedManifest,
  'project' | 'channel' | 'version' | 'counter' | 'keyId' | 'digest'
>;

/** The entry of a manifest of `organisation` (its slug): who verifies the manifest needs nothing else to compute its leaf. */
export function createManifestEntry(manifest: LoggableManifest, organisation: string): LoggedManifest {
  const { project, channel, version, counter, keyId, digest: sha256 } = manifest;
  return { type: 'manifest', organisation, project, channel, version, counter, keyId, sha256 };
}

/** The bytes that the log hashes. It judges nothing: `parseLogEntry` reads them back to the same entry. */
export function encodeLogEntry(entry: LogEntry): Uint8Array<ArrayBuffer> {
  return encodeCanonical(createLogEntryDocument(entry));
}

/** The members of an entry. Of plain letters and integers, which the update profile and RFC 8785 write alike. */
export function createLogEntryDocument(entry: LogEntry): SignableObject {
  switch (entry.type) {
    case 'manifest': {
      const { keyId, ...members } = entry;
      return { ...members, key_id: keyId };
    }
    case 'trust-list': {
      const { trustVersion, ...members } = entry;
      return { ...members, trust_version: trustVersion };
    }
    case 'revocation': {
      const { revokedAt, ...members } = entry;
      return { ...members, revoked_at: encodeTime(revokedAt) };
    }
    default:
      return { ...entry };
  }
}

/**
 * Parses the bytes of an entry. Throws `format_unsupported` for a type that this version does not know, `too_large`, and `malformed`
 * or `not_canonical` for all but the one form of each entry: two forms would be two leaves.
 */
export function parseLogEntry(bytes: Uint8Array): LogEntry {
  if (bytes.length > maxLogEntryBytes) {
    throw new TrustError('too_large', `expected an entry of at most ${maxLogEntryBytes} bytes, got ${bytes.length}`);
  }
  const document = parseObject(parseCanonicalText(parseText(bytes)), 'the entry');
  const entry = parseDocument(document);
  assertMembers(document, Object.keys(createLogEntryDocument(entry)), 'the entry');
  return entry;
}

/** The same for who shows entries: undefined for one that this version cannot read, which is no reason not to show the others. */
export function parseKnownEntry(bytes: Uint8Array): LogEntry | undefined {
  try {
    return parseLogEntry(bytes);
  } catch (error) {
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

function parseDocument(document: SignableObject): LogEntry {
  const type = parseString(document, 'type', 100);
  switch (type) {
    case 'manifest':
      return parseManifestEntry(document);
    case 'trust-list':
      return parseTrustListEntry(document);
    case 'catalogue':
      return parseCatalogueEntry(document);
    case 'certificate':
      return parseCertificateEntry(document);
    case 'revocation':
      return parseRevocationEntry(document);
    case 'audit-head':
      return parseAuditHeadEntry(document);
    default:
      throw new TrustError('format_unsupported', 'expected an entry of a known type, got another');
  }
}

function parseManifestEntry(document: SignableObject): LoggedManifest {
  return {
    type: 'manifest',
    organisation: parseOrganisation(document),
    project: parsePattern(document, 'project', slugPattern, 'a project slug'),
    channel: parsePattern(document, 'channel', channelPattern, 'a channel'),
    version: parsePattern(document, 'version', versionPattern, 'a version'),
    counter: parseInteger(document, 'counter', 1),
    keyId: parsePattern(document, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    sha256: parseDigest(document),
  };
}

function parseTrustListEntry(document: SignableObject): LoggedTrustList {
  return {
    type: 'trust-list',
    organisation: parseOrganisation(document),
    trustVersion: parseInteger(document, 'trust_version', 1),
    sha256: parseDigest(document),
  };
}

function parseCatalogueEntry(document: SignableObject): LoggedCatalogue {
  return {
    type: 'catalogue',
    organisation: parseOrganisation(document),
    collection: parsePattern(document, 'collection', slugPattern, 'a collection slug'),
    version: parseInteger(document, 'version', 1),
    sha256: parseDigest(document),
  };
}

function parseCertificateEntry(document: SignableObject): LoggedCertificate {
  return {
    type: 'certificate',
    organisation: parseOrganisation(document),
    ...parseSerial(document),
    sha256: parseDigest(document),
  };
}

function parseRevocationEntry(document: SignableObject): LoggedRevocation {
  return {
    type: 'revocation',
    organisation: parseOrganisation(document),
    ...parseSerial(document),
    reason: parsePattern(document, 'reason', /^[A-Za-z]{1,40}$/, 'the name of a reason'),
    revokedAt: parseCanonicalTime(document, 'revoked_at'),
  };
}

function parseAuditHeadEntry(document: SignableObject): LoggedAuditHead {
  return {
    type: 'audit-head',
    organisation: parseOrganisation(document),
    sequence: parseInteger(document, 'sequence', 1),
    sha256: parseDigest(document),
  };
}

function parseOrganisation(document: SignableObject): string {
  return parsePattern(document, 'organisation', slugPattern, 'the slug of an organisation');
}

function parseDigest(document: SignableObject): string {
  return parsePattern(document, 'sha256', sha256Pattern, 'a SHA-256 in hex');
}

function parseSerial(document: SignableObject): Pick<LoggedCertificate, 'issuer' | 'serial'> {
  return {
    issuer: parsePattern(document, 'issuer', hexPattern, 'the id of a key in hex'),
    serial: parsePattern(document, 'serial', hexPattern, 'a serial number in hex'),
  };
}

const hexPattern = /^(?:[0-9a-f]{2}){1,64}$/;

function parseCanonicalTime(document: SignableObject, name: string): number {
  const time = parseTime(document, name);
  if (encodeTime(time) !== document[name]) {
    throw new TrustError('not_canonical', `expected ${name} in whole milliseconds and Z, got another form`);
  }
  return time;
}
