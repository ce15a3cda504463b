/** A TUF client (TUF 1.0.34, 5): follows one repository from a pinned root, and keeps what it has accepted. */
import { TrustError } from '../errors.ts';
import { verifyBytes } from './file-facts.ts';
import { findTargetFacts } from './find-target.ts';
import type { ArtifactCache, MetadataStore } from './metadata-store.ts';
import { fetchTargetFile, type Repository } from './repository.ts';
import { type Root, rootSigners } from './root.ts';
import type { Snapshot } from './snapshot.ts';
import type { TargetFacts, Targets } from './targets.ts';
import type { Timestamp } from './timestamp.ts';
import type { Update } from './update.ts';
import { loadTrustedRoot, updateRoot } from './update-root.ts';
import { updateSnapshot } from './update-snapshot.ts';
import { updateTargets } from './update-targets.ts';
import { updateTimestamp } from './update-timestamp.ts';

/** What a client works with. */
export interface TufClientOptions {
  readonly repository: Repository;
  /** The file `root.json` that came another way. */
  readonly pinnedRoot: Uint8Array<ArrayBuffer>;
  readonly store: MetadataStore;
  readonly cache?: ArtifactCache;
  /** The current time in Unix milliseconds. */
  readonly now: () => number;
  /** The longest target that is fetched; 32 MiB by itself. */
  readonly maxTargetBytes?: number;
}

/** All top-level metadata of one moment, verified. */
export interface TrustedMetadata {
  readonly root: Root;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

/** The state of a repository at the time of one update. */
export interface TrustedRepository {
  readonly metadata: TrustedMetadata;
  /** What is said of the target `path`, or `undefined` when nobody who may speak of it does. Throws as fetching metadata does. */
  findTarget(path: string): Promise<TargetFacts | undefined>;
  /**
   * The bytes of the target `path`, verified, from the cache if they are there. Throws `target_unknown`, `size_mismatch`,
   * `digest_mismatch`, `too_large`, `fetch_failed`, and as `findTarget` does.
   */
  fetchTarget(path: string): Promise<Uint8Array<ArrayBuffer>>;
}

const defaultMaxTargetBytes = 2 ** 25;

/**
 * Brings the metadata up to date, and gives what it says. Throws a TrustError when any step refuses; what was accepted before that
 * step is kept, and the next update goes on from there.
 */
export async function refreshRepository(options: TufClientOptions): Promise<TrustedRepository> {
  const { repository, store } = options;
  const update: Update = { repository, store, startedAt: options.now() };
  const root = await updateRoot(update, await loadTrustedRoot(store, options.pinnedRoot));
  const timestamp = await updateTimestamp(update, root);
  const snapshot = await updateSnapshot(update, root, timestamp);
  const targets = await updateTargets(update, { root, snapshot }, rootSigners(root, 'targets'));
  const metadata = { root, timestamp, snapshot, targets };

  const findTarget = (path: string) =>
    findTargetFacts(targets, path, (signers) => updateTargets(update, { root, snapshot }, signers));
  return {
    metadata,
    findTarget,
    fetchTarget: async (path) => {
      const facts = await findTarget(path);
      if (!facts) throw new TrustError('target_unknown', `expected metadata of the target ${JSON.stringify(path)}`);
      return fetchVerifiedTarget(options, { path, facts, consistentSnapshot: root.consistentSnapshot });
    },
  };
}

/** 5.7. */
async function fetchVerifiedTarget(
  { repository, cache, maxTargetBytes = defaultMaxTargetBytes }: TufClientOptions,
  target: { readonly path: string; readonly facts: TargetFacts; readonly consistentSnapshot: boolean },
): Promise<Uint8Array<ArrayBuffer>> {
  const { path, facts } = target;
  if (facts.length > maxTargetBytes) {
    throw new TrustError('too_large', `expected a target of at most ${maxTargetBytes} bytes, got ${facts.length}`);
  }
  const cached = await readCached(cache, path, facts);
  if (cached) return cached;
  const bytes = await fetchTargetFile(repository, target);
  await verifyBytes(bytes, facts, JSON.stringify(path));
  await cache?.write(path, bytes);
  return bytes;
}

async function readCached(cache: ArtifactCache | undefined, path: string, facts: TargetFacts) {
  const bytes = await cache?.read(path);
  if (!bytes) return undefined;
  try {
    await verifyBytes(bytes, facts, JSON.stringify(path));
    return bytes;
  } catch (error) {
    // The target has changed since, or the cache was damaged: either way it is fetched.
    if (error instanceof TrustError) return undefined;
    throw error;
  }
}
