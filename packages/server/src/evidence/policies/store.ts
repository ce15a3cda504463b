/** SQL of policies and overrides. */
import type { Insertable, Selectable, Transaction } from 'kysely';
import type { Query } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import type { PolicyOverrideTable, ReleasePolicyTable } from '../../storage/tables/gate.ts';

/** A stored policy. */
export type PolicyRow = Selectable<ReleasePolicyTable>;
/** A stored override. */
export type OverrideRow = Selectable<PolicyOverrideTable>;

/** The latest version, with or without a text; undefined: the project never had a policy. */
export async function findLatestPolicy(query: Query, projectId: string): Promise<PolicyRow | undefined> {
  return query
    .selectFrom('release_policy')
    .selectAll()
    .where('project_id', '=', projectId)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The versions of a project without their texts, newest first. */
export async function listPolicies(query: Query, projectId: string, limit: number): Promise<Omit<PolicyRow, 'text'>[]> {
  return query
    .selectFrom('release_policy')
    .select(['project_id', 'version', 'sha256', 'author', 'created_at'])
    .where('project_id', '=', projectId)
    .orderBy('version', 'desc')
    .limit(limit)
    .execute();
}

/** Stores the next version. The primary key refuses a number that somebody else took. */
export async function insertPolicy(tx: Transaction<Schema>, row: Insertable<ReleasePolicyTable>): Promise<void> {
  await tx.insertInto('release_policy').values(row).execute();
}

/** Stores an override. */
export async function insertOverride(tx: Transaction<Schema>, row: Insertable<PolicyOverrideTable>): Promise<void> {
  await tx.insertInto('policy_override').values(row).execute();
}

/** The overrides of a release, oldest first, ended ones too. */
export async function listOverrides(query: Query, releaseId: string): Promise<OverrideRow[]> {
  return query.selectFrom('policy_override').selectAll().where('release_id', '=', releaseId).orderBy('id').execute();
}

/** Ends an override that is in force; false when there is none of that id. */
export async function endOverride(
  tx: Transaction<Schema>,
  where: { readonly releaseId: string; readonly id: string; readonly now: number },
): Promise<boolean> {
  const row = await tx
    .updateTable('policy_override')
    .set({ ended_at: where.now })
    .where('id', '=', where.id)
    .where('release_id', '=', where.releaseId)
    .where('ended_at', 'is', null)
    .where('expires_at', '>', where.now)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}
