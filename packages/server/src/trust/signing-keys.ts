/** The server's own signing keys: sealed in the vault, used only when the trust list in force says so. */
import { createKeyPair, createSigner, type Signer } from '@signpost/protocol/keys/ed25519';
import { isInScope, type Scope } from '@signpost/protocol/updates/names';
import { findKeysInScope, isKeyUsable } from '@signpost/protocol/updates/verify-manifest';
import type { VerifiedTrustList } from '@signpost/protocol/updates/verify-trust-list';
import type { Transaction } from 'kysely';
import type { AuditAction } from '../audit/actions.ts';
import type { Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Query } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import { recordEvent } from '../storage/outbox.ts';
import type { Schema } from '../storage/schema.ts';
import type { Vault } from '../vault/vault.ts';
import {
  findActiveSigningKey,
  findSigningKey,
  insertSigningKey,
  moveSigningKey,
  retireActiveSigningKey,
  type SigningKeyRow,
} from './store.ts';
import { readTrustInForce, type TrustDependencies } from './trust-lists.ts';

/** What signing keys need beside the trust plane's own. */
export interface SigningKeyDependencies extends TrustDependencies {
  readonly vault: Vault;
}

const purpose = 'signing-key';

/** Makes a key and seals it. It signs nothing before a trust list names it and `activateSigningKey` says so. */
export async function createSigningKey(
  { database, vault, now }: SigningKeyDependencies,
  caller: Caller,
  { scope, label }: { scope: Scope; label: string },
): Promise<SigningKeyRow> {
  const { seed, signer } = await createKeyPair();
  const at = now();
  return database.transaction(async (tx) => {
    const row: SigningKeyRow = {
      key_id: signer.keyId,
      organisation_id: caller.organisationId,
      scope,
      label,
      pubkey_b64: signer.pubkeyB64,
      // Inside the transaction, so that a reset of the vault cannot come between sealing and storing.
      sealed_seed: vault.seal(purpose, `signing_key/${signer.keyId}`, seed),
      state: 'created',
      created_at: at,
      activated_at: null,
      ended_at: null,
    };
    await insertSigningKey(tx, row);
    await recordKeyAct(tx, { caller, at, action: 'signing_key.created', keyId: row.key_id, detail: { scope, label } });
    return row;
  });
}

/**
 * Makes a key the active one of its scope; the one before it retires. Throws `trust_refused` when the trust list in
 * force would not accept it, so that clients never meet a signature they cannot check.
 */
export async function activateSigningKey(
  dependencies: SigningKeyDependencies,
  caller: Caller,
  keyId: string,
): Promise<SigningKeyRow> {
  const { database, now } = dependencies;
  const at = now();
  return database.transaction(async (tx) => {
    const key = await requireSigningKey(tx, caller, keyId);
    assertInTrustList(key, await readTrustInForce(tx, caller.organisationId), at);
    if (key.state === 'active') return key;
    const retired = await retireActiveSigningKey(tx, {
      organisationId: caller.organisationId,
      scope: key.scope,
      now: at,
    });
    const change = { from: ['created', 'retired'], to: 'active' } as const;
    if (!(await moveSigningKey(tx, { organisationId: caller.organisationId, keyId, now: at }, change))) {
      throw new Refusal('conflict', `a ${key.state} key cannot be activated`, { rule: 'key-state' });
    }
    await recordKeyAct(tx, {
      caller,
      at,
      action: 'signing_key.activated',
      keyId,
      detail: { scope: key.scope, retired: retired ?? null },
    });
    return { ...key, state: 'active', activated_at: at };
  });
}

/** Takes a key out of use. What it signed stays valid while the trust list holds it. */
export async function retireSigningKey(
  dependencies: SigningKeyDependencies,
  caller: Caller,
  keyId: string,
): Promise<SigningKeyRow> {
  return endSigningKey(dependencies, caller, { keyId, from: ['created', 'active'], to: 'retired' });
}

/** Marks a key as never to be used again. Clients learn it from the next trust list only. */
export async function revokeSigningKey(
  dependencies: SigningKeyDependencies,
  caller: Caller,
  keyId: string,
): Promise<SigningKeyRow> {
  return endSigningKey(dependencies, caller, { keyId, from: ['created', 'active', 'retired'], to: 'revoked' });
}

/** Whose signer is looked for, and under which list. */
interface SignerWish {
  readonly query: Query;
  readonly scope: Scope;
  readonly trust: VerifiedTrustList;
}

/**
 * The signer for a scope: the active key of that very scope, else, but for packages, that of `*`, if the trust list accepts it. Throws
 * `trust_refused` when there is none and `vault_locked` while the vault is.
 */
