/** The manifest: what one release of a project is, signed (docs/protocol/manifest.md). */
import { TrustError } from '../errors.ts';
import type { SignableObject, SignableValue } from '../json/canonical.ts';
import { parseArray, parseInteger, parseObject, parsePattern, parseString, parseTime } from '../json/fields.ts';
import { sha256Pattern } from './envelope.ts';
import {
  channelPattern,
  defaultChannel,
  fileNamePattern,
  localePattern,
  parseHostRelativeUrl,
  platformPattern,
  slugPattern,
  versionPattern,
} from './names.ts';
import { parseReleaseEvidence, type ReleaseEvidenceFacts } from './release-evidence.ts';

/** The largest manifest envelope that is parsed, in bytes. */
export const maxManifestBytes = 1_048_576;

/** The one schema version that clients accept. */
export const manifestSchemaVersion = 2;

/** One file of a release. */
export interface Artifact {
  readonly name: string;
  readonly platform: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly sha512: string | undefined;
  readonly sizeBytes: number;
  /** Host-relative: starts with one slash and holds no dot segment. */
  readonly url: string;
}

/** What the malware scanner said, or that none was asked. */
export interface ScanFacts {
  readonly status: 'clean' | 'not_scanned';
  readonly engine: string | undefined;
  readonly engineVersion: string | undefined;
  /** Unix milliseconds; absent: the scanner does not know the date of its signatures. */
  readonly signatureDate: number | undefined;
  readonly scannedAt: number | undefined;
}

/** Text by locale. */
export type LocaleMap = Readonly<Record<string, string>>;

/** A manifest, parsed and not verified. */
export interface Manifest {
  readonly project: string;
  readonly channel: string;
  readonly version: string;
  readonly counter: number;
  readonly counterEpoch: number;
  readonly keyId: string;
  readonly signedAt: number;
  /** Unix milliseconds; absent: the signer set no bound. */
  readonly expiresAt: number | undefined;
  /** The main file: `artifacts` names it too. */
  readonly main: Pick<Artifact, 'sha256' | 'sizeBytes' | 'url'>;
  readonly artifacts: readonly Artifact[];
  readonly minVersion: string | undefined;
  readonly scan: ScanFacts | undefined;
  /** What the evidence for the release was; absent: none was asked for, and none shown. */
  readonly evidence: ReleaseEvidenceFacts | undefined;
  readonly name: LocaleMap | undefined;
  readonly description: LocaleMap | undefined;
  readonly changelog: LocaleMap | undefined;
}

/** Parses the `manifest` object. Throws `malformed`. Members that this version does not know are kept out of the result. */
export function parseManifest(document: SignableObject): Manifest {
  if (document.manifest_schema_version !== manifestSchemaVersion) {
    throw new TrustError('malformed', `expected manifest_schema_version ${manifestSchemaVersion}`);
  }
  const manifest: Manifest = {
    project: parsePattern(document, 'project', slugPattern, 'a project slug'),
    channel:
      document.channel === undefined ? defaultChannel : parsePattern(document, 'channel', channelPattern, 'a channel'),
    version: parsePattern(document, 'version', versionPattern, 'a version'),
    counter: parseInteger(document, 'counter', 1),
    counterEpoch: document.counter_epoch === undefined ? 0 : parseInteger(document, 'counter_epoch', 0),
    keyId: parsePattern(document, 'key_id', sha256Pattern, 'a SHA-256 in hex'),
    signedAt: parseTime(document, 'signed_at'),
    expiresAt: document.expires_at === undefined ? undefined : parseTime(document, 'expires_at'),
    main: parseMain(document),
    artifacts: document.artifacts === undefined ? [] : parseArray(document, 'artifacts').map(parseArtifact),
    minVersion:
      document.min_version === undefined
        ? undefined
        : parsePattern(document, 'min_version', versionPattern, 'a version'),
    scan: document.scan === undefined ? undefined : parseScanFacts(parseObject(document.scan, 'scan')),
    evidence: document.evidence === undefined ? undefined : parseReleaseEvidence(document.evidence),
    name: parseLocaleMap(document, 'name'),
    description: parseLocaleMap(document, 'description'),
    changelog: parseLocaleMap(document, 'changelog'),
  };
  assertMainListed(manifest);
  return manifest;
}

function parseMain(document: SignableObject): Manifest['main'] {
  return {
    sha256: parsePattern(document, 'sha256', sha256Pattern, 'a SHA-256 in hex'),
    sizeBytes: parseInteger(document, 'size_bytes', 0),
    url: parseHostRelativeUrl(parseString(document, 'url')),
  };
}

function parseArtifact(item: SignableValue): Artifact {
  const entry = parseObject(item, 'an artifact');
  return {
    ...parseMain(entry),
    name: parsePattern(entry, 'name', fileNamePattern, 'a file name'),
    platform: parsePattern(entry, 'platform', platformPattern, 'a platform'),
    mediaType: parsePattern(entry, 'media_type', /^[a-z]+\/[a-z0-9.+-]{1,100}$/, 'a media type'),
    sha512:
      entry.sha512 === undefined ? undefined : parsePattern(entry, 'sha512', /^[0-9a-f]{128}$/, 'a SHA-512 in hex'),
  };
}

function parseScanFacts(entry: SignableObject): ScanFacts {
  const status = parseString(entry, 'status');
  if (status !== 'clean' && status !== 'not_scanned') {
    throw new TrustError('malformed', 'expected scan status "clean" or "not_scanned"');
  }
  return {
    status,
    engine: entry.engine === undefined ? undefined : parseString(entry, 'engine', 100),
    engineVersion: entry.engine_version === undefined ? undefined : parseString(entry, 'engine_version', 100),
    signatureDate: entry.signature_date === undefined ? undefined : parseTime(entry, 'signature_date'),
    scannedAt: entry.scanned_at === undefined ? undefined : parseTime(entry, 'scanned_at'),
  };
}

function parseLocaleMap(document: SignableObject, name: string): LocaleMap | undefined {
  if (document[name] === undefined) return undefined;
  const entry = parseObject(document[name], name);
  const map: Record<string, string> = {};
  for (const locale of Object.keys(entry)) {
    if (!localePattern.test(locale)) throw new TrustError('malformed', `expected ${name} to be keyed by locale`);
    map[locale] = parseString(entry, locale, 65_536);
  }
  return map;
}

function assertMainListed({ main, artifacts }: Manifest): void {
  const listed = artifacts.some(
    ({ sha256, sizeBytes, url }) => sha256 === main.sha256 && sizeBytes === main.sizeBytes && url === main.url,
  );
  if (artifacts.length > 0 && !listed) throw new TrustError('malformed', 'expected the main file among the artifacts');
  if (new Set(artifacts.map(({ name }) => name)).size !== artifacts.length) {
    throw new TrustError('malformed', 'expected artifacts to name each file once');
  }
}
