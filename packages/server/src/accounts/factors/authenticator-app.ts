/** Authenticator apps: TOTP (RFC 6238) as second factor. The secret is sealed in the vault, and shown once. */
import { randomBytes } from 'node:crypto';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { queueAccountMail } from '../notices/queue.ts';
import type { MemberRow } from '../store.ts';
import { hasSecondFactor, settleNewFactor, settleRemovedFactor } from './enrolment.ts';
import type { FactorParts } from './parts.ts';
import { countTotpFailure, deleteTotp, findTotp, replaceUnconfirmedTotp, type TotpRow, takeTotpStep } from './store.ts';
import { encodeBase32, encodeTotpUri, findStep, totpSecretBytes } from './totp.ts';

/** Milliseconds in which a new app must be confirmed. */
const confirmationLifeMs = 15 * 60_000;

/** Wrong codes in a row that cost no waiting; with each further one the wait doubles (RFC 4226, section 7.3). */
const freeFailures = 5;
const firstWaitMs = 60_000;
const longestWaitMs = 24 * 60 * 60_000;

/** What an app must be told. It is answered this once. */
export interface OfferedTotp {
  /** Base32, for those who type it. */
  readonly secret: string;
  /** `otpauth://…`, for those who scan it. */
  readonly uri: string;
}

/**
 * Begins with an app, which does not count until `confirmTotp`; one that was never confirmed makes way. Throws `conflict` when there is one that
 * counts, `vault_locked`.
 */
export async function offerTotp(
  { database, vault, config, now }: FactorParts,
  caller: Caller,
  member: MemberRow,
): Promise<OfferedTotp> {
  const secret = randomBytes(totpSecretBytes);
  const sealed = vault.seal(...placeOf(member.id), secret);
  await database.transaction(async (transaction) => {
    const at = now();
    if (((await findTotp(transaction, member.id))?.confirmed_at ?? null) !== null) {
      throw new Refusal('conflict', 'expected no authenticator app, got one', {
        rule: 'totp-enrolled',
        hint: 'remove the old one first: signpost factor remove totp',
      });
    }
    await replaceUnconfirmedTotp(transaction, {
      ...{ person_id: member.id, sealed_secret: sealed, created_at: at },
      ...{ confirmed_at: null, last_step: -1, failures: 0, failed_at: null },
    });
    await recordAudit(transaction, at, { ...caller, action: 'totp.offered', object: personObject(member.id) });
  });
  const host = config.baseUrl === undefined ? undefined : URL.parse(config.baseUrl)?.hostname;
  const issuer = host === undefined ? 'Signpost' : `Signpost ${host}`;
  return { secret: encodeBase32(secret), uri: encodeTotpUri(secret, { issuer, account: member.email }) };
}

/**
 * Puts the app in force whose code this is, and returns recovery codes where it is the first factor of the person. Throws `conflict` when none
 * waits for it, `forbidden` for a wrong code, `rate_limited` after many.
 */
export async function confirmTotp(
  { database, vault, now }: FactorParts,
  caller: Caller,
  { personId, code }: { personId: string; code: string },
): Promise<string[] | undefined> {
  const confirmed = await database.transaction(async (transaction) => {
    const at = now();
    const row = await findTotp(transaction, personId);
    if (row?.confirmed_at !== null || at > row.created_at + confirmationLifeMs) throw nothingOffered();
    const isFirst = !(await hasSecondFactor(transaction, personId));
    if (!(await takeCode(transaction, vault, { row, code, at }))) return undefined;
    const codes = await settleNewFactor(transaction, { caller, personId, now: at }, isFirst);
    await queueAccountMail(transaction, { personId, change: 'totp.enrolled', now: at });
    await recordAudit(transaction, at, { ...caller, action: 'totp.enrolled', object: personObject(personId) });
    return { codes };
  });
  if (confirmed) return confirmed.codes;
  throw new Refusal('forbidden', 'expected the code that the app shows now', {
    rule: 'totp-code',
    hint: 'compare the clocks of the app and of the server, and type the next code',
  });
}

/** Takes a code of the person's app. Whether it was right and nobody had given it before. Throws `rate_limited` after many wrong ones. */
export async function spendTotp(
  { database, vault, now }: FactorParts,
  personId: string,
  code: string,
): Promise<boolean> {
  return database.transaction(async (transaction) => {
    const row = await findTotp(transaction, personId);
    if (!row || row.confirmed_at === null) return false;
    return takeCode(transaction, vault, { row, code, at: now() });
  });
}

/** Removes the app (`totp.removed`). Throws `not_found` when there is none. */
export async function removeTotp({ database, now }: FactorParts, caller: Caller, personId: string): Promise<void> {
  await database.transaction(async (transaction) => {
    const at = now();
    if (!(await deleteTotp(transaction, personId))) throw new Refusal('not_found', 'there is no authenticator app');
    await settleRemovedFactor(transaction, { caller, personId, now: at });
    await queueAccountMail(transaction, { personId, change: 'totp.removed', now: at });
    await recordAudit(transaction, at, { ...caller, action: 'totp.removed', object: personObject(personId) });
  });
}

/** Transactions follow one another, so of two that bring the same code one finds it taken. A wrong one is counted. */
async function takeCode(
  transaction: Query,
  vault: FactorParts['vault'],
  { row, code, at }: { row: TotpRow; code: string; at: number },
): Promise<boolean> {
  assertPatience(row, at);
  const { person_id: personId, confirmed_at: confirmedAt } = row;
  const secret = vault.unseal(...placeOf(personId), row.sealed_secret);
  const step = findStep(secret, code, at);
  if (step !== undefined && (await takeTotpStep(transaction, { personId, step, confirmedAt: confirmedAt ?? at }))) {
    return true;
  }
  await countTotpFailure(transaction, personId, at);
  return false;
}

function assertPatience({ failures, failed_at: failedAt }: TotpRow, at: number): void {
  if (failures < freeFailures || failedAt === null) return;
  const waitMs = Math.min(firstWaitMs * 2 ** (failures - freeFailures), longestWaitMs);
  // A time in the future comes from a clock that was set back.
  if (at >= failedAt + waitMs || at < failedAt) return;
  throw new Refusal('rate_limited', `expected at most ${freeFailures} wrong codes in a row`, {
    rule: 'totp-patience',
    hint: 'wait, or use a passkey or a recovery code',
    retryAfterSeconds: Math.ceil((failedAt + waitMs - at) / 1000),
  });
}

function placeOf(personId: string): [purpose: string, reference: string] {
  return ['totp', `totp_factor/${personId}`];
}

function personObject(id: string) {
  return { kind: 'person', id };
}

function nothingOffered(): Refusal {
  return new Refusal('conflict', 'expected an authenticator app that waits to be confirmed', {
    rule: 'totp-not-offered',
    hint: 'begin again: an app is confirmed within 15 minutes',
  });
}
