/** Subscriptions: which address is told of what. Nothing is told before whoever reads the address has agreed. */
import type { AuditAction } from '../../audit/actions.ts';
import { type Caller, systemActor } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import { parseMailAddress } from '../../mail/address.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { queueNotice } from '../notices/queue.ts';
import { deleteWaiting, findLastTrial } from '../notices/store.ts';
import type { NotificationParts, Tx } from '../parts.ts';
import { hashCode } from './code.ts';
import {
  countMade,
  findSubscription,
  insertSubscription,
  listSubscriptions,
  type SubscriptionRow,
  takeCode,
  updateSubscription,
} from './store.ts';

/** What is asked for. */
export type SubscriptionWish = Pick<SubscriptionRow, 'address' | 'kind' | 'least_severity' | 'pace'>;

/** Questions to strangers are mail that they did not ask for. */
const limits = { organisation: 50, organisationAnHour: 10, addressADay: 3 } as const;
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const trialMs = 60_000;

/**
 * Adds a subscription and has its address asked. One that never answered makes room for the next. Throws `unavailable` (`mail-off`) without a server of
 * mail, `invalid` (`mail-address`), `conflict` for an address that is told already (`mail-known`) or one too many (`mail-quota`), `rate_limited`.
 */
export async function subscribe(
  { database, now, mailer }: NotificationParts,
  caller: Caller,
  wish: SubscriptionWish,
): Promise<SubscriptionRow> {
  if (!mailer) throw refuseWithoutMail();
  const address = parseMailAddress(wish.address);
  if (address === undefined) {
    throw new Refusal(
      'invalid',
      'expected one address of mail in ASCII, such as security@example.org, without a name',
      {
        rule: 'mail-address',
      },
    );
  }
  return database.transaction(async (tx) => {
    const at = now();
    await assertWithinLimits(tx, { organisationId: caller.organisationId, address, at });
    await makeRoom(tx, { ...wish, address, organisationId: caller.organisationId, at });
    const row: SubscriptionRow = {
      ...{ ...wish, id: createId(at), organisation_id: caller.organisationId, address, code_hash: null },
      ...{ code_ends_at: null, confirmed_at: null, sent_at: null, actor: JSON.stringify(caller.actor) },
      ...{ created_at: at, removed_at: null },
    };
    await insertSubscription(tx, row);
    await queueNotice(tx, row, { saying: { kind: 'question' }, now: at });
    await record(tx, caller, { row, action: 'mail_subscription.created', at });
    return row;
  });
}

/** Takes a code that was sent to an address: it is told from now on. Throws `not_found` for one that is unknown, used or older than 24 hours. */
export async function confirmSubscription(
  { database, now }: Pick<NotificationParts, 'database' | 'now'>,
  code: string,
): Promise<SubscriptionRow> {
  return database.transaction(async (tx) => {
    const at = now();
    const row = await takeCode(tx, { codeHash: hashCode(code), now: at });
    if (!row) {
      throw new Refusal(
        'not_found',
        'no address waits for this code: it was used, replaced, or is older than 24 hours',
        {
          rule: 'mail-code',
          hint: 'ask a manager to add the address again',
        },
      );
    }
    // Whoever holds the code reads the address; nobody logs in for that.
    const caller = { organisationId: row.organisation_id, actor: { ...systemActor, kind: 'anonymous' as const } };
    await record(tx, caller, { row, action: 'mail_subscription.confirmed', at });
    return row;
  });
}

/** Ends a subscription; what waits for it is not sent. Throws `not_found`. */
export async function unsubscribe(
  { database, now }: Pick<NotificationParts, 'database' | 'now'>,
  caller: Caller,
  id: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    const row = await requireSubscription(tx, caller.organisationId, id);
    await end(tx, row, at);
    await record(tx, caller, { row, action: 'mail_subscription.removed', at });
  });
}

/** Has a mail sent that shows whether mail arrives. Throws `not_found`, `conflict` (`mail-unconfirmed`), `rate_limited`, `unavailable` (`mail-off`). */
export async function tryOut(parts: NotificationParts, caller: Caller, id: string): Promise<SubscriptionRow> {
  return parts.database.transaction(async (tx) => {
    const at = parts.now();
    const row = await requireSubscription(tx, caller.organisationId, id);
    if (!parts.mailer) throw refuseWithoutMail();
    if (row.confirmed_at === null) {
      throw new Refusal('conflict', 'expected an address that has confirmed', { rule: 'mail-unconfirmed' });
    }
    const last = await findLastTrial(tx, id);
    if (last && last.due_at > at - trialMs) throw refuseSoMany('one trial a minute', 60);
    await queueNotice(tx, row, { saying: { kind: 'trial' }, now: at });
    await record(tx, caller, { row, action: 'mail_subscription.tested', at });
    return row;
  });
}

async function requireSubscription(query: Query, organisationId: string, id: string): Promise<SubscriptionRow> {
  const row = await findSubscription(query, { id, organisationId });
  if (!row) throw new Refusal('not_found', 'no such subscription');
  return row;
}

async function assertWithinLimits(
  tx: Tx,
  { organisationId, address, at }: { readonly organisationId: string; readonly address: string; readonly at: number },
): Promise<void> {
  if ((await countMade(tx, { organisationId, since: at - hourMs })) >= limits.organisationAnHour) {
    throw refuseSoMany(`at most ${limits.organisationAnHour} new addresses an hour`, hourMs / 1000);
  }
  if ((await countMade(tx, { address, since: at - dayMs })) >= limits.addressADay) {
    throw refuseSoMany(`at most ${limits.addressADay} questions a day to one address`, dayMs / 1000);
  }
}

async function makeRoom(
  tx: Tx,
  { organisationId, address, kind, at }: SubscriptionWish & { readonly organisationId: string; readonly at: number },
): Promise<void> {
  const all = await listSubscriptions(tx, organisationId);
  const same = all.find((one) => one.address === address && one.kind === kind);
  if (same && (same.confirmed_at !== null || (same.code_ends_at ?? same.created_at + dayMs) > at)) {
    throw new Refusal('conflict', 'this address is told already, or was asked within the last day', {
      rule: 'mail-known',
      hint: 'signpost watch notify list',
    });
  }
  if (same) await end(tx, same, at);
  else if (all.length >= limits.organisation) {
    throw new Refusal('conflict', `expected at most ${limits.organisation} subscriptions`, { rule: 'mail-quota' });
  }
}

async function end(tx: Tx, { id }: SubscriptionRow, at: number): Promise<void> {
  await deleteWaiting(tx, id);
  await updateSubscription(tx, id, { removed_at: at, code_hash: null, code_ends_at: null });
}

async function record(
  tx: Tx,
  caller: Caller,
  { row, action, at }: { readonly row: SubscriptionRow; readonly action: AuditAction; readonly at: number },
): Promise<void> {
  const { address, kind, least_severity, pace } = row;
  const object = { kind: 'mail_subscription', id: row.id };
  await recordAudit(tx, at, { ...caller, action, object, detail: { address, kind, least_severity, pace } });
}

function refuseWithoutMail(): Refusal {
  return new Refusal('unavailable', 'this server sends no mail: SIGNPOST_SMTP_URL names no server for it', {
    rule: 'mail-off',
    hint: 'set SIGNPOST_SMTP_URL and SIGNPOST_MAIL_FROM, or have findings posted: signpost webhook create',
  });
}

function refuseSoMany(expected: string, retryAfterSeconds: number): Refusal {
  return new Refusal('rate_limited', `expected ${expected}`, { rule: 'mail-rate', retryAfterSeconds });
}
