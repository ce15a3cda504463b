/** Passkeys: public keys that an authenticator keeps for this server alone (WebAuthn Level 3, 7.1 and 7.2). */
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Assertion, Registration } from '../../http/proof-schema.ts';
import { createId } from '../../storage/ids.ts';
import { violationOf } from '../../storage/violation.ts';
import { queueAccountMail } from '../notices/queue.ts';
import type { MemberRow } from '../store.ts';
import { hasSecondFactor, settleNewFactor, settleRemovedFactor } from './enrolment.ts';
import type { FactorParts } from './parts.ts';
import { type RelyingParty, relyingPartyOf } from './relying-party.ts';
import {
  deletePasskey,
  findPasskeyByCredential,
  insertPasskey,
  listPasskeys,
  type PasskeyRow,
  renamePasskey,
  suspendPasskey,
  takePasskeyUse,
} from './store.ts';
import { type TicketUse, ticketLifeMs, ticketsOf } from './tickets.ts';

/** Ed25519, ECDSA with P-256, and RSA for authenticators that know nothing else (COSE, RFC 9053 and 8812). */
const algorithms = [-8, -7, -257];

/** More than people have; each is named in the options of a log-in. */
const maxPasskeys = 20;

/** What the library is made of is read when somebody comes with a passkey, not at every start. */
const library = () => import('@simplewebauthn/server');

/** What the browser is asked for, as the standard writes it; only the browser reads the rest. */
export type BrowserOptions = { readonly challenge: string };

/** A passkey that was just used. */
export interface PasskeyUse {
  readonly personId: string;
  /** The authenticator has verified the person, by a PIN or their body: it is two factors by itself. */
  readonly userVerified: boolean;
}

/** What a browser needs to make a passkey for a person in their session. Throws `conflict` where there can be none, or no more. */
export async function offerPasskey(parts: FactorParts, member: MemberRow, sessionId: string): Promise<BrowserOptions> {
  const { id: rpID } = requireRelyingParty(parts);
  const present = await listPasskeys(parts.database.query, member.id);
  if (present.length >= maxPasskeys) {
    throw new Refusal('conflict', `expected at most ${maxPasskeys} passkeys`, { rule: 'passkey-count' });
  }
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    ...{ rpID, rpName: 'Signpost', timeout: ticketLifeMs, attestationType: 'none' },
    challenge: ticketsOf(parts.database).issue(registrationUse(member.id, sessionId), parts.now()),
    userID: encodeUserHandle(member.id),
    userName: member.email,
    userDisplayName: member.name,
    excludeCredentials: present.map(describeCredential),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
    supportedAlgorithmIDs: algorithms,
  });
}

/**
 * Registers what the browser made, for the person and session that the challenge was for; returns recovery codes where it is the first factor
 * of the person. Throws `forbidden` for whatever does not verify, `conflict` for a credential that is registered.
 */
export async function registerPasskey(
  parts: FactorParts,
  caller: Caller,
  { personId, name, response }: { personId: string; name: string; response: Registration },
): Promise<{ row: PasskeyRow; recoveryCodes: string[] | undefined }> {
  const use = registrationUse(personId, caller.actor.sessionId ?? '');
  const verified = await verifyRegistration(parts, response, use);
  return parts.database.transaction(async (transaction) => {
    const at = parts.now();
    const row = { ...verified, id: createId(at), person_id: personId, name, created_at: at };
    const isFirst = !(await hasSecondFactor(transaction, personId));
    await insertPasskey(transaction, row).catch((cause: unknown) => {
      if (violationOf(cause) !== 'unique') throw cause;
      throw new Refusal('conflict', 'this passkey is registered already', { rule: 'passkey-registered', cause });
    });
    const recoveryCodes = await settleNewFactor(transaction, { caller, personId, now: at }, isFirst);
    await queueAccountMail(transaction, { personId, change: 'passkey.registered', now: at });
    await recordAudit(transaction, at, { ...caller, action: 'passkey.registered', object: passkeyObject(row.id) });
    return { row, recoveryCodes };
  });
}

