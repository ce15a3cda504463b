/** What is served of a catalogue: only what verifies under the trust list in force, and names nothing that was taken out of service. */
import { parseBase64 } from '@signpost/protocol/bytes/base64';
import { encodeText } from '@signpost/protocol/bytes/text';
import { TrustError } from '@signpost/protocol/errors';
import { isSignature } from '@signpost/protocol/keys/ed25519';
import type { CatalogueHead } from '@signpost/protocol/updates/catalogue';
import { digestHex } from '@signpost/protocol/updates/envelope';
import { findProjectRule, type TrustedKey } from '@signpost/protocol/updates/trust-list';
import { verifyNamedKey } from '@signpost/protocol/updates/verify-manifest';
import { type VerifiedTrustList, verifyNotExpired } from '@signpost/protocol/updates/verify-trust-list';
import { encodeCatalogue, encodeSignedCatalogue } from '@signpost/protocol/updates/write-catalogue';
import type { Logger } from 'pino';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import { requireCollection } from '../collections/collection.ts';
import { areUsable } from './refresh.ts';
import { type CatalogueRow, findCatalogue, findWithdrawnEntry, listEntries, listEntryFacts } from './store.ts';

/** What serving works with. */
export interface CatalogueReading {
  readonly database: Database;
  readonly now: () => number;
  readonly log: Logger;
}

/** A catalogue that may be served until `validUntil` (Unix milliseconds), or until what is published changes. */
export interface ServedCatalogue {
  readonly body: Uint8Array<ArrayBuffer>;
  /** Lower-case hex SHA-256 of what is signed. */
  readonly sha256: string;
  readonly version: number;
  readonly validUntil: number;
}

/**
 * The catalogue in force. Throws `not_found` when there is none, and `unavailable`, telling only the operator's log why, when it does not verify
 * now, or offers a release that was taken out of service and could not be signed without it.
 */
export async function readServedCatalogue(
  { database, now, log }: CatalogueReading,
  organisationId: string,
  slug: string,
): Promise<ServedCatalogue> {
  const { id } = await requireCollection(database.query, organisationId, slug);
  try {
    const trust = await readTrustInForce(database.query, organisationId);
    return await readWhole(database.query, id, { trust, at: now(), slug });
  } catch (error) {
    if (!(error instanceof TrustError)) throw error;
    log.error({ collection: slug, code: error.code, reason: error.message }, 'a catalogue is not served');
    throw new Refusal('unavailable', 'the catalogue cannot be served at present', {
      rule: 'catalogue-unverifiable',
      cause: error,
    });
  }
}

interface Moment {
  readonly trust: VerifiedTrustList | undefined;
  readonly at: number;
  readonly slug: string;
}

/** How often a catalogue may change while it is read. */
const maxReads = 5;

/** Head and entries are read one after the other, and their digest says whether they belong together. */
async function readWhole(query: Query, id: string, { trust, at, slug }: Moment): Promise<ServedCatalogue> {
  for (let reads = 0; reads < maxReads; reads++) {
    const catalogue = await findCatalogue(query, id);
    if (!catalogue?.head) {
      throw new Refusal('not_found', 'no catalogue of this collection is signed', { rule: 'no-catalogue' });
    }
    const head = JSON.parse(catalogue.head) as CatalogueHead;
    const documents = (await listEntries(query, id)).map(({ document }) => document);
    const signed = encodeText(encodeCatalogue(head, documents));
    if ((await digestHex(signed)) !== catalogue.digest) continue;
    const key = await verifySigned(catalogue, { head, signed, trust, at });
    await assertOffered(query, id, { trust, at, slug });
    const signature = { key_id: head.keyId, sig: String(catalogue.signature) };
    const ends = [trust?.expiresAt, head.expiresAt, key.notAfter].filter((end) => end !== undefined);
    return {
      body: encodeText(encodeSignedCatalogue(head, documents, [signature])),
      sha256: catalogue.digest,
      version: catalogue.version,
      validUntil: Math.min(...ends),
    };
  }
  throw new TrustError('malformed', `expected entries of one catalogue, got others in ${maxReads} reads`);
}

interface Signed {
  readonly head: CatalogueHead;
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly trust: VerifiedTrustList | undefined;
  readonly at: number;
}

/** As a client does; entries were verified when they were made, and are what the signature is over. */
async function verifySigned({ signature }: CatalogueRow, { head, signed, trust, at }: Signed): Promise<TrustedKey> {
  if (!trust) throw new TrustError('trust_missing', 'expected a trust list, got none');
  verifyNotExpired(trust, at);
  const trusted = verifyNamedKey(head.keyId, { trust, now: at, scope: `collection:${head.collection.slug}` });
  if (!(await isSignature(trusted.key, parseBase64(String(signature)), signed))) {
    throw new TrustError('bad_signature', 'expected the signature of the catalogue to verify');
  }
  if (head.expiresAt <= at)
    throw new TrustError('catalogue_stale', 'expected a catalogue in force, got one that expired');
  if (head.counterEpoch !== findProjectRule(trust, head.collection.slug).counterEpoch) {
    throw new TrustError('catalogue_replayed', "expected the counter epoch of the trust list's rule, got another");
  }
  return trusted;
}

/** What was taken out of service, or signed by keys that were, could not be left out while the vault was locked: then nothing is offered. */
async function assertOffered(query: Query, id: string, { trust, at, slug }: Moment): Promise<void> {
  const withdrawn = await findWithdrawnEntry(query, id);
  const usable = (await listEntryFacts(query, id)).every(({ key_ids }) => areUsable(key_ids, trust, at));
  if (withdrawn === undefined && usable) return;
  throw new Refusal('unavailable', `the catalogue of ${slug} waits to be signed without what was taken out of it`, {
    rule: 'catalogue-withheld',
    hint: 'the operator unlocks the vault: signpost unlock',
  });
}
