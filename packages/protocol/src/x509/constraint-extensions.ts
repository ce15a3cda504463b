/** Extensions by which authorities bind those below: RFC 5280, 4.2.1.4, 4.2.1.5, 4.2.1.10, 4.2.1.11 and 4.2.1.14. */
import { refuseDer } from '../asn1/malformed.ts';
import type { DerReader } from '../asn1/reader.ts';
import { constructedTag, contextTag } from '../asn1/tag.ts';
import { assertDer } from '../asn1/walk.ts';
import { constructed, type DerValue, implicit, integer, oid, sequence, sequenceOf, string } from '../asn1/writer.ts';
import { encodeGeneralName, type GeneralName, readGeneralName } from './general-name.ts';

/** RFC 5280, 4.2.1.10. Names, each with all that stands below it. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

export function readNameConstraints(reader: DerReader): NameConstraints {
  const inner = reader.readSequence();
  const permitted = inner.readOptional(constructedTag(0), (one) => readSubtrees(one, 0));
  const excluded = inner.readOptional(constructedTag(1), (one) => readSubtrees(one, 1));
  inner.assertEnd();
  // "Conforming CAs MUST NOT issue certificates where name constraints is an empty sequence."
  if (!permitted && !excluded) throw refuseDer('permitted or excluded names');
  return { permitted: permitted ?? [], excluded: excluded ?? [] };
}

function readSubtrees(reader: DerReader, number: number): readonly GeneralName[] {
  const names = reader.readConstructed(constructedTag(number)).readAll(readSubtree);
  if (names.length === 0) throw refuseDer('at least one subtree');
  return names;
}

/** "minimum MUST be zero, and maximum MUST be absent": a subtree is its base alone. */
function readSubtree(reader: DerReader): GeneralName {
  const inner = reader.readSequence();
  const base = readGeneralName(inner);
  inner.assertEnd();
  return base;
}

export function encodeNameConstraints({ permitted, excluded }: NameConstraints): DerValue {
  if (permitted.length + excluded.length === 0) throw new TypeError('expected permitted or excluded names');
  return sequence(encodeSubtrees(permitted, 0), encodeSubtrees(excluded, 1));
}

function encodeSubtrees(names: readonly GeneralName[], number: number): DerValue | undefined {
  if (names.length === 0) return undefined;
  return constructed(
    constructedTag(number),
    names.map((name) => sequence(encodeGeneralName(name))),
  );
}

/** One policy, with its qualifiers as they are written. */
export interface CertificatePolicy {
  readonly policy: string;
  /** The SEQUENCE OF PolicyQualifierInfo, DER. */
  readonly qualifiers: Uint8Array<ArrayBuffer> | undefined;
}

export function readCertificatePolicies(reader: DerReader): readonly CertificatePolicy[] {
  const policies = reader.readSequence().readAll(readPolicy);
  if (policies.length === 0) throw refuseDer('at least one policy');
  // "A certificate policy OID MUST NOT appear more than once."
  if (new Set(policies.map(({ policy }) => policy)).size < policies.length) throw refuseDer('each policy once');
  return policies;
}

function readPolicy(reader: DerReader): CertificatePolicy {
  const inner = reader.readSequence();
  const policy = inner.readOid();
  const qualifiers = inner.atEnd ? undefined : inner.readElement().bytes;
  inner.assertEnd();
  if (qualifiers) assertDer(qualifiers);
  return { policy, qualifiers };
}

/** A policy to be written, with the address of a practice statement or without. */
export interface PolicyToWrite {
  readonly policy: string;
  readonly practiceStatement?: string;
}

export function encodeCertificatePolicies(policies: readonly PolicyToWrite[]): DerValue {
  return sequenceOf(
    policies.map(({ policy, practiceStatement }) =>
      sequence(oid(policy), practiceStatement === undefined ? undefined : encodePracticeStatement(practiceStatement)),
    ),
  );
}

/** Id-qt-cps. */
function encodePracticeStatement(uri: string): DerValue {
  return sequence(sequence(oid('1.3.6.1.5.5.7.2.1'), string(0x16, uri)));
}

/** RFC 5280, 4.2.1.5. */
export interface PolicyMapping {
  readonly issuerPolicy: string;
  readonly subjectPolicy: string;
}

export function readPolicyMappings(reader: DerReader): readonly PolicyMapping[] {
  const mappings = reader.readSequence().readAll((one) => {
    const inner = one.readSequence();
    const mapping = { issuerPolicy: inner.readOid(), subjectPolicy: inner.readOid() };
    inner.assertEnd();
    return mapping;
  });
  if (mappings.length === 0) throw refuseDer('at least one mapping');
  return mappings;
}

export function encodePolicyMappings(mappings: readonly PolicyMapping[]): DerValue {
  return sequenceOf(mappings.map(({ issuerPolicy, subjectPolicy }) => sequence(oid(issuerPolicy), oid(subjectPolicy))));
}

/** RFC 5280, 4.2.1.11: after how many certificates; `undefined`: never. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

export function readPolicyConstraints(reader: DerReader): PolicyConstraints {
  const inner = reader.readSequence();
  const requireExplicitPolicy = inner.readOptional(contextTag(0), (one) => one.readSmallInteger(contextTag(0)));
  const inhibitPolicyMapping = inner.readOptional(contextTag(1), (one) => one.readSmallInteger(contextTag(1)));
  inner.assertEnd();
  if (requireExplicitPolicy === undefined && inhibitPolicyMapping === undefined) {
    throw refuseDer('at least one policy constraint');
  }
  return { requireExplicitPolicy, inhibitPolicyMapping };
}

export function encodePolicyConstraints(constraints: PolicyConstraints): DerValue {
  const { requireExplicitPolicy: explicitPolicy, inhibitPolicyMapping: mapping } = constraints;
  return sequence(
    explicitPolicy === undefined ? undefined : implicit(contextTag(0), integer(explicitPolicy)),
    mapping === undefined ? undefined : implicit(contextTag(1), integer(mapping)),
  );
}

/** RFC 5280, 4.2.1.14. */
export function readInhibitAnyPolicy(reader: DerReader): number {
  return reader.readSmallInteger();
}

export function encodeInhibitAnyPolicy(skipCertificates: number): DerValue {
  return integer(skipCertificates);
}
