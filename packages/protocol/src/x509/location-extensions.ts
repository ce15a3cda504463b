/** Extensions about where to find more: RFC 5280, 4.2.1.13, 4.2.1.15 and 4.2.2; and the scope of lists, 5.2.5. */
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader } from '../asn1/reader.ts';
import { constructedTag, contextTag, tags } from '../asn1/tag.ts';
import { walkDer } from '../asn1/walk.ts';
import {
  boolean,
  constructed,
  type DerValue,
  encodeDer,
  encoded,
  implicit,
  namedBits,
  oid,
  sequence,
  sequenceOf,
} from '../asn1/writer.ts';
import { encodeGeneralName, type GeneralName, readGeneralName, readGeneralNames } from './general-name.ts';
import { type DistinguishedName, readName } from './name.ts';

/** Reasons for revocation as bits (RFC 5280, 4.2.1.13), by their names in the order of the bits from 1 on. */
export const reasonFlags = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

/** A reason that a list can be limited to. */
export type ReasonFlag = (typeof reasonFlags)[number];

/** Where a list is: full names, or what comes below the issuer's name, DER. */
export type DistributionPointName =
  | { readonly kind: 'full'; readonly names: readonly GeneralName[] }
  | { readonly kind: 'relative'; readonly attributes: Uint8Array<ArrayBuffer> };

/** RFC 5280, 4.2.1.13. */
export interface DistributionPoint {
  readonly name: DistributionPointName | undefined;
  /** `undefined`: all. */
  readonly reasons: ReadonlySet<ReasonFlag> | undefined;
  /** Who signs the list if not the issuer. */
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

export function readDistributionPoints(reader: DerReader): readonly DistributionPoint[] {
  const points = reader.readSequence().readAll(readDistributionPoint);
  if (points.length === 0) throw refuseDer('at least one distribution point');
  return points;
}

function readDistributionPoint(reader: DerReader): DistributionPoint {
  const inner = reader.readSequence();
  const name = inner.readExplicit(0, readPointName);
  const reasons = inner.readOptional(contextTag(1), (one) => readReasons(one, 1));
  const crlIssuer = inner.readOptional(constructedTag(2), (one) => readGeneralNames(one, constructedTag(2)));
  inner.assertEnd();
  // "A DistributionPoint MUST NOT consist of only the reasons field."
  if (!name && !crlIssuer) throw refuseDer('a distribution point with a name or an issuer');
  return { name, reasons, crlIssuer };
}

function readPointName(reader: DerReader): DistributionPointName {
  if (reader.peekTag() === constructedTag(0)) {
    return { kind: 'full', names: readGeneralNames(reader, constructedTag(0)) };
  }
  const { tag, content } = reader.readElement();
  if (tag !== constructedTag(1)) throw refuseDer('a full or relative name');
  // RelativeDistinguishedName: a set, though its tag is another (X.690, 11.6).
  new DerReader(content).assertOrder();
  walkDer(content);
  return { kind: 'relative', attributes: content };
}

function readReasons(reader: DerReader, number: number): ReadonlySet<ReasonFlag> {
  const mask = reader.readNamedBits(contextTag(number));
  return new Set(reasonFlags.filter((_, index) => mask & (2 << index)));
}

/** One point for each address; a client tries them all for the same list. */
export function encodeDistributionPoints(uris: readonly string[]): DerValue {
  return sequenceOf(uris.map((uri) => sequence(encodePointName([{ kind: 'uri', text: uri }]))));
}

function encodePointName(names: readonly GeneralName[]): DerValue {
  return constructed(constructedTag(0), [constructed(constructedTag(0), names.map(encodeGeneralName))]);
}

/** The full names of a point; a relative one is put below the name of its issuer (RFC 5280, 4.2.1.13). */
export function resolvePointName(name: DistributionPointName, issuer: DistinguishedName): readonly GeneralName[] {
  if (name.kind === 'full') return name.names;
  const above = new DerReader(issuer.bytes).readContent(tags.sequence);
  const relative = constructed(tags.set, [encoded(name.attributes)]);
  const whole = encodeDer(sequence(encoded(above), relative));
  return [{ kind: 'directory', name: readName(new DerReader(whole)) }];
}

/** RFC 5280, 4.2.2. */
export interface AccessDescription {
  /** Dotted, such as `accessMethods.ocsp`. */
  readonly method: string;
  readonly location: GeneralName;
}

export function readAccessDescriptions(reader: DerReader): readonly AccessDescription[] {
  const found = reader.readSequence().readAll((one) => {
    const inner = one.readSequence();
    const description = { method: inner.readOid(), location: readGeneralName(inner) };
    inner.assertEnd();
    return description;
  });
  if (found.length === 0) throw refuseDer('at least one access description');
  return found;
}

export function encodeAccessDescriptions(descriptions: readonly AccessDescription[]): DerValue {
  return sequenceOf(descriptions.map(({ method, location }) => sequence(oid(method), encodeGeneralName(location))));
}

/** RFC 5280, 5.2.5: what a list is about. */
export interface IssuingDistributionPoint {
  readonly name: DistributionPointName | undefined;
  readonly onlyUsers: boolean;
  readonly onlyAuthorities: boolean;
  readonly onlyReasons: ReadonlySet<ReasonFlag> | undefined;
  readonly isIndirect: boolean;
  readonly onlyAttributes: boolean;
}

export function readIssuingDistributionPoint(reader: DerReader): IssuingDistributionPoint {
  const inner = reader.readSequence();
  const name = inner.readExplicit(0, readPointName);
  const onlyUsers = inner.readDefaultFalse(contextTag(1));
  const onlyAuthorities = inner.readDefaultFalse(contextTag(2));
  const onlyReasons = inner.readOptional(contextTag(3), (one) => readReasons(one, 3));
  const isIndirect = inner.readDefaultFalse(contextTag(4));
  const onlyAttributes = inner.readDefaultFalse(contextTag(5));
  inner.assertEnd();
  const point = { name, onlyUsers, onlyAuthorities, onlyReasons, isIndirect, onlyAttributes };
  // "At most one of onlyContainsUserCerts, onlyContainsCACerts, and onlyContainsAttributeCerts may be set to TRUE."
  if ([onlyUsers, onlyAuthorities, onlyAttributes].filter(Boolean).length > 1) throw refuseDer('one scope at most');
  // "CRL issuers MUST NOT issue CRLs where the DER encoding of the issuing distribution point is an empty sequence."
  if (Object.values(point).every((value) => !value))
    throw refuseDer('an issuing distribution point that says something');
  return point;
}

/** A scope to be written: part of the certificates, by address, by kind, or by reason. */
export interface ScopeToWrite {
  readonly uris?: readonly string[];
  readonly only?: 'users' | 'authorities';
  readonly onlyReasons?: readonly ReasonFlag[];
}

export function encodeIssuingDistributionPoint({ uris, only, onlyReasons }: ScopeToWrite): DerValue {
  return sequence(
    uris && encodePointName(uris.map((text) => ({ kind: 'uri', text }))),
    only === 'users' ? implicit(contextTag(1), boolean(true)) : undefined,
    only === 'authorities' ? implicit(contextTag(2), boolean(true)) : undefined,
    onlyReasons && implicit(contextTag(3), namedBits(toMask(onlyReasons))),
  );
}

function toMask(reasons: readonly ReasonFlag[]): number {
  return reasons.reduce((mask, reason) => mask | (2 << reasonFlags.indexOf(reason)), 0);
}
