/** X.509 certificates (RFC 5280, 4.1), parsed and not verified. */
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader, parseDer } from '../asn1/reader.ts';
import { contextTag, tags } from '../asn1/tag.ts';
import { assertDer } from '../asn1/walk.ts';
import { type AlgorithmIdentifier, readAlgorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { interpretExtensions, type KnownExtensions, type RawExtension, readExtensions } from './extensions.ts';
import { type DistinguishedName, isSameName, readName } from './name.ts';

/** Above this a certificate is refused unread. */
export const maxCertificateBytes: number = 256 * 1024;

/** Something with a signature around it (RFC 5280, 4.1.1). */
export interface SignedStructure {
  /** What the signature is over. */
  readonly signedBytes: Uint8Array<ArrayBuffer>;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array<ArrayBuffer>;
}

/** A certificate as it says it is. Nothing is verified: see `verifyCertificate`. */
export interface Certificate extends SignedStructure {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly version: 1 | 2 | 3;
  /** The content octets of the integer: minimal, two's complement. */
  readonly serialNumber: Uint8Array<ArrayBuffer>;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** Unix ms, inclusive. */
  readonly notBefore: number;
  /** Unix ms of the last second, inclusive. */
  readonly notAfter: number;
  /** SubjectPublicKeyInfo; of which algorithm is not looked at. */
  readonly spki: Uint8Array<ArrayBuffer>;
  /** Whether there are identifiers of X.509 version 2, which RFC 5280, 4.1.2.8 wants read and never written. */
  readonly hasUniqueIds: boolean;
  readonly extensions: KnownExtensions;
  /** All extensions in order, the unknown ones too. */
  readonly allExtensions: readonly RawExtension[];
}

/** Parses a DER certificate. Throws `too_large` above `maxCertificateBytes`, otherwise `malformed`. */
export function parseCertificate(bytes: Uint8Array<ArrayBuffer>): Certificate {
  return parseDer(bytes, { maxBytes: maxCertificateBytes }, (reader) => {
    const signed = readSigned(reader);
    const body = readBody(signed);
    return { bytes, ...signed, ...body };
  });
}

/** The three members of a signed structure. Throws `malformed`. */
export function readSigned(reader: DerReader): SignedStructure {
  const outer = reader.readSequence();
  const signedBytes = outer.readElement().bytes;
  const signatureAlgorithm = readAlgorithmIdentifier(outer);
  const signature = outer.readBitOctets();
  outer.assertEnd();
  return { signedBytes, signatureAlgorithm, signature };
}

type Body = Omit<Certificate, 'bytes' | keyof SignedStructure>;

function readBody({ signedBytes, signatureAlgorithm }: SignedStructure): Body {
  const reader = new DerReader(signedBytes).readSequence();
  const version = readVersion(reader);
  const serialNumber = reader.readIntegerContent();
  assertSameAlgorithm(readAlgorithmIdentifier(reader), signatureAlgorithm);
  const issuer = readName(reader);
  const [notBefore, notAfter] = readValidity(reader);
  const subject = readName(reader);
  const spki = readKeyInfo(reader);
  const uniqueIds = [1, 2].map((tag) =>
    reader.readOptional(contextTag(tag), (one) => one.readBitString(contextTag(tag))),
  );
  const hasUniqueIds = uniqueIds.some((id) => id !== undefined);
  if (hasUniqueIds && version === 1) throw refuseDer('no unique identifiers in version 1');
  const allExtensions = reader.readExplicit(3, readExtensions) ?? [];
  reader.assertEnd();
  if (allExtensions.length > 0 && version !== 3) throw refuseDer('version 3, which alone has extensions');
  const extensions = interpretExtensions(allExtensions);
  return { version, serialNumber, issuer, subject, notBefore, notAfter, spki, hasUniqueIds, extensions, allExtensions };
}

/** SubjectPublicKeyInfo, DER at every level; of which algorithm is not looked at. Throws `malformed`. */
export function readKeyInfo(reader: DerReader): Uint8Array<ArrayBuffer> {
  const { tag, bytes } = reader.readElement();
  if (tag !== tags.sequence) throw refuseDer('public key information');
  assertDer(bytes);
  return bytes;
}

function readVersion(reader: DerReader): 1 | 2 | 3 {
  const number = reader.readExplicit(0, (one) => one.readSmallInteger());
  if (number === undefined) return 1;
  // Zero is the default, which DER does not write.
  if (number === 1) return 2;
  if (number === 2) return 3;
  throw refuseDer('a certificate of version 1, 2 or 3');
}

function readValidity(reader: DerReader): readonly [number, number] {
  const validity = reader.readSequence();
  const times = [validity.readTime(), validity.readTime()] as const;
  validity.assertEnd();
  return times;
}

/** RFC 5280, 4.1.1.2: what the signature covers and what stands beside it name the same algorithm. */
export function assertSameAlgorithm(inner: AlgorithmIdentifier, outer: AlgorithmIdentifier): void {
  const [left, right] = [inner, outer].map(({ oid, parameters }) => `${oid} ${parameters?.bytes}`);
  if (left !== right) throw refuseDer('the same signature algorithm inside and outside');
}

/** Whether issuer and subject are the same name (RFC 5280, 6.1). The key may be another. */
export function isSelfIssued({ issuer, subject }: Pick<Certificate, 'issuer' | 'subject'>): boolean {
  return isSameName(issuer, subject);
}

/** Whether a certificate says that it is an authority's. */
export function isAuthority({ extensions }: Certificate): boolean {
  return extensions.basicConstraints?.value.isAuthority === true;
}
