/** Verifies timestamp tokens (RFC 3161, 2.4.2 and 2.3; RFC 5816). */
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { type Certificate, isAuthority } from '../x509/certificate.ts';
import { purposes } from '../x509/oids.ts';
import type { Profile } from '../x509/path.ts';
import { type VerifiedPath, verifyCertificate } from '../x509/verify-certificate.ts';
import { contentTypes } from './oids.ts';
import { parseSignedData, type SignedData, type SignerInfo } from './signed-data.ts';
import { assertSigningCertificate } from './signing-certificate.ts';
import { parseTimestampInfo, type TimestampInfo } from './timestamp-info.ts';
import type { MessageImprint } from './timestamp-request.ts';
import { type KnownSigner, verifySigner } from './verify-signer.ts';

declare const verified: unique symbol;

/** A timestamp that was verified for what was asked. Only `verifyTimestamp` makes one. */
export interface VerifiedTimestamp {
  readonly [verified]: true;
  readonly info: TimestampInfo;
  /** The authority's certificate and what leads to the anchor. */
  readonly path: VerifiedPath;
}

/** What a timestamp must be good for. */
export interface TimestampRequirements {
  readonly imprint: MessageImprint;
  readonly anchors: readonly Certificate[];
  /** Certificates of the authority and above it, for tokens that hold none. Not trusted. */
  readonly intermediates?: readonly Certificate[];
  /** The content octets of the nonce that was sent; without it a nonce in the token means nothing. */
  readonly nonce?: Uint8Array;
  /** Dotted. */
  readonly policy?: string;
  /** When the authority's certificate must be valid, Unix ms: the timestamp's own time unless another is given. */
  readonly at?: number;
  readonly profile?: Profile;
}

/**
 * The timestamp in a token, DER. Throws `timestamp_invalid` when it is over something else, answers another request, or is
 * signed by a certificate that is not for timestamps alone; `bad_signature`, `certificate_untrusted` and what else
 * `verifyCertificate` throws; `too_large`, `algorithm_unsupported` or `malformed`.
 */
export async function verifyTimestamp(
  token: Uint8Array<ArrayBuffer>,
  requirements: TimestampRequirements,
): Promise<VerifiedTimestamp> {
  const { anchors, intermediates = [], profile } = requirements;
  const signed = parseSignedData(token);
  const { certificate, info } = await verifyTimestampSigner(signed, { others: [...intermediates, ...anchors] });
  assertAnswers(info, requirements);
  const pool = { anchors, intermediates: [...signed.certificates, ...intermediates] };
  const path = await verifyCertificate(certificate, pool, {
    at: requirements.at ?? info.time,
    purpose: purposes.timeStamping,
    ...(profile && { profile }),
  });
  return { info, path } as VerifiedTimestamp;
}

/**
 * What a token says, signed by `known` or by one of the certificates in the token and `others`. Nothing is said about what was
 * timestamped, nor whether to trust the certificate. Throws as `verifyTimestamp` does.
 */
export async function verifyTimestampSigner(
  signed: SignedData,
  candidates: { readonly known: KnownSigner } | { readonly others: readonly Certificate[] },
): Promise<{ readonly info: TimestampInfo; readonly certificate: Certificate }> {
  const signer = await verifySigner(signed, findTimestampSigner(signed), candidates);
  await assertSigningCertificate(signer.signedAttributes, signer.certificate);
  assertTimestampCertificate(signer.certificate);
  return { info: parseTimestampInfo(signer.content), certificate: signer.certificate };
}

/** The only signature of a token: RFC 3161, 2.4.2, it is signed by the authority and by nobody else. Throws `timestamp_invalid`. */
export function findTimestampSigner({ contentType, signers }: SignedData): SignerInfo {
  if (contentType !== contentTypes.timestampInfo) throw refuse('a timestamp', `content ${contentType}`);
  const [signer, ...others] = signers;
  if (!signer || others.length > 0) throw refuse('one signer', `${signers.length}`);
  return signer;
}

/** RFC 3161, 2.3: for timestamps and nothing else, and critically so. */
export function assertTimestampCertificate(certificate: Certificate): void {
  const { extendedKeyUsage, keyUsage } = certificate.extensions;
  const [purpose, ...others] = extendedKeyUsage?.value ?? [];
  if (purpose !== purposes.timeStamping || others.length > 0) {
    throw refuse('a certificate for timestamps alone', extendedKeyUsage ? 'other purposes' : 'one without purposes');
  }
  if (!extendedKeyUsage?.critical) throw refuse('a purpose that is critical', 'one that is not');
  if (isAuthority(certificate)) throw refuse('a certificate for timestamps', "an authority's");
  if (keyUsage && !keyUsage.value.has('digitalSignature') && !keyUsage.value.has('contentCommitment')) {
    throw refuse('a key that signs', 'one for something else');
  }
}

function assertAnswers(info: TimestampInfo, { imprint, nonce, policy }: TimestampRequirements): void {
  if (info.imprint.hash !== imprint.hash || !isSameBytes(info.imprint.digest, imprint.digest)) {
    throw refuse('a timestamp of this digest', 'one of another');
  }
  if (nonce && !(info.nonce && isSameBytes(info.nonce, nonce))) {
    throw refuse('the nonce of the request', info.nonce ? 'another' : 'none');
  }
  if (policy !== undefined && info.policy !== policy) throw refuse(`policy ${policy}`, info.policy);
}

function refuse(expected: string, got: string): TrustError {
  return new TrustError('timestamp_invalid', `expected ${expected}, got ${got}`);
}
