/** The first admin of a server, made by whoever has the link that `signpost init` printed. */
import { createHash, randomBytes } from 'node:crypto';
import { type Actor, type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Vault } from '../../vault/vault.ts';
import type { Passwords } from '../passwords.ts';
import { createPerson } from '../people.ts';
import type { MemberRow } from '../store.ts';
import { hasOpenSetupLink, hasPeople, replaceSetupLink, takeSetupLink } from './store.ts';

const linkLifeMs = 24 * 60 * 60_000;
const tokenBytes = 32;
const anonymous: Actor = { kind: 'anonymous', id: null, sessionId: null };

/** What making the first admin needs. */
export interface FirstAdminParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly passwords: Passwords;
  readonly now: () => number;
}

/** The first admin as they want to be, and the token of the link. */
export interface FirstAdminRequest {
  readonly token: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
  /** Makes the vault. Needed where `signpost init` did not, refused where it did. */
  readonly masterPassword: string | undefined;
}

/**
 * Makes the one link that counts from here on, for a day, and returns its token: it is nowhere else. Throws `conflict` once there are people:
 * they make each other admins.
 */
export async function makeSetupLink(transaction: Query, organisationId: string, now: number): Promise<string> {
  if (await hasPeople(transaction)) {
    throw new Refusal('conflict', 'expected a server without people, got one with some', {
      rule: 'first-admin-made',
      hint: 'signpost user add',
    });
  }
  const token = randomBytes(tokenBytes).toString('base64url');
  await replaceSetupLink(transaction, { tokenHash: hashToken(token), createdAt: now, expiresAt: now + linkLifeMs });
  const object = { kind: 'server', id: 'server' };
  await recordAudit(transaction, now, { organisationId, actor: systemActor, action: 'setup_link.made', object });
  return token;
}

/** Whether somebody with the link may still make the first admin. */
export async function isFirstAdminAwaited({ query }: Database, now: number): Promise<boolean> {
  return (await hasOpenSetupLink(query, { now })) && !(await hasPeople(query));
}

/**
 * Makes the first admin, and the vault where there is none. Throws the same `forbidden` for a token that is wrong, used or too old, and once
 * there are people; `invalid` for passwords that may not be chosen, and for a master password that is missing or one too many.
 */
export async function makeFirstAdmin(
  { database, vault, passwords, now }: FirstAdminParts,
  organisationId: string,
  { token, email, name, password, masterPassword }: FirstAdminRequest,
): Promise<MemberRow> {
  const tokenHash = hashToken(token);
  if (!(await hasOpenSetupLink(database.query, { tokenHash, now: now() }))) throw refused();
  assertMasterPassword(vault, masterPassword);
  const passwordHash = await passwords.hash(password);
  return database.transaction(async (transaction) => {
    const at = now();
    const isFirst = (await takeSetupLink(transaction, { tokenHash, now: at })) && !(await hasPeople(transaction));
    if (!isFirst) throw refused();
    const caller: Caller = { organisationId, actor: anonymous };
    if (masterPassword !== undefined) await createVault(transaction, vault, { caller, masterPassword, at });
    const wanted = { organisationId, email, name, role: 'admin', passwordHash } as const;
    const member = await createPerson(transaction, wanted, { actor: anonymous, now: at });
    const object = { kind: 'person', id: member.id };
    await recordAudit(transaction, at, { ...caller, action: 'setup_link.used', object });
    return member;
  });
}

async function createVault(
  transaction: Query,
  vault: Vault,
  { caller, masterPassword, at }: { caller: Caller; masterPassword: string; at: number },
): Promise<void> {
  await vault.create(transaction, masterPassword);
  await recordEvent(transaction, {
    ...{ id: createId(at), organisationId: null, topic: 'vault.unlocked', payload: {}, at },
  });
  await recordAudit(transaction, at, { ...caller, action: 'vault.created', object: { kind: 'vault', id: '1' } });
}

function assertMasterPassword({ state }: Vault, masterPassword: string | undefined): void {
  if ((state === 'absent') === (masterPassword !== undefined)) return;
  const expected = state === 'absent' ? 'a master password, since there is no vault' : 'no master password: it is set';
  throw new Refusal('invalid', `expected ${expected}`, { rule: 'master-password' });
}

/** With 256 random bits in it, there is nothing for a slow hash to protect. */
function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

function refused(): Refusal {
  return new Refusal('forbidden', 'this link does not hold', {
    rule: 'setup-link',
    hint: 'a link holds for a day and once; another: signpost init --new-link',
  });
}
