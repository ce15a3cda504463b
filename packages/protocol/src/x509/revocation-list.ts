/** Certificate revocation lists (RFC 5280, 5), parsed and not verified. Indirect ones are refused. */
import { refuseDer } from '../asn1/malformed.ts';
import { DerReader, parseDer } from '../asn1/reader.ts';
import { tags } from '../asn1/tag.ts';
import { encodeHex } from '../bytes/hex.ts';
import { TrustError } from '../errors.ts';
import { readAlgorithmIdentifier } from '../keys/algorithm-identifier.ts';
import { assertSameAlgorithm, readSigned, type SignedStructure } from './certificate.ts';
import { parseExtension, type RawExtension, readExtensions } from './extensions.ts';
import {
  type DistributionPoint,
  type IssuingDistributionPoint,
  readDistributionPoints,
  readIssuingDistributionPoint,
} from './location-extensions.ts';
import { type DistinguishedName, readName } from './name.ts';
import { extensionOids } from './oids.ts';
import { type AuthorityKeyIdentifier, readAuthorityKeyIdentifier } from './usage-extensions.ts';

/** Why a certificate was revoked, by the numbers of RFC 5280, 5.3.1; 7 is not used. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  removeFromCRL: 8,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const;

/** One reason for revocation. */
export type RevocationReason = keyof typeof revocationReasons;

/** One revoked certificate. */
export interface RevokedEntry {
  /** The content octets of the integer. */
  readonly serialNumber: Uint8Array<ArrayBuffer>;
  /** Unix ms. */
  readonly revokedAt: number;
  readonly reason: RevocationReason;
  /** Since when the key is thought to be lost, Unix ms. */
  readonly invalidSince: number | undefined;
}

/** A list as it says it is. Nothing is verified: see `verifyNotRevoked`. */
export interface RevocationList extends SignedStructure {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly issuer: DistinguishedName;
  /** Unix ms. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly number: bigint;
  /** The number of the complete list that this one changes; `undefined`: this one is complete. */
  readonly deltaBase: bigint | undefined;
  /** `undefined`: all certificates of the issuer, all reasons. */
  readonly scope: IssuingDistributionPoint | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly freshestCrl: readonly DistributionPoint[] | undefined;
  readonly entries: readonly RevokedEntry[];
}

/** Room for two million entries. */
export const maxRevocationListBytes: number = 128 * 1024 * 1024;

/**
 * Parses a DER list of version 2. Throws `too_large` above `maxRevocationListBytes`, `malformed`, or `certificate_invalid` for
 * what RFC 5280 forbids: no number or next update, an unknown critical extension, an indirect list.
 */
export function parseRevocationList(bytes: Uint8Array<ArrayBuffer>): RevocationList {
  return parseDer(bytes, { maxBytes: maxRevocationListBytes }, (reader) => {
    const signed = readSigned(reader);
    return { bytes, ...signed, ...readBody(signed) };
  });
}

type Body = Omit<RevocationList, 'bytes' | keyof SignedStructure>;

function readBody({ signedBytes, signatureAlgorithm }: SignedStructure): Body {
  const reader = new DerReader(signedBytes).readSequence();
  // RFC 5280, 5.1.2.1: 1, which is version 2, wherever there are extensions; and there is always a number.
  if (reader.readOptional(tags.integer, (one) => one.readSmallInteger()) !== 1) throw refuseDer('a list of version 2');
  assertSameAlgorithm(readAlgorithmIdentifier(reader), signatureAlgorithm);
  const issuer = readName(reader);
  const thisUpdate = reader.readTime();
  const nextUpdate = isTime(reader.peekTag()) ? reader.readTime() : undefined;
  const entries = reader.readOptional(tags.sequence, readEntries) ?? [];
  const extensions = reader.readExplicit(0, readExtensions) ?? [];
  reader.assertEnd();
  if (nextUpdate === undefined) throw refuse('a next update', '5.1.2.5');
  return { issuer, thisUpdate, nextUpdate, entries, ...interpretExtensions(extensions) };
}

function isTime(tag: number | undefined): boolean {
  return tag === tags.utcTime || tag === tags.generalizedTime;
}

function readEntries(reader: DerReader): readonly RevokedEntry[] {
  const entries = reader.readSequence().readAll(readEntry);
  // RFC 5280, 5.1.2.6: an empty list is left out.
  if (entries.length === 0) throw refuseDer('at least one entry, or no entries at all');
  return entries;
}

