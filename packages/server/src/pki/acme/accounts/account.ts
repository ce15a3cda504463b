/** ACME accounts (RFC 8555, section 7.3): opened by whoever holds a key, changed by the same. */
import type { SignableObject } from '@signpost/protocol/json/canonical';
import type { AuditAction } from '../../../audit/actions.ts';
import { type Caller, systemActor } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import { limitKey } from '../../../http/address.ts';
import type { Query } from '../../../storage/database.ts';
import { createId, isId } from '../../../storage/ids.ts';
import { violationOf } from '../../../storage/violation.ts';
import type { Vault } from '../../../vault/vault.ts';
import type { Directory } from '../directories/directory.ts';
import { type BindingRow, bindAccount } from '../directories/store.ts';
import { AcmeProblem } from '../problem.ts';
import type { HourlyLimits } from '../requests/hourly-limits.ts';
import {
  type AccountRequest,
  type KeyRequest,
  parsePayload,
  type RequestDependencies,
} from '../requests/signed-request.ts';
import { parseContacts } from './contacts.ts';
import { type AccountRow, findAccount, findAccountByKey, insertAccount, updateAccount } from './store.ts';
import { refuseUsedBinding, verifyBinding } from './verify-binding.ts';

/** What accounts work with. */
export interface AccountDependencies extends RequestDependencies {
  readonly vault: Vault;
  readonly now: () => number;
  readonly limits: HourlyLimits;
}

/** What a request for an account came to. */
export interface OpenedAccount {
  readonly account: AccountRow;
  readonly isNew: boolean;
}

/** Opens an account, or finds the one that has the key. `address` is the client's, for the limit; it is not kept. */
export async function openAccount(
  dependencies: AccountDependencies,
  request: KeyRequest,
  address: string,
): Promise<OpenedAccount> {
  const { database, limits } = dependencies;
  const { directory, key } = request;
  const payload = parsePayload(request);
  const known = await findAccountByKey(database.query, directory.id, key.thumbprint);
  if (known) return { account: assertValid(known), isNew: false };
  if (payload.onlyReturnExisting === true) {
    throw new AcmeProblem('accountDoesNotExist', 'this directory has no account with this key');
  }
  limits.take(`accounts ${directory.id} ${limitKey(address)}`, directory.limits.accounts);
  const contacts = parseContacts(payload) ?? [];
  assertTerms(directory, payload);
  const binding = await verifyBinding(dependencies, request, payload);
  return createAccount(dependencies, request, { contacts, binding });
}

async function createAccount(
  { database, now }: AccountDependencies,
  { directory, key }: KeyRequest,
  { contacts, binding }: { contacts: readonly string[]; binding: BindingRow | undefined },
): Promise<OpenedAccount> {
  const at = now();
  const account: AccountRow = {
    id: createId(at),
    directory_id: directory.id,
    thumbprint: key.thumbprint,
    jwk: JSON.stringify(key.jwk),
    contacts: JSON.stringify(contacts),
    state: 'valid',
    binding_id: binding?.id ?? null,
    created_at: at,
  };
  try {
    await database.transaction(async (tx) => {
      if (binding && !(await bindAccount(tx, binding.id, account.id))) throw refuseUsedBinding();
      await insertAccount(tx, account);
      const detail = { directory: directory.name, ...(binding && { binding: binding.id, label: binding.label }) };
      const caller = callerFor(directory);
      await recordAccountAct(tx, { caller, at, action: 'acme.account_created', id: account.id, detail });
    });
  } catch (error) {
    // The same request came twice at once, and the other one was first.
    const known =
      violationOf(error) === 'unique' && (await findAccountByKey(database.query, directory.id, key.thumbprint));
    if (known) return { account: assertValid(known), isNew: false };
    throw error;
  }
  return { account, isNew: true };
}

