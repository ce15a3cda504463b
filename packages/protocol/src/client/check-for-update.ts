/** Finds out whether there is an update (docs/protocol/client.md, steps 8 to 17). */
import { TrustError } from '../errors.ts';
import { encodeTime } from '../json/time.ts';
import { maxManifestBytes } from '../updates/manifest.ts';
import { channelPattern, defaultChannel, slugPattern } from '../updates/names.ts';
import { verifyCounter, verifySupported } from '../updates/verify-history.ts';
import type { VerifiedLogPosition } from '../updates/verify-log.ts';
import { type VerifiedManifest, verifyAge, verifyManifest } from '../updates/verify-manifest.ts';
import type { VerifiedTrustList } from '../updates/verify-trust-list.ts';
import { compareVersions, type VersionOrder } from '../updates/version.ts';
import { checkLog } from './check-log.ts';
import { type ClientContext, refreshTrust } from './refresh-trust.ts';
import { findCounter, raiseCheckpoint, raiseCounters } from './state.ts';
import { fetchMetadata } from './transport.ts';

/** What to look for. */
export interface UpdateRequest {
  readonly project: string;
  /** `stable` when absent. */
  readonly channel?: string | undefined;
  /** The running version; absent: nothing is installed yet, and every release is an update. */
  readonly installedVersion?: string | undefined;
}

/**
 * `current`: the running version is the published one. `update`: another one is; `order` says how it stands to the running version, since
 * a publisher may well go back (`older`).
 */
export type ReleaseCheck =
  | { readonly kind: 'current'; readonly manifest: VerifiedManifest }
  | { readonly kind: 'update'; readonly manifest: VerifiedManifest; readonly order: VersionOrder | undefined };

/** `none`: no signed release is published, nor was one ever seen. `logged`: where the release is in the log, if anybody names one. */
export type UpdateCheck =
  | { readonly kind: 'none' }
  | (ReleaseCheck & { readonly logged: VerifiedLogPosition | undefined });

/** How old a manifest without `expires_at` may be when the application sets no bound of its own: 45 days. */
export const defaultMaxAgeMs: number = 45 * 86_400_000;

/** Refreshes trust, then verifies the manifest and stores its counter before it is returned. */
export async function checkForUpdate(
  client: ClientContext,
  request: UpdateRequest,
  maxAgeMs: number | undefined,
): Promise<UpdateCheck> {
  const { project, channel = defaultChannel, installedVersion } = request;
  if (!slugPattern.test(project) || !channelPattern.test(channel)) {
    throw new TypeError('expected the slug of a project and the name of a channel');
  }
  const trust = await refreshTrust(client);
  const bytes = await fetchMetadata(client.transport, manifestPath(project, channel), maxManifestBytes);
  if (!bytes) return acceptAbsence(client, project, channel);
  client.onStep({ name: 'manifest_fetched', detail: `${bytes.length} bytes` });
  const manifest = await verifyManifest(bytes, { trust, project, channel, now: client.now, maxAgeMs });
  if (manifest.expiresAt === undefined && maxAgeMs === undefined) verifyAge(manifest, client.now, defaultMaxAgeMs);
  reportManifest(client, manifest, trust);
  verifyHistory(client, manifest);
  const logged = await checkLog(client, manifest, trust);
  await recordSeen(client, manifest, logged);
  return { ...compareInstalled(client, manifest, installedVersion), logged };
}

/** Nobody signs an absence: after a release was seen, it may as well be the next one that somebody withholds. */
function acceptAbsence({ memory }: ClientContext, project: string, channel: string): UpdateCheck {
  const seen = findCounter(memory.state.counters, project, channel);
  if (!seen) return { kind: 'none' };
  throw new TrustError('manifest_missing', `expected counter ${seen.counter} or higher on ${channel}, got no manifest`);
}

/** The default channel has the path that older clients know; channels as folders let a plain file server answer. */
function manifestPath(project: string, channel: string): string {
  const folder = `/api/projects/${project}`;
  return channel === defaultChannel ? `${folder}/manifest` : `${folder}/channels/${channel}/manifest`;
}

function reportManifest({ onStep }: ClientContext, manifest: VerifiedManifest, trust: VerifiedTrustList): void {
  const named = trust.validKeys.find(({ key }) => key.keyId === manifest.keyId);
  const expiry = manifest.expiresAt === undefined ? '' : `, in force until ${encodeTime(manifest.expiresAt)}`;
  onStep({ name: 'manifest_names', detail: `project ${manifest.project}, channel ${manifest.channel}` });
  onStep({
    name: 'manifest_key',
    detail: `${manifest.keyId.slice(0, 16)}… is listed, in scope, in its window, not revoked (${named?.custody})`,
  });
  onStep({ name: 'manifest_signatures', detail: `${manifest.signers.length} verified` });
  onStep({ name: 'manifest_freshness', detail: `signed ${encodeTime(manifest.signedAt)}${expiry}` });
}

function verifyHistory({ memory, onStep }: ClientContext, manifest: VerifiedManifest): void {
  const seen = findCounter(memory.state.counters, manifest.project, manifest.channel);
  verifyCounter(manifest, seen);
  const before = seen ? `, seen before: ${seen.counter}` : ', the first one seen';
  onStep({ name: 'manifest_counter', detail: `${manifest.counter}${before}` });
}

/** Counter and checkpoint at once: a counter that no log vouches for is not remembered. */
async function recordSeen(
  { memory, onStep }: ClientContext,
  manifest: VerifiedManifest,
  logged: VerifiedLogPosition | undefined,
): Promise<void> {
  const { project, channel, counterEpoch: epoch, counter, digest } = manifest;
  const { counters, checkpoints } = memory.state;
  await memory.record({
    counters: raiseCounters(counters, [{ project, channel, epoch, counter, digest }]),
    checkpoints: logged ? raiseCheckpoint(checkpoints, logged.checkpoint) : checkpoints,
  });
  onStep({ name: 'counter_stored', detail: `${counter} is the lowest accepted from now on` });
}

/** What `manifest` is to an application of which `installed` runs. Throws `version_unsupported`. */
export function compareInstalled(
  { onStep }: Pick<ClientContext, 'onStep'>,
  manifest: VerifiedManifest,
  installed: string | undefined,
): ReleaseCheck {
  if (installed === undefined) return { kind: 'update', manifest, order: undefined };
  const order = compareVersions(manifest.version, installed);
  onStep({ name: 'version_compared', detail: `${manifest.version} over ${installed}: ${order}` });
  if (installed === manifest.version) return { kind: 'current', manifest };
  verifySupported(manifest, installed);
  return { kind: 'update', manifest, order };
}
