/** The push key of an organisation: sealed in the vault, it certifies channel keys and signs nothing else. */
import { createKeyPair, createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import type { PushKey } from '@signpost/protocol/updates/trust-list';
import { isKeyUsable } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Transaction } from 'kysely';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { PushKeyTable } from '../../storage/tables/push.ts';
import { readTrustInForce } from '../../trust/trust-lists.ts';
import type { Vault } from '../../vault/vault.ts';
import { insertPushKey, listPushKeys, movePushKey } from './store.ts';

/** What push keys are kept with. */
export interface PushKeyParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
}

/** The push keys of an organisation that are not retired, and what the trust list in force says of them. */
export interface PushIdentity {
  readonly active: PushKeyTable | undefined;
  /** Becomes the active one with the trust list that names it. */
  readonly waiting: PushKeyTable | undefined;
  /** Whether the trust list in force vouches for the active key now. */
  readonly vouched: boolean;
}

/** An open push key, with what the trust list says of it. */
export interface OpenPushKey {
  readonly signer: Signer;
  readonly entry: PushKey;
  readonly trust: VerifiedTrustList;
}

const purpose = 'push-key';
const defaultLabel = 'push';

/** The push keys, the first one made if there is none. Throws `vault_locked` when one must be made and cannot be. */
export async function readPushIdentity(parts: PushKeyParts, organisationId: string): Promise<PushIdentity> {
  const before = await describeIdentity(parts.database.query, organisationId, parts.now());
  if (before.active || before.waiting) return before;
  const made = await prepareKey();
  await parts.database.transaction(async (tx) => {
    const { active, waiting } = await describeIdentity(tx, organisationId, parts.now());
    if (!active && !waiting) await storeKey(tx, parts, { caller: { organisationId, actor: systemActor }, made });
  });
  return describeIdentity(parts.database.query, organisationId, parts.now());
}

/**
 * Makes the successor of the active key. It takes over with the trust list that names it; until then the active one goes
 * on. Throws `conflict`, rule `push-key-waiting`, while one waits already.
 */
export async function rotatePushKey(parts: PushKeyParts, caller: Caller): Promise<PushKeyTable> {
  const made = await prepareKey();
  return parts.database.transaction(async (tx) => {
    const { waiting } = await describeIdentity(tx, caller.organisationId, parts.now());
    if (!waiting) return storeKey(tx, parts, { caller, made });
    throw new Refusal('conflict', 'a push key waits already for the trust list that names it', {
      rule: 'push-key-waiting',
      hint: `put the key ${waiting.key_id} into the next trust list, and import it`,
    });
  });
}

/** Puts the waiting key into force if the trust list in force names it; the one before it retires. Whether it did. */
export async function settlePushKey({ database, now }: PushKeyParts, organisationId: string): Promise<boolean> {
  const { waiting } = await describeIdentity(database.query, organisationId, now());
  const trust = waiting && (await readTrustInForce(database.query, organisationId));
  if (!waiting || !findUsable(trust, waiting, now())) return false;
  return database.transaction(async (tx) => {
    const at = now();
    const { active } = await describeIdentity(tx, organisationId, at);
    if (active) await movePushKey(tx, { keyId: active.key_id, from: 'active' }, { state: 'retired', ended_at: at });
    const change = { state: 'active', activated_at: at } as const;
    if (!(await movePushKey(tx, { keyId: waiting.key_id, from: 'waiting' }, change))) return false;
    await recordAudit(tx, at, {
      ...{ organisationId, actor: systemActor, action: 'push_key.activated' },
      object: { kind: 'push-key', id: waiting.key_id },
      detail: { retired: active?.key_id ?? null },
    });
    return true;
  });
}

/** The active push key, if the trust list in force vouches for it. Undefined when not; throws `vault_locked`. */
export async function openPushKey(
  { database, vault, now }: PushKeyParts,
  organisationId: string,
): Promise<OpenPushKey | undefined> {
  const active = (await listPushKeys(database.query, organisationId)).find(({ state }) => state === 'active');
  const trust = active && (await readTrustInForce(database.query, organisationId));
  const entry = active && findUsable(trust, active, now());
  if (!active || !trust || !entry) return undefined;
  const seed = new Uint8Array(vault.unseal(purpose, `push_key/${active.key_id}`, active.sealed_seed));
  const signer = await createSigner(seed);
  seed.fill(0);
  return { signer, entry, trust };
}

/** The push keys of an organisation as they are. */
export async function describeIdentity(query: Query, organisationId: string, now: number): Promise<PushIdentity> {
  const keys = await listPushKeys(query, organisationId);
  const active = keys.find(({ state }) => state === 'active');
  const trust = active && (await readTrustInForce(query, organisationId));
  const vouched = active !== undefined && findUsable(trust, active, now) !== undefined;
  return { active, waiting: keys.find(({ state }) => state === 'waiting'), vouched };
}

function findUsable(
  trust: VerifiedTrustList | undefined,
  { key_id: keyId }: PushKeyTable,
  now: number,
): PushKey | undefined {
  const entry = trust?.pushKeys.find(({ key }) => key.keyId === keyId);
  return trust && entry && isKeyUsable(trust, entry, now) ? entry : undefined;
}

type Made = Awaited<ReturnType<typeof createKeyPair>>;

async function prepareKey(): Promise<Made> {
  return createKeyPair();
}

async function storeKey(
  tx: Transaction<Schema>,
  { vault, now }: PushKeyParts,
  { caller, made: { seed, signer } }: { readonly caller: Caller; readonly made: Made },
): Promise<PushKeyTable> {
  const at = now();
  const row: PushKeyTable = {
    key_id: signer.keyId,
    organisation_id: caller.organisationId,
    label: defaultLabel,
    pubkey_b64: signer.pubkeyB64,
    // Inside the transaction, so that a reset of the vault cannot come between sealing and storing.
    sealed_seed: vault.seal(purpose, `push_key/${signer.keyId}`, seed),
    ...{ state: 'waiting', created_at: at, activated_at: null, ended_at: null },
  };
  await insertPushKey(tx, row);
  await recordAudit(tx, at, { ...caller, action: 'push_key.created', object: { kind: 'push-key', id: row.key_id } });
  return row;
}
