/** Overrides: a person lets rules of the policy go for one release, with a reason and an end, for everybody to see. */
import type { Override, PolicyRule } from '@signpost/protocol/policy/verdict';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { PolicyParts } from './policy.ts';
import { endOverride, insertOverride, listOverrides, type OverrideRow } from './store.ts';

/** A release, as the planes above know it. */
export interface ReleaseReference {
  readonly id: string;
  readonly slug: string;
  readonly version: string;
}

/** An override that is, or was, in force. */
export interface RecordedOverride extends Override {
  readonly id: string;
  readonly reason: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** What is asked for. */
export interface OverrideRequest {
  readonly rules: readonly PolicyRule[];
  readonly reason: string;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** How long an override may last. */
const maxOverrideMs = 90 * 24 * 3600 * 1000;

/** Records an override. Throws `invalid` for one that would have ended, or would last more than 90 days. */
export async function createOverride(
  { database, now }: PolicyParts,
  caller: Caller,
  { release, request }: { readonly release: ReleaseReference; readonly request: OverrideRequest },
): Promise<RecordedOverride> {
  return database.transaction(async (tx) => {
    const at = now();
    assertEnd(request.expiresAt, at);
    const { rules, reason, expiresAt } = request;
    const override: RecordedOverride = {
      id: createId(at),
      rules: [...new Set(rules)],
      reason,
      createdAt: at,
      expiresAt,
    };
    await insertOverride(tx, {
      ...{ id: override.id, release_id: release.id, rules: JSON.stringify(override.rules), reason },
      ...{ author: JSON.stringify(caller.actor), created_at: at, expires_at: expiresAt, ended_at: null },
    });
    const ends = new Date(expiresAt).toISOString();
    const detail = { override: override.id, rules: override.rules.join(' '), reason, expires_at: ends };
    await recordOverrideAct(tx, caller, { action: 'policy.overridden', release, detail, at });
    return override;
  });
}

/** Takes an override back before its end. Throws `not_found` for one that is not in force. */
export async function removeOverride(
  { database, now }: PolicyParts,
  caller: Caller,
  { release, id }: { readonly release: ReleaseReference; readonly id: string },
): Promise<void> {
  await database.transaction(async (tx) => {
    const at = now();
    if (!(await endOverride(tx, { releaseId: release.id, id, now: at }))) {
      throw new Refusal('not_found', 'no such override in force');
    }
    await recordOverrideAct(tx, caller, { action: 'policy.override_ended', release, detail: { override: id }, at });
  });
}

/** The overrides of a release that are in force at `now`, oldest first. */
export async function readOverrides(
  query: Query,
  releaseId: string,
  now: number,
): Promise<readonly RecordedOverride[]> {
  const rows = await listOverrides(query, releaseId);
  return rows.filter((row) => row.ended_at === null && row.expires_at > now).map(readRow);
}

function readRow(row: OverrideRow): RecordedOverride {
  return {
    id: row.id,
    rules: JSON.parse(row.rules) as PolicyRule[],
    reason: row.reason,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
  };
}

function assertEnd(expiresAt: number, now: number): void {
  if (expiresAt > now && expiresAt <= now + maxOverrideMs) return;
  throw new Refusal('invalid', 'expected an override to end in the future, within 90 days', {
    rule: 'override-end',
    hint: 'mend the evidence meanwhile, or change the policy',
  });
}

interface OverrideAct {
  readonly action: 'policy.overridden' | 'policy.override_ended';
  readonly release: ReleaseReference;
  readonly detail: Readonly<Record<string, string>>;
  readonly at: number;
}

async function recordOverrideAct(
  tx: Query,
  caller: Caller,
  { action, release, detail, at }: OverrideAct,
): Promise<void> {
  const { slug, version } = release;
  const payload = { project: slug, version, ...detail };
  await recordEvent(tx, { id: createId(at), organisationId: caller.organisationId, topic: action, payload, at });
  await recordAudit(tx, at, { ...caller, action, object: { kind: 'release', id: `${slug}/${version}` }, detail });
}
