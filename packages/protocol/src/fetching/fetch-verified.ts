/** Verified download of anything (docs/verified-downloads.md): nothing is handed over before its evidence holds, and nothing older than was seen. */

import { encodeHex } from '../bytes/hex.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import type { StateStore } from '../client/state.ts';
import type { Fetch } from '../client/transport.ts';
import { TrustError } from '../errors.ts';
import { encodeTime } from '../json/time.ts';
import type { Artifact } from '../sigstore/artifact.ts';
import { maxAttestationsBytes } from '../sigstore/extract-bundles.ts';
import { findCapsuleTarget, maxCapsuleManifestBytes, parseCapsuleManifest } from './capsule-manifest.ts';
import { downloadInto, type LandedFile, type Landing, type LandingRequest } from './download.ts';
import type { Location } from './location.ts';
import {
  type Descriptor,
  findPlatform,
  parseLayers,
  Registry,
  type RegistryContent,
  type RegistryCredentials,
} from './registry.ts';
import { fetchDocument } from './request.ts';
import {
  advanceSource,
  encodeSourceState,
  type FoundRelease,
  type OlderWish,
  parseSourceState,
} from './source-state.ts';

/** What is fetched, and on which evidence it is taken. */
export interface FetchRequest {
  readonly location: Location;
  /** Where the bundle is; beside what is signed when left out (`.sigstore.json`, then `.bundle`), or among the referrers of a registry. */
  readonly bundleUrl?: string | undefined;
  /** A capsule manifest that is signed in place of the artifact, and the target in it. */
  readonly capsule?: { readonly url: string; readonly target: string } | undefined;
  /** The title of the layer, when a manifest of a registry has several. */
  readonly title?: string | undefined;
  /** The platform, when a registry has an index of several: `linux/amd64`. */
  readonly platform?: string | undefined;
  readonly maxBytes: number;
  /** How long ago it may have been signed. */
  readonly maxAgeMs?: number | undefined;
  /** Takes an older one than was seen, and records why. */
  readonly allowOlder?: string | undefined;
}

/** What fetching works with. */
export interface FetchParts extends Pick<LandingRequest, 'onProgress' | 'signal' | 'silenceMs'> {
  readonly fetch: Fetch;
  readonly verify: EvidenceVerifier;
  readonly store: StateStore;
  readonly landing: Landing;
  /** What was fetched before: taken again when the evidence of now holds for it. */
  readonly kept?: LandedFile | undefined;
  /** For a registry that does not answer everybody. */
  readonly credentials?: RegistryCredentials | undefined;
  readonly now: () => number;
}

/** Throws a TrustError unless documents prove that the artifact is its publisher's; says when it was signed, and as which version. */
export type EvidenceVerifier = (
  artifact: Artifact,
  documents: readonly Uint8Array<ArrayBuffer>[],
) => Promise<Pick<FoundRelease, 'signedAt' | 'version'>>;

/** What there is to show for an artifact; kept beside it, so that it can be verified again without a network. */
export interface FetchedEvidence {
  readonly documents: readonly Uint8Array<ArrayBuffer>[];
  readonly signed: SignedSubject;
}

/** What the signature is over. */
export type SignedSubject =
  | { readonly kind: 'artifact' }
  | { readonly kind: 'capsule'; readonly bytes: Uint8Array<ArrayBuffer>; readonly target: string }
  | ({ readonly kind: 'registry'; readonly title: string | undefined } & SignedImage);

/** What is signed of an image: its manifest, or an index with the manifest that was chosen of it. */
interface SignedImage {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly chosen?: { readonly platform: string; readonly manifest: Uint8Array<ArrayBuffer> } | undefined;
}

/** An artifact that was verified; it lies in the landing, or is the one that was kept. */
export interface Fetched {
  readonly found: FoundRelease;
  readonly file: LandedFile;
  readonly evidence: FetchedEvidence;
  readonly isKept: boolean;
  /** Whether it is older than what was seen, and taken all the same. */
  readonly isOverridden: boolean;
}

/**
 * Fetches the evidence, then the artifact, verifies, compares with what was seen of the source, and records it. Throws a TrustError at the first step
 * that fails, and then the landing is empty but for what a broken connection left to go on from.
 */
