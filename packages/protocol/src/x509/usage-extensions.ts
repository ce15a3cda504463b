/** Extensions about what a key may do: RFC 5280, 4.2.1.1 to 4.2.1.3, 4.2.1.9 and 4.2.1.12. */
import { refuseDer } from '../asn1/malformed.ts';
import type { DerReader } from '../asn1/reader.ts';
import { constructedTag, contextTag } from '../asn1/tag.ts';
import {
  boolean,
  type DerValue,
  integer,
  namedBits,
  octetString,
  oid,
  primitive,
  sequence,
  sequenceOf,
} from '../asn1/writer.ts';
import { type GeneralName, readGeneralNames } from './general-name.ts';

/** RFC 5280, 4.2.1.9. */
export interface BasicConstraints {
  readonly isAuthority: boolean;
  /** How many intermediates may follow; `undefined`: any number. */
  readonly pathLength: number | undefined;
}

export function readBasicConstraints(reader: DerReader): BasicConstraints {
  const inner = reader.readSequence();
  const isAuthority = inner.readDefaultFalse();
  const pathLength = inner.atEnd ? undefined : inner.readSmallInteger();
  inner.assertEnd();
  return { isAuthority, pathLength };
}

export function encodeBasicConstraints({ isAuthority, pathLength }: BasicConstraints): DerValue {
  return sequence(isAuthority ? boolean(true) : undefined, pathLength === undefined ? undefined : integer(pathLength));
}

/** The bits of key usage in their order (RFC 5280, 4.2.1.3). */
export const keyUsages = [
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** One thing that a key may be used for. */
export type KeyUsage = (typeof keyUsages)[number];

export function readKeyUsage(reader: DerReader): ReadonlySet<KeyUsage> {
  const mask = reader.readNamedBits();
  // RFC 5280, 4.2.1.3: when present, at least one bit is set.
  if (mask === 0 || mask >= 1 << keyUsages.length) throw refuseDer('one of nine key usages');
  return new Set(keyUsages.filter((_, bit) => mask & (1 << bit)));
}

export function encodeKeyUsage(usages: Iterable<KeyUsage>): DerValue {
  let mask = 0;
  for (const usage of usages) mask |= 1 << keyUsages.indexOf(usage);
  return namedBits(mask);
}

/** Dotted purposes, at least one. */
export function readExtendedKeyUsage(reader: DerReader): readonly string[] {
  const found = reader.readSequence().readAll((one) => one.readOid());
  if (found.length === 0) throw refuseDer('at least one purpose');
  return found;
}

export function encodeExtendedKeyUsage(given: readonly string[]): DerValue {
  return sequenceOf(given.map(oid));
}

export function readSubjectKeyIdentifier(reader: DerReader): Uint8Array<ArrayBuffer> {
  return reader.readOctetString();
}

export function encodeSubjectKeyIdentifier(identifier: Uint8Array): DerValue {
  return octetString(identifier);
}

/** RFC 5280, 4.2.1.1. */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array<ArrayBuffer> | undefined;
  readonly issuer: readonly GeneralName[] | undefined;
  /** Content octets. */
  readonly serialNumber: Uint8Array<ArrayBuffer> | undefined;
}

export function readAuthorityKeyIdentifier(reader: DerReader): AuthorityKeyIdentifier {
  const inner = reader.readSequence();
  const keyIdentifier = inner.readOptional(contextTag(0), (one) => one.readOctetString(contextTag(0)));
  const issuer = inner.readOptional(constructedTag(1), (one) => readGeneralNames(one, constructedTag(1)));
  const serialNumber = inner.readOptional(contextTag(2), (one) => one.readIntegerContent(contextTag(2)));
  inner.assertEnd();
  // RFC 5280, appendix A.2: both or neither.
  if ((issuer === undefined) !== (serialNumber === undefined)) throw refuseDer('issuer and serial number together');
  return { keyIdentifier, issuer, serialNumber };
}

/** With the key identifier alone, as RFC 5280 wants and CA/Browser Forum demands. */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): DerValue {
  return sequence(primitive(contextTag(0), keyIdentifier));
}

/** RFC 7633: the TLS extensions that a server must offer; 5 is a stapled OCSP answer. */
export function readTlsFeature(reader: DerReader): readonly number[] {
  return reader.readSequence().readAll((one) => one.readSmallInteger());
}

export function encodeTlsFeature(features: readonly number[]): DerValue {
  return sequenceOf(features.map(integer));
}