async function verifyRegistration(
  parts: FactorParts,
  response: Registration,
  use: TicketUse,
): Promise<Omit<PasskeyRow, 'id' | 'person_id' | 'name' | 'created_at'>> {
  const { id: expectedRPID, origin: expectedOrigin } = requireRelyingParty(parts);
  const tickets = ticketsOf(parts.database);
  const { verifyRegistrationResponse } = await library();
  let shown = '';
  const { registrationInfo } = await verifyRegistrationResponse({
    // Members that are there and undefined are none to the library either.
    response: response as RegistrationResponseJSON,
    ...{ expectedRPID, expectedOrigin, supportedAlgorithmIDs: algorithms },
    expectedChallenge: (challenge) => {
      shown = challenge;
      return tickets.holds(challenge, use, parts.now());
    },
    requireUserVerification: false,
  }).catch((cause: unknown) => {
    throw passkeyRefused(cause);
  });
  if (!registrationInfo) throw passkeyRefused();
  tickets.spend(shown, use, parts.now());
  const { credential, credentialDeviceType, credentialBackedUp } = registrationInfo;
  return {
    credential_id: credential.id,
    public_key: Buffer.from(credential.publicKey).toString('base64url'),
    sign_count: credential.counter,
    transports: JSON.stringify(credential.transports ?? []),
    synced: credentialDeviceType === 'multiDevice' || credentialBackedUp ? 1 : 0,
    last_used_at: null,
    suspended_at: null,
  };
}

/**
 * What a browser needs to prove a passkey: of these, or without any the one that the person chooses. Undefined where this server knows no
 * passkeys.
 */
export async function offerAssertion(
  { database, config, now }: FactorParts,
  use: TicketUse,
  passkeys?: readonly PasskeyRow[],
): Promise<BrowserOptions | undefined> {
  const party = relyingPartyOf(config);
  if (!party) return undefined;
  const { generateAuthenticationOptions } = await library();
  const usable = passkeys?.filter(({ suspended_at }) => suspended_at === null);
  return generateAuthenticationOptions({
    rpID: party.id,
    timeout: ticketLifeMs,
    challenge: ticketsOf(database).issue(use, now()),
    userVerification: usable ? 'preferred' : 'required',
    ...(usable ? { allowCredentials: usable.map(describeCredential) } : {}),
  });
}

/**
 * Takes the proof of a passkey. Undefined when it is none: of a passkey that nobody has or that is suspended, for another challenge, page or
 * server, or shown before. A counter that did not grow says that there are two of the authenticator, of which one is a thief's: the passkey is
 * suspended (`passkey.suspended`), for both.
 */
export async function spendAssertion(
  parts: FactorParts,
  { caller, use }: { caller: Caller; use: TicketUse },
  response: Assertion,
): Promise<PasskeyUse | undefined> {
  const party = relyingPartyOf(parts.config);
  const row = await findPasskeyByCredential(parts.database.query, response.id);
  if (!party || !row || row.suspended_at !== null || !isHandleOf(response, row)) return undefined;
  const verified = await verifyAssertion(parts, { party, row, use }, response);
  if (!verified) return undefined;
  const { signCount, userVerified } = verified;
  return (await takeUse(parts, caller, { row, signCount })) ? { personId: row.person_id, userVerified } : undefined;
}

/** Undefined for an assertion that does not verify. One that does spends its challenge, so that it counts once. */
async function verifyAssertion(
  { database, now }: FactorParts,
  { party, row, use }: { party: RelyingParty; row: PasskeyRow; use: TicketUse },
  response: Assertion,
): Promise<{ signCount: number; userVerified: boolean } | undefined> {
  const tickets = ticketsOf(database);
  const { verifyAuthenticationResponse } = await library();
  const publicKey = new Uint8Array(Buffer.from(row.public_key, 'base64url'));
  let shown = '';
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response: response as AuthenticationResponseJSON,
      ...{ expectedRPID: party.id, expectedOrigin: party.origin, requireUserVerification: false },
      expectedChallenge: (challenge) => {
        shown = challenge;
        return tickets.holds(challenge, use, now());
      },
      // The counter is compared in the statement that stores it; against 0 any passes here.
      credential: { id: row.credential_id, publicKey, counter: 0 },
    });
    if (!verified) return undefined;
    tickets.spend(shown, use, now());
    return { signCount: authenticationInfo.newCounter, userVerified: authenticationInfo.userVerified };
  } catch (error) {
    if (error instanceof Refusal && error.code === 'unavailable') throw error;
    // Whatever is wrong with it, whoever sent it learns only that it does not count.
    return undefined;
  }
}

