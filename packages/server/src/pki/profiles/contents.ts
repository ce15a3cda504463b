/** Composes what a certificate says from its profile and what was asked for (RFC 5280, 4). Nothing is taken that the profile does not allow. */
import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { type DerValue, encodeTogether } from '@signpost/protocol/asn1/writer';
import type { KeyType } from '@signpost/protocol/keys/key-type';
import type { SubjectKey } from '@signpost/protocol/keys/subject-key';
import type { Certificate } from '@signpost/protocol/x509/certificate';
import type { NameConstraints } from '@signpost/protocol/x509/constraint-extensions';
import type { GeneralName } from '@signpost/protocol/x509/general-name';
import { type AttributeToWrite, type DistinguishedName, isEmptyName } from '@signpost/protocol/x509/name';
import { accessMethods, purposes } from '@signpost/protocol/x509/oids';
import type { CertificateToWrite } from '@signpost/protocol/x509/write-certificate';
import { type ExtensionsToWrite, encodeExtension, encodeExtensions } from '@signpost/protocol/x509/write-extensions';
import { Refusal } from '../../errors.ts';
import { formatKeyLabel } from './key-label.ts';
import type { IssuedName } from './name-text.ts';
import { assertNames } from './names.ts';
import type { Profile } from './profile.ts';
import { composeSubject } from './subject.ts';
import { parseNameConstraint } from './subtree.ts';
import { assertValidity, type Validity } from './validity.ts';

/** Where relying parties find an issuer's certificate, lists and answers. */
export interface Locations {
  readonly crl: readonly string[];
  readonly ocsp: readonly string[];
  readonly issuer: readonly string[];
  /** Delta lists (RFC 5280, 4.2.1.15). */
  readonly freshestCrl?: readonly string[];
}

/** What is asked for. */
export interface ContentsWish {
  /** `undefined` for a root, which is its own. */
  readonly issuer: Certificate | undefined;
  readonly subject: readonly AttributeToWrite[];
  readonly names: readonly IssuedName[];
  readonly publicKey: SubjectKey;
  readonly validity: Validity;
  /** From `createSerialNumber` or `createOrderedSerialNumber`. */
  readonly serial: Uint8Array;
  /** The issuer's; those that the profile names are written. */
  readonly locations: Locations;
  /** For authorities: how many authorities may stand below. */
  readonly pathLength?: number | undefined;
  /** For authorities, beside those of the profile. */
  readonly nameConstraints?: NameConstraintWish | undefined;
  /** For authorities that have a certificate: what the next one must say as well, byte for byte, instead of `subject`. */
  readonly kept?: KeptContents;
  /** RFC 7633, where the profile lets it be asked for. */
  readonly mustStaple?: boolean;
}

/** What those below an authority point at, and what binds them. */
export interface KeptContents {
  readonly subject: DistinguishedName;
  readonly keyIdentifier: Uint8Array | undefined;
  readonly nameConstraints: NameConstraints | undefined;
}

/** Texts as `parseNameConstraint` takes them, or bases that another authority has. */
export interface NameConstraintWish {
  readonly permitted: readonly (string | GeneralName)[];
  readonly excluded: readonly (string | GeneralName)[];
}

/**
 * What the certificate says. Throws `invalid` with the rule that was broken: the key's type, the subject, the names, the
 * lifetime, the path length of the issuer.
 */
export function composeCertificate(profile: Profile, wish: ContentsWish): CertificateToWrite {
  const { issuer, publicKey, validity, serial } = wish;
  assertKey(profile, publicKey);
  assertPlace(profile, wish);
  assertWishes(profile, wish);
  assertNames(profile, wish);
  assertValidity(profile, validity, issuer?.notAfter);
  const subject = wish.kept?.subject ?? composeSubject(profile, wish.subject, issuer?.subject);
  if (profile.kind !== 'leaf' && isEmptyName(subject))
    throw refuse('subject-missing', 'expected an authority with a name');
  return {
    serialNumber: serial,
    issuer: issuer?.subject ?? subject,
    subject,
    notBefore: validity.notBefore,
    notAfter: validity.notAfter,
    spki: publicKey.spki,
    extensions: [fixedExtensions(profile, wish), ...ownExtensions(wish, subject)],
  };
}

