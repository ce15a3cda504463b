/** The chain of sightings: each one's hash covers it and the one before, so that none can be changed or taken away unseen. */
import { createHash } from 'node:crypto';
import { systemActor } from '../../audit/audit.ts';
import { exportAudit, recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database } from '../../storage/database.ts';
import { encodePlain } from '../facts/plain-text.ts';
import type { WatchParts } from '../parts.ts';
import { type ChainedRow, findChain, listUnsealed, noteSeal, readChainPage } from './store.ts';

/** What the hash of a sighting covers. */
export interface ChainedSighting {
  readonly sequence: number;
  readonly artifact: number;
  /** SHA-256 in hex. */
  readonly content: string;
  /** SHA-256 in hex. */
  readonly factsHash: string;
  /** Unix ms. */
  readonly seenAt: number;
}

/** Base64url SHA-256, which says as much as hex in two thirds of the room. */
export function hashSighting(before: string, sighting: ChainedSighting): string {
  const { sequence, artifact, content, factsHash, seenAt } = sighting;
  const text = encodePlain([before, sequence, artifact, content, factsHash, seenAt]);
  return createHash('sha256').update(text).digest('base64url');
}

const pageSize = 1000;

/**
 * Recomputes the whole chain of an organisation, its fact sets and what the audit log has of it, and returns how many sightings there
 * are. Throws `conflict`, rule `watch-chain-broken`.
 */
export async function verifyObservations(database: Database, organisationId: string): Promise<number> {
  const chain = await findChain(database.query, organisationId);
  const seals = await readSeals(database, organisationId);
  let end = { hash: '', count: 0, sequence: 0 };
  for (;;) {
    const page = await readChainPage(database.query, {
      ...{ chain: chain?.number ?? 0, after: end.sequence, limit: pageSize },
    });
    for (const row of page) {
      end = { hash: assertRow(end.hash, row), count: end.count + 1, sequence: row.sequence };
      if ((seals.get(end.count) ?? end.hash) !== end.hash)
        throw broken(`the audit log knows sighting ${row.sequence} otherwise`);
      seals.delete(end.count);
    }
    if (page.length < pageSize) break;
  }
  if (end.hash !== (chain?.hash ?? '') || end.count !== (chain?.observations ?? 0)) throw broken('its end is missing');
  if (seals.size > 0) throw broken('sightings are missing that the audit log knows');
  return end.count;
}

function assertRow(before: string, row: ChainedRow): string {
  const { sequence, artifact, content, facts_hash: factsHash, seen_at: seenAt } = row;
  if (createHash('sha256').update(row.document).digest('hex') !== factsHash)
    throw broken(`facts of sighting ${sequence} were changed`);
  if (hashSighting(before, { sequence, artifact, content, factsHash, seenAt }) !== row.hash) {
    throw broken(`sighting ${sequence} was changed, or the one before it`);
  }
  return row.hash;
}

/** What the audit log has of the chain: its hash by the number of sightings. */
async function readSeals(database: Database, organisationId: string): Promise<Map<number, string>> {
  const seals = new Map<number, string>();
  for await (const { detail } of exportAudit(database, { organisationId, action: 'watch_chain.sealed' })) {
    const { observations, hash }: { observations: number; hash: string } = JSON.parse(detail ?? '{}');
    seals.set(observations, hash);
  }
  return seals;
}

function broken(what: string): Refusal {
  return new Refusal('conflict', `the observations were tampered with: ${what}`, {
    rule: 'watch-chain-broken',
    hint: 'keep a copy of the database as it is and compare it with a backup',
  });
}

/** Puts the ends of all chains that moved into the audit log, so that whoever changes them must change that as well. */
export async function sealChains({ database, now }: WatchParts): Promise<number> {
  return database.transaction(async (tx) => {
    const chains = await listUnsealed(tx);
    for (const chain of chains) {
      await noteSeal(tx, chain);
      await recordAudit(tx, now(), {
        ...{ organisationId: chain.organisation_id, actor: systemActor, action: 'watch_chain.sealed' },
        object: { kind: 'watch_chain', id: String(chain.number) },
        detail: { observations: chain.observations, hash: chain.hash },
      });
    }
    return chains.length;
  });
}
