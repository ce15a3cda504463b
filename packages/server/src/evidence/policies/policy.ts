/** The policy of a project: one in force, the earlier ones kept. */
import type { Transaction } from 'kysely';
import type { Caller } from '../../audit/audit.ts';
import { recordAudit } from '../../audit/store.ts';
import { Refusal } from '../../errors.ts';
import type { Database, Query } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { recordEvent } from '../../storage/outbox.ts';
import type { Schema } from '../../storage/schema.ts';
import { type PolicyText, readPolicyText } from './policy-text.ts';
import { findLatestPolicy, insertPolicy, type PolicyRow } from './store.ts';

/** What policies work with. */
export interface PolicyParts {
  readonly database: Database;
  readonly now: () => number;
}

/** A project, as the planes above know it. */
export interface ProjectReference {
  readonly id: string;
  readonly slug: string;
}

/** The policy that a project has now. */
export interface PolicyInForce extends PolicyText {
  readonly version: number;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** The policy in force; undefined: the project has none. Throws when the database holds a text that is no policy. */
export async function readPolicyInForce(query: Query, projectId: string): Promise<PolicyInForce | undefined> {
  const row = await findLatestPolicy(query, projectId);
  return row && readRow(row);
}

/**
 * Puts a policy in force, or with `undefined` takes it away. What is in force already stays the version that it is. Throws
 * as `readPolicyText` does, and `not_found` when there is no policy to take away.
 */
export async function changePolicy(
  { database, now }: PolicyParts,
  caller: Caller,
  { project, text }: { readonly project: ProjectReference; readonly text: string | undefined },
): Promise<PolicyInForce | undefined> {
  const read = text === undefined ? undefined : readPolicyText(text);
  return database.transaction(async (tx) => {
    const latest = await findLatestPolicy(tx, project.id);
    const old = latest && readRow(latest);
    if (!read && !old) throw new Refusal('not_found', 'the project has no policy');
    if (read && read.sha256 === old?.sha256) return old;
    const version = (latest?.version ?? 0) + 1;
    const at = now();
    await insertPolicy(tx, {
      ...{ project_id: project.id, version, text: read?.text ?? null, sha256: read?.sha256 ?? null },
      ...{ author: JSON.stringify(caller.actor), created_at: at },
    });
    await recordChange(tx, caller, { project, version, read, at });
    return read && { ...read, version, createdAt: at };
  });
}

function readRow({ text, version, created_at: createdAt }: PolicyRow): PolicyInForce | undefined {
  return text === null ? undefined : { ...readPolicyText(text), version, createdAt };
}

async function recordChange(
  tx: Transaction<Schema>,
  caller: Caller,
  {
    project,
    version,
    read,
    at,
  }: { project: ProjectReference; version: number; read: PolicyText | undefined; at: number },
): Promise<void> {
  const detail = { project: project.slug, version, mode: read?.policy.mode ?? 'none', sha256: read?.sha256 ?? null };
  await recordEvent(tx, {
    id: createId(at),
    organisationId: caller.organisationId,
    topic: 'policy.changed',
    payload: detail,
    at,
  });
  const object = { kind: 'project', id: project.slug };
  await recordAudit(tx, at, { ...caller, action: 'policy.changed', object, detail });
}
