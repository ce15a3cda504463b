/** Roots and trust lists as the server keeps them: it verifies, stores and serves them, and can never make one. */
import { TrustError } from '@signpost/protocol/errors';
import { parsePublicKey } from '@signpost/protocol/keys/ed25519';
import { maxRootChainBytes, maxRootChanges, type RootSet } from '@signpost/protocol/updates/trust-list';
import { type VerifiedTrustList, verifyTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Event } from '../storage/bus.ts';
import type { Database, Query } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import { recordEvents } from '../storage/outbox.ts';
import { violationOf } from '../storage/violation.ts';
import { appendAll, appendOrWait, type Loggable, type LogParts } from './log/append.ts';
import {
  findLatestTrustList,
  insertPinnedRoots,
  insertTrustList,
  listPinnedRoots,
  listRootChanges,
  listTrustListHeads,
  measureRootChanges,
  type TrustListHead,
} from './store.ts';

/** What the trust plane works with. */
export interface TrustDependencies {
  readonly database: Database;
  readonly now: () => number;
}

/** What an import works with: the log signs under the vault. */
export interface ImportDependencies extends TrustDependencies, LogParts {}

/** What an import did. */
export interface ImportedTrustList {
  readonly list: VerifiedTrustList;
  /** False when exactly this list was there already. */
  readonly changed: boolean;
}

const encoder = new TextEncoder();

/** Pins the roots of an organisation, once. Throws `conflict` when other ones are pinned, TrustError for a bad key. */
export async function pinRoots(
  { database, now }: TrustDependencies,
  caller: Caller,
  pin: { rootKeys: readonly string[]; threshold: number },
): Promise<RootSet> {
  const keys = await Promise.all(pin.rootKeys.map(parsePublicKey));
  assertRootSet(
    keys.map(({ keyId }) => keyId),
    pin.threshold,
  );
  await database.transaction(async (tx) => {
    const pinned = await listPinnedRoots(tx, caller.organisationId);
    if (pinned.length > 0) {
      throw new Refusal('conflict', 'roots are pinned already', {
        rule: 'roots-pinned',
        hint: 'change them by a trust list that the present roots sign: signpost root rotate',
      });
    }
    const rows = keys.map(({ keyId, pubkeyB64 }) => ({
      organisation_id: caller.organisationId,
      key_id: keyId,
      pubkey_b64: pubkeyB64,
      threshold: pin.threshold,
      pinned_at: now(),
    }));
    await insertPinnedRoots(tx, rows);
    await recordAudit(tx, now(), {
      ...caller,
      action: 'trust.root_pinned',
      object: { kind: 'organisation', id: caller.organisationId },
      detail: { key_ids: keys.map(({ keyId }) => keyId).join(' '), threshold: pin.threshold },
    });
  });
  return { keys, threshold: pin.threshold };
}

/** The pinned roots, or undefined while there are none. */
export async function readPinnedRoots(query: Query, organisationId: string): Promise<RootSet | undefined> {
  const rows = await listPinnedRoots(query, organisationId);
  const [first] = rows;
  if (!first) return undefined;
  return { keys: await Promise.all(rows.map((row) => parsePublicKey(row.pubkey_b64))), threshold: first.threshold };
}

/**
 * The list in force: the latest one, verified from the pinned roots through every change of roots, whatever the
 * database says. Its expiry is not judged here. Undefined while none was imported; throws TrustError if the chain breaks.
 */
export async function readTrustInForce(query: Query, organisationId: string): Promise<VerifiedTrustList | undefined> {
  const latest = await findLatestTrustList(query, organisationId);
  let roots = await readPinnedRoots(query, organisationId);
  if (!latest || !roots) return undefined;
  let list: VerifiedTrustList | undefined;
  for (const link of await listRootChanges(query, organisationId)) {
    list = await verifyTrustList(encoder.encode(link.envelope), { roots, previous: list });
    roots = list.rootsInForce;
  }
  if (list?.version === latest.version) return list;
  return verifyTrustList(encoder.encode(latest.envelope), { roots, previous: list });
}

/**
 * Verifies and stores a trust list. Importing the list in force again changes nothing. Throws `trust_refused` without
 * pinned roots, and TrustError for whatever a client would refuse; both are audited.
 */
export async function importTrustList(
  dependencies: ImportDependencies,
  caller: Caller,
  bytes: Uint8Array,
): Promise<ImportedTrustList> {
  try {
    return await importVerified(dependencies, caller, bytes);
  } catch (error) {
    if (error instanceof TrustError || error instanceof Refusal)
      await recordRefusedImport(dependencies, caller, error.code);
    throw error;
  }
}

