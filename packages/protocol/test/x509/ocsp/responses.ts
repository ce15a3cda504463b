/** OCSP responses of the tests, by the issuer or a responder that it appointed. */

import { createCertificateId } from '@signpost/protocol/x509/ocsp/certificate-id';
import type { CertificateStatus, SingleResponse } from '@signpost/protocol/x509/ocsp/response';
import { type OcspResponseToWrite, signOcspResponse } from '@signpost/protocol/x509/ocsp/write-response';
import { purposes } from '@signpost/protocol/x509/oids';
import { createServer, now, type Party, type PartyOptions } from '../authority.ts';

export const hourMs = 3_600_000;
export const good: CertificateStatus = { kind: 'good' };

/** A responder's certificate, good unless `options` say otherwise. */
export function createResponder(issuer: Party, options: PartyOptions = {}): Promise<Party> {
  return createServer({
    issuer,
    name: [['CN', 'Responder']],
    ...options,
    extensions: {
      extendedKeyUsage: { purposes: [purposes.ocspSigning] },
      subjectAlternativeName: undefined,
      ocspNoCheck: true,
      ...options.extensions,
    },
  });
}

/** What is said of `party`. */
export async function describeStatus(
  party: Party,
  issuer: Party,
  more: Partial<SingleResponse> = {},
): Promise<SingleResponse> {
  return {
    id: await createCertificateId(party.certificate, issuer.certificate),
    status: good,
    thisUpdate: now - hourMs,
    nextUpdate: now + hourMs,
    ...more,
  };
}

/** A response by `responder`, with its certificate unless `more` says otherwise. */
export async function respond(
  responder: Party,
  responses: readonly SingleResponse[],
  more: Partial<OcspResponseToWrite> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { certificate, signer } = responder;
  const usual = { responder: certificate.subject, producedAt: now, certificates: [certificate] };
  return signOcspResponse({ ...usual, responses, ...more }, signer);
}
