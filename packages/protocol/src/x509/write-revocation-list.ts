/** Writes and signs revocation lists (RFC 5280, 5), complete or delta. */
import { encodeUnsigned } from '../asn1/integer.ts';
import { tags } from '../asn1/tag.ts';
import {
  type DerValue,
  encodeDer,
  encoded,
  enumerated,
  explicit,
  generalizedTime,
  integer,
  sequence,
  sequenceOf,
  time,
  unsigned,
} from '../asn1/writer.ts';
import type { CertificateSigner } from '../keys/private-key.ts';
import { signatureAlgorithm } from '../keys/signature-algorithm.ts';
import { extension } from './extensions.ts';
import { encodeDistributionPoints, encodeIssuingDistributionPoint, type ScopeToWrite } from './location-extensions.ts';
import type { DistinguishedName } from './name.ts';
import { extensionOids } from './oids.ts';
import { type RevocationReason, revocationReasons } from './revocation-list.ts';
import { encodeAuthorityKeyIdentifier } from './usage-extensions.ts';
import { signStructure } from './write-certificate.ts';

/** One revoked certificate to be written. */
export interface EntryToWrite {
  /** Big-endian octets of a positive number. */
  readonly serialNumber: Uint8Array;
  /** Unix ms. */
  readonly revokedAt: number;
  /** `unspecified` is written as no reason at all, as RFC 5280, 5.3.1 wants. */
  readonly reason?: RevocationReason;
  /** Unix ms. */
  readonly invalidSince?: number;
}

/** All that a list says. */
export interface RevocationListToWrite {
  readonly issuer: DistinguishedName;
  readonly authorityKeyIdentifier: Uint8Array;
  /** Unix ms. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Never used before by this issuer for this scope. */
  readonly number: bigint;
  /** The number of the complete list that this delta changes. */
  readonly deltaBase?: bigint;
  readonly scope?: ScopeToWrite;
  /** Addresses of the delta list that goes with this complete one. */
  readonly freshestCrl?: readonly string[];
  /** From `encodeEntry`, in any order, so that entries are encoded once for many lists. */
  readonly entries: readonly DerValue[];
}

/** A signed list, DER. */
export function signRevocationList(
  list: RevocationListToWrite,
  signer: CertificateSigner,
): Promise<Uint8Array<ArrayBuffer>> {
  const { issuer, thisUpdate, nextUpdate, entries } = list;
  const body = sequence(
    integer(1),
    signatureAlgorithm(signer.algorithm),
    encoded(issuer.bytes),
    time(thisUpdate),
    time(nextUpdate),
    entries.length > 0 ? sequenceOf(entries) : undefined,
    explicit(0, sequenceOf(listExtensions(list))),
  );
  return signStructure(body, signer);
}

function listExtensions(list: RevocationListToWrite): readonly DerValue[] {
  const { authorityKeyIdentifier, number, deltaBase, scope, freshestCrl } = list;
  const optional = { critical: false };
  const critical = { critical: true };
  const { authorityKeyIdentifier: aki, crlNumber, deltaCrlIndicator, issuingDistributionPoint } = extensionOids;
  return [
    extension(aki, encodeAuthorityKeyIdentifier(authorityKeyIdentifier), optional),
    extension(crlNumber, integer(number), optional),
    deltaBase !== undefined && extension(deltaCrlIndicator, integer(deltaBase), critical),
    scope && extension(issuingDistributionPoint, encodeIssuingDistributionPoint(scope), critical),
    freshestCrl && extension(extensionOids.freshestCrl, encodeDistributionPoints(freshestCrl), optional),
  ].filter((one) => typeof one === 'object');
}

/** An entry to be written; keep it and use it for every list that still holds it. */
export function encodeEntry({ serialNumber, revokedAt, reason, invalidSince }: EntryToWrite): DerValue {
  return sequence(unsigned(serialNumber), time(revokedAt), entryExtensions(reason, invalidSince));
}

/** There are ten reasons, and lists of a hundred thousand entries. */
const reasonExtensions = new Map<RevocationReason, DerValue>();

/** The encodings of many entries, one after the other: the octets of `encodeEntry` in a fraction of its time. */
export function encodeEntries(entries: readonly EntryToWrite[]): Uint8Array<ArrayBuffer> {
  const writer = new EntryWriter();
  const all = entries.map((entry) => writer.measure(entry));
  const target = new Uint8Array(all.reduce((sum, { totalBytes }) => sum + totalBytes, 0));
  let at = 0;
  for (const { serialNumber, time: revokedAt, extensions, totalBytes } of all) {
    // Each length is below 128, and so has one octet.
    target[at] = tags.sequence;
    target[at + 1] = totalBytes - 2;
    target[at + 2] = tags.integer;
    target[at + 3] = serialNumber.length;
    target.set(serialNumber, at + 4);
    target.set(revokedAt, at + 4 + serialNumber.length);
    target.set(extensions, at + 4 + serialNumber.length + revokedAt.length);
    at += totalBytes;
  }
  return target;
}

interface MeasuredEntry {
  readonly serialNumber: Uint8Array;
  /** These two with their headers. */
  readonly time: Uint8Array;
  readonly extensions: Uint8Array;
  readonly totalBytes: number;
}

/** Many entries have the same reason, and neighbours the same time. */
class EntryWriter {
  readonly #extensions = new Map<string, Uint8Array>();
  #timeMs = Number.NaN;
  #time = new Uint8Array();

  measure({ serialNumber, revokedAt, reason, invalidSince }: EntryToWrite): MeasuredEntry {
    const content = encodeUnsigned(serialNumber);
    const time = this.#encodeTime(revokedAt);
    const extensions = this.#encodeExtensions(reason, invalidSince);
    const totalBytes = 4 + content.length + time.length + extensions.length;
    if (totalBytes > 127) throw new TypeError('expected a serial number of at most 60 octets');
    return { serialNumber: content, time, extensions, totalBytes };
  }

  #encodeTime(timeMs: number): Uint8Array {
    if (timeMs !== this.#timeMs) {
      this.#timeMs = timeMs;
      this.#time = encodeDer(time(timeMs));
    }
    return this.#time;
  }

  #encodeExtensions(reason: RevocationReason | undefined, invalidSince: number | undefined): Uint8Array {
    const key = `${reason} ${invalidSince}`;
    const known = this.#extensions.get(key);
    if (known) return known;
    const value = entryExtensions(reason, invalidSince);
    const bytes = value ? encodeDer(value) : new Uint8Array();
    if (this.#extensions.size < 100) this.#extensions.set(key, bytes);
    return bytes;
  }
}

function entryExtensions(reason: RevocationReason | undefined, invalidSince: number | undefined): DerValue | undefined {
  const extensions = [
    ...(reason && reason !== 'unspecified' ? [reasonExtension(reason)] : []),
    ...(invalidSince === undefined ? [] : [invalidityExtension(invalidSince)]),
  ];
  return extensions.length > 0 ? sequenceOf(extensions) : undefined;
}

function reasonExtension(reason: RevocationReason): DerValue {
  const kept = reasonExtensions.get(reason);
  if (kept) return kept;
  const made = extension(extensionOids.reasonCode, enumerated(revocationReasons[reason]), { critical: false });
  reasonExtensions.set(reason, encoded(encodeDer(made)));
  return made;
}

function invalidityExtension(timeMs: number): DerValue {
  return extension(extensionOids.invalidityDate, generalizedTime(timeMs), { critical: false });
}
