/** OCSP responses (RFC 6960, 4.2), parsed and not verified. */
import { refuseDer } from '../../asn1/malformed.ts';
import { DerReader, parseDer } from '../../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../../asn1/tag.ts';
import { TrustError } from '../../errors.ts';
import { readAlgorithmIdentifier } from '../../keys/algorithm-identifier.ts';
import { type Certificate, parseCertificate, type SignedStructure } from '../certificate.ts';
import { readExtensions } from '../extensions.ts';
import { type DistinguishedName, readName } from '../name.ts';
import { ocspOids } from '../oids.ts';
import { type RevocationReason, readRevocationReason } from '../revocation-list.ts';
import { type CertificateId, readCertificateId } from './certificate-id.ts';
import { assertUnderstood, findNonce } from './nonce.ts';

/** Why a responder gave no answer, by the numbers of RFC 6960, 4.2.1; 4 is not used. */
export const ocspFailures = {
  malformedRequest: 1,
  internalError: 2,
  tryLater: 3,
  sigRequired: 5,
  unauthorized: 6,
} as const;

/** One reason for no answer. */
export type OcspFailure = keyof typeof ocspFailures;

/** What is known of one certificate. `unknown`: the responder has never heard of it. */
export type CertificateStatus =
  | { readonly kind: 'good' }
  | {
      readonly kind: 'revoked';
      /** Unix ms. */
      readonly revokedAt: number;
      readonly reason: RevocationReason;
    }
  | { readonly kind: 'unknown' };

/** The status of one certificate. */
export interface SingleResponse {
  readonly id: CertificateId;
  readonly status: CertificateStatus;
  /** Unix ms. */
  readonly thisUpdate: number;
  /** Unix ms; `undefined`: there is always something newer. */
  readonly nextUpdate: number | undefined;
}

/** Who says that it answers: a name, or the SHA-1 of its key's bits. */
export type ResponderId =
  | { readonly kind: 'name'; readonly name: DistinguishedName }
  | { readonly kind: 'key'; readonly keyHash: Uint8Array<ArrayBuffer> };

/** A response as it says it is. Nothing is verified: see `verifyOcspResponse`. */
export interface BasicResponse extends SignedStructure {
  readonly kind: 'basic';
  readonly responder: ResponderId;
  /** Unix ms. */
  readonly producedAt: number;
  /** At least one. */
  readonly responses: readonly SingleResponse[];
  readonly nonce: Uint8Array<ArrayBuffer> | undefined;
  /** What came along to help to verify. */
  readonly certificates: readonly Certificate[];
}

/** An answer or none; whoever stands between may have made the latter. */
export type OcspResponse = BasicResponse | { readonly kind: 'failure'; readonly failure: OcspFailure };

/** Above this a response is refused unread. */
export const maxOcspResponseBytes: number = 1024 * 1024;

const maxCertificates = 16;

/** Parses a response. Throws `too_large` above `maxOcspResponseBytes`, `algorithm_unsupported`, otherwise `malformed`. */
export function parseOcspResponse(bytes: Uint8Array<ArrayBuffer>): OcspResponse {
  return parseDer(bytes, { maxBytes: maxOcspResponseBytes }, (reader) => {
    const outer = reader.readSequence();
    const status = outer.readSmallInteger(tags.enumerated);
    const basic = outer.readExplicit(0, readResponseBytes);
    outer.assertEnd();
    const failure = (Object.keys(ocspFailures) as OcspFailure[]).find((one) => ocspFailures[one] === status);
    if (failure && !basic) return { kind: 'failure', failure };
    // RFC 6960, 4.2.1: without responseBytes when there is no answer, and with them when there is one.
    if (status !== 0 || !basic) throw refuseDer('a status with what belongs to it');
    return parseDer(basic, { maxBytes: basic.length }, readBasicResponse);
  });
}

function readResponseBytes(reader: DerReader): Uint8Array<ArrayBuffer> {
  const inner = reader.readSequence();
  const type = inner.readOid();
  const response = inner.readOctetString();
  inner.assertEnd();
  if (type !== ocspOids.basicResponse) throw new TrustError('malformed', `expected a basic response, got ${type}`);
  return response;
}

function readBasicResponse(reader: DerReader): BasicResponse {
  const outer = reader.readSequence();
  const signedBytes = outer.readElement().bytes;
  const signatureAlgorithm = readAlgorithmIdentifier(outer);
  const signature = outer.readBitOctets();
  const certificates = outer.readExplicit(0, readCertificates) ?? [];
  outer.assertEnd();
  return { kind: 'basic', signedBytes, signatureAlgorithm, signature, certificates, ...readBody(signedBytes) };
}

function readCertificates(reader: DerReader): readonly Certificate[] {
  const elements = reader.readSequence().readAll((one) => one.readElement().bytes);
  if (elements.length > maxCertificates) throw refuseDer(`at most ${maxCertificates} certificates`);
  return elements.map(parseCertificate);
}

type Body = Pick<BasicResponse, 'responder' | 'producedAt' | 'responses' | 'nonce'>;

function readBody(signedBytes: Uint8Array<ArrayBuffer>): Body {
  const reader = new DerReader(signedBytes).readSequence();
  // Version 1, the only one, is the default, which DER does not write.
  if (reader.peekTag() === constructedTag(0)) throw refuseDer('a response of version 1');
  const responder = readResponder(reader);
  const producedAt = reader.readGeneralizedTime();
  const responses = reader.readSequence().readAll(readSingleResponse);
  const extensions = reader.readExplicit(1, readExtensions) ?? [];
  reader.assertEnd();
  if (responses.length === 0) throw refuseDer('a response about at least one certificate');
  assertUnderstood(extensions, [ocspOids.nonce]);
  return { responder, producedAt, responses, nonce: findNonce(extensions) };
}

function readResponder(reader: DerReader): ResponderId {
  const name = reader.readExplicit(1, readName);
  if (name) return { kind: 'name', name };
  const keyHash = reader.readExplicit(2, (one) => one.readOctetString());
  if (keyHash?.length !== 20) throw refuseDer('a responder by its name or a key hash of 20 octets');
  return { kind: 'key', keyHash };
}

function readSingleResponse(reader: DerReader): SingleResponse {
  const single = reader.readSequence();
  const id = readCertificateId(single);
  const status = readStatus(single);
  const thisUpdate = single.readGeneralizedTime();
  const nextUpdate = single.readExplicit(0, (one) => one.readGeneralizedTime());
  assertUnderstood(single.readExplicit(1, readExtensions) ?? []);
  single.assertEnd();
  return { id, status, thisUpdate, nextUpdate };
}

function readStatus(reader: DerReader): CertificateStatus {
  switch (reader.peekTag()) {
    case contextTag(0):
      reader.readNull(contextTag(0));
      return { kind: 'good' };
    case contextTag(2):
      reader.readNull(contextTag(2));
      return { kind: 'unknown' };
    default:
      return readRevoked(reader.readConstructed(constructedTag(1)));
  }
}

function readRevoked(inner: DerReader): CertificateStatus {
  const revokedAt = inner.readGeneralizedTime();
  const reason = inner.readExplicit(0, readRevocationReason) ?? 'unspecified';
  inner.assertEnd();
  return { kind: 'revoked', revokedAt, reason };
}
