/** Object identifiers of CMS (RFC 5652), timestamps (RFC 3161, RFC 5035) and PKCS#12 (RFC 7292). */

/** What a message holds. */
export const contentTypes = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  encryptedData: '1.2.840.113549.1.7.6',
  timestampInfo: '1.2.840.113549.1.9.16.1.4',
} as const;

/** Attributes of signers and of what PKCS#12 keeps. */
export const attributeTypes = {
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  timestampToken: '1.2.840.113549.1.9.16.2.14',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
} as const;

/** What stands in the bags of PKCS#12 (RFC 7292, 4.2). */
export const bagTypes = {
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  nested: '1.2.840.113549.1.12.10.1.6',
} as const;

/** X.509, as the kind of certificate in a bag (RFC 7292, 4.2.3). */
export const x509Certificate = '1.2.840.113549.1.9.22.1';
