/** Writes and signs revocation lists (RFC 5280, 5), complete or delta. */
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
  return signStructure(encodeDer(body), signer);
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
  const extensions = [
    ...(reason && reason !== 'unspecified' ? [reasonExtension(reason)] : []),
    ...(invalidSince === undefined ? [] : [invalidityExtension(invalidSince)]),
  ];
  const more = extensions.length > 0 ? sequenceOf(extensions) : undefined;
  return sequence(unsigned(serialNumber), time(revokedAt), more);
}

/** There are ten reasons, and lists of a hundred thousand entries. */
const reasonExtensions = new Map<RevocationReason, DerValue>();

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