/** The key identifier that our certificates use: the first 160 bits of the SHA-256 of the key's bits (RFC 7093, 2 (1)). */
export function computeKeyIdentifier({ keyBits }: Pick<SubjectKey, 'keyBits'>): Uint8Array<ArrayBuffer> {
  return new Uint8Array(hash('sha256', keyBits, 'buffer').subarray(0, 20));
}

/** Throws `invalid`, rule `key-type`, for a key that the profile does not take. */
export function assertKey(profile: Profile, key: KeyType): void {
  const label = formatKeyLabel(key);
  if (profile.keys.some((allowed) => allowed === label)) return;
  throw refuse('key-type', `expected a key of ${profile.keys.join(', ')}, got ${label}`);
}

/** RFC 5280, 4.2.1.9: the issuer is an authority, and what it signs is no deeper than it may be. */
function assertPlace(profile: Profile, { issuer, pathLength }: ContentsWish): void {
  if ((profile.kind === 'root') !== (issuer === undefined)) {
    throw refuse('issuer', profile.kind === 'root' ? 'expected a root to be its own issuer' : 'expected an issuer');
  }
  const { isAuthority, pathLength: above } = issuer?.extensions.basicConstraints?.value ?? {
    isAuthority: !issuer,
    pathLength: undefined,
  };
  if (!isAuthority) throw refuse('issuer', 'expected an issuer that is an authority');
  if (profile.kind === 'leaf') {
    if (pathLength !== undefined) throw refuse('path-length', 'expected no path length but in an authority');
    return;
  }
  if (above !== undefined && (above === 0 || (pathLength ?? Number.POSITIVE_INFINITY) >= above)) {
    throw refuse('path-length', `expected a path length below the issuer's, which is ${above}`);
  }
}

/** What few profiles let be asked for. */
function assertWishes(profile: Profile, { mustStaple = false, nameConstraints }: ContentsWish): void {
  if (mustStaple && profile.must_staple !== true) {
    throw refuse('must-staple', `expected no TLS feature in profile ${profile.name}`);
  }
  if (nameConstraints && profile.kind !== 'intermediate') {
    throw refuse('name-constraints', 'expected name constraints only in intermediates');
  }
}

type ByKeyKind = Map<string, DerValue>;

/** What all certificates of a profile and issuer have in common is encoded once. */
const encodedOnce = new WeakMap<Profile, WeakMap<Locations, ByKeyKind>>();

function fixedExtensions(profile: Profile, wish: ContentsWish): DerValue {
  const { locations, publicKey, issuer } = wish;
  // Authorities are made too seldom, and say too much of their own.
  if (profile.kind !== 'leaf' || !issuer) return encodeFixed(profile, wish);
  const byLocations = encodedOnce.get(profile) ?? new WeakMap<Locations, ByKeyKind>();
  const byKind: ByKeyKind = byLocations.get(locations) ?? new Map();
  const id = wish.mustStaple === true ? `${publicKey.kind} staple` : publicKey.kind;
  const known = byKind.get(id);
  if (known) return known;
  const value = encodeFixed(profile, wish);
  encodedOnce.set(profile, byLocations.set(locations, byKind.set(id, value)));
  return value;
}

function encodeFixed(profile: Profile, wish: ContentsWish): DerValue {
  return encodeTogether(encodeExtensions(describeFixed(profile, wish)));
}

function describeFixed(
  profile: Profile,
  { locations, publicKey, pathLength, ...wish }: ContentsWish,
): ExtensionsToWrite {
  const { key_usage: usage, extended_key_usage: extended, policies } = profile;
  const usages = [...new Set([...usage.all, ...(usage[publicKey.kind] ?? [])])];
  const points = (kind: 'crl' | 'ocsp' | 'issuer') => (profile.locations.includes(kind) ? locations[kind] : []);
  const freshest = profile.locations.includes('crl') ? (locations.freshestCrl ?? []) : [];
  return {
    basicConstraints: { isAuthority: profile.kind !== 'leaf', pathLength },
    keyUsage: usages,
    ...(extended
      ? { extendedKeyUsage: { purposes: extended.purposes.map(toPurpose), critical: extended.critical } }
      : {}),
    ...(wish.kept ? keepConstraints(wish.kept) : describeConstraints(profile, wish.nameConstraints)),
    ...(policies ? { certificatePolicies: policies.map(toPolicy) } : {}),
    ...(points('crl').length > 0 ? { crlDistributionPoints: points('crl') } : {}),
    ...(freshest.length > 0 ? { freshestCrl: freshest } : {}),
    ...describeAccess(points('ocsp'), points('issuer')),
    ...(wish.mustStaple ? { tlsFeature: [5] } : {}),
    ...(profile.ocsp_no_check ? { ocspNoCheck: true as const } : {}),
  };
}

