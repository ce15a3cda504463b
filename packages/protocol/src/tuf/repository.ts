/** Where the files of a repository are fetched from, which nobody trusts (TUF 1.0.34, 5 and 6.2). */
import { TrustError } from '../errors.ts';
import { type ByteFacts, selectKnownHashes } from './file-facts.ts';
import type { TargetFacts } from './targets.ts';

/**
 * Fetches a URL: the body, or `undefined` when there is no such file (404, and 403 as buckets have it). Throws `too_large` above
 * `limitBytes`, and `fetch_failed`.
 */
export type FetchFile = (url: string, limitBytes: number) => Promise<Uint8Array<ArrayBuffer> | undefined>;

/** A repository. */
export interface Repository {
  /** Base URL of metadata, without a slash at its end. */
  readonly metadataUrl: string;
  /** Base URL of targets; by itself, `targets` below the metadata. */
  readonly targetsUrl?: string;
  readonly fetch: FetchFile;
}

/** A metadata file to fetch. */
export interface MetadataFile {
  readonly name: string;
  /** With consistent snapshots; always for root, never for timestamp. */
  readonly version: number | undefined;
  readonly limitBytes: number;
}

/** The bytes of a metadata file, or `undefined` when the repository has none. Throws `fetch_failed` and `too_large`. */
export async function fetchMetadataFile(
  repository: Repository,
  { name, version, limitBytes }: MetadataFile,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // 6.2: VERSION_NUMBER.FILENAME.EXT. A role's name is any text, so none of it may steer the URL.
  const file = `${version === undefined ? '' : `${version}.`}${encodeURIComponent(name)}.json`;
  return fetchBounded(repository, `${repository.metadataUrl}/${file}`, limitBytes);
}

/** A metadata file that must be there. Throws `fetch_failed` when it is not. */
export async function fetchRequiredMetadata(
  repository: Repository,
  file: MetadataFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await fetchMetadataFile(repository, file);
  if (!bytes) throw new TrustError('fetch_failed', `expected metadata of ${JSON.stringify(file.name)}, got none`);
  return bytes;
}

/** The bytes of a target, not verified. Throws `fetch_failed`, `too_large`, and `malformed` for a path that leaves its folder. */
export async function fetchTargetFile(
  repository: Repository,
  { path, facts, consistentSnapshot }: { path: string; facts: TargetFacts; consistentSnapshot: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  const base = repository.targetsUrl ?? `${repository.metadataUrl}/targets`;
  const bytes = await fetchBounded(repository, `${base}/${nameTarget(path, facts, consistentSnapshot)}`, facts.length);
  if (!bytes) throw new TrustError('fetch_failed', `expected the target ${JSON.stringify(path)}, got none`);
  return bytes;
}

function nameTarget(path: string, facts: ByteFacts, consistentSnapshot: boolean): string {
  const segments = path.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment))) {
    throw new TrustError('malformed', `expected a target path without empty or dotted segments`);
  }
  const encoded = segments.map(encodeURIComponent);
  const [hash] = facts.hashes ? selectKnownHashes(facts.hashes) : [];
  // 6.2: HASH.FILENAME.EXT, in the folder of the path.
  if (consistentSnapshot && hash) encoded.push(`${encodeURIComponent(hash.digest)}.${encoded.pop()}`);
  return encoded.join('/');
}

/** The bound holds even if whoever fetches does not keep to it. */
async function fetchBounded({ fetch }: Repository, url: string, limitBytes: number) {
  const bytes = await fetch(url, limitBytes);
  if (bytes && bytes.length > limitBytes) {
    throw new TrustError('too_large', `expected at most ${limitBytes} bytes from ${url}, got ${bytes.length}`);
  }
  return bytes;
}