export async function fetchVerified(request: FetchRequest, parts: FetchParts): Promise<Fetched> {
  const text = await parts.store.read();
  const state = text === undefined ? undefined : parseSourceState(text);
  const { evidence, source } = await fetchEvidence(request, parts);
  const wish = request.allowOlder === undefined ? undefined : { reason: request.allowOlder, at: parts.now() };
  const take = (found: FoundRelease) => {
    assertFresh(found, request.maxAgeMs, parts.now());
    return advanceSource(state, found, wish satisfies OlderWish | undefined);
  };
  // A signed manifest says enough to refuse before the download.
  if (evidence.signed.kind !== 'artifact') take(await verifySigned(evidence, parts.verify));
  const { file, found, isKept } = await obtain({ evidence, source }, request, parts);
  const next = await attempt(parts.landing, () => take(found));
  await parts.store.write(encodeSourceState(next));
  return { found, file, evidence, isKept, isOverridden: next.overrides.length > (state?.overrides.length ?? 0) };
}

/** Verifies once more what was fetched before, without a network. Throws as `fetchVerified` does. */
export async function verifyFetched(
  evidence: FetchedEvidence,
  file: LandedFile,
  verify: EvidenceVerifier,
): Promise<FoundRelease> {
  if (evidence.signed.kind === 'artifact') {
    return { ...(await verify(file.artifact, evidence.documents)), sha256: file.sha256 };
  }
  const found = await verifySigned(evidence, verify);
  if (found.sha256 === file.sha256) return found;
  throw new TrustError('digest_mismatch', `expected SHA-256 ${found.sha256}, got ${file.sha256}`);
}

/** What a signed manifest says of the artifact. */
async function verifySigned({ signed, documents }: FetchedEvidence, verify: EvidenceVerifier): Promise<FoundRelease> {
  if (signed.kind === 'artifact') throw new TypeError('expected a signed manifest');
  const { signedAt, version } = await verify({ kind: 'bytes', bytes: signed.bytes }, documents);
  if (signed.kind === 'registry') {
    return { sha256: chooseLayer(parseLayers(openImage(signed)), signed.title).sha256, version, signedAt };
  }
  const manifest = parseCapsuleManifest(signed.bytes);
  return { sha256: findCapsuleTarget(manifest, signed.target), version: manifest.version, signedAt };
}

/** The manifest with the layers: what is signed, or what a signed index names for the platform. */
function openImage({ bytes, chosen }: SignedImage): Uint8Array<ArrayBuffer> {
  if (!chosen) return bytes;
  const [expected, got] = [findPlatform(bytes, chosen.platform), encodeHex(hashSha256(chosen.manifest))];
  if (expected === got) return chosen.manifest;
  throw new TrustError('digest_mismatch', `expected SHA-256 ${expected}, got ${got}`);
}

