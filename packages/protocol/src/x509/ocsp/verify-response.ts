/** What an OCSP response is worth (RFC 6960, 3.2 and 4.2.2.2). Unknown is not good. */
import { encodeHex } from '../../bytes/hex.ts';
import { TrustError } from '../../errors.ts';
import { importPublicKey } from '../../keys/verification-key.ts';
import type { Certificate } from '../certificate.ts';
import { formatName, isSameName } from '../name.ts';
import { purposes } from '../oids.ts';
import { verifyCertificate, verifySigned } from '../verify-certificate.ts';
import { createCertificateId, deriveKeyHash, isSameCertificateId } from './certificate-id.ts';
import type { BasicResponse, OcspResponse, SingleResponse } from './response.ts';

declare const verified: unique symbol;

/** The status `good` of a certificate, as its issuer or whom that appointed says. Only `verifyOcspResponse` makes one. */
export interface VerifiedStatus {
  readonly [verified]: true;
  readonly certificate: Certificate;
  /** Who signed: the issuer, or the responder that it appointed. */
  readonly responder: Certificate;
  /** Unix ms. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** What the response must fit. */
export interface OcspRequirements {
  readonly certificate: Certificate;
  /** Verified: the certificate above it on its path. */
  readonly issuer: Certificate;
  /** Unix ms. */
  readonly at: number;
  /** The one that was sent; a response without it is refused. */
  readonly nonce?: Uint8Array;
  /** How far clocks may be apart, ms (5 minutes). */
  readonly clockSkewMs?: number;
}

const defaultClockSkewMs = 300_000;

/**
 * Returns the status when a response says that the certificate is good now. Throws `certificate_revoked` when it says revoked;
 * `revocation_unknown` for a failure, another certificate's status, one out of date or without a next update, or another
 * nonce; `certificate_untrusted` for a responder that the issuer did not appoint, and `bad_signature`.
 */
export async function verifyOcspResponse(
  response: OcspResponse,
  requirements: OcspRequirements,
): Promise<VerifiedStatus> {
  if (response.kind === 'failure') throw refuseUnknown('an answer', response.failure);
  const responder = await verifyResponder(response, requirements);
  assertNonce(response, requirements);
  const single = await findSingleResponse(response, requirements);
  const nextUpdate = assertCurrent(single, requirements);
  const { certificate } = requirements;
  assertGood(single, certificate);
  const status = { certificate, responder, thisUpdate: single.thisUpdate, nextUpdate };
  return status as unknown as VerifiedStatus;
}

/** 4.2.2.2: the issuer itself, or a certificate that it issued directly for this purpose. */
async function verifyResponder(response: BasicResponse, { issuer, at }: OcspRequirements): Promise<Certificate> {
  for (const candidate of [issuer, ...response.certificates]) {
    if (!(await isNamed(response, candidate))) continue;
    if (candidate !== issuer) await verifyAppointment(candidate, issuer, at);
    await verifySigned(response, await importPublicKey(candidate.spki));
    return candidate;
  }
  throw new TrustError('certificate_untrusted', 'expected the issuer as responder or one that it appointed');
}

async function isNamed({ responder }: BasicResponse, candidate: Certificate): Promise<boolean> {
  if (responder.kind === 'name') return isSameName(responder.name, candidate.subject);
  return encodeHex(await deriveKeyHash(candidate.spki, 'SHA-1')) === encodeHex(responder.keyHash);
}

async function verifyAppointment(responder: Certificate, issuer: Certificate, at: number): Promise<void> {
  await verifyCertificate(responder, { anchors: [issuer], intermediates: [] }, { at });
  const { extendedKeyUsage, keyUsage, ocspNoCheck } = responder.extensions;
  // 4.2.2.2: this purpose by its name; the one that stands for all does not count.
  if (!extendedKeyUsage?.value.includes(purposes.ocspSigning) || keyUsage?.value.has('digitalSignature') === false) {
    throw new TrustError('certificate_untrusted', 'expected a responder that is certified to sign OCSP responses');
  }
  // 4.2.2.2.1: without it, somebody would have to say whether the responder itself is revoked.
  if (!ocspNoCheck) throw refuseUnknown('a responder that need not be asked about', formatName(responder.subject));
}

function assertNonce({ nonce }: BasicResponse, { nonce: wanted }: OcspRequirements): void {
  if (!wanted) return;
  if (!nonce || encodeHex(nonce) !== encodeHex(wanted)) {
    throw refuseUnknown('the nonce that was sent', nonce ? 'another' : 'none');
  }
}

async function findSingleResponse(
  { responses }: BasicResponse,
  { certificate, issuer }: OcspRequirements,
): Promise<SingleResponse> {
  const found: SingleResponse[] = [];
  const serial = encodeHex(certificate.serialNumber);
  for (const single of responses.filter(({ id }) => encodeHex(id.serialNumber) === serial)) {
    const wanted = await createCertificateId(certificate, issuer, single.id.hash);
    if (isSameCertificateId(single.id, wanted)) found.push(single);
  }
  const [single, ...others] = found;
  if (!single || others.length > 0) {
    throw refuseUnknown(`one status of ${formatName(certificate.subject)}`, String(found.length));
  }
  return single;
}

/** 3.2 (5) and (6). */
function assertCurrent(
  { thisUpdate, nextUpdate }: SingleResponse,
  { at, clockSkewMs = defaultClockSkewMs }: OcspRequirements,
): number {
  if (nextUpdate === undefined) throw refuseUnknown('a status with a next update', 'none');
  if (thisUpdate > at + clockSkewMs || nextUpdate < at - clockSkewMs || nextUpdate < thisUpdate) {
    const [from, to] = [thisUpdate, nextUpdate].map((time) => new Date(time).toISOString());
    throw refuseUnknown('a status of this time', `one from ${from} to ${to}`);
  }
  return nextUpdate;
}

function assertGood({ status }: SingleResponse, { subject }: Certificate): void {
  if (status.kind === 'good') return;
  if (status.kind === 'unknown') throw refuseUnknown(`a status of ${formatName(subject)}`, 'unknown');
  const since = new Date(status.revokedAt).toISOString();
  throw new TrustError(
    'certificate_revoked',
    `expected a good certificate, got ${formatName(subject)} revoked ${since}: ${status.reason}`,
  );
}

function refuseUnknown(expected: string, got: string): TrustError {
  return new TrustError('revocation_unknown', `expected ${expected} from the OCSP responder, got ${got}`);
}