function readEntry(reader: DerReader): RevokedEntry {
  const entry = reader.readSequence();
  const serialNumber = entry.readIntegerContent();
  const revokedAt = entry.readTime();
  if (entry.atEnd) return { serialNumber, revokedAt, reason: 'unspecified', invalidSince: undefined };
  const extensions = readExtensions(entry);
  entry.assertEnd();
  const understood: readonly string[] = [extensionOids.reasonCode, extensionOids.invalidityDate];
  assertUnderstood(extensions, understood);
  return {
    serialNumber,
    revokedAt,
    reason: find(extensions, extensionOids.reasonCode, readRevocationReason) ?? 'unspecified',
    invalidSince: find(extensions, extensionOids.invalidityDate, (one) => one.readGeneralizedTime()),
  };
}

/** The reason that comes next, as a number (CRLReason). Throws `malformed` for unknown ones. */
export function readRevocationReason(reader: DerReader): RevocationReason {
  const number = reader.readSmallInteger(tags.enumerated);
  const name = reasonNames.get(number);
  if (!name) throw refuseDer('a reason for revocation');
  return name;
}

const reasonNames: ReadonlyMap<number, RevocationReason> = new Map(
  Object.entries(revocationReasons).map(([name, number]) => [number, name as RevocationReason]),
);

const listExtensions: readonly string[] = [
  extensionOids.authorityKeyIdentifier,
  extensionOids.issuerAlternativeName,
  extensionOids.crlNumber,
  extensionOids.deltaCrlIndicator,
  extensionOids.issuingDistributionPoint,
  extensionOids.freshestCrl,
  extensionOids.authorityInformationAccess,
];

function interpretExtensions(
  extensions: readonly RawExtension[],
): Pick<RevocationList, 'number' | 'deltaBase' | 'scope' | 'authorityKeyIdentifier' | 'freshestCrl'> {
  assertUnderstood(extensions, listExtensions);
  const number = find(extensions, extensionOids.crlNumber, readNumber);
  const scope = find(extensions, extensionOids.issuingDistributionPoint, readIssuingDistributionPoint);
  if (number === undefined) throw refuse('a number', '5.2.3');
  if (isCritical(extensions, extensionOids.crlNumber) === true) throw refuse('a number that is not critical', '5.2.3');
  if (isCritical(extensions, extensionOids.deltaCrlIndicator) === false)
    throw refuse('a critical delta indicator', '5.2.4');
  if (isCritical(extensions, extensionOids.issuingDistributionPoint) === false)
    throw refuse('a critical scope', '5.2.5');
  if (scope?.isIndirect) throw refuse("a list of its issuer's own certificates", '5.2.5');
  return {
    number,
    scope,
    deltaBase: find(extensions, extensionOids.deltaCrlIndicator, readNumber),
    authorityKeyIdentifier: find(extensions, extensionOids.authorityKeyIdentifier, readAuthorityKeyIdentifier),
    freshestCrl: find(extensions, extensionOids.freshestCrl, readDistributionPoints),
  };
}

function readNumber(reader: DerReader): bigint {
  const content = reader.readUnsigned();
  if (content.length > 20) throw refuseDer('a number of at most 20 octets');
  return content.length === 0 ? 0n : BigInt(`0x${encodeHex(content)}`);
}

function find<T>(extensions: readonly RawExtension[], oid: string, read: (reader: DerReader) => T): T | undefined {
  const found = extensions.find((one) => one.oid === oid);
  return found && parseExtension(found.value, read);
}

function isCritical(extensions: readonly RawExtension[], oid: string): boolean | undefined {
  return extensions.find((one) => one.oid === oid)?.critical;
}

/** RFC 5280, 5.2 and 5.3: with a critical extension that is not understood, the list cannot be used. */
function assertUnderstood(extensions: readonly RawExtension[], understood: readonly string[]): void {
  const unknown = extensions.find(({ oid, critical }) => critical && !understood.includes(oid));
  if (unknown) throw refuse(`no unknown critical extension, got ${unknown.oid}`, '5.2');
}

function refuse(expected: string, clause: string): TrustError {
  return new TrustError('certificate_invalid', `expected ${expected} in the revocation list (RFC 5280, ${clause})`);
}

const indexes = new WeakMap<RevocationList, ReadonlyMap<string, RevokedEntry>>();

/** The entry of a certificate, by its serial number; `undefined`: it is not in the list. The first call builds an index. */
export function findEntry(list: RevocationList, serialNumber: Uint8Array): RevokedEntry | undefined {
  const index = indexes.get(list) ?? new Map(list.entries.map((entry) => [deriveKey(entry.serialNumber), entry]));
  indexes.set(list, index);
  return index.get(deriveKey(serialNumber));
}

/** One character for each octet: ten times as fast as hexadecimal, which counts where there are a million. */
function deriveKey(serialNumber: Uint8Array): string {
  return String.fromCharCode(...serialNumber);
}