/** Where the artifact is. */
interface ArtifactSource {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

interface Obtainable {
  readonly evidence: FetchedEvidence;
  readonly source: ArtifactSource;
}

async function fetchEvidence(request: FetchRequest, parts: FetchParts): Promise<Obtainable> {
  const { location, capsule } = request;
  if (location.kind === 'oci') return fetchRegistryEvidence({ ...request, location }, parts);
  const source = { url: location.url };
  if (!capsule) {
    const documents = [await fetchBundle(parts.fetch, location.url, request.bundleUrl)];
    return { evidence: { documents, signed: { kind: 'artifact' } }, source };
  }
  const bytes = await fetchDocument(parts.fetch, capsule.url, { maxBytes: maxCapsuleManifestBytes });
  if (!bytes) throw new TrustError('fetch_failed', `expected a manifest at ${capsule.url}, got none`);
  const documents = [await fetchBundle(parts.fetch, capsule.url, request.bundleUrl)];
  return { evidence: { documents, signed: { kind: 'capsule', bytes, target: capsule.target } }, source };
}

/** As cosign and forges name it. */
async function fetchBundle(fetch: Fetch, url: string, bundleUrl: string | undefined): Promise<Uint8Array<ArrayBuffer>> {
  const places = bundleUrl === undefined ? ['.sigstore.json', '.bundle'].map((end) => extend(url, end)) : [bundleUrl];
  for (const place of places) {
    const bytes = await fetchDocument(fetch, place, { maxBytes: maxAttestationsBytes });
    if (bytes) return bytes;
  }
  throw new TrustError('fetch_failed', `expected a bundle at ${places.join(' or ')}, got none`);
}

function extend(url: string, end: string): string {
  const extended = new URL(url);
  extended.pathname += end;
  return extended.href;
}

async function fetchRegistryEvidence(
  { location, bundleUrl, title, platform }: FetchRequest & { readonly location: Location & { readonly kind: 'oci' } },
  { fetch, credentials }: FetchParts,
): Promise<Obtainable> {
  const registry = new Registry(fetch, location, credentials);
  const findBundles = async ({ sha256 }: RegistryContent) =>
    bundleUrl === undefined ? registry.readBundles(sha256) : [await fetchBundle(fetch, bundleUrl, bundleUrl)];
  const named = await registry.readContent(location.reference);
  const manifest =
    platform === undefined ? named : await registry.readContent(`sha256:${findPlatform(named.bytes, platform)}`);
  const source = registry.locateBlob(chooseLayer(parseLayers(manifest.bytes), title));
  let documents = await findBundles(named);
  let image: SignedImage = named;
  if (platform !== undefined && documents.length > 0) {
    image = { bytes: named.bytes, chosen: { platform, manifest: manifest.bytes } };
  } else if (platform !== undefined) {
    // Publishers sign the index, or each of its manifests.
    [documents, image] = [await findBundles(manifest), manifest];
  }
  if (documents.length === 0) throw new TrustError('fetch_failed', 'expected a bundle among the referrers, got none');
  const { bytes, chosen } = image;
  return { evidence: { documents, signed: { kind: 'registry', bytes, title, chosen } }, source };
}

function chooseLayer(layers: readonly Descriptor[], title: string | undefined): Descriptor {
  const found = title === undefined ? layers : layers.filter((layer) => layer.title === title);
  const [only, ...others] = found;
  if (only && others.length === 0) return only;
  const titles = layers.slice(0, 20).map((layer) => layer.title ?? 'without a title');
  throw new TrustError(
    'target_unknown',
    `expected the title of one layer of ${titles.join(', ')}, got ${title ?? 'none'}`,
  );
}

/** The kept file when the evidence holds for it, or else a new one. */
async function obtain(
  { evidence, source }: Obtainable,
  { maxBytes }: FetchRequest,
  { verify, kept, landing, ...parts }: FetchParts,
): Promise<Pick<Fetched, 'file' | 'found' | 'isKept'>> {
  const again = kept && (await verifyKept(evidence, kept, verify));
  if (kept && again) return { file: kept, found: again, isKept: true };
  const file = await downloadInto({ ...parts, ...source, maxBytes, landing });
  return { file, found: await attempt(landing, () => verifyFetched(evidence, file, verify)), isKept: false };
}

async function verifyKept(
  evidence: FetchedEvidence,
  kept: LandedFile,
  verify: EvidenceVerifier,
): Promise<FoundRelease | undefined> {
  try {
    return await verifyFetched(evidence, kept, verify);
  } catch (error) {
    // The release of now is another one, or the kept file was changed: either way it is fetched.
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}

/** What does not hold is not left lying about. */
async function attempt<T>(landing: Landing, verify: () => Promise<T> | T): Promise<T> {
  try {
    return await verify();
  } catch (error) {
    await landing.discard();
    throw error;
  }
}

/** Throws `manifest_stale` unless it was signed at most `maxAgeMs` before `now` (Unix milliseconds); without a bound nothing is asked. */
export function assertFresh({ signedAt }: FoundRelease, maxAgeMs: number | undefined, now: number): void {
  if (maxAgeMs === undefined || (signedAt !== undefined && now - signedAt <= maxAgeMs)) return;
  const got = signedAt === undefined ? 'no proven time' : encodeTime(signedAt);
  throw new TrustError('manifest_stale', `expected a signature since ${encodeTime(now - maxAgeMs)}, got ${got}`);
}
