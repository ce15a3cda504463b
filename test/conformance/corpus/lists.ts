/** The revocation lists of the corpus: a complete and a delta list of each issuer, and what lies at the edges. */
import {
  parseRevocationList,
  type RevocationList,
  type RevocationReason,
  revocationReasons,
} from '@signpost/protocol/x509/revocation-list';
import {
  type EntryToWrite,
  encodeEntry,
  type RevocationListToWrite,
  signRevocationList,
} from '@signpost/protocol/x509/write-revocation-list';
import { createNodeSigner } from '../../../packages/server/src/pki/authorities/node-signer.ts';
import { dayMs, now, type Party } from './party.ts';

/** A list and who signed it. */
export interface SignedList {
  readonly name: string;
  readonly list: RevocationList;
  readonly issuer: Party;
}

const reasons = Object.keys(revocationReasons).filter((one) => one !== 'removeFromCRL') as RevocationReason[];

/** One complete list for each issuer, of those that `isRevoked` names; reasons and dates vary. */
export async function createCompleteLists(
  issuers: readonly Party[],
  revoked: readonly Party[],
): Promise<readonly SignedList[]> {
  return Promise.all(
    issuers.map((issuer) => {
      const own = revoked.filter((party) => party.issuer === issuer);
      return createList(`complete, of ${issuer.name}`, issuer, { entries: own.map(describeEntry).map(encodeEntry) });
    }),
  );
}

/** Why and when a certificate of the corpus was revoked. */
export function describeEntry(
  { certificate: { serialNumber } }: Party,
  index: number,
): EntryToWrite & { readonly reason: RevocationReason } {
  const reason = reasons[index % reasons.length] ?? 'unspecified';
  const revokedAt = now - 100_000;
  return { serialNumber, revokedAt, reason, ...(index % 3 === 0 && { invalidSince: revokedAt - dayMs }) };
}

/** Lists that say more, or in other ways; each belongs to no more than one complete list. */
export async function createOtherLists(issuers: readonly Party[], issuer: Party): Promise<readonly SignedList[]> {
  const deltas = issuers.map((one) => createList(`delta, of ${one.name}`, one, { number: 8n, deltaBase: 7n }));
  const many = Array.from({ length: 2000 }, (_, index) =>
    encodeEntry({
      serialNumber: Uint8Array.of(1, index >> 8, index & 0xff),
      revokedAt: now - index * 1000,
      reason: reasons[index % reasons.length] ?? 'unspecified',
    }),
  );
  const edges: Readonly<Record<string, Partial<RevocationListToWrite>>> = {
    'to the last second of UTCTime': { nextUpdate: Date.UTC(2049, 11, 31, 23, 59, 59) },
    'to the first second of GeneralizedTime': { nextUpdate: Date.UTC(2050, 0, 1) },
    'to the end of time': { nextUpdate: Date.UTC(9999, 11, 31, 23, 59, 59) },
    'of 2000 entries': { entries: many },
    'with the largest number': { number: (1n << 159n) - 1n },
    'of users alone': { scope: { only: 'users' } },
    'of authorities alone': { scope: { only: 'authorities' } },
    'of one address': { scope: { uris: ['http://pki.example/pki/issuing/crl/1'] } },
    'for some reasons': { scope: { onlyReasons: ['keyCompromise', 'cACompromise'] } },
    'with the address of its delta': { freshestCrl: ['http://pki.example/pki/issuing/delta'] },
  };
  return Promise.all([...deltas, ...Object.entries(edges).map(([name, more]) => createList(name, issuer, more))]);
}

async function createList(name: string, issuer: Party, more: Partial<RevocationListToWrite>): Promise<SignedList> {
  const { subject, extensions } = issuer.certificate;
  const written = await signRevocationList(
    {
      issuer: subject,
      authorityKeyIdentifier: extensions.subjectKeyIdentifier?.value ?? new Uint8Array(),
      thisUpdate: now - 60_000,
      nextUpdate: now + 7 * dayMs,
      number: 7n,
      entries: [],
      ...more,
    },
    createNodeSigner(issuer.pkcs8, issuer.algorithm),
  );
  return { name, list: parseRevocationList(written), issuer };
}
