/** Endpoints: where an organisation has its events posted. */
import type { Transaction } from 'kysely';
import { findAnswerable } from '../../../accounts/api-keys.ts';
import type { AuditAction } from '../../../audit/actions.ts';
import type { Caller } from '../../../audit/audit.ts';
import { recordAudit } from '../../../audit/store.ts';
import { Refusal } from '../../../errors.ts';
import type { Reach } from '../../../http/outgoing/reach.ts';
import { findProject } from '../../../releases/projects/store.ts';
import type { Database, Query } from '../../../storage/database.ts';
import { createId } from '../../../storage/ids.ts';
import type { Schema } from '../../../storage/schema.ts';
import type { Vault } from '../../../vault/vault.ts';
import type { WebhookAlgorithm } from '../signature.ts';
import { createKey, rotateKey, type ShownKey } from './keys.ts';
import {
  deleteEndpoint,
  type EndpointRow,
  findEndpoint,
  insertEndpoint,
  listEndpoints,
  listKeys,
  updateEndpoint,
} from './store.ts';
import { judgeUrl } from './url.ts';

/** What endpoints are kept with. */
export interface EndpointParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
  readonly reach: Reach;
  /** How long a key that was exchanged goes on signing, in hours. */
  readonly rotationHours: number;
}

/** Where to post, and what. */
export interface EndpointWish {
  readonly url: string;
  readonly description: string;
  /** Types of messages; all when empty. */
  readonly types: readonly string[];
  /** The slug of the one project that is told of. */
  readonly project: string | undefined;
}

/** Each costs a row for each event. */
const maxEndpoints = 50;
const hourMs = 3_600_000;

/**
 * Adds an endpoint, with a key that is shown here alone. Throws as `judgeUrl` does, `not_found` for a project that is not there, `conflict` above
 * 50, `vault_locked`; `forbidden` for a client certificate, which can answer for nothing.
 */
export async function createEndpoint(
  parts: EndpointParts,
  caller: Caller,
  { algorithm, ...wish }: EndpointWish & { readonly algorithm: WebhookAlgorithm },
): Promise<{ readonly row: EndpointRow; readonly key: ShownKey }> {
  const { url, host } = await judgeUrl(parts.reach, wish.url);
  const at = parts.now();
  return parts.database.transaction(async (tx) => {
    await assertRoom(tx, caller.organisationId);
    await assertProject(tx, caller.organisationId, wish.project);
    const row: EndpointRow = {
      ...{ id: createId(at), organisation_id: caller.organisationId, url, host, description: wish.description },
      ...{ types: JSON.stringify(wish.types), project: wish.project ?? null, state: 'enabled', disabled_because: null },
      ...{ failing_since: null, created_by: await findAnswerable(tx, caller.actor), created_at: at },
    };
    await insertEndpoint(tx, row);
    const key = await createKey(tx, parts.vault, { endpointId: row.id, algorithm, at });
    await recordEndpointAct(tx, caller, { row, action: 'webhook.created', at });
    return { row, key };
  });
}

/** Changes what is named. Throws as `createEndpoint` does, and `not_found`. */
export async function changeEndpoint(
  parts: EndpointParts,
  caller: Caller,
  {
    id,
    wish,
  }: { readonly id: string; readonly wish: Partial<Omit<EndpointWish, 'project'>> & { project?: string | null } },
): Promise<EndpointRow> {
  // Failures of another address are none of this one's.
  const place = wish.url === undefined ? {} : { ...(await judgeUrl(parts.reach, wish.url)), failing_since: null };
  return parts.database.transaction(async (tx) => {
    const before = await requireEndpoint(tx, caller.organisationId, id);
    await assertProject(tx, caller.organisationId, wish.project ?? undefined);
    const change: Partial<EndpointRow> = {
      ...place,
      ...(wish.description === undefined ? {} : { description: wish.description }),
      ...(wish.types === undefined ? {} : { types: JSON.stringify(wish.types) }),
      ...(wish.project === undefined ? {} : { project: wish.project }),
    };
    if (Object.keys(change).length === 0) return before;
    await updateEndpoint(tx, id, change);
    const row = { ...before, ...change };
    await recordEndpointAct(tx, caller, { row, action: 'webhook.changed', at: parts.now() });
    return row;
  });
}

