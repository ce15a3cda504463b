/** Certificates in a signed message without signers (RFC 5652, 5.1), which key stores read as `.p7b`. */
import { constructedTag } from '../asn1/tag.ts';
import { encodeDer, encoded, explicit, integer, oid, sequence, setOf } from '../asn1/writer.ts';
import { contentTypes } from './oids.ts';

/** ContentInfo around the certificates, DER. They lose their order: a SET has none. */
export function encodeCertificates(certificates: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const signed = sequence(
    integer(1),
    setOf([]),
    sequence(oid(contentTypes.data)),
    setOf(certificates.map(encoded), constructedTag(0)),
    setOf([]),
  );
  return encodeDer(sequence(oid(contentTypes.signedData), explicit(0, signed)));
}
