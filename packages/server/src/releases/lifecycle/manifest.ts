/** Builds, signs and checks manifests: what the server publishes passes its own verifier first. */

import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { Signer } from '@signpost/protocol/keys/ed25519';
import { signEnvelope } from '@signpost/protocol/updates/envelope';
import type { Artifact, LocaleMap, Manifest, ScanFacts } from '@signpost/protocol/updates/manifest';
import type { ReleaseEvidenceFacts } from '@signpost/protocol/updates/release-evidence';
import { findProjectRule } from '@signpost/protocol/updates/trust-list';
import { type VerifiedManifest, verifyManifest } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyNotExpired } from '@signpost/protocol/updates/verify-trust-list';
import { createManifestDocument } from '@signpost/protocol/updates/write-manifest';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import type { ProjectRow } from '../projects/store.ts';
import { renderMarkdown } from '../public/markdown.ts';
import type { ScanResult } from '../scanner/scan-result.ts';
import { fileUrl } from './file-url.ts';
import type { ArtifactRow, ReleaseRow } from './store.ts';

/** What a manifest is made from. */
export interface ManifestSource {
  readonly project: ProjectRow;
  readonly release: ReleaseRow;
  readonly artifacts: readonly ArtifactRow[];
  readonly counter: number;
  readonly counterEpoch: number;
  readonly keyId: string;
  /** Unix milliseconds. */
  readonly signedAt: number;
  readonly expiresAt: number;
  readonly evidence: ReleaseEvidenceFacts | undefined;
}

const dayMs = 86_400_000;

/** The manifest object of a release, ready to be signed. Throws `conflict` for a release without artifacts. */
export function buildManifestDocument(source: ManifestSource): SignableObject {
  const { project, release } = source;
  const artifacts = source.artifacts.map((row) =>
    describeArtifact(row, fileUrl(project.slug, release.version, row.name)),
  );
  const [main] = artifacts;
  if (!main)
    throw new Refusal('conflict', 'the release has no artifact', {
      rule: 'release-empty',
      hint: 'signpost release upload',
    });
  return createManifestDocument({
    project: project.slug,
    channel: release.channel,
    version: release.version,
    counter: source.counter,
    counterEpoch: source.counterEpoch,
    keyId: source.keyId,
    signedAt: source.signedAt,
    expiresAt: source.expiresAt,
    main: { sha256: main.sha256, sizeBytes: main.sizeBytes, url: main.url },
    artifacts,
    minVersion: release.min_version ?? undefined,
    scan: describeScan(source.artifacts.map((row) => JSON.parse(row.scan) as ScanResult)),
    evidence: source.evidence,
    name: parseLocaleMap(project.name),
    description: parseLocaleMap(project.description),
    changelog: renderChangelog(parseLocaleMap(release.changelog)),
  } satisfies Manifest);
}

/** When a manifest of `project` signed at `signedAt` stops being fresh, in Unix milliseconds. */
export function manifestExpiry(project: ProjectRow, signedAt: number): number {
  return signedAt + project.manifest_days * dayMs;
}

/** Signs with the server's key and checks the result as a client would. */
export async function signManifest(
  document: SignableObject,
  signer: Signer,
  check: { trust: VerifiedTrustList; project: string; channel: string; now: number },
): Promise<VerifiedManifest> {
  return verifyManifest(new TextEncoder().encode(await signEnvelope('manifest', document, [signer])), check);
}

/** The trust list in force for publishing: present and unexpired, or a refusal that says what to do. */
export async function requireTrust(query: Query, organisationId: string, now: number): Promise<VerifiedTrustList> {
  const trust = await readTrustInForce(query, organisationId);
  if (!trust) {
    throw new Refusal('trust_refused', 'no trust list is in force', {
      rule: 'trust-missing',
      hint: 'on the offline machine: signpost root init, signpost root sign; then here: signpost trust import trust.json --pin KEY',
    });
  }
  verifyNotExpired(trust, now);
  return trust;
}

/** How many maintainers must sign a manifest of `slug`; 0 when the server's key is enough. */
export function approvalsNeeded(trust: VerifiedTrustList, slug: string): number {
  return findProjectRule(trust, slug).approvals;
}

function describeArtifact(row: ArtifactRow, url: string): Artifact {
  return {
    name: row.name,
    platform: row.platform,
    mediaType: row.media_type,
    sha256: row.sha256,
    sha512: row.sha512,
    sizeBytes: row.size_bytes,
    url,
  };
}

/** One verdict for the whole release: clean only if each file is; of several scans the oldest counts. */
function describeScan(scans: readonly ScanResult[]): ScanFacts {
  const [oldest] = scans
    .filter(({ status }) => status === 'clean')
    .sort((left, right) => (left.scanned_at ?? '').localeCompare(right.scanned_at ?? ''));
  if (!oldest || scans.some(({ status }) => status !== 'clean')) {
    return {
      status: 'not_scanned',
      engine: undefined,
      engineVersion: undefined,
      signatureDate: undefined,
      scannedAt: undefined,
    };
  }
  return {
    status: 'clean',
    engine: oldest.engine,
    engineVersion: oldest.engine_version,
    signatureDate: oldest.signature_date === undefined ? undefined : Date.parse(oldest.signature_date),
    scannedAt: oldest.scanned_at === undefined ? undefined : Date.parse(oldest.scanned_at),
  };
}

/** An empty map stays out: the signed profile has no empty objects. */
function parseLocaleMap(text: string): LocaleMap | undefined {
  const map = JSON.parse(text) as LocaleMap;
  return Object.keys(map).length === 0 ? undefined : map;
}

/** Clients of the older format put the changelog into a page as HTML, so it leaves here as HTML that is safe there. */
function renderChangelog(changelog: LocaleMap | undefined): LocaleMap | undefined {
  if (!changelog) return undefined;
  return Object.fromEntries(Object.entries(changelog).map(([locale, text]) => [locale, renderMarkdown(text)]));
}
