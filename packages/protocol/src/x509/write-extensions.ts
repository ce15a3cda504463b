/** Extensions to be written, each with the criticality that RFC 5280 wants. */
import { type DerValue, nothing, sequenceOf } from '../asn1/writer.ts';
import {
  encodeCertificatePolicies,
  encodeInhibitAnyPolicy,
  encodeNameConstraints,
  encodePolicyConstraints,
  encodePolicyMappings,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyMapping,
  type PolicyToWrite,
} from './constraint-extensions.ts';
import { extension, type RawExtension, rewriteExtension } from './extensions.ts';
import { encodeGeneralName, type GeneralName } from './general-name.ts';
import { type AccessDescription, encodeAccessDescriptions, encodeDistributionPoints } from './location-extensions.ts';
import { extensionOids } from './oids.ts';
import {
  type BasicConstraints,
  encodeAuthorityKeyIdentifier,
  encodeBasicConstraints,
  encodeExtendedKeyUsage,
  encodeKeyUsage,
  encodeSubjectKeyIdentifier,
  encodeTlsFeature,
  type KeyUsage,
} from './usage-extensions.ts';

/** What a certificate or request is to say. What is left out is not written. */
export interface ExtensionsToWrite {
  readonly basicConstraints?: BasicConstraints;
  readonly keyUsage?: readonly KeyUsage[];
  readonly extendedKeyUsage?: { readonly purposes: readonly string[]; readonly critical?: boolean };
  /** Critical where the subject is empty. */
  readonly subjectAlternativeName?: { readonly names: readonly GeneralName[]; readonly critical?: boolean };
  readonly subjectKeyIdentifier?: Uint8Array;
  readonly authorityKeyIdentifier?: Uint8Array;
  readonly nameConstraints?: NameConstraints;
  readonly certificatePolicies?: readonly PolicyToWrite[];
  readonly policyMappings?: readonly PolicyMapping[];
  readonly policyConstraints?: PolicyConstraints;
  readonly inhibitAnyPolicy?: number;
  /** Addresses of one and the same list. */
  readonly crlDistributionPoints?: readonly string[];
  readonly freshestCrl?: readonly string[];
  readonly authorityInformationAccess?: readonly AccessDescription[];
  readonly tlsFeature?: readonly number[];
  readonly ocspNoCheck?: true;
  /** Written as they are, at the end. */
  readonly others?: readonly RawExtension[];
}

type Written<T> = { readonly encode: (value: T) => DerValue; readonly critical: boolean | ((value: T) => boolean) };
type Name = Exclude<keyof ExtensionsToWrite, 'others'>;
type Writers = { readonly [N in Name]-?: Written<NonNullable<ExtensionsToWrite[N]>> };

const writers: Writers = {
  basicConstraints: { encode: encodeBasicConstraints, critical: true },
  keyUsage: { encode: encodeKeyUsage, critical: true },
  extendedKeyUsage: {
    encode: ({ purposes }) => encodeExtendedKeyUsage(purposes),
    critical: ({ critical }) => critical === true,
  },
  subjectAlternativeName: {
    encode: ({ names }) => sequenceOf(names.map(encodeGeneralName)),
    critical: ({ critical }) => critical === true,
  },
  subjectKeyIdentifier: { encode: encodeSubjectKeyIdentifier, critical: false },
  authorityKeyIdentifier: { encode: encodeAuthorityKeyIdentifier, critical: false },
  nameConstraints: { encode: encodeNameConstraints, critical: true },
  certificatePolicies: { encode: encodeCertificatePolicies, critical: false },
  policyMappings: { encode: encodePolicyMappings, critical: true },
  policyConstraints: { encode: encodePolicyConstraints, critical: true },
  inhibitAnyPolicy: { encode: encodeInhibitAnyPolicy, critical: true },
  crlDistributionPoints: { encode: encodeDistributionPoints, critical: false },
  freshestCrl: { encode: encodeDistributionPoints, critical: false },
  authorityInformationAccess: { encode: encodeAccessDescriptions, critical: false },
  tlsFeature: { encode: encodeTlsFeature, critical: false },
  ocspNoCheck: { encode: nothing, critical: false },
};

const names = Object.keys(writers) as Name[];

/** The extensions to write, in a fixed order. Values may be kept and used for many certificates. */
export function encodeExtensions(extensions: ExtensionsToWrite): readonly DerValue[] {
  const values: DerValue[] = [];
  for (const name of names) {
    const value = extensions[name];
    if (value !== undefined) values.push(encodeExtension(name, value));
  }
  for (const other of extensions.others ?? []) values.push(rewriteExtension(other));
  return values;
}

/** One extension to write. */
export function encodeExtension<N extends Name>(name: N, value: NonNullable<ExtensionsToWrite[N]>): DerValue {
  const { encode, critical } = writers[name] as unknown as Written<typeof value>;
  const isCritical = typeof critical === 'function' ? critical(value) : critical;
  return extension(extensionOids[name], encode(value), { critical: isCritical });
}
