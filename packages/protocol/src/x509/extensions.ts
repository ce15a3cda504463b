/** Extensions of certificates (RFC 5280, 4.2): all as they stand, the known ones understood. */
import { refuseDer } from '../asn1/malformed.ts';
import { type DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { boolean, type DerValue, octetString, oid, sequence, wrapOctets } from '../asn1/writer.ts';
import {
  type CertificatePolicy,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyMapping,
  readCertificatePolicies,
  readInhibitAnyPolicy,
  readNameConstraints,
  readPolicyConstraints,
  readPolicyMappings,
} from './constraint-extensions.ts';
import { type GeneralName, readGeneralNames } from './general-name.ts';
import {
  type AccessDescription,
  type DistributionPoint,
  readAccessDescriptions,
  readDistributionPoints,
} from './location-extensions.ts';
import { extensionOids } from './oids.ts';
import {
  type AuthorityKeyIdentifier,
  type BasicConstraints,
  type KeyUsage,
  readAuthorityKeyIdentifier,
  readBasicConstraints,
  readExtendedKeyUsage,
  readKeyUsage,
  readSubjectKeyIdentifier,
  readTlsFeature,
} from './usage-extensions.ts';

/** An extension as it stands. */
export interface RawExtension {
  readonly oid: string;
  readonly critical: boolean;
  /** What the octet string holds. */
  readonly value: Uint8Array<ArrayBuffer>;
}

/** An extension that is understood. */
export interface Extension<T> {
  readonly critical: boolean;
  readonly value: T;
}

/** The extensions that are understood; a missing one is missing. */
export interface KnownExtensions {
  readonly basicConstraints?: Extension<BasicConstraints>;
  readonly keyUsage?: Extension<ReadonlySet<KeyUsage>>;
  readonly extendedKeyUsage?: Extension<readonly string[]>;
  readonly subjectAlternativeName?: Extension<readonly GeneralName[]>;
  readonly issuerAlternativeName?: Extension<readonly GeneralName[]>;
  readonly subjectKeyIdentifier?: Extension<Uint8Array<ArrayBuffer>>;
  readonly authorityKeyIdentifier?: Extension<AuthorityKeyIdentifier>;
  readonly nameConstraints?: Extension<NameConstraints>;
  readonly certificatePolicies?: Extension<readonly CertificatePolicy[]>;
  readonly policyMappings?: Extension<readonly PolicyMapping[]>;
  readonly policyConstraints?: Extension<PolicyConstraints>;
  readonly inhibitAnyPolicy?: Extension<number>;
  readonly crlDistributionPoints?: Extension<readonly DistributionPoint[]>;
  readonly freshestCrl?: Extension<readonly DistributionPoint[]>;
  readonly authorityInformationAccess?: Extension<readonly AccessDescription[]>;
  readonly subjectInformationAccess?: Extension<readonly AccessDescription[]>;
  readonly tlsFeature?: Extension<readonly number[]>;
  /** The holder, an OCSP responder, is not asked about. */
  readonly ocspNoCheck?: Extension<true>;
  /** The TLS-encoded list of RFC 6962, 3.3. */
  readonly signedCertificateTimestamps?: Extension<Uint8Array<ArrayBuffer>>;
}

type Readers = { readonly [Name in keyof KnownExtensions]-?: (reader: DerReader) => ValueOf<Name> };
type ValueOf<Name extends keyof KnownExtensions> = NonNullable<KnownExtensions[Name]>['value'];

const readers: Readers = {
  basicConstraints: readBasicConstraints,
  keyUsage: readKeyUsage,
  extendedKeyUsage: readExtendedKeyUsage,
  subjectAlternativeName: readGeneralNames,
  issuerAlternativeName: readGeneralNames,
  subjectKeyIdentifier: readSubjectKeyIdentifier,
  authorityKeyIdentifier: readAuthorityKeyIdentifier,
  nameConstraints: readNameConstraints,
  certificatePolicies: readCertificatePolicies,
  policyMappings: readPolicyMappings,
  policyConstraints: readPolicyConstraints,
  inhibitAnyPolicy: readInhibitAnyPolicy,
  crlDistributionPoints: readDistributionPoints,
  freshestCrl: readDistributionPoints,
  authorityInformationAccess: readAccessDescriptions,
  subjectInformationAccess: readAccessDescriptions,
  tlsFeature: readTlsFeature,
  ocspNoCheck: readNoCheck,
  signedCertificateTimestamps: (reader) => reader.readOctetString(),
};

/** Known extensions by their identifiers. */
const knownNames: ReadonlyMap<string, keyof KnownExtensions> = new Map(
  (Object.keys(readers) as (keyof KnownExtensions)[]).map((name) => [extensionOids[name], name]),
);

function readNoCheck(reader: DerReader): true {
  reader.readNull();
  return true;
}

const maxExtensions = 256;

/** Extensions: at least one, none twice (RFC 5280, 4.2). `tag` when they stand under an IMPLICIT one. Throws `malformed`. */
export function readExtensions(reader: DerReader, tag: number = tags.sequence): readonly RawExtension[] {
  const extensions = reader.readConstructed(tag).readAll(readExtension);
  if (extensions.length === 0 || extensions.length > maxExtensions) throw refuseDer(`1 to ${maxExtensions} extensions`);
  if (new Set(extensions.map((one) => one.oid)).size < extensions.length) throw refuseDer('each extension once');
  return extensions;
}

function readExtension(reader: DerReader): RawExtension {
  const inner = reader.readSequence();
  const extension = { oid: inner.readOid(), critical: inner.readDefaultFalse(), value: inner.readOctetString() };
  inner.assertEnd();
  return extension;
}

/** The known ones among `extensions`. Throws `malformed` for a known one that is not as its standard says. */
export function interpretExtensions(extensions: readonly RawExtension[]): KnownExtensions {
  const known: Partial<Record<keyof KnownExtensions, Extension<unknown>>> = {};
  for (const { oid: identifier, critical, value } of extensions) {
    const name = knownNames.get(identifier);
    if (name) known[name] = { critical, value: parseExtension<unknown>(value, readers[name]) };
  }
  return known as KnownExtensions;
}

/** What `read` makes of an extension's value. Throws `malformed`. */
export function parseExtension<T>(value: Uint8Array<ArrayBuffer>, read: (reader: DerReader) => T): T {
  return parseDer(value, { maxBytes: value.length }, read);
}

/** Whether an extension is among those that `KnownExtensions` holds. */
export function isKnownExtension(identifier: string): boolean {
  return knownNames.has(identifier);
}

/** An extension to be written. */
export function extension(identifier: string, value: DerValue, { critical }: { readonly critical: boolean }): DerValue {
  return sequence(oid(identifier), critical ? boolean(true) : undefined, wrapOctets(value));
}

/** An extension to be written as it was read. */
export function rewriteExtension({ oid: identifier, critical, value }: RawExtension): DerValue {
  return sequence(oid(identifier), critical ? boolean(true) : undefined, octetString(value));
}