/** Changes the contacts of an account, or deactivates it, which is for ever (RFC 8555, 7.3.2 and 7.3.6). */
export async function changeAccount(
  { database, now, limits }: Pick<AccountDependencies, 'database' | 'now' | 'limits'>,
  request: AccountRequest,
): Promise<AccountRow> {
  const { account, directory } = request;
  if (request.payload.length === 0) return account;
  const payload = parsePayload(request);
  if (payload.status !== undefined && payload.status !== 'deactivated') {
    throw new AcmeProblem('malformed', 'expected status to be deactivated');
  }
  const contacts = parseContacts(payload);
  const isEnd = payload.status === 'deactivated';
  if (contacts === undefined && !isEnd) return account;
  const change = {
    ...(contacts && { contacts: JSON.stringify(contacts) }),
    ...(isEnd && { state: 'deactivated' as const }),
  };
  if (!isEnd) {
    if (change.contacts === account.contacts) return account;
    takeChange(limits, request);
  }
  const at = now();
  await database.transaction(async (tx) => {
    if (!(await updateAccount(tx, account, change))) throw refuseEnded();
    const action = isEnd ? 'acme.account_deactivated' : 'acme.account_changed';
    const detail = { directory: directory.name };
    await recordAccountAct(tx, { caller: callerFor(directory), at, action, id: account.id, detail });
  });
  return { ...account, ...change };
}

/**
 * Counts a change of an account, each of which is a row of the audit log that stays: as many an hour as an address may open
 * accounts. The end of an account comes once, and is not counted. Throws `rateLimited`.
 */
export function takeChange(limits: HourlyLimits, { account, directory }: AccountRequest): void {
  limits.take(`changes ${account.id}`, directory.limits.accounts);
}

/** Ends an account by an admin's word. False when there is none that is valid. */
export async function revokeAccount(
  { database, now }: Pick<AccountDependencies, 'database' | 'now'>,
  caller: Caller,
  { directory, id }: { directory: Directory; id: string },
): Promise<AccountRow> {
  const at = now();
  return database.transaction(async (tx) => {
    const account = isId(id) ? await findAccount(tx, directory.id, id) : undefined;
    if (!account) throw new Refusal('not_found', 'no such ACME account');
    if (!(await updateAccount(tx, account, { state: 'revoked' }))) {
      throw new Refusal('conflict', `the account is ${account.state} already`, { rule: 'acme-account-state' });
    }
    await recordAccountAct(tx, {
      caller,
      at,
      action: 'acme.account_revoked',
      id,
      detail: { directory: directory.name },
    });
    return { ...account, state: 'revoked' };
  });
}

function assertValid(account: AccountRow): AccountRow {
  if (account.state === 'valid') return account;
  throw new AcmeProblem('unauthorized', `expected a valid account, got one that is ${account.state}`, { status: 401 });
}

function assertTerms({ termsUrl }: Directory, payload: SignableObject): void {
  if (termsUrl === null || payload.termsOfServiceAgreed === true) return;
  throw new AcmeProblem('userActionRequired', 'expected agreement to the terms of service', {
    headers: { Link: `<${termsUrl}>;rel="terms-of-service"` },
  });
}

/** The one who is left when the account ended, or got another key, between the check and the change. */
export function refuseEnded(): AcmeProblem {
  return new AcmeProblem('unauthorized', 'expected a valid account, and its present key', { status: 401 });
}

interface AccountAct {
  readonly caller: Caller;
  readonly at: number;
  readonly action: Extract<AuditAction, `acme.account_${string}`>;
  readonly id: string;
  readonly detail: Readonly<Record<string, string>>;
}

/** Audits what happened to an account. */
export async function recordAccountAct(tx: Query, { caller, at, action, id, detail }: AccountAct): Promise<void> {
  await recordAudit(tx, at, { ...caller, action, object: { kind: 'acme-account', id }, detail });
}

/** The server on behalf of a client: the account stands in the row's object or detail. */
export function callerFor({ organisationId }: Pick<Directory, 'organisationId'>): Caller {
  return { organisationId, actor: systemActor };
}
