/** Writes and signs certificates (RFC 5280, 4.1). What they say is the caller's affair: see `assertRules` for a second look. */
import { tags } from '../asn1/tag.ts';
import {
  bitOctets,
  type DerValue,
  encodeDer,
  encoded,
  encodeHeaderBefore,
  encodeInto,
  explicit,
  integer,
  maxHeaderBytes,
  sequenceOf,
  time,
  unsigned,
} from '../asn1/writer.ts';
import type { CertificateSigner } from '../keys/private-key.ts';
import { type SignatureAlgorithm, signatureAlgorithm } from '../keys/signature-algorithm.ts';
import type { SubjectKey } from '../keys/subject-key.ts';
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

/** A certificate signed by its issuer's key, DER. */
export function signCertificate(
  certificate: CertificateToWrite,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  return signStructure(describeBody(certificate, signer.algorithm), signer);
}

/** TBSCertificate, DER: what the issuer signs, for a signer elsewhere (`signStructure` of its `encoded` bytes). */
export function encodeBody(certificate: CertificateToWrite, algorithm: SignatureAlgorithm): Uint8Array<ArrayBuffer> {
  return encodeDer(describeBody(certificate, algorithm));
}

function describeBody(certificate: CertificateToWrite, algorithm: SignatureAlgorithm): DerValue {
  const { serialNumber, issuer, subject, notBefore, notAfter, spki, extensions } = certificate;
  return sequenceOf([
    version3,
    unsigned(serialNumber),
    signatureAlgorithm(algorithm),
    encoded(issuer.bytes),
    sequenceOf([time(notBefore), time(notAfter)]),
    encoded(subject.bytes),
    encoded(spki),
    explicit(3, sequenceOf(extensions)),
  ]);
}

const version3 = explicit(0, integer(2));

/** What is signed, the algorithm, and the signature: the form of certificates, requests and lists. */
export async function signStructure(body: DerValue, signer: CertificateSigner): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = signatureAlgorithm(signer.algorithm);
  const start = maxHeaderBytes;
  // One buffer for all of it: a second one, and copying into it, would cost a tenth of a signature.
  const target = new Uint8Array(start + body.totalBytes + algorithm.totalBytes + maxSignatureBytes(signer.subjectKey));
  const signedEnd = encodeInto(body, target, start);
  const signature = await signer.sign(target.subarray(start, signedEnd));
  const end = encodeInto(bitOctets(signature), target, encodeInto(algorithm, target, signedEnd));
  return target.subarray(encodeHeaderBefore(tags.sequence, target, { start, end }), end);
}

/** Of a signature in its BIT STRING: two numbers of 66 octets with their headers for P-521, the modulus's octets for RSA. */
function maxSignatureBytes(key: SubjectKey): number {
  return key.kind === 'rsa' ? key.modulus.length + 5 : 145;
}

/** A serial number of 134 random bits: 17 octets, positive, never zero (RFC 5280, 4.1.2.2). */
export function createSerialNumber(): Uint8Array<ArrayBuffer> {
  const octets = takeRandom(17);
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40;
  return octets;
}

/**
 * A serial number of 128 random bits behind the last 30 of `timeMs`: 20 octets, the most there may be, positive. What is issued
 * one after the other stands side by side in an index, which otherwise writes a page for each.
 */
export function createOrderedSerialNumber(timeMs: number): Uint8Array<ArrayBuffer> {
  const octets = takeRandom(20);
  new DataView(octets.buffer, octets.byteOffset).setUint32(0, 2 ** 30 + (timeMs % 2 ** 30));
  return octets;
}

/** Drawn at once: a call for each would cost a third of a signature. No octets are given out twice. */
let pool = new Uint8Array(0);
let taken = 0;

function takeRandom(count: number): Uint8Array<ArrayBuffer> {
  if (taken + count > pool.length) {
    pool = globalThis.crypto.getRandomValues(new Uint8Array(4096));
    taken = 0;
  }
  taken += count;
  return pool.subarray(taken - count, taken);
}
