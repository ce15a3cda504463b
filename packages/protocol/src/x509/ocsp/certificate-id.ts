/** How OCSP names a certificate: by hashes of its issuer's name and key, and its serial number (RFC 6960, 4.1.1). */
import { refuseDer } from '../../asn1/malformed.ts';
import type { DerReader } from '../../asn1/reader.ts';
import { tags } from '../../asn1/tag.ts';
import { type DerValue, octetString, primitive, sequence } from '../../asn1/writer.ts';
import { encodeHex } from '../../bytes/hex.ts';
import { TrustError } from '../../errors.ts';
import { algorithmIdentifier, assertNullParameters, readAlgorithmIdentifier } from '../../keys/algorithm-identifier.ts';
import { type HashName, hashes } from '../../keys/signature-algorithm.ts';
import { parseSubjectKey } from '../../keys/subject-key.ts';
import type { Certificate } from '../certificate.ts';

/** A hash that names an issuer. Nothing is proven by it: SHA-1, which RFC 5019 demands of clients, does no harm here. */
export type IdHash = 'SHA-1' | HashName;

/** The identifiers and lengths of those hashes. */
const idHashes: Readonly<Record<IdHash, { readonly oid: string; readonly bytes: number }>> = {
  'SHA-1': { oid: '1.3.14.3.2.26', bytes: 20 },
  ...hashes,
};

/** What an issuer is called under one hash. */
export interface IssuerHashes {
  readonly hash: IdHash;
  readonly nameHash: Uint8Array<ArrayBuffer>;
  readonly keyHash: Uint8Array<ArrayBuffer>;
}

/** A certificate as OCSP names it. */
export interface CertificateId extends IssuerHashes {
  /** The content octets of the integer. */
  readonly serialNumber: Uint8Array<ArrayBuffer>;
}

/** The certificate that is named next. Throws `algorithm_unsupported` for other hashes, otherwise `malformed`. */
export function readCertificateId(reader: DerReader): CertificateId {
  const id = reader.readSequence();
  const hash = readIdHash(id);
  const nameHash = id.readOctetString();
  const keyHash = id.readOctetString();
  const serialNumber = id.readIntegerContent();
  id.assertEnd();
  const { bytes } = idHashes[hash];
  if (nameHash.length !== bytes || keyHash.length !== bytes) throw refuseDer(`hashes of ${bytes} octets`);
  if (serialNumber.length > maxSerialBytes) throw refuseDer(`a serial number of at most ${maxSerialBytes} octets`);
  return { hash, nameHash, keyHash, serialNumber };
}

/** Above the 20 of RFC 5280, 4.1.2.2 and the sign. */
const maxSerialBytes = 64;

function readIdHash(reader: DerReader): IdHash {
  const identifier = readAlgorithmIdentifier(reader);
  const name = (Object.keys(idHashes) as IdHash[]).find((one) => idHashes[one].oid === identifier.oid);
  if (!name) throw new TrustError('algorithm_unsupported', `expected SHA-1 or SHA-2, got algorithm ${identifier.oid}`);
  assertNullParameters(identifier);
  return name;
}

/** A certificate's name to be written, with NULL beside the hash as all clients write it. */
export function encodeCertificateId({ hash, nameHash, keyHash, serialNumber }: CertificateId): DerValue {
  const algorithm = algorithmIdentifier(idHashes[hash].oid, 'null');
  return sequence(algorithm, octetString(nameHash), octetString(keyHash), primitive(tags.integer, serialNumber));
}

/** What an authority is called under `hash`. Throws as `parseSubjectKey` does. */
export async function deriveIssuerHashes(
  { subject, spki }: Pick<Certificate, 'subject' | 'spki'>,
  hash: IdHash,
): Promise<IssuerHashes> {
  const nameHash = new Uint8Array(await globalThis.crypto.subtle.digest(hash, subject.bytes));
  return { hash, nameHash, keyHash: await deriveKeyHash(spki, hash) };
}

/** The hash of a public key's bits. Throws as `parseSubjectKey` does. */
export async function deriveKeyHash(spki: Uint8Array<ArrayBuffer>, hash: IdHash): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await globalThis.crypto.subtle.digest(hash, parseSubjectKey(spki).keyBits));
}

/** What OCSP calls a certificate, with its issuer's key. Throws as `parseSubjectKey` does. */
export async function createCertificateId(
  { issuer: subject, serialNumber }: Pick<Certificate, 'issuer' | 'serialNumber'>,
  { spki }: Pick<Certificate, 'spki'>,
  hash: IdHash = 'SHA-1',
): Promise<CertificateId> {
  // 4.1.1: the issuer's name as it stands in the certificate that is asked about.
  return { ...(await deriveIssuerHashes({ subject, spki }, hash)), serialNumber };
}

/** Whether two names are of the same certificate; under two hashes they are not comparable, and so not the same. */
export function isSameCertificateId(left: CertificateId, right: CertificateId): boolean {
  return describe(left) === describe(right);
}

function describe({ hash, nameHash, keyHash, serialNumber }: CertificateId): string {
  return [hash, encodeHex(nameHash), encodeHex(keyHash), encodeHex(serialNumber)].join(' ');
}