async function takeUse(
  { database, now }: FactorParts,
  caller: Caller,
  { row, signCount }: { row: PasskeyRow; signCount: number },
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const at = now();
    if (await takePasskeyUse(transaction, { id: row.id, signCount, now: at })) return true;
    if (await suspendPasskey(transaction, row.id, at)) {
      await queueAccountMail(transaction, { personId: row.person_id, change: 'passkey.suspended', now: at });
      // The signature was right: whoever has not logged in yet has shown whose passkey it is.
      const owner = { kind: 'person', id: row.person_id, sessionId: null } as const;
      await recordAudit(transaction, at, {
        ...caller,
        actor: caller.actor.kind === 'anonymous' ? owner : caller.actor,
        action: 'passkey.suspended',
        object: passkeyObject(row.id),
        outcome: 'refused',
        detail: { person: row.person_id, counter: signCount, last: row.sign_count },
      });
    }
    return false;
  });
}

/** Gives a passkey of the person another name. Throws `not_found`. */
export async function changePasskey(
  { database, now }: FactorParts,
  caller: Caller,
  { id, personId, name }: { id: string; personId: string; name: string },
): Promise<void> {
  await database.transaction(async (transaction) => {
    if (!(await renamePasskey(transaction, { id, personId, name }))) throw noSuchPasskey();
    await recordAudit(transaction, now(), { ...caller, action: 'passkey.renamed', object: passkeyObject(id) });
  });
}

/** Removes a passkey of the person (`passkey.removed`). Throws `not_found`. */
export async function removePasskey(
  { database, now }: FactorParts,
  caller: Caller,
  { id, personId }: { id: string; personId: string },
): Promise<void> {
  await database.transaction(async (transaction) => {
    const at = now();
    if (!(await deletePasskey(transaction, { id, personId }))) throw noSuchPasskey();
    await settleRemovedFactor(transaction, { caller, personId, now: at });
    await queueAccountMail(transaction, { personId, change: 'passkey.removed', now: at });
    await recordAudit(transaction, at, { ...caller, action: 'passkey.removed', object: passkeyObject(id) });
  });
}

function requireRelyingParty({ config }: FactorParts): RelyingParty {
  const party = relyingPartyOf(config);
  if (party) return party;
  throw new Refusal('conflict', 'expected SIGNPOST_BASE_URL to be an https address with a domain name', {
    rule: 'passkeys-unavailable',
    hint: 'browsers know passkeys for https addresses and localhost only; an authenticator app works everywhere',
  });
}

function registrationUse(personId: string, sessionId: string): TicketUse {
  return { purpose: 'passkey-registration', subject: `${personId}/${sessionId}` };
}

/** WebAuthn, 14.6.1: an opaque handle that says nothing of the person. */
function encodeUserHandle(personId: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(personId.replaceAll('-', ''), 'hex'));
}

function isHandleOf({ response }: Assertion, row: PasskeyRow): boolean {
  if (response.userHandle === undefined) return true;
  return response.userHandle === Buffer.from(encodeUserHandle(row.person_id)).toString('base64url');
}

function describeCredential({ credential_id: id, transports }: PasskeyRow) {
  return { id, transports: JSON.parse(transports) as string[] };
}

function passkeyObject(id: string) {
  return { kind: 'passkey', id };
}

function passkeyRefused(cause?: unknown): Refusal {
  return new Refusal('forbidden', 'expected a passkey that was made for this challenge on this page', {
    rule: 'passkey',
    cause,
  });
}

function noSuchPasskey(): Refusal {
  return new Refusal('not_found', 'there is no such passkey');
}
