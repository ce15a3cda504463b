/** Verifies a manifest under a verified trust list (docs/protocol/manifest.md, "What a client does"). */
import { TrustError } from '../errors.ts';
import type { SignableValue } from '../json/canonical.ts';
import { isSignature } from '../keys/ed25519.ts';
import { collectSigners, digestHex, type Envelope, parseEnvelope } from './envelope.ts';
import { type Manifest, maxManifestBytes, parseManifest } from './manifest.ts';
import { isInScope, type Scope } from './names.ts';
import { findProjectRule, type TrustedKey, type TrustList } from './trust-list.ts';
import { type VerifiedTrustList, verifyNotExpired } from './verify-trust-list.ts';

/** A manifest whose keys and signatures were checked. Only `verifyManifest` makes one. */
export interface VerifiedManifest extends Manifest {
  readonly verified: 'manifest';
  /** The ids of the keys whose signatures counted. */
  readonly signers: readonly string[];
  /** Lower-case hex SHA-256 of the canonical `manifest` object. */
  readonly digest: string;
  /** What the server says of the transparency log: `verifyLogged` reads it. */
  readonly log: SignableValue | undefined;
  /** The canonical envelope, for storing and serving. */
  readonly envelope: string;
}

/** What a manifest is verified against. */
export interface ManifestContext {
  readonly trust: VerifiedTrustList;
  readonly project: string;
  readonly channel: string;
  /** Unix milliseconds. */
  readonly now: number;
  /** The client's own bound on the age of `signed_at`, in milliseconds; absent: only `expires_at` bounds. */
  readonly maxAgeMs?: number | undefined;
}

/** How far a signer's clock may run ahead of ours, in milliseconds. */
export const maxClockSkewMs = 86_400_000;

/**
 * Verifies the bytes of a manifest envelope. Throws `wrong_project`, `wrong_channel`, `key_revoked`, `key_unknown`,
 * `key_out_of_scope`, `key_not_in_window`, `bad_signature`, `manifest_stale`, `manifest_replayed` (another counter
 * epoch), `trust_expired`, and the codes of parsing. History (the counter) is the caller's: see `client/updater.ts`.
 */
export async function verifyManifest(bytes: Uint8Array, context: ManifestContext): Promise<VerifiedManifest> {
  verifyNotExpired(context.trust, context.now);
  return verifyManifestEnvelope(parseEnvelope(bytes, 'manifest', maxManifestBytes), context);
}

/** The same for an envelope that is parsed already, under a trust list that was found not to have expired. */
export async function verifyManifestEnvelope(envelope: Envelope, context: ManifestContext): Promise<VerifiedManifest> {
  const manifest = parseManifest(envelope.document);
  verifyNames(manifest, context);
  const named = verifyNamedKey(manifest.keyId, { ...context, scope: `project:${context.project}` });
  await verifyNamedSignature(envelope, named);
  const signers = await verifyApprovals(envelope, named, context);
  verifyFreshness(manifest, context);
  verifyEpoch(manifest, context.trust);
  return {
    ...manifest,
    verified: 'manifest',
    signers,
    digest: await digestHex(envelope.signedBytes),
    log: envelope.log,
    envelope: envelope.text,
  };
}

function verifyNames(manifest: Manifest, { project, channel }: ManifestContext): void {
  if (manifest.project !== project) {
    throw new TrustError('wrong_project', `expected project ${project}, got ${manifest.project}`);
  }
  if (manifest.channel !== channel) {
    throw new TrustError('wrong_channel', `expected channel ${channel}, got ${manifest.channel}`);
  }
}

/** What a key that a document names must be good for. */
interface KeyUse {
  readonly trust: TrustList;
  readonly scope: Scope;
  /** Unix milliseconds. */
  readonly now: number;
}

/**
 * The key that a document names, usable by itself, so that the reason of a refusal is precise. Throws `key_revoked`, `key_unknown`,
 * `key_out_of_scope`, `key_not_in_window`.
 */
export function verifyNamedKey(keyId: string, { trust, scope, now }: KeyUse): TrustedKey {
  // Revocation beats validity: a key may stand in both lists.
  const revoked = trust.revokedKeys.find((entry) => entry.keyId === keyId);
  if (revoked) throw new TrustError('key_revoked', `expected a valid key, got one revoked: ${revoked.reason}`);
  const trusted = trust.validKeys.find(({ key }) => key.keyId === keyId);
  if (!trusted) throw new TrustError('key_unknown', `expected a key of the trust list, got ${keyId.slice(0, 16)}…`);
  if (!isInScope(trusted.scope, scope)) {
    throw new TrustError(
      'key_out_of_scope',
      `expected a key for ${scope.replace(':', ' ')}, got one for ${trusted.scope.join(', ') || 'nothing'}`,
    );
  }
  if (!isInWindow(trusted, now))
    throw new TrustError('key_not_in_window', `expected a key in force, got ${trusted.label}`);
  return trusted;
}

