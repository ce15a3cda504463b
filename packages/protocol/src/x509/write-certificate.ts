/** Writes and signs certificates (RFC 5280, 4.1). What they say is the caller's affair: see `assertRules` for a second look. */
import {
  bitOctets,
  type DerValue,
  encodeDer,
  encoded,
  explicit,
  integer,
  sequence,
  sequenceOf,
  time,
  unsigned,
} from '../asn1/writer.ts';
import type { CertificateSigner } from '../keys/private-key.ts';
import { type SignatureAlgorithm, signatureAlgorithm } from '../keys/signature-algorithm.ts';
import type { DistinguishedName } from './name.ts';

/** All that a certificate of version 3 says. */
export interface CertificateToWrite {
  /** Big-endian octets of a positive number; see `createSerialNumber`. */
  readonly serialNumber: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Unix ms, rounded down to the second. */
  readonly notBefore: number;
  readonly notAfter: number;
  readonly spki: Uint8Array;
  /** From `encodeExtensions`; at least one. */
  readonly extensions: readonly DerValue[];
}

/** TBSCertificate, which is what the issuer signs. */
export function encodeTbsCertificate(
  certificate: CertificateToWrite,
  algorithm: SignatureAlgorithm,
): Uint8Array<ArrayBuffer> {
  const { serialNumber, issuer, subject, notBefore, notAfter, spki, extensions } = certificate;
  return encodeDer(
    sequence(
      version3,
      unsigned(serialNumber),
      signatureAlgorithm(algorithm),
      encoded(issuer.bytes),
      sequence(time(notBefore), time(notAfter)),
      encoded(subject.bytes),
      encoded(spki),
      explicit(3, sequenceOf(extensions)),
    ),
  );
}

const version3 = explicit(0, integer(2));

/** A certificate signed by its issuer's key, DER. */
export async function signCertificate(
  certificate: CertificateToWrite,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  return signStructure(encodeTbsCertificate(certificate, signer.algorithm), signer);
}

/** What is signed, the algorithm, and the signature: the form of certificates, requests and lists. */
export async function signStructure(
  signedBytes: Uint8Array<ArrayBuffer>,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const signature = await signer.sign(signedBytes);
  return encodeDer(sequence(encoded(signedBytes), signatureAlgorithm(signer.algorithm), bitOctets(signature)));
}

const serialBytes = 17;
/** Drawn at once: a call for each would cost a third of a signature. */
const pool = new Uint8Array(serialBytes * 240);
let taken = pool.length;

/** A serial number of 134 random bits: 17 octets, positive, never zero (RFC 5280, 4.1.2.2). */
export function createSerialNumber(): Uint8Array<ArrayBuffer> {
  if (taken === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    taken = 0;
  }
  const octets = pool.slice(taken, taken + serialBytes);
  taken += serialBytes;
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}
