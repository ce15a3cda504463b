/** Which certificate a signer meant (RFC 5035; RFC 2634, 5.4): without it another one of the same key could be put in its place. */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { type DerValue, encoded, explicit, octetString, primitive, sequence } from '../asn1/writer.ts';
import { isSameBytes } from '../bytes/compare.ts';
import { TrustError } from '../errors.ts';
import { digestBytes } from '../keys/digest.ts';
import { type HashName, readHashAlgorithm } from '../keys/signature-algorithm.ts';
import type { Certificate } from '../x509/certificate.ts';
import { type GeneralName, readGeneralNames } from '../x509/general-name.ts';
import { isSameName } from '../x509/name.ts';
import { attributeTypes } from './oids.ts';
import type { SignerInfo } from './signed-data.ts';

/** ESSCertID or ESSCertIDv2. */
interface CertificateId {
  readonly hash: HashName | 'SHA-1';
  readonly digest: Uint8Array<ArrayBuffer>;
  readonly issuer: readonly GeneralName[] | undefined;
  readonly serialNumber: Uint8Array<ArrayBuffer> | undefined;
}

/**
 * Throws `timestamp_invalid` unless the signed attributes name this certificate. The first version is SHA-1 alone; that is
 * taken, since a second certificate of the same digest would also have to be signed by a trusted authority.
 */
export async function assertSigningCertificate(
  attributes: SignerInfo['signedAttributes'],
  certificate: Certificate,
): Promise<void> {
  const [second, first] = [attributeTypes.signingCertificateV2, attributeTypes.signingCertificate].map((type) =>
    attributes.get(type),
  );
  if (!first && !second) throw new TrustError('timestamp_invalid', 'expected the signing certificate to be named');
  if (second) await assertId(parseFirstId(second, readIdV2), certificate);
  if (first) await assertId(parseFirstId(first, readIdV1), certificate);
}

/** RFC 5035, 5: the first one is the signer's; others are those of its path. */
function parseFirstId(value: Uint8Array<ArrayBuffer>, read: (reader: DerReader) => CertificateId): CertificateId {
  return parseDer(value, { maxBytes: 64 * 1024 }, (reader) => {
    const inner = reader.readSequence();
    const [id] = inner.readSequence().readAll(read);
    inner.readOptional(tags.sequence, (policies) => policies.readElement());
    inner.assertEnd();
    if (!id) throw refuseDer('the identifier of a certificate');
    return id;
  });
}

function readIdV2(reader: DerReader): CertificateId {
  const inner = reader.readSequence();
  const hash = inner.readOptional(tags.sequence, readHashAlgorithm) ?? 'SHA-256';
  return { hash, ...readRest(inner) };
}

function readIdV1(reader: DerReader): CertificateId {
  return { hash: 'SHA-1', ...readRest(reader.readSequence()) };
}

function readRest(inner: DerReader): Omit<CertificateId, 'hash'> {
  const digest = inner.readOctetString();
  const issuerSerial = inner.readOptional(tags.sequence, readIssuerSerial);
  inner.assertEnd();
  return { digest, issuer: issuerSerial?.issuer, serialNumber: issuerSerial?.serialNumber };
}

function readIssuerSerial(reader: DerReader): Pick<CertificateId, 'issuer' | 'serialNumber'> {
  const inner = reader.readSequence();
  const issuer = readGeneralNames(inner);
  const serialNumber = inner.readIntegerContent();
  inner.assertEnd();
  return { issuer, serialNumber };
}

async function assertId(
  { hash, digest, issuer, serialNumber }: CertificateId,
  certificate: Certificate,
): Promise<void> {
  const own = await digestBytes(hash, certificate.bytes);
  const isNamed =
    issuer?.some((name) => name.kind === 'directory' && isSameName(name.name, certificate.issuer)) ?? true;
  const isNumbered = !serialNumber || isSameBytes(serialNumber, certificate.serialNumber);
  if (isSameBytes(own, digest) && isNamed && isNumbered) return;
  throw new TrustError('timestamp_invalid', 'expected the certificate that the signer named, got another');
}

/** SigningCertificateV2 of one certificate, with issuer and serial number, by SHA-256. */
export async function encodeSigningCertificate({ bytes, issuer, serialNumber }: Certificate): Promise<DerValue> {
  const digest = await digestBytes('SHA-256', bytes);
  const names = sequence(explicit(4, encoded(issuer.bytes)));
  // RFC 5035, 3: SHA-256 is the default, which DER does not write.
  const id = sequence(octetString(digest), sequence(names, primitive(tags.integer, serialNumber)));
  return sequence(sequence(id));
}