/**
 * The named key's signature is all that clients of the older format look at: it counts in every case. Throws `bad_signature`.
 */
export async function verifyNamedSignature(envelope: Envelope, { key }: TrustedKey): Promise<void> {
  const claimed = envelope.signer === undefined || envelope.signer === key.keyId;
  if (!claimed || !(await isSignature(key, envelope.signature, envelope.signedBytes))) {
    throw new TrustError(
      'bad_signature',
      `expected "signature" to be that of the named key ${key.keyId.slice(0, 16)}…`,
    );
  }
}

/** The ids of the keys whose signatures count: the named key's, or as many maintainers' as the roots demand. */
async function verifyApprovals(
  envelope: Envelope,
  named: TrustedKey,
  { trust, project, now }: ManifestContext,
): Promise<readonly string[]> {
  const { approvals } = findProjectRule(trust, project);
  if (approvals === 0) return [named.key.keyId];
  const maintainers = findUsableKeys(trust, project, now).filter(({ custody }) => custody === 'maintainer');
  const signers = await collectSigners(
    envelope,
    maintainers.map(({ key }) => key),
  );
  if (signers.length < approvals) {
    throw new TrustError('bad_signature', `expected ${approvals} maintainer signatures, got ${signers.length}`);
  }
  return signers;
}

/** A key of any role, with its window. */
type KeyInWindow = Pick<TrustedKey, 'key' | 'notBefore' | 'notAfter'>;

/** The keys that may sign for `project` at `now`: in scope, inside their window, not revoked. */
export function findUsableKeys(trust: TrustList, project: string, now: number): readonly TrustedKey[] {
  return findKeysInScope(trust, `project:${project}`, now);
}

/** The keys that may sign for a project or collection at `now` (Unix milliseconds). */
export function findKeysInScope(trust: TrustList, scope: Scope, now: number): readonly TrustedKey[] {
  return trust.validKeys.filter((trusted) => isInScope(trusted.scope, scope) && isKeyUsable(trust, trusted, now));
}

/** Whether `trusted` is inside its window at `now` (Unix milliseconds) and not revoked by `trust`; scope aside. */
export function isKeyUsable(trust: TrustList, trusted: KeyInWindow, now: number): boolean {
  return isInWindow(trusted, now) && !trust.revokedKeys.some(({ keyId }) => keyId === trusted.key.keyId);
}

function isInWindow({ notBefore, notAfter }: Omit<KeyInWindow, 'key'>, now: number): boolean {
  return (notBefore === undefined || notBefore <= now) && (notAfter === undefined || now < notAfter);
}

function verifyFreshness(manifest: Manifest, { now, maxAgeMs }: ManifestContext): void {
  if (manifest.expiresAt !== undefined && manifest.expiresAt <= now) {
    throw new TrustError(
      'manifest_stale',
      `expected a manifest in force, got one that expired ${new Date(manifest.expiresAt).toISOString()}`,
    );
  }
  if (manifest.signedAt > now + maxClockSkewMs) {
    throw new TrustError('manifest_stale', 'expected a manifest signed before now, got one from the future');
  }
  if (maxAgeMs !== undefined) verifyAge(manifest, now, maxAgeMs);
}

/** Throws `manifest_stale` when `manifest` was signed more than `maxAgeMs` before `now` (both in milliseconds). */
export function verifyAge(manifest: Manifest, now: number, maxAgeMs: number): void {
  if (manifest.signedAt < now - maxAgeMs) {
    throw new TrustError(
      'manifest_stale',
      `expected a manifest signed within ${Math.round(maxAgeMs / 86_400_000)} days, got ${new Date(manifest.signedAt).toISOString()}`,
    );
  }
}

function verifyEpoch(manifest: Manifest, trust: TrustList): void {
  const { counterEpoch } = findProjectRule(trust, manifest.project);
  if (manifest.counterEpoch !== counterEpoch) {
    throw new TrustError('manifest_replayed', `expected counter epoch ${counterEpoch}, got ${manifest.counterEpoch}`);
  }
}
