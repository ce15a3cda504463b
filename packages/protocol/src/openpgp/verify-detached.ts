/** Verifies detached signatures of OpenPGP (RFC 9580, 10.4) by a certificate that somebody trusts. */
import { TrustError } from '../errors.ts';
import type { OpenPgpCertificate, SigningKey } from './certificate.ts';
import { isIssuedBy, type OpenPgpSignature } from './signature.ts';
import { verifyOpenPgpDigest } from './verify-digest.ts';

/** Clocks differ. */
const clockSkewMs = 24 * 3_600_000;

/** A verified signature. */
export interface VerifiedFile {
  readonly signedBy: SigningKey;
  /** The key had expired when it signed, as it says itself. */
  readonly isExpired: boolean;
}

/** See `verifyDetachedSignature`. */
export interface DetachedSignature {
  readonly signature: OpenPgpSignature;
  /** Of the file, as `coverSignature` says. */
  readonly digest: Uint8Array<ArrayBuffer>;
  /** Unix ms. */
  readonly now: number;
}

/**
 * Returns the key that signed the file. Throws `key_unknown` when the signature says that it is by no key of the certificate, `bad_signature`,
 * `key_revoked`, `signed_time_invalid` for a signature from the future, from before its key, or past its own end, and `algorithm_unsupported`.
 */
export async function verifyDetachedSignature(
  certificate: OpenPgpCertificate,
  { signature, digest, now }: DetachedSignature,
): Promise<VerifiedFile> {
  const signedBy = certificate.signingKeys.find(({ key }) => isIssuedBy(signature, key.fingerprint));
  if (!signedBy) throw new TrustError('key_unknown', `expected a signature by ${certificate.primary.fingerprint}`);
  const { key, expiresAt, revokedAt } = signedBy;
  await verifyOpenPgpDigest(key, signature, digest);
  const { createdAt, hashed } = signature;
  const endsAt = hashed.expiresAfterMs ? createdAt + hashed.expiresAfterMs : undefined;
  if (createdAt < key.createdAt || createdAt > now + clockSkewMs || (endsAt !== undefined && endsAt <= now)) {
    throw new TrustError('signed_time_invalid', 'expected a signature from the time of its key, and until its own end');
  }
  if (revokedAt !== undefined && createdAt >= revokedAt) {
    throw new TrustError('key_revoked', `expected a key that is not revoked, got ${key.fingerprint}`);
  }
  return { signedBy, isExpired: expiresAt !== undefined && createdAt >= expiresAt };
}
