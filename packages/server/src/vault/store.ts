/** The vault's rows: one of state, and the server's own secrets. */
import type { Query } from '../storage/database.ts';
import type { VaultStateTable } from '../storage/tables/platform.ts';

/** Whether a vault was ever made, in a schema of any version. */
export async function hasVaultState(query: Query): Promise<boolean> {
  return (await query.selectFrom('vault_state').select('id').executeTakeFirst()) !== undefined;
}

/** What proves a password: see `VaultStateTable`. */
export type VaultRecord = Omit<VaultStateTable, 'id'>;

/** The state row, or undefined while there is no vault. */
export async function readVaultRecord(query: Query): Promise<VaultRecord | undefined> {
  return query
    .selectFrom('vault_state')
    .select(['salt', 'parameters', 'verifier', 'wrapped_key', 'key_fingerprint', 'created_at'])
    .where('id', '=', 1)
    .executeTakeFirst();
}

/** Adds the one state row. Fails on the primary key when there is one. */
export async function insertVaultRecord(query: Query, record: VaultRecord): Promise<void> {
  await query
    .insertInto('vault_state')
    .values({ id: 1, ...record })
    .execute();
}

/** Replaces what belongs to the password in the state row. */
export async function updateVaultRecord(query: Query, lock: Omit<VaultRecord, 'created_at'>): Promise<void> {
  await query.updateTable('vault_state').set(lock).where('id', '=', 1).execute();
}

/** Notes the data key's fingerprint in a row that has none yet, and that nobody changed since `salt` was read. */
export async function noteFingerprint(
  query: Query,
  { salt, fingerprint }: { salt: string; fingerprint: string },
): Promise<void> {
  await query
    .updateTable('vault_state')
    .set({ key_fingerprint: fingerprint })
    .where('salt', '=', salt)
    .where('key_fingerprint', 'is', null)
    .execute();
}

/** Puts the record of a vault in the place of the one that stands there. */
export async function replaceVaultRecord(query: Query, record: VaultRecord): Promise<void> {
  await query.deleteFrom('vault_state').execute();
  await insertVaultRecord(query, record);
}

/** Removes the state and every secret; returns the names of the secrets. */
export async function deleteVault(query: Query): Promise<string[]> {
  await query.deleteFrom('vault_state').execute();
  const rows = await query.deleteFrom('vault_secret').returning('name').execute();
  return rows.map((row) => row.name).sort();
}

/** The ciphertext of the secret `name`, or undefined. */
export async function readSecret(query: Query, name: string): Promise<string | undefined> {
  const row = await query.selectFrom('vault_secret').select('ciphertext').where('name', '=', name).executeTakeFirst();
  return row?.ciphertext;
}

/** Adds a secret. Fails on the primary key when there is one of this name. */
export async function insertSecret(
  query: Query,
  secret: { readonly name: string; readonly ciphertext: string; readonly created_at: number },
): Promise<void> {
  await query.insertInto('vault_secret').values(secret).execute();
}
