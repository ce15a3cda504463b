/** Writes SignedData (RFC 5652, 5) with one signer, named by issuer and serial number. */
import { constructedTag, tags } from '../asn1/tag.ts';
import {
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  explicit,
  integer,
  octetString,
  oid,
  primitive,
  sequence,
  setOf,
} from '../asn1/writer.ts';
import { digestBytes } from '../keys/digest.ts';
import type { CertificateSigner } from '../keys/private-key.ts';
import {
  type HashName,
  hashAlgorithm,
  type SignatureAlgorithm,
  signatureAlgorithm,
} from '../keys/signature-algorithm.ts';
import type { Certificate } from '../x509/certificate.ts';
import { attributeTypes, contentTypes } from './oids.ts';

/** A message to sign. */
export interface SignedDataToWrite {
  /** Dotted; anything but plain data. */
  readonly contentType: string;
  readonly content: Uint8Array<ArrayBuffer>;
  /** The signer's. */
  readonly certificate: Certificate;
  /** Certificates to send along, DER. */
  readonly certificates: readonly Uint8Array[];
  /** Signed attributes beside content type and digest, from `signedAttribute`. */
  readonly attributes: readonly DerValue[];
}

/** An attribute with one value. */
export function signedAttribute(type: string, value: DerValue): DerValue {
  return sequence(oid(type), setOf([value]));
}

/** ContentInfo around the signed message, DER. */
export async function encodeSignedData(
  message: SignedDataToWrite,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const hash = digestHash(signer.algorithm);
  const signerInfo = await createSignerInfo(message, signer, hash);
  const { contentType, content, certificates } = message;
  const signed = sequence(
    integer(3),
    setOf([hashAlgorithm(hash)]),
    sequence(oid(contentType), explicit(0, octetString(content))),
    certificates.length > 0 ? setOf(certificates.map(encoded), constructedTag(0)) : undefined,
    setOf([signerInfo]),
  );
  return encodeDer(sequence(oid(contentTypes.signedData), explicit(0, signed)));
}

async function createSignerInfo(
  { contentType, content, certificate, attributes }: SignedDataToWrite,
  signer: CertificateSigner,
  hash: HashName,
): Promise<DerValue> {
  const digest = await digestBytes(hash, content);
  const all = setOf([
    signedAttribute(attributeTypes.contentType, oid(contentType)),
    signedAttribute(attributeTypes.messageDigest, octetString(digest)),
    ...attributes,
  ]);
  // RFC 5652, 5.4: signed as a SET, sent under the tag [0].
  const signature = await signer.sign(encodeDer(all));
  return sequence(
    integer(1),
    sequence(encoded(certificate.issuer.bytes), primitive(tags.integer, certificate.serialNumber)),
    hashAlgorithm(hash),
    constructed(constructedTag(0), all.content as readonly DerValue[]),
    signatureAlgorithm(signer.algorithm),
    octetString(signature),
  );
}

/** RFC 8419, 3.1: Ed25519 goes with SHA-512. */
function digestHash(algorithm: SignatureAlgorithm): HashName {
  return algorithm.kind === 'ed25519' ? 'SHA-512' : algorithm.hash;
}
