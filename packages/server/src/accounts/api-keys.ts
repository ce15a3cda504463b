/** API keys: 256 random bits, shown once, stored hashed, limited to a scope and to verbs. */
import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Actor, Caller } from '../audit/audit.ts';
import { recordAudit } from '../audit/store.ts';
import { Refusal } from '../errors.ts';
import type { Role, Verb } from '../http/context.ts';
import type { AccessScope } from '../http/scope-schema.ts';
import type { Database, Query } from '../storage/database.ts';
import { createId } from '../storage/ids.ts';
import type { Act } from './organisations.ts';
import { type ApiKeyRow, findMakerOf, type HeldApiKey, insertApiKey, revokeApiKey as revokeRow } from './store.ts';

const keyPattern = /^sgp_([A-Za-z0-9_-]{43})([0-9A-Za-z]{6})$/;
const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** What a key may do at most while its maker holds the role. */
export const verbsOfRole: Readonly<Record<Role, readonly Verb[]>> = {
  admin: ['read', 'upload', 'activate', 'manage', 'admin', 'metrics', 'submit'],
  manager: ['read', 'upload', 'activate', 'manage', 'submit'],
  viewer: ['read'],
};

/** What a key is made of. */
export interface NewApiKey {
  readonly organisationId: string;
  readonly name: string;
  readonly scope: AccessScope;
  readonly verbs: readonly Verb[];
  /** Unix milliseconds; null for a key that does not expire. */
  readonly expiresAt: number | null;
  /** The person who answers for it: the key never does more than they may; null for the server. */
  readonly createdBy: string | null;
}

/** Creates a key. The text returned is nowhere else: whoever loses it makes a new one. */
export async function createApiKey(
  transaction: Query,
  wanted: NewApiKey,
  { actor, now }: Act,
): Promise<{ key: string; row: ApiKeyRow }> {
  const key = encodeApiKey(randomBytes(32));
  const row: ApiKeyRow = {
    id: createId(now),
    organisation_id: wanted.organisationId,
    name: wanted.name,
    hint: key.slice(0, 8),
    secret_hash: hashApiKey(key),
    scope: wanted.scope,
    verbs: JSON.stringify(wanted.verbs),
    created_by: wanted.createdBy,
    created_at: now,
    expires_at: wanted.expiresAt,
    last_used_at: null,
    revoked_at: null,
  };
  await insertApiKey(transaction, row);
  await recordAudit(transaction, now, {
    organisationId: wanted.organisationId,
    actor,
    action: 'api_key.created',
    object: { kind: 'api-key', id: row.id },
    detail: { name: row.name, scope: row.scope, verbs: wanted.verbs.join(' '), expires_at: row.expires_at },
  });
  return { key, row };
}

/** Revokes a key of the caller's organisation, at once. Throws `not_found` when there is none in force. */
export async function revokeApiKey(
  { database, now }: { database: Database; now: () => number },
  caller: Caller,
  id: string,
): Promise<void> {
  await database.transaction(async (transaction) => {
    const at = now();
    const isRevoked = await revokeRow(transaction, { id, organisationId: caller.organisationId, now: at });
    if (!isRevoked) throw new Refusal('not_found', 'there is no such API key');
    await recordAudit(transaction, at, { ...caller, action: 'api_key.revoked', object: { kind: 'api-key', id } });
  });
}

/**
 * Who answers for access that `actor` gives: the person, or the one who answers for the key that `actor` is. Throws `forbidden`
 * for a client certificate: what it gave would outlive its revocation.
 */
export async function findAnswerable(query: Query, { kind, id }: Actor): Promise<string | null> {
  if (kind === 'person') return id;
  if (kind === 'client-certificate') {
    throw new Refusal('forbidden', 'expected a person or an API key, got a client certificate', { rule: 'role' });
  }
  return kind === 'api-key' && id !== null ? findMakerOf(query, id) : null;
}

/**
 * What a key may do now: its own verbs, as far as its maker may still do as much. None once the maker is disabled or has
 * left the organisation, however long the key has to live.
 */
export function listVerbsInForce({ verbs, maker }: Pick<HeldApiKey, 'verbs' | 'maker'>): Verb[] {
  const own = JSON.parse(verbs) as Verb[];
  if (!maker) return own;
  const allowed = maker.role === null || maker.disabled ? [] : verbsOfRole[maker.role];
  return own.filter((verb) => allowed.includes(verb));
}

/**
 * The key of 32 random bytes: a prefix that secret scanners look for, the bytes in base64url, and a checksum over them
 * (CRC-32, six digits of base 62) by which a scanner tells a key from a chance likeness, and we a mistyped one.
 */
export function encodeApiKey(bytes: Uint8Array): string {
  const body = Buffer.from(bytes).toString('base64url');
  return `sgp_${body}${checksumOf(body)}`;
}

/** Whether `text` has the form of a key and its checksum is right; says nothing about whether there is one. */
export function isApiKey(text: string): boolean {
  const match = keyPattern.exec(text);
  return match !== null && checksumOf(match[1] ?? '') === match[2];
}

/** What is stored of a key. With 256 random bits in it, there is nothing for a slow hash to protect. */
export function hashApiKey(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

function checksumOf(body: string): string {
  let rest = crc32(body);
  let digits = '';
  for (let place = 0; place < 6; place++) {
    digits = `${alphabet[rest % 62]}${digits}`;
    rest = Math.floor(rest / 62);
  }
  return digits;
}