export async function openScopedSigner(
  { vault, now }: SigningKeyDependencies,
  organisationId: string,
  { query, scope, trust }: SignerWish,
): Promise<Signer> {
  const usable = new Set(findKeysInScope(trust, scope, now()).map(({ key }) => key.keyId));
  // The key of everything signs no packages for WordPress, whatever a later list says of it.
  const held = scope.startsWith('wordpress:') ? [scope] : [scope, '*'];
  for (const name of held) {
    const key = await findActiveSigningKey(query, organisationId, name);
    if (key && usable.has(key.key_id)) {
      const seed = new Uint8Array(vault.unseal(purpose, `signing_key/${key.key_id}`, key.sealed_seed));
      const signer = await createSigner(seed);
      seed.fill(0);
      return signer;
    }
  }
  throw new Refusal(
    'trust_refused',
    `no active signing key for ${scope.replace(/^project:/, '').replace(':', ' ')} stands in the trust list in force`,
    {
      rule: 'no-signing-key',
      hint: 'signpost key create, signpost root add-key, signpost root sign, signpost trust import, signpost key activate',
    },
  );
}

/** The signer for `project`, see `openScopedSigner`. */
export async function openProjectSigner(
  dependencies: SigningKeyDependencies,
  organisationId: string,
  { project, ...wish }: Omit<SignerWish, 'scope'> & { project: string },
): Promise<Signer> {
  return openScopedSigner(dependencies, organisationId, { ...wish, scope: `project:${project}` });
}

/**
 * The signer for what belongs to no project: the active key of scope `*`, if the trust list accepts it. Throws as `openScopedSigner`.
 */
export async function openSharedSigner(
  dependencies: SigningKeyDependencies,
  organisationId: string,
  wish: Omit<SignerWish, 'scope'>,
): Promise<Signer> {
  return openScopedSigner(dependencies, organisationId, { ...wish, scope: '*' });
}

async function endSigningKey(
  dependencies: SigningKeyDependencies,
  caller: Caller,
  change: { keyId: string; from: readonly SigningKeyRow['state'][]; to: 'retired' | 'revoked' },
): Promise<SigningKeyRow> {
  const at = dependencies.now();
  return dependencies.database.transaction(async (tx) => {
    const key = await requireSigningKey(tx, caller, change.keyId);
    const where = { organisationId: caller.organisationId, keyId: change.keyId, now: at };
    if (!(await moveSigningKey(tx, where, change))) {
      throw new Refusal('conflict', `a ${key.state} key cannot be ${change.to}`, { rule: 'key-state' });
    }
    await recordKeyAct(tx, { caller, at, action: `signing_key.${change.to}`, keyId: change.keyId });
    return { ...key, state: change.to, ended_at: at };
  });
}

async function requireSigningKey(query: Query, caller: Caller, keyId: string): Promise<SigningKeyRow> {
  const key = await findSigningKey(query, caller.organisationId, keyId);
  if (!key) throw new Refusal('not_found', 'no such signing key');
  return key;
}

/** Whether the list holds the server key, for the same scope, unrevoked and in its window. */
export function isInTrustList(key: SigningKeyRow, trust: VerifiedTrustList | undefined, now: number): boolean {
  const trusted = trust?.validKeys.find((entry) => entry.key.keyId === key.key_id);
  if (!trust || !trusted || trusted.custody !== 'server' || !isKeyUsable(trust, trusted, now)) return false;
  return isInScope(trusted.scope, key.scope as Scope);
}

function assertInTrustList(key: SigningKeyRow, trust: VerifiedTrustList | undefined, now: number): void {
  if (isInTrustList(key, trust, now)) return;
  throw new Refusal('trust_refused', 'the trust list in force does not hold this key for its scope', {
    rule: 'key-not-in-trust-list',
    hint: 'on the offline machine: signpost root add-key --key FILE, signpost root sign; then here: signpost trust import trust.json',
  });
}

interface KeyAct {
  readonly caller: Caller;
  readonly at: number;
  readonly action: Extract<AuditAction, `signing_key.${string}`>;
  readonly keyId: string;
  readonly detail?: Readonly<Record<string, string | null>>;
}

async function recordKeyAct(tx: Transaction<Schema>, act: KeyAct): Promise<void> {
  const { caller, at, action, keyId } = act;
  await recordEvent(tx, {
    id: createId(at),
    organisationId: caller.organisationId,
    topic: action,
    payload: { key_id: keyId },
    at,
  });
  const detail = act.detail === undefined ? {} : { detail: act.detail };
  await recordAudit(tx, at, { ...caller, action, object: { kind: 'signing-key', id: keyId }, ...detail });
}