async function importVerified(
  dependencies: ImportDependencies,
  caller: Caller,
  bytes: Uint8Array,
): Promise<ImportedTrustList> {
  const { database, now } = dependencies;
  const previous = await readTrustInForce(database.query, caller.organisationId);
  const roots = previous?.rootsInForce ?? (await readPinnedRoots(database.query, caller.organisationId));
  if (!roots) {
    throw new Refusal('trust_refused', 'no root is pinned', {
      rule: 'no-root-pinned',
      hint: 'pin the root key that you keep offline: signpost trust import FILE --pin ROOT_PUBLIC_KEY',
    });
  }
  const list = await verifyTrustList(bytes, { roots, previous, now: now() });
  if (previous?.version === list.version) return { list, changed: false };
  await storeTrustList(dependencies, caller, { list, previous, previousRoots: roots });
  return { list, changed: true };
}

async function storeTrustList(
  dependencies: ImportDependencies,
  caller: Caller,
  {
    list,
    previous,
    previousRoots,
  }: { list: VerifiedTrustList; previous: VerifiedTrustList | undefined; previousRoots: RootSet },
): Promise<void> {
  const { database, now } = dependencies;
  const at = now();
  const row = {
    organisation_id: caller.organisationId,
    version: list.version,
    digest: list.digest,
    envelope: list.envelope,
    issued_at: list.issuedAt,
    expires_at: list.expiresAt,
    changes_roots: isSameRootSet(previousRoots, list.rootsInForce) ? 0 : 1,
    imported_at: at,
  };
  const faster = new Refusal('conflict', 'another trust list was imported meanwhile', { rule: 'trust-import-raced' });
  await database
    .transaction(async (tx) => {
      if (!(await insertTrustList(tx, row))) throw faster;
      if (row.changes_roots === 1) await assertChainFollowed(tx, caller.organisationId);
      await appendOrWait(tx, dependencies, [describeList(row)]);
      const payload = { trust_version: list.version, digest: list.digest };
      await recordEvents(tx, listEvents(caller, { list, previous, at }));
      await recordAudit(tx, at, {
        ...caller,
        action: 'trust.imported',
        object: { kind: 'trust-list', id: String(list.version) },
        detail: payload,
      });
    })
    .catch((error: unknown) => {
      throw violationOf(error) === 'unique' ? faster : error;
    });
}

/** A list as the log has it. */
function describeList({ organisation_id, version, digest }: TrustListHead): Loggable {
  return { organisationId: organisation_id, entry: { type: 'trust-list', trustVersion: version, sha256: digest } };
}

/** Appends every list that was ever in force and is not in the log yet, in the order of their import; returns how many. */
export async function logTrustLists(dependencies: ImportDependencies): Promise<number> {
  return appendAll(dependencies, (await listTrustListHeads(dependencies.database.query)).map(describeList));
}

/** What a list in force tells: of itself, and of each key that it revokes and the one before did not. */
function listEvents(
  { organisationId }: Caller,
  { list, previous, at }: { list: VerifiedTrustList; previous: VerifiedTrustList | undefined; at: number },
): Event[] {
  const before = new Set(previous?.revokedKeys.map(({ keyId }) => keyId));
  const revoked = list.revokedKeys.filter(({ keyId }) => !before.has(keyId));
  const updated = { topic: 'trust.updated', payload: { trust_version: list.version, digest: list.digest } };
  return [
    updated,
    ...revoked.map(({ keyId }) => ({
      topic: 'key.revoked',
      payload: { key_id: keyId, trust_version: list.version },
    })),
  ].map((event) => ({ id: createId(at), organisationId, ...event, at }));
}

/** Clients follow a chain of bounded length: one root change more, and those of the first roots would be lost. */
async function assertChainFollowed(tx: Query, organisationId: string): Promise<void> {
  const { count, bytes } = await measureRootChanges(tx, organisationId);
  // Around the links stand a few bytes, and a comma after each.
  if (count <= maxRootChanges && bytes + 2 * count + 64 <= maxRootChainBytes) return;
  throw new Refusal(
    'conflict',
    `expected at most ${maxRootChanges} changes of the roots in ${maxRootChainBytes} bytes`,
    {
      rule: 'root-chain-full',
      hint: 'clients follow no longer chain: keep these roots, or begin anew with clients that pin the new ones',
    },
  );
}

async function recordRefusedImport({ database, now }: TrustDependencies, caller: Caller, code: string): Promise<void> {
  await database.transaction((tx) =>
    recordAudit(tx, now(), {
      ...caller,
      action: 'trust.import_refused',
      object: { kind: 'organisation', id: caller.organisationId },
      outcome: 'refused',
      detail: { code },
    }),
  );
}

function isSameRootSet(left: RootSet, right: RootSet): boolean {
  const ids = (set: RootSet) => set.keys.map(({ keyId }) => keyId).sort();
  return left.threshold === right.threshold && ids(left).join() === ids(right).join();
}

function assertRootSet(keyIds: readonly string[], threshold: number): void {
  if (new Set(keyIds).size !== keyIds.length) throw new Refusal('invalid', 'expected each root key once');
  if (threshold < 1 || threshold > keyIds.length) {
    throw new Refusal('invalid', `expected a threshold between 1 and ${keyIds.length}, got ${threshold}`);
  }
}
