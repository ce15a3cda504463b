/** What becomes of a delivery, and of its endpoint, after an attempt. */
import { systemActor } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import type { Database, Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import { recordEvent } from '../../../storage/outbox.ts';
import { disableEnabled, type EndpointRow, noteFailure } from '../endpoints/store.ts';
import { disabledTopic, testType } from '../message.ts';
import type { Outcome } from './attempt.ts';
import { isGivenUp, pauseAfter } from './retry.ts';
import { clearFailure, type DeliveryRow, settleAttempt } from './store.ts';

/** What outcomes are recorded with. */
export interface OutcomeParts {
  readonly database: Database;
  readonly now: () => number;
  readonly random: () => number;
  /** After so many days of failures alone an endpoint is switched off. */
  readonly failureDays: number;
}

/** How it ended, for whoever counts. */
export type Settled = 'delivered' | 'failed' | 'dead' | 'lost';

const dayMs = 86_400_000;

/** Records the outcome. `lost`: another attempt has taken the delivery, or it is gone; then nothing is written. */
export async function recordOutcome(parts: OutcomeParts, delivery: DeliveryRow, outcome: Outcome): Promise<Settled> {
  const at = parts.now();
  if (outcome.kind === 'taken') return recordTaken(parts.database.query, { delivery, status: outcome.status, at });
  const isDead = outcome.kind === 'gone' || isLast(delivery, at);
  const change = isDead
    ? { state: 'dead' as const, next_attempt_at: null, ended_at: at }
    : planNext(parts, { delivery, outcome, at });
  const said = {
    last_status: outcome.status ?? null,
    last_error: outcome.kind === 'gone' ? 'it wants no more' : outcome.error,
  };
  return parts.database.transaction(async (tx) => {
    if (!(await settleAttempt(tx, delivery, { ...change, ...said }))) return 'lost';
    if (outcome.kind === 'gone') await disable(tx, { id: delivery.endpoint_id, because: 'gone', at });
    else if (delivery.type !== testType) await judgeEndpoint(tx, parts, { id: delivery.endpoint_id, at });
    return isDead ? 'dead' : 'failed';
  });
}

async function recordTaken(
  query: Query,
  { delivery, status, at }: { delivery: DeliveryRow; status: number; at: number },
): Promise<Settled> {
  const change = {
    state: 'delivered',
    next_attempt_at: null,
    ended_at: at,
    last_status: status,
    last_error: null,
  } as const;
  if (!(await settleAttempt(query, delivery, change))) return 'lost';
  await clearFailure(query, delivery.endpoint_id);
  return 'delivered';
}

/** Who tries an endpoint out wants to know now. */
function isLast({ type, attempts, first_attempt_at }: DeliveryRow, at: number): boolean {
  return type === testType || isGivenUp({ attempts, firstAttemptAt: first_attempt_at ?? at, at });
}

function planNext(
  { random }: OutcomeParts,
  { delivery, outcome, at }: { delivery: DeliveryRow; outcome: Outcome; at: number },
): Partial<DeliveryRow> {
  const asked = outcome.kind === 'failed' ? outcome.retryAfterMs : 0;
  return { next_attempt_at: at + Math.max(pauseAfter(delivery.attempts, random), asked) };
}

/** Switches an endpoint off that has taken nothing for days. */
async function judgeEndpoint(
  tx: Query,
  { failureDays }: OutcomeParts,
  { id, at }: { readonly id: string; readonly at: number },
): Promise<void> {
  const since = await noteFailure(tx, id, at);
  if (since !== undefined && at - since >= failureDays * dayMs) await disable(tx, { id, because: 'failing', at });
}

/** Tells everybody who can help: the other endpoints, the audit log, and by the state itself doctor and figures. */
async function disable(
  tx: Query,
  { id, because, at }: { id: string; because: NonNullable<EndpointRow['disabled_because']>; at: number },
): Promise<void> {
  const row = await disableEnabled(tx, id, because);
  if (!row) return;
  const detail = { webhook: id, host: row.host, because };
  const { organisation_id: organisationId } = row;
  await recordEvent(tx, { id: createId(at), organisationId, topic: disabledTopic, payload: detail, at });
  const object = { kind: 'webhook', id };
  await recordAudit(tx, at, { organisationId, actor: systemActor, action: 'webhook.disabled', object, detail });
}
