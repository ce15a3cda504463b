/** The SQL of push keys. */
import type { Query } from '../../storage/database.ts';
import type { PushKeyTable } from '../../storage/tables/push.ts';

/** The push keys of an organisation, newest first. */
export async function listPushKeys(query: Query, organisationId: string): Promise<PushKeyTable[]> {
  return query
    .selectFrom('push_key')
    .selectAll()
    .where('organisation_id', '=', organisationId)
    .orderBy('created_at', 'desc')
    .orderBy('key_id')
    .execute();
}

/** Stores a new key. Throws a unique violation when another one waits already. */
export async function insertPushKey(tx: Query, row: PushKeyTable): Promise<void> {
  await tx.insertInto('push_key').values(row).execute();
}

/** Moves a key that is in the state `from`; false when it is not. */
export async function movePushKey(
  tx: Query,
  { keyId, from }: { keyId: string; from: PushKeyTable['state'] },
  change: Pick<PushKeyTable, 'state'> & Partial<PushKeyTable>,
): Promise<boolean> {
  const row = await tx
    .updateTable('push_key')
    .set(change)
    .where('key_id', '=', keyId)
    .where('state', '=', from)
    .returning('key_id')
    .executeTakeFirst();
  return row !== undefined;
}

/** The push keys of every organisation that could still sign: what a reset of the vault would lose. */
export async function listSealedPushKeys(query: Query): Promise<Pick<PushKeyTable, 'key_id' | 'label'>[]> {
  return query
    .selectFrom('push_key')
    .select(['key_id', 'label'])
    .where('state', '!=', 'retired')
    .orderBy('created_at')
    .execute();
}
