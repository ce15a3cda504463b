/** Makes timestamp tokens (RFC 3161, 2.4.2; RFC 5816). */
import type { CertificateSigner } from '../keys/private-key.ts';
import type { Certificate } from '../x509/certificate.ts';
import { attributeTypes, contentTypes } from './oids.ts';
import { encodeSigningCertificate } from './signing-certificate.ts';
import { encodeTimestampInfo, type TimestampToWrite } from './timestamp-info.ts';
import { encodeSignedData, signedAttribute } from './write-signed-data.ts';

/** Signs timestamps with one certificate, whose digest is taken once. */
export interface TimestampSigner {
  /** A token, DER. `withCertificates`: with the certificates of the authority. */
  sign(info: TimestampToWrite, options: { readonly withCertificates: boolean }): Promise<Uint8Array<ArrayBuffer>>;
}

/** A signer for a certificate whose only purpose is timestamping; `chain` is what leads from it towards the root. */
export async function createTimestampSigner(
  certificate: Certificate,
  chain: readonly Certificate[],
  signer: CertificateSigner,
): Promise<TimestampSigner> {
  const value = await encodeSigningCertificate(certificate);
  const attributes = [signedAttribute(attributeTypes.signingCertificateV2, value)];
  const all = [certificate, ...chain].map(({ bytes }) => bytes);
  return {
    sign: (info, { withCertificates }) => {
      const content = encodeTimestampInfo(info);
      const certificates = withCertificates ? all : [];
      const message = { contentType: contentTypes.timestampInfo, content, certificate, certificates, attributes };
      return encodeSignedData(message, signer);
    },
  };
}
