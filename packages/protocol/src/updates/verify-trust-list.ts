/** Verifies a trust list against roots and history (docs/protocol/trust-list.md, "What a client does"). */
import { TrustError } from '../errors.ts';
import type { PublicKey } from '../keys/ed25519.ts';
import { collectSigners, digestHex, type Envelope, parseEnvelope } from './envelope.ts';
import { assertRolesApart, maxTrustListBytes, parseTrustList, type RootSet, type TrustList } from './trust-list.ts';

/** A trust list whose signatures were checked. Only `verifyTrustList` makes one. */
export interface VerifiedTrustList extends TrustList {
  readonly verified: 'trust-list';
  /** The roots that the next list is checked against. */
  readonly rootsInForce: RootSet;
  /** Lower-case hex SHA-256 of the canonical `trust` object. */
  readonly digest: string;
  /** The canonical envelope, for storing and serving. */
  readonly envelope: string;
}

/** What a trust list is verified against. */
export interface TrustListContext {
  /** The roots in force: pinned, or those of the list accepted before. */
  readonly roots: RootSet;
  /** The list accepted before, if any. */
  readonly previous?: { readonly version: number; readonly digest: string } | undefined;
  /** Unix milliseconds; absent: expiry is not judged (a link of a chain of roots, or a server that reports it). */
  readonly now?: number | undefined;
}

/**
 * Verifies the bytes of a trust list envelope. Throws `bad_signature` below the threshold, `root_not_trusted` when new
 * roots do not sign for themselves, `trust_replayed` for a lower version or the same version with other content,
 * `trust_expired`, and the codes of parsing.
 */
export async function verifyTrustList(bytes: Uint8Array, context: TrustListContext): Promise<VerifiedTrustList> {
  const envelope = parseEnvelope(bytes, 'trust', maxTrustListBytes);
  await verifyThreshold(envelope, context.roots, 'bad_signature');
  const list = await parseTrustList(envelope.document);
  if (list.roots) await verifyThreshold(envelope, list.roots, 'root_not_trusted');
  await verifyMainSignature(envelope, [...context.roots.keys, ...(list.roots?.keys ?? [])]);
  assertRolesApart(list, context.roots);
  const digest = await digestHex(envelope.signedBytes);
  verifyNotReplayed(list, digest, context.previous);
  if (context.now !== undefined) verifyNotExpired(list, context.now);
  return {
    ...list,
    verified: 'trust-list',
    rootsInForce: list.roots ?? context.roots,
    digest,
    envelope: envelope.text,
  };
}

/** Throws `trust_expired` when `list` has expired at `now` (Unix milliseconds). */
export function verifyNotExpired(list: TrustList, now: number): void {
  if (list.expiresAt <= now) {
    throw new TrustError(
      'trust_expired',
      `expected a trust list in force, got one that expired ${new Date(list.expiresAt).toISOString()}`,
    );
  }
}

async function verifyThreshold(
  envelope: Envelope,
  roots: RootSet,
  code: 'bad_signature' | 'root_not_trusted',
): Promise<void> {
  const signers = await collectSigners(envelope, roots.keys);
  // Not `<`: nothing reaches a threshold that is no number.
  if (!(signers.length >= roots.threshold)) {
    throw new TrustError(code, `expected ${roots.threshold} root signatures on the trust list, got ${signers.length}`);
  }
}

/**
 * `signature` is all that clients of the older format look at: when it claims a root that we know, it must be that root's.
 * After a change of roots it may claim one that is gone, for the sake of clients that still pin it.
 */
async function verifyMainSignature(envelope: Envelope, roots: readonly PublicKey[]): Promise<void> {
  const claimed = roots.filter(({ keyId }) => keyId === envelope.signer);
  if (claimed.length > 0 && (await collectSigners(envelope, claimed)).length === 0) {
    throw new TrustError('bad_signature', 'expected "signature" to be that of the root it is listed under');
  }
}

function verifyNotReplayed(list: TrustList, digest: string, previous: TrustListContext['previous']): void {
  if (!previous) return;
  if (list.version < previous.version) {
    throw new TrustError('trust_replayed', `expected trust version ${previous.version} or higher, got ${list.version}`);
  }
  if (list.version === previous.version && digest !== previous.digest) {
    throw new TrustError('trust_replayed', `expected one trust list of version ${list.version}, got another`);
  }
}
