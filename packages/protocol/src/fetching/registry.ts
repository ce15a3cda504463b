/** A repository of a registry (OCI Distribution 1.1): manifests, blobs, referrers, each held to its digest; with a token, or with a name and password. */
import { encodeBase64 } from '../bytes/base64.ts';
import { encodeHex } from '../bytes/hex.ts';
import { hashSha256 } from '../bytes/sha256.ts';
import { encodeText } from '../bytes/text.ts';
import type { Fetch } from '../client/transport.ts';
import { TrustError } from '../errors.ts';
import { isJsonObject, type JsonObject, type JsonValue, parseForeignJson, readMember } from '../json/foreign.ts';
import type { Location } from './location.ts';
import { readDocument, requestFollowing } from './request.ts';

/** What a manifest says of a blob (OCI Image 1.1, "Content Descriptors"). */
export interface Descriptor {
  /** SHA-256 in hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** `org.opencontainers.image.title`: the file's name. */
  readonly title: string | undefined;
  readonly artifactType: string | undefined;
  /** In an index: `os/architecture`, and the variant where there is one. */
  readonly platform: string | undefined;
}

/** A manifest whose digest was computed here. */
export interface RegistryManifest {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sha256: string;
  readonly layers: readonly Descriptor[];
}

/** A manifest or an index, as its digest names it. */
export type RegistryContent = Omit<RegistryManifest, 'layers'>;

/** Who asks a registry that does not answer everybody. */
export interface RegistryCredentials {
  readonly username: string;
  readonly password: string;
}

const maxManifestBytes = 4 * 1024 * 1024;
const maxTokenBytes = 64 * 1024;
const maxDescriptors = 256;
const maxReferrers = 32;
const manifestTypes = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.oci.image.index.v1+json',
];
const bundleType = /^application\/vnd\.dev\.sigstore\.bundle(?:\.v0\.[0-9])?\+json/;

/** Reads from one repository. Every method throws `fetch_failed`, `too_large` and `malformed`. */
export class Registry {
  readonly #fetch: Fetch;
  readonly #place: Location & { readonly kind: 'oci' };
  readonly #credentials: RegistryCredentials | undefined;
  #authorization: string | undefined;

  /** With `credentials` they are sent when the registry asks for some: to itself, or over https to who gives its tokens. */
  constructor(fetch: Fetch, place: Location & { readonly kind: 'oci' }, credentials?: RegistryCredentials) {
    this.#fetch = fetch;
    this.#place = place;
    this.#credentials = credentials;
  }

  /** The manifest of a tag or digest. Throws `digest_mismatch` when it is another one, `format_unsupported` for an index. */
  async readManifest(reference: string): Promise<RegistryManifest> {
    const content = await this.readContent(reference);
    return { ...content, layers: parseLayers(content.bytes) };
  }

  /** The manifest or index of a tag or digest. Throws `digest_mismatch` when it is another one. */
  async readContent(reference: string): Promise<RegistryContent> {
    const bytes = await this.#read(`manifests/${reference}`, maxManifestBytes);
    if (!bytes) throw new TrustError('fetch_failed', `expected the manifest ${reference}, got none`);
    const sha256 = assertDigest(bytes, reference.startsWith('sha256:') ? reference.slice(7) : undefined);
    return { bytes, sha256 };
  }