/** Switches an endpoint on or off; what waits goes out when it is on again. Nothing happens when it is so already. Throws `not_found`. */
export async function switchEndpoint(
  { database, now }: Pick<EndpointParts, 'database' | 'now'>,
  caller: Caller,
  { id, state }: Pick<EndpointRow, 'id' | 'state'>,
): Promise<EndpointRow> {
  return database.transaction(async (tx) => {
    const before = await requireEndpoint(tx, caller.organisationId, id);
    if (before.state === state) return before;
    const isOn = state === 'enabled';
    const change = { state, disabled_because: isOn ? null : ('asked' as const), failing_since: null };
    await updateEndpoint(tx, id, change);
    const row = { ...before, ...change };
    await recordEndpointAct(tx, caller, { row, action: isOn ? 'webhook.enabled' : 'webhook.disabled', at: now() });
    return row;
  });
}

/** Gives an endpoint another key; the one before signs beside it for `overlapHours`. Throws `not_found` and `vault_locked`. */
export async function rotateEndpointKey(
  parts: EndpointParts,
  caller: Caller,
  { id, overlapHours = parts.rotationHours }: { readonly id: string; readonly overlapHours?: number | undefined },
): Promise<{ readonly row: EndpointRow; readonly key: ShownKey; readonly overlapEndsAt: number }> {
  return parts.database.transaction(async (tx) => {
    const row = await requireEndpoint(tx, caller.organisationId, id);
    const at = parts.now();
    const [current] = await listKeys(tx, id, at);
    const overlapEndsAt = at + overlapHours * hourMs;
    const wanted = { endpointId: id, algorithm: current?.algorithm ?? 'hmac-sha256', at, endsAt: overlapEndsAt };
    const key = await rotateKey(tx, parts.vault, wanted);
    await recordEndpointAct(tx, caller, { row, action: 'webhook.rotated', at });
    return { row, key, overlapEndsAt };
  });
}

/** Removes an endpoint, its keys, and everything that waits for it or was given up. Throws `not_found`. */
export async function removeEndpoint(
  { database, now }: Pick<EndpointParts, 'database' | 'now'>,
  caller: Caller,
  id: string,
): Promise<void> {
  await database.transaction(async (tx) => {
    const row = await requireEndpoint(tx, caller.organisationId, id);
    await deleteEndpoint(tx, id);
    await recordEndpointAct(tx, caller, { row, action: 'webhook.removed', at: now() });
  });
}

/** The endpoint. Throws `not_found`. */
export async function requireEndpoint(query: Query, organisationId: string, id: string): Promise<EndpointRow> {
  const row = await findEndpoint(query, { organisationId, id });
  if (!row) throw new Refusal('not_found', 'there is no such webhook', { hint: 'signpost webhook list' });
  return row;
}

async function assertRoom(tx: Query, organisationId: string): Promise<void> {
  if ((await listEndpoints(tx, organisationId)).length < maxEndpoints) return;
  throw new Refusal('conflict', `expected at most ${maxEndpoints} webhooks of an organisation`, {
    rule: 'too-many',
    hint: 'signpost webhook remove',
  });
}

async function assertProject(tx: Query, organisationId: string, slug: string | undefined): Promise<void> {
  if (slug === undefined) return;
  const project = await findProject(tx, organisationId, slug);
  if (!project || project.deleted_at !== null) {
    throw new Refusal('not_found', 'there is no such project', { hint: 'signpost project list' });
  }
}

/** What happened to an endpoint. */
interface EndpointAct {
  readonly row: EndpointRow;
  readonly action: Extract<AuditAction, `webhook.${string}`>;
  readonly at: number;
  readonly detail?: Readonly<Record<string, string | boolean>>;
}

/** Puts an act on record, by the host alone: paths and queries of such addresses are often secrets. Last in its transaction. */
export async function recordEndpointAct(
  tx: Transaction<Schema>,
  caller: Caller,
  { row, action, at, detail }: EndpointAct,
): Promise<void> {
  const types = JSON.parse(row.types).join(' ') || '*';
  const object = { kind: 'webhook', id: row.id };
  await recordAudit(tx, at, {
    ...caller,
    action,
    object,
    detail: { host: row.host, types, project: row.project, ...detail },
  });
}
