/** Writes and signs OCSP responses (RFC 6960, 4.2; RFC 5019). */
import { constructedTag, contextTag } from '../../asn1/tag.ts';
import {
  bitOctets,
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  enumerated,
  explicit,
  generalizedTime,
  implicit,
  nothing,
  oid,
  sequence,
  sequenceOf,
  wrapOctets,
} from '../../asn1/writer.ts';
import type { CertificateSigner } from '../../keys/private-key.ts';
import { signatureAlgorithm } from '../../keys/signature-algorithm.ts';
import type { Certificate } from '../certificate.ts';
import type { DistinguishedName } from '../name.ts';
import { ocspOids } from '../oids.ts';
import { revocationReasons } from '../revocation-list.ts';
import { encodeCertificateId } from './certificate-id.ts';
import { nonceExtension } from './nonce.ts';
import { type CertificateStatus, type OcspFailure, ocspFailures, type SingleResponse } from './response.ts';

/** All that a response says. Times are Unix ms, rounded down to the second. */
export interface OcspResponseToWrite {
  /** Who signs, by name: GnuTLS compares key hashes with key identifiers, and ours are no SHA-1. */
  readonly responder: DistinguishedName;
  readonly producedAt: number;
  /** At least one. */
  readonly responses: readonly SingleResponse[];
  /** As the request has it. */
  readonly nonce?: Uint8Array | undefined;
  /** The responder's own, when it is not the issuer (RFC 5019, 2.2.1). */
  readonly certificates: readonly Pick<Certificate, 'bytes'>[];
}

/** A signed response, DER. */
export async function signOcspResponse(
  { responder, producedAt, responses, nonce, certificates }: OcspResponseToWrite,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const signedBytes = encodeDer(
    sequence(
      explicit(1, encoded(responder.bytes)),
      generalizedTime(producedAt),
      sequenceOf(responses.map(encodeSingleResponse)),
      nonce && explicit(1, sequence(nonceExtension(nonce))),
    ),
  );
  const basic = sequence(
    encoded(signedBytes),
    signatureAlgorithm(signer.algorithm),
    bitOctets(await signer.sign(signedBytes)),
    certificates.length > 0 ? explicit(0, sequenceOf(certificates.map(({ bytes }) => encoded(bytes)))) : undefined,
  );
  return encodeDer(sequence(enumerated(0), explicit(0, sequence(oid(ocspOids.basicResponse), wrapOctets(basic)))));
}

function encodeSingleResponse({ id, status, thisUpdate, nextUpdate }: SingleResponse): DerValue {
  return sequence(
    encodeCertificateId(id),
    encodeStatus(status),
    generalizedTime(thisUpdate),
    nextUpdate === undefined ? undefined : explicit(0, generalizedTime(nextUpdate)),
  );
}

function encodeStatus(status: CertificateStatus): DerValue {
  if (status.kind === 'good') return implicit(contextTag(0), nothing());
  if (status.kind === 'unknown') return implicit(contextTag(2), nothing());
  const { revokedAt, reason } = status;
  const members = [generalizedTime(revokedAt)];
  // RFC 5280, 5.3.1: no reason is written rather than that there is none.
  if (reason !== 'unspecified') members.push(explicit(0, enumerated(revocationReasons[reason])));
  return constructed(constructedTag(1), members);
}

/** A response that gives no answer, DER. Nobody signs it. */
export function encodeOcspFailure(failure: OcspFailure): Uint8Array<ArrayBuffer> {
  return encodeDer(sequence(enumerated(ocspFailures[failure])));
}