  /** The documents of evidence that refer to a manifest: bundles, by the referrers API or its fallback tag. */
  async readBundles(sha256: string): Promise<readonly Uint8Array<ArrayBuffer>[]> {
    const index =
      (await this.#read(`referrers/sha256:${sha256}`, maxManifestBytes)) ??
      (await this.#read(`manifests/sha256-${sha256}`, maxManifestBytes));
    if (!index) return [];
    const found = readDescriptors(parseJson(index), 'manifests').filter(({ artifactType }) =>
      bundleType.test(artifactType ?? ''),
    );
    if (found.length > maxReferrers) throw new TrustError('too_large', `expected at most ${maxReferrers} bundles`);
    const bundles: Uint8Array<ArrayBuffer>[] = [];
    for (const { sha256: digest } of found) {
      const { layers } = await this.readManifest(`sha256:${digest}`);
      for (const layer of layers) bundles.push(await this.#readBlob(layer));
    }
    return bundles;
  }

  /** Where a blob is, and what to send along. */
  locateBlob({ sha256 }: Descriptor): { readonly url: string; readonly headers: Readonly<Record<string, string>> } {
    return { url: this.#locate(`blobs/sha256:${sha256}`), headers: this.#authorize() };
  }

  async #readBlob({ sha256 }: Descriptor): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#read(`blobs/sha256:${sha256}`, maxManifestBytes);
    if (!bytes) throw new TrustError('fetch_failed', `expected the blob sha256:${sha256}, got none`);
    assertDigest(bytes, sha256);
    return bytes;
  }

  async #read(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const url = this.#locate(path);
    const response = await this.#request(url);
    const challenge = response.headers.get('www-authenticate');
    if (response.status !== 401 || challenge === null || this.#authorization !== undefined) {
      return readDocument(response, url, maxBytes);
    }
    await response.body?.cancel();
    this.#authorization = await this.#answerChallenge(challenge);
    return readDocument(await this.#request(url), url, maxBytes);
  }

  #request(url: string): Promise<Response> {
    const headers = { accept: manifestTypes.join(', '), ...this.#authorize() };
    return requestFollowing(this.#fetch, url, { headers, signal: AbortSignal.timeout(60_000) });
  }

  async #answerChallenge(challenge: string): Promise<string> {
    const basic = this.#credentials && encodeBasic(this.#credentials);
    if (basic !== undefined && /^basic /i.test(challenge)) return basic;
    return `Bearer ${await this.#fetchToken(challenge, basic)}`;
  }

  /** Distribution's token specification: whoever asks nicely and anonymously may read what is public. */
  async #fetchToken(challenge: string, basic: string | undefined): Promise<string> {
    const field = (name: string) => new RegExp(`[ ,]${name}="([^"]{1,500})"`).exec(challenge)?.[1];
    const realm = field('realm');
    const url = realm !== undefined && /^bearer /i.test(challenge) && URL.canParse(realm) ? new URL(realm) : undefined;
    const isSafe =
      url?.protocol === 'https:' ||
      url?.origin === this.#place.origin ||
      (basic === undefined && url?.protocol === 'http:' && this.#place.origin.startsWith('http:'));
    if (!url || !isSafe) throw new TrustError('fetch_failed', 'expected a realm for tokens over https');
    const service = field('service');
    if (service !== undefined) url.searchParams.set('service', service);
    url.searchParams.set('scope', `repository:${this.#place.repository}:pull`);
    const headers: Record<string, string> = basic === undefined ? {} : { authorization: basic };
    const response = await requestFollowing(this.#fetch, url.href, { headers });
    const answer = await readDocument(response, url.origin, maxTokenBytes);
    const object = parseJson(answer ?? new Uint8Array());
    const token = readMember(object, 'token') ?? readMember(object, 'access_token');
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      throw new TrustError('fetch_failed', `expected a token from ${url.origin}`);
    }
    return token;
  }

  #authorize(): Readonly<Record<string, string>> {
    return this.#authorization === undefined ? {} : { authorization: this.#authorization };
  }

  #locate(path: string): string {
    return `${this.#place.origin}/v2/${this.#place.repository}/${path}`;
  }
}

/** RFC 7617. */
function encodeBasic({ username, password }: RegistryCredentials): string {
  return `Basic ${encodeBase64(encodeText(`${username}:${password}`))}`;
}

/** The layers of a manifest. Throws `format_unsupported` for an index, otherwise `malformed` and `too_large`. */
export function parseLayers(manifest: Uint8Array): readonly Descriptor[] {
  const object = parseJson(manifest);
  if (readMember(object, 'layers') !== undefined) return readDescriptors(object, 'layers');
  throw new TrustError(
    'format_unsupported',
    'expected a manifest with layers, got an index: name the platform, or one of its manifests',
  );
}

/**
 * The digest of the manifest in an index for a platform, `linux/amd64` or `linux/arm64/v8` (OCI Image 1.1, "Image Index"). Throws
 * `target_unknown` unless there is one, and `format_unsupported` for what is no index.
 */
export function findPlatform(index: Uint8Array, platform: string): string {
  const object = parseJson(index);
  if (readMember(object, 'manifests') === undefined) {
    throw new TrustError('format_unsupported', 'expected an index of platforms, got one manifest: name no platform');
  }
  const described = readDescriptors(object, 'manifests');
  const found = described.filter((descriptor) => descriptor.platform === platform);
  const [only, ...others] = found;
  if (only && others.length === 0) return only.sha256;
  const platforms = described.slice(0, 20).map((descriptor) => descriptor.platform ?? 'without a platform');
  throw new TrustError('target_unknown', `expected one platform of ${platforms.join(', ')}, got ${platform}`);
}

function assertDigest(bytes: Uint8Array, expected: string | undefined): string {
  const got = encodeHex(hashSha256(bytes));
  if (expected === undefined || got === expected) return got;
  throw new TrustError('digest_mismatch', `expected SHA-256 ${expected}, got ${got}`);
}

function parseJson(bytes: Uint8Array): JsonObject {
  const value = parseForeignJson(bytes, { maxBytes: maxManifestBytes, maxDepth: 32, maxValues: 100_000 });
  if (isJsonObject(value)) return value;
  throw new TrustError('malformed', 'expected a JSON object of the registry');
}

function readDescriptors(object: JsonObject, name: string): readonly Descriptor[] {
  const values = readMember(object, name);
  if (!Array.isArray(values) || values.length > maxDescriptors) {
    throw new TrustError('malformed', `expected ${name} to hold at most ${maxDescriptors} descriptors`);
  }
  return values.map(readDescriptor);
}

function readDescriptor(value: JsonValue): Descriptor {
  const object = isJsonObject(value) ? value : {};
  const text = (from: JsonObject, name: string) => {
    const member = readMember(from, name);
    return typeof member === 'string' ? member : undefined;
  };
  const sha256 = /^sha256:([0-9a-f]{64})$/.exec(text(object, 'digest') ?? '')?.[1];
  const size = readMember(object, 'size');
  if (sha256 === undefined || typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new TrustError('malformed', 'expected a descriptor with a SHA-256 and a size');
  }
  const annotations = readMember(object, 'annotations');
  const title = isJsonObject(annotations) ? text(annotations, 'org.opencontainers.image.title') : undefined;
  const platform = readPlatform(readMember(object, 'platform'));
  return { sha256, sizeBytes: size, title, artifactType: text(object, 'artifactType'), platform };
}

function readPlatform(value: JsonValue | undefined): string | undefined {
  if (!isJsonObject(value)) return undefined;
  const parts = ['os', 'architecture', 'variant']
    .map((name) => readMember(value, name))
    .filter((part) => part !== undefined);
  return parts.every((part) => typeof part === 'string') ? parts.join('/') : undefined;
}