/** The dotted form of a purpose as profiles name it. */
export function toPurpose(purpose: string): string {
  return purpose in purposes ? purposes[purpose as keyof typeof purposes] : purpose;
}

function toPolicy({ policy, practice_statement: uri }: NonNullable<Profile['policies']>[number]) {
  return uri === undefined ? { policy } : { policy, practiceStatement: uri };
}

/**
 * The constraints of the profile and, beside them, those that are asked for. Throws `invalid`, rule `name-constraints`, for permitted names where the
 * profile has its own.
 */
export function describeConstraints(profile: Profile, own: NameConstraintWish | undefined): ExtensionsToWrite {
  const { permitted, excluded } = toConstraints(profile.name_constraints);
  const asked = toConstraints(own);
  // Who is made anew as it was asks for what its profile says already.
  const more = asked.permitted.filter((one) => !permitted.some((known) => isDeepStrictEqual(known, one)));
  // Two lists of permitted names would allow either; a profile's cannot be widened by whoever asks.
  if (permitted.length > 0 && more.length > 0) {
    throw refuse('name-constraints', `expected no permitted names beside those of profile ${profile.name}`);
  }
  const others = asked.excluded.filter((one) => !excluded.some((known) => isDeepStrictEqual(known, one)));
  const all = { permitted: [...permitted, ...more], excluded: [...excluded, ...others] };
  return all.permitted.length + all.excluded.length > 0 ? { nameConstraints: all } : {};
}

function toConstraints({ permitted, excluded }: NameConstraintWish = { permitted: [], excluded: [] }): NameConstraints {
  return { permitted: permitted.map(toConstraint), excluded: excluded.map(toConstraint) };
}

function keepConstraints({ nameConstraints }: KeptContents): ExtensionsToWrite {
  return nameConstraints ? { nameConstraints } : {};
}

function toConstraint(base: string | GeneralName): GeneralName {
  if (typeof base !== 'string') return base;
  try {
    return parseNameConstraint(base);
  } catch (cause) {
    throw new Refusal('invalid', 'expected name constraints such as dns:example.com or ip:10.0.0.0/8', {
      rule: 'name-constraints',
      cause,
    });
  }
}

function describeAccess(ocsp: readonly string[], issuer: readonly string[]): ExtensionsToWrite {
  const describe = (method: string) => (text: string) => ({ method, location: { kind: 'uri', text } as const });
  const all = [...ocsp.map(describe(accessMethods.ocsp)), ...issuer.map(describe(accessMethods.caIssuers))];
  return all.length > 0 ? { authorityInformationAccess: all } : {};
}

function ownExtensions(
  { issuer, publicKey, names, kept }: ContentsWish,
  subject: DistinguishedName,
): readonly DerValue[] {
  const subjectKeyIdentifier = kept?.keyIdentifier ?? computeKeyIdentifier(publicKey);
  const identifiers = [
    encodeExtension('subjectKeyIdentifier', subjectKeyIdentifier),
    issuer ? pointAt(issuer) : encodeExtension('authorityKeyIdentifier', subjectKeyIdentifier),
  ];
  if (names.length === 0) return identifiers;
  const alternative = { names, critical: isEmptyName(subject) };
  return [encodeExtension('subjectAlternativeName', alternative), ...identifiers];
}

const pointers = new WeakMap<Certificate, DerValue>();

/** The authority key identifier of all that an issuer issues. */
function pointAt(issuer: Certificate): DerValue {
  const known = pointers.get(issuer);
  if (known) return known;
  const identifier = issuer.extensions.subjectKeyIdentifier?.value;
  // RFC 5280, 4.2.1.2: authorities must have one.
  if (!identifier) throw refuse('issuer', 'expected an issuer with a subject key identifier');
  const pointer = encodeTogether([encodeExtension('authorityKeyIdentifier', identifier)]);
  pointers.set(issuer, pointer);
  return pointer;
}

function refuse(rule: string, message: string): Refusal {
  return new Refusal('invalid', message, { rule });
}
