/** OCSP requests (RFC 6960, 4.1). Signatures of requests are read over: who asks does not matter. */
import { refuseDer } from '../../asn1/malformed.ts';
import { type DerReader, parseDer } from '../../asn1/reader.ts';
import { constructedTag } from '../../asn1/tag.ts';
import { assertDer } from '../../asn1/walk.ts';
import { encodeDer, explicit, sequence, sequenceOf } from '../../asn1/writer.ts';
import { TrustError } from '../../errors.ts';
import { readExtensions } from '../extensions.ts';
import { readGeneralName } from '../general-name.ts';
import { ocspOids } from '../oids.ts';
import { type CertificateId, encodeCertificateId, readCertificateId } from './certificate-id.ts';
import { assertUnderstood, findNonce, nonceExtension } from './nonce.ts';

/** What a client wants to know. */
export interface OcspRequest {
  /** In the client's order; at least one. */
  readonly certificates: readonly CertificateId[];
  /** To be repeated in the response. */
  readonly nonce: Uint8Array<ArrayBuffer> | undefined;
}

/** Above this a request is refused unread. */
export const maxOcspRequestBytes: number = 1024 * 1024;

/** More in one request are refused. */
export const maxRequestedCertificates = 256;

/**
 * Parses a request. Throws `too_large` above `maxOcspRequestBytes` or `maxRequestedCertificates`, `algorithm_unsupported` for
 * a hash that is neither SHA-1 nor SHA-2, otherwise `malformed`.
 */
export function parseOcspRequest(bytes: Uint8Array<ArrayBuffer>): OcspRequest {
  return parseDer(bytes, { maxBytes: maxOcspRequestBytes }, (reader) => {
    const outer = reader.readSequence();
    const request = readBody(outer.readSequence());
    const signature = outer.readOptional(constructedTag(0), (one) => one.readElement().bytes);
    outer.assertEnd();
    if (signature) assertDer(signature);
    return request;
  });
}

function readBody(body: DerReader): OcspRequest {
  // Version 1, the only one, is the default, which DER does not write.
  if (body.peekTag() === constructedTag(0)) throw refuseDer('a request of version 1');
  body.readExplicit(1, readGeneralName);
  const certificates = readCertificateList(body.readSequence());
  const extensions = body.readExplicit(2, readExtensions) ?? [];
  body.assertEnd();
  assertUnderstood(extensions, [ocspOids.nonce]);
  return { certificates, nonce: findNonce(extensions) };
}

function readCertificateList(list: DerReader): readonly CertificateId[] {
  const certificates: CertificateId[] = [];
  while (!list.atEnd) {
    if (certificates.length === maxRequestedCertificates) {
      throw new TrustError('too_large', `expected at most ${maxRequestedCertificates} certificates in a request`);
    }
    certificates.push(readRequested(list));
  }
  if (certificates.length === 0) throw refuseDer('a request for at least one certificate');
  return certificates;
}

function readRequested(list: DerReader): CertificateId {
  const requested = list.readSequence();
  const id = readCertificateId(requested);
  assertUnderstood(requested.readExplicit(0, readExtensions) ?? []);
  requested.assertEnd();
  return id;
}

/** A request, DER. A nonce keeps old responses away, and keeps a responder from answering out of its store. */
export function encodeOcspRequest(
  certificates: readonly CertificateId[],
  { nonce }: { readonly nonce?: Uint8Array } = {},
): Uint8Array<ArrayBuffer> {
  const list = sequenceOf(certificates.map((id) => sequence(encodeCertificateId(id))));
  return encodeDer(sequence(sequence(list, nonce && explicit(2, sequence(nonceExtension(nonce))))));
}
