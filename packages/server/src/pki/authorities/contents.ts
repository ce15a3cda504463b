/** What the certificates of authorities say (RFC 5280, 4.2.1.9 and around). */
import { deriveKeyIdentifier, type SubjectKey } from '@signpost/protocol/keys/subject-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { NameConstraints } from '@signpost/protocol/x509/constraint-extensions';
import type { DistinguishedName } from '@signpost/protocol/x509/name';
import { accessMethods } from '@signpost/protocol/x509/oids';
import type { KeyUsage } from '@signpost/protocol/x509/usage-extensions';
import { type CertificateToWrite, createSerialNumber } from '@signpost/protocol/x509/write-certificate';
import { type ExtensionsToWrite, encodeExtensions } from '@signpost/protocol/x509/write-extensions';

/** How far before its issue an authority's certificate is valid: clocks of clients run late by minutes. */
export const backdatingMs: number = 5 * 60_000;

/** What an authority's key is for; digitalSignature lets it sign OCSP answers by itself. */
export const authorityKeyUsage: readonly KeyUsage[] = ['digitalSignature', 'keyCertSign', 'cRLSign'];

/** What is to be certified. */
export interface AuthorityWish {
  readonly subject: DistinguishedName;
  readonly subjectKey: SubjectKey;
  /** How many authorities may follow; `undefined`: any number. */
  readonly pathLength: number | undefined;
  readonly nameConstraints?: NameConstraints;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Where those who hold a certificate find what its issuer publishes. */
export interface IssuerLocations {
  readonly certificate: string;
  readonly revocationList: string;
}

/** The certificate that a root gives itself. */
export async function composeRoot(wish: AuthorityWish): Promise<CertificateToWrite> {
  return compose(wish, wish.subject, {
    authorityKeyIdentifier: await deriveKeyIdentifier(wish.subjectKey),
  });
}

/** The certificate that `issuer` gives another authority, with the addresses of what `issuer` publishes. */
export async function composeSubordinate(
  wish: AuthorityWish,
  issuer: Certificate,
  locations: IssuerLocations | undefined,
): Promise<CertificateToWrite> {
  const authorityKeyIdentifier = issuer.extensions.subjectKeyIdentifier?.value;
  return compose(wish, issuer.subject, {
    ...(authorityKeyIdentifier && { authorityKeyIdentifier }),
    ...(locations && {
      crlDistributionPoints: [locations.revocationList],
      authorityInformationAccess: [
        { method: accessMethods.caIssuers, location: { kind: 'uri', text: locations.certificate } },
      ],
    }),
  });
}

async function compose(
  wish: AuthorityWish,
  issuer: DistinguishedName,
  others: ExtensionsToWrite,
): Promise<CertificateToWrite> {
  const { subject, subjectKey, notBefore, notAfter } = wish;
  const extensions: ExtensionsToWrite = {
    basicConstraints: { isAuthority: true, pathLength: wish.pathLength },
    keyUsage: authorityKeyUsage,
    subjectKeyIdentifier: await deriveKeyIdentifier(subjectKey),
    ...(wish.nameConstraints && { nameConstraints: wish.nameConstraints }),
    ...others,
  };
  return {
    serialNumber: createSerialNumber(),
    issuer,
    subject,
    notBefore,
    notAfter,
    spki: subjectKey.spki,
    extensions: encodeExtensions(extensions),
  };
}
