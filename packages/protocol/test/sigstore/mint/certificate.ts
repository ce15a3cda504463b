/** Signers' certificates of the tests, with the timestamps of certificate logs in them. */
import { type DerValue, encodeDer, octetString } from '@signpost/protocol/asn1/writer';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import { type CertificateSigner, createCertificateSigner, createPrivateKey } from '@signpost/protocol/keys/private-key';
import { deriveKeyIdentifier } from '@signpost/protocol/keys/subject-key';
import { type Certificate, parseCertificate } from '@signpost/protocol/x509/certificate';
import type { RawExtension } from '@signpost/protocol/x509/extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { type AttributeToWrite, createName } from '@signpost/protocol/x509/name';
import { extensionOids, purposes } from '@signpost/protocol/x509/oids';
import { createSerialNumber, signCertificate } from '@signpost/protocol/x509/write-certificate';
import { type ExtensionsToWrite, encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import type { Party } from '../../x509/authority.ts';
import { describeClaims, releaseClaims, releaseSubject } from './claims.ts';
import { type LogKey, minuteMs, signedAt } from './instance.ts';

/** A signer's key and the certificate for it. */
export interface Signer {
  readonly certificate: Certificate;
  readonly signer: CertificateSigner;
}

/** What may be asked of a certificate; everything has a value that makes it good. */
export interface CertificateChanges {
  readonly issuer?: Party;
  readonly subject?: readonly AttributeToWrite[];
  readonly names?: readonly GeneralName[];
  readonly claims?: readonly RawExtension[];
  /** `undefined` takes an extension away. */
  readonly extensions?: { readonly [Name in keyof ExtensionsToWrite]: ExtensionsToWrite[Name] | undefined };
  readonly moreExtensions?: readonly RawExtension[];
  readonly notBefore?: number;
  readonly notAfter?: number;
  readonly keyType?: KeyType;
  /** The timestamps of logs, one unless told otherwise. */
  readonly timestamps?: readonly TimestampChanges[];
}

/** What may be asked of a log's timestamp. */
interface TimestampChanges {
  readonly log?: LogKey;
  readonly time?: number;
  readonly logId?: Uint8Array;
  /** The certificate's issuer, as the log has it. */
  readonly issuer?: Party;
  readonly extensions?: Uint8Array;
  readonly version?: number;
  /** What becomes of the signature. */
  readonly damage?: (signature: Uint8Array) => Uint8Array;
}

/** A certificate as Fulcio's, valid for ten minutes. */
export async function createSigner(
  { authority, log }: { readonly authority: Party; readonly log: LogKey },
  changes: CertificateChanges = {},
): Promise<Signer> {
  const issuer = changes.issuer ?? authority;
  const keyType = changes.keyType ?? ({ kind: 'ecdsa', curve: 'P-256' } as const);
  const signer = await createCertificateSigner(await createPrivateKey(keyType));
  const body = {
    serialNumber: createSerialNumber(),
    issuer: issuer.certificate.subject,
    subject: createName(changes.subject ?? []),
    notBefore: changes.notBefore ?? signedAt - minuteMs,
    notAfter: changes.notAfter ?? signedAt + 9 * minuteMs,
    spki: signer.subjectKey.spki,
  };
  const extensions = await describeExtensions(signer, issuer, changes);
  const before = parseCertificate(await signCertificate({ ...body, extensions }, issuer.signer));
  const timestamps = changes.timestamps ?? [{}];
  if (timestamps.length === 0) return { certificate: before, signer };
  const list = await Promise.all(timestamps.map((one) => signTimestamp(before, one, { issuer, log })));
  const withTimestamps = [...extensions, ...encodeExtensions({ others: [describeTimestamps(list)] })];
  const bytes = await signCertificate({ ...body, extensions: withTimestamps }, issuer.signer);
  return { certificate: parseCertificate(bytes), signer };
}

async function describeExtensions(
  signer: CertificateSigner,
  issuer: Party,
  changes: CertificateChanges,
): Promise<readonly DerValue[]> {
  const all = {
    keyUsage: ['digitalSignature'] as const,
    extendedKeyUsage: { purposes: [purposes.codeSigning] },
    subjectKeyIdentifier: await deriveKeyIdentifier(signer.subjectKey),
    authorityKeyIdentifier: await deriveKeyIdentifier(issuer.signer.subjectKey),
    subjectAlternativeName: { names: changes.names ?? [releaseSubject], critical: true },
    ...changes.extensions,
    others: [...(changes.claims ?? describeClaims(releaseClaims)), ...(changes.moreExtensions ?? [])],
  };
  return encodeExtensions(Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)));
}

/** The extension with a list of timestamps (RFC 6962, 3.3). */
function describeTimestamps(list: readonly Uint8Array[]): RawExtension {
  const vector = prefixLength(concat(...list.map((one) => prefixLength(one, 2))), 2);
  return {
    oid: extensionOids.signedCertificateTimestamps,
    critical: false,
    value: encodeDer(octetString(vector)),
  };
}

/** RFC 6962, 3.2: version, log, time, extensions, SHA-256 with ECDSA, signature. */
async function signTimestamp(
  certificate: Certificate,
  changes: TimestampChanges,
  usual: { readonly issuer: Party; readonly log: LogKey },
): Promise<Uint8Array> {
  const { signer, logId } = changes.log ?? usual.log;
  const { spki } = (changes.issuer ?? usual.issuer).signer.subjectKey;
  const issuerKeyHash = new Uint8Array(await globalThis.crypto.subtle.digest('SHA-256', spki));
  const version = Uint8Array.of(changes.version ?? 0);
  const time = number(changes.time ?? signedAt - minuteMs, 8);
  const extensions = prefixLength(changes.extensions ?? new Uint8Array(), 2);
  const tbs = prefixLength(certificate.signedBytes, 3);
  const signed = concat(version, Uint8Array.of(0), time, number(1, 2), issuerKeyHash, tbs, extensions);
  const signature = await signer.sign(signed);
  const shown = changes.damage?.(signature) ?? signature;
  return concat(version, changes.logId ?? logId, time, extensions, Uint8Array.of(4, 3), prefixLength(shown, 2));
}

function prefixLength(bytes: Uint8Array, size: number): Uint8Array {
  return concat(number(bytes.length, size), bytes);
}

function number(value: number, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, at) => Math.floor(value / 256 ** (size - 1 - at)) % 256);
}

/** One after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
