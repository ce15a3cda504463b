/** RFC 3161 timestamps of a bundle, by the authorities of a trusted root. */
import { isSameBytes } from '../bytes/compare.ts';
import { parseSignedData, type SignedData } from '../cms/signed-data.ts';
import type { TimestampInfo } from '../cms/timestamp-info.ts';
import { parseTimestampResponse } from '../cms/timestamp-response.ts';
import { isSigner } from '../cms/verify-signer.ts';
import { findTimestampSigner, verifyTimestampSigner } from '../cms/verify-timestamp.ts';
import { TrustError } from '../errors.ts';
import { digestBytes } from '../keys/digest.ts';
import { hashes } from '../keys/signature-algorithm.ts';
import { type Certificate, isAuthority } from '../x509/certificate.ts';
import { purposes } from '../x509/oids.ts';
import { assertPath } from '../x509/path.ts';
import { verifyCertificate } from '../x509/verify-certificate.ts';
import type { AuthorityInstance } from './authority-instance.ts';
import { isWithin } from './validity-window.ts';

/** A timestamp that was verified. */
export interface SignedTime {
  /** Unix ms. */
  readonly time: number;
  readonly authority: AuthorityInstance;
  /** Who signed it. */
  readonly certificate: Certificate;
}

/**
 * When `signature` was there at the latest, by one response. Throws `timestamp_invalid` when it is about something else,
 * `certificate_untrusted` when its authority is not in the trusted root or not at that time, and what `verifyTimestamp` throws.
 */
export async function verifySignedTime(
  response: Uint8Array<ArrayBuffer>,
  signature: Uint8Array<ArrayBuffer>,
  authorities: readonly AuthorityInstance[],
): Promise<SignedTime> {
  const answer = parseTimestampResponse(response);
  if (answer.kind !== 'granted' || answer.isModified) {
    throw new TrustError('timestamp_invalid', 'expected a timestamp as it was asked for');
  }
  const signed = parseSignedData(answer.token);
  assertPlain(signed);
  const candidates = findAuthorities(signed, authorities);
  if (candidates.length === 0) {
    throw new TrustError('certificate_untrusted', 'expected a timestamp by an authority of the trusted root');
  }
  let failure: unknown;
  for (const authority of candidates) {
    try {
      return await verifyBy(authority, { signed, signature });
    } catch (error) {
      if (!(error instanceof TrustError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/** What no signature covers must be as RFC 5652, 5.1 writes it: whoever changed it, changed something. */
function assertPlain({ unsigned: { version, digestAlgorithms, hasMore }, signers }: SignedData): void {
  const digests = new Set(signers.map(({ digestHash }) => hashes[digestHash].oid));
  const isListed = digestAlgorithms.length === digests.size && digestAlgorithms.every((oid) => digests.has(oid));
  if (version === 3 && isListed && !hasMore) return;
  throw new TrustError('timestamp_invalid', 'expected a token of version 3 with no more than its standard asks for');
}

/** Those whose own certificate is the signer's, or whose tokens bring their certificates. */
function findAuthorities(signed: SignedData, authorities: readonly AuthorityInstance[]): readonly AuthorityInstance[] {
  const { signer } = findTimestampSigner(signed);
  return authorities.filter(({ certificates: [first] }) => isSigner(signer, first) || isAuthority(first));
}

interface Token {
  readonly signed: SignedData;
  readonly signature: Uint8Array<ArrayBuffer>;
}

async function verifyBy(authority: AuthorityInstance, token: Token): Promise<SignedTime> {
  const [first] = authority.certificates;
  const { info, certificate } = await (isAuthority(first)
    ? verifyBelow(authority, token)
    : verifyOwn(authority, token));
  assertNamed(token.signed, certificate);
  if (!isWithin(authority.window, info.time)) {
    const time = new Date(info.time).toISOString();
    throw new TrustError('certificate_untrusted', `expected an authority that is trusted at ${time}`);
  }
  return { time: info.time, authority, certificate };
}

/** Names are the same in any case of their letters; the token's, which no signature covers, must be the certificate's own. */
function assertNamed(signed: SignedData, certificate: Certificate): void {
  const { signer } = findTimestampSigner(signed);
  if (signer.kind === 'key' || isSameBytes(signer.issuer.bytes, certificate.issuer.bytes)) return;
  throw new TrustError('timestamp_invalid', "expected the name of the certificate's issuer to the octet in the token");
}

interface Reading {
  readonly info: TimestampInfo;
  readonly certificate: Certificate;
}

/** The chain's signatures are verified already; what its certificates say depends on the time. */
async function verifyOwn({ certificates, key }: AuthorityInstance, { signed, signature }: Token): Promise<Reading> {
  assertKnownCertificates(signed, certificates);
  const [certificate, ...above] = certificates;
  const { info } = await verifyTimestampSigner(signed, { known: { certificate, key } });
  await assertImprint(info, signature);
  if (above.length > 0) assertPath(certificates, { at: info.time, purpose: purposes.timeStamping });
  else assertValid(certificate, info.time);
  return { info, certificate };
}

/** Nothing authenticates the certificates in a token: those that are not needed must be the authority's own. */
function assertKnownCertificates(signed: SignedData, known: readonly Certificate[]): void {
  if (signed.certificates.every((one) => known.some(({ bytes }) => isSameBytes(bytes, one.bytes)))) return;
  throw new TrustError('timestamp_invalid', 'expected no certificates but those of the authority in the token');
}

async function assertImprint({ imprint }: TimestampInfo, signature: Uint8Array<ArrayBuffer>): Promise<void> {
  if (!isSameBytes(imprint.digest, await digestBytes(imprint.hash, signature))) {
    throw new TrustError('timestamp_invalid', 'expected a timestamp of the signature, got one of something else');
  }
}

/** A trusted certificate that stands alone is the path. */
function assertValid({ notBefore, notAfter }: Certificate, time: number): void {
  if (time >= notBefore && time < notAfter + 1000) return;
  throw new TrustError('certificate_expired', "expected a time inside of the authority's validity period");
}

/** The authority's own certificate is in the token. */
async function verifyBelow(authority: AuthorityInstance, { signed, signature }: Token): Promise<Reading> {
  const { certificates, knownSignatures } = authority;
  const { info, certificate } = await verifyTimestampSigner(signed, { others: [] });
  await assertImprint(info, signature);
  const anchor = certificates.at(-1) ?? certificates[0];
  const intermediates = [...signed.certificates, ...certificates.slice(0, -1)];
  const pool = { anchors: [anchor], intermediates, knownSignatures };
  await verifyCertificate(certificate, pool, { at: info.time, purpose: purposes.timeStamping });
  return { info, certificate };
}
