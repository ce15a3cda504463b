/** From a credential to a principal. */
import type { BaseLogger } from 'pino';
import { Refusal } from '../errors.ts';
import type { Principal, RequestOrganisation } from '../http/context.ts';
import { type Credential, readCredential } from '../http/credential.ts';
import type { Authentication } from '../http/guard.ts';
import type { Database } from '../storage/database.ts';
import { createSharedReads } from '../storage/shared-reads.ts';
import { hashApiKey, isApiKey, listVerbsInForce } from './api-keys.ts';
import type { SessionSecrets } from './sessions/secrets.ts';
import { findSession } from './sessions/sessions.ts';
import { findApiKey, type HeldApiKey, touchApiKey } from './store.ts';

/** What authentication needs. */
export interface AuthenticationDependencies {
  readonly database: Database;
  readonly secrets: SessionSecrets;
  readonly now: () => number;
  readonly log: Pick<BaseLogger, 'warn'>;
}

const anonymous: Authentication = { principal: { kind: 'anonymous' } };

/** Milliseconds between two notes of a key's use. */
const useNotedEveryMs = 60_000;

/**
 * Who asks. A credential that does not hold makes an anonymous principal, together with the refusal for routes that need
 * one: `unauthenticated`, `vault_locked` for a session that cannot be checked, `not_found` for somebody of another
 * organisation, to whom this one does not exist, and `forbidden` for somebody who must enrol a second factor first.
 */
export async function authenticate(
  dependencies: AuthenticationDependencies,
  headers: Headers,
  organisation: RequestOrganisation,
): Promise<Authentication> {
  const credential = readCredential(headers);
  if (credential.kind === 'none') return anonymous;
  try {
    return await verifyCredential(dependencies, credential, organisation);
  } catch (error) {
    if (error instanceof Refusal) return { ...anonymous, refusal: error };
    throw error;
  }
}

async function verifyCredential(
  dependencies: AuthenticationDependencies,
  credential: Exclude<Credential, { kind: 'none' }>,
  organisation: RequestOrganisation,
): Promise<Authentication> {
  switch (credential.kind) {
    case 'unknown':
      throw new Refusal('unauthenticated', 'expected an Authorization header of the Bearer scheme');
    case 'bearer':
      return { principal: await verifyApiKey(dependencies, credential.key, organisation) };
    case 'session':
      return verifySession(dependencies, credential.token, organisation);
  }
}

async function verifyApiKey(
  { database, now, log }: AuthenticationDependencies,
  key: string,
  organisation: RequestOrganisation,
): Promise<Principal> {
  // The checksum keeps guesses and typing mistakes from the database.
  const row = isApiKey(key) ? await readApiKey(database, hashApiKey(key), now) : undefined;
  if (!row) throw new Refusal('unauthenticated', 'this API key does not hold');
  if (row.organisation_id !== organisation.id) throw stranger();
  const verbs = listVerbsInForce(row);
  if (verbs.length === 0) throw makerLeft();
  const at = now();
  const staleBefore = at - useNotedEveryMs;
  if (row.last_used_at === null || row.last_used_at <= staleBefore) {
    // Where nothing can be written, such as on a full disk, what can be read is still answered.
    await touchApiKey(database.query, { id: row.id, now: at, staleBefore }).catch((err: unknown) => {
      log.warn({ err, apiKey: row.id }, 'the use of an API key could not be noted');
    });
  }
  return { kind: 'api-key', apiKeyId: row.id, verbs, scope: row.scope };
}

const keyReads = createSharedReads<HeldApiKey | undefined>();

// A client of many connections shows one key many times at once.
function readApiKey(database: Database, secretHash: string, now: () => number): Promise<HeldApiKey | undefined> {
  return keyReads(database, secretHash, () => findApiKey(database.query, { secretHash, now: now() }));
}

async function verifySession(
  dependencies: AuthenticationDependencies,
  token: string,
  organisation: RequestOrganisation,
): Promise<Authentication> {
  const found = await findSession(dependencies, organisation.id, token);
  if (!found) throw new Refusal('unauthenticated', 'this session does not hold', { hint: 'log in again' });
  const { session, member } = found;
  if (!member) throw stranger();
  const person = { kind: 'person', personId: member.id, sessionId: session.id, role: member.role } as const;
  return member.mustEnrol
    ? { ...anonymous, refusal: secondFactorRequired(), enrolling: person }
    : { principal: person };
}

function secondFactorRequired(): Refusal {
  return new Refusal('forbidden', 'this organisation demands a second factor', {
    rule: 'second-factor-required',
    hint: 'enrol an authenticator app (signpost factor add-totp) or a passkey; nothing else is answered before',
  });
}

function makerLeft(): Refusal {
  return new Refusal('unauthenticated', 'this API key does not hold: its maker may no longer do what it is for', {
    rule: 'key-maker',
    hint: 'an admin makes another: signpost api-key create',
  });
}

function stranger(): Refusal {
  return new Refusal('not_found', 'there is nothing here');
}
