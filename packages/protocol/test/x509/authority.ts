/** Authorities of the tests: real keys, real certificates, written by our own writer. */
import type { DerValue } from '@signpost/protocol/asn1/writer';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import type { CertificateSigner } from '@signpost/protocol/keys/private-key';
import { createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { deriveKeyIdentifier } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { type AttributeToWrite, createName, type DistinguishedName } from '@signpost/protocol/x509/name';
import {
  type CertificateToWrite,
  createSerialNumber,
  signCertificate,
} from '@signpost/protocol/x509/write-certificate';
import { type ExtensionsToWrite, encodeExtensions } from '@signpost/protocol/x509/write-extensions';

/** When the tests take place, a whole second: today, since GnuTLS knows no other day. */
export const now: number = Math.floor(Date.now() / 1000) * 1000;
const dayMs = 86_400_000;

/** A name, its key, and a certificate for both. */
export interface Party {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
  readonly pkcs8: Uint8Array<ArrayBuffer>;
}

/** What may be asked of a certificate; everything has a value that makes it good. */
export interface PartyOptions {
  readonly issuer?: Party;
  readonly name?: readonly AttributeToWrite[];
  readonly keyType?: KeyType;
  /** Instead of a new key. */
  readonly pkcs8?: Uint8Array<ArrayBuffer>;
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly serialNumber?: Uint8Array;
  /** Beside, or instead of, what such a certificate has. `undefined` takes an extension away. */
  readonly extensions?: { readonly [Name in keyof ExtensionsToWrite]: ExtensionsToWrite[Name] | undefined };
  readonly moreExtensions?: readonly DerValue[];
}

/** An authority: the root of its own, or one below `issuer`. */
export function createAuthority(options: PartyOptions = {}): Promise<Party> {
  return createParty(options.name ?? [['CN', options.issuer ? 'Intermediate' : 'Root']], options, {
    basicConstraints: { isAuthority: true, pathLength: undefined },
    keyUsage: ['keyCertSign', 'cRLSign'],
  });
}

/** A server, `host.example.com` unless its names are given. */
export function createServer(options: PartyOptions = {}): Promise<Party> {
  return createParty(options.name ?? [['CN', 'host.example.com']], options, {
    basicConstraints: { isAuthority: false, pathLength: undefined },
    keyUsage: ['digitalSignature'],
    extendedKeyUsage: { purposes: ['1.3.6.1.5.5.7.3.1'] },
    subjectAlternativeName: { names: [dns('host.example.com')] },
  });
}

/** A host name as a general name. */
export function dns(text: string): GeneralName {
  return { kind: 'dns', text };
}

/** A name as a general name. */
export function directory(attributes: readonly AttributeToWrite[]): GeneralName {
  return { kind: 'directory', name: createName(attributes) };
}

async function createParty(
  name: readonly AttributeToWrite[],
  options: PartyOptions,
  usual: ExtensionsToWrite,
): Promise<Party> {
  const pkcs8 = options.pkcs8 ?? (await createPrivateKey(options.keyType ?? { kind: 'ecdsa', curve: 'P-256' }));
  const signer = await createCertificateSigner(pkcs8);
  const subject = createName(name);
  const issuer = options.issuer ?? { signer, certificate: { subject } };
  const written = await describe(signer, subject, { issuer, options, usual });
  return { certificate: parseCertificate(await signCertificate(written, issuer.signer)), signer, pkcs8 };
}

interface Description {
  readonly issuer: {
    readonly signer: CertificateSigner;
    readonly certificate: { readonly subject: DistinguishedName };
  };
  readonly options: PartyOptions;
  readonly usual: ExtensionsToWrite;
}

async function describe(
  signer: CertificateSigner,
  subject: DistinguishedName,
  { issuer, options, usual }: Description,
): Promise<CertificateToWrite> {
  const all = {
    ...usual,
    subjectKeyIdentifier: await deriveKeyIdentifier(signer.subjectKey),
    authorityKeyIdentifier: await deriveKeyIdentifier(issuer.signer.subjectKey),
    ...options.extensions,
  };
  const extensions = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return {
    serialNumber: options.serialNumber ?? createSerialNumber(),
    issuer: issuer.certificate.subject,
    subject,
    notBefore: options.notBefore ?? now - dayMs,
    notAfter: options.notAfter ?? now + 90 * dayMs,
    spki: signer.subjectKey.spki,
    extensions: [...encodeExtensions(extensions), ...(options.moreExtensions ?? [])],
  };
}
