/** An open vault for tests that are not about it. */
import type { Database } from '../../src/storage/database.ts';
import { insertVaultRecord } from '../../src/vault/store.ts';
import { Vault, type VaultInheritance } from '../../src/vault/vault.ts';
import { cheapCost } from './cheap-cost.ts';

export const masterPassword = 'a long master password';

let first: VaultInheritance | undefined;

/**
 * Opens the vault of `masterPassword` on a database that has none. The same for all databases of this process, so that a
 * backup of one may come into force in another.
 */
export async function openNewVault(database: Database, now: () => number): Promise<Vault> {
  if (first === undefined) {
    const vault = await createVault(database, now);
    first = await vault.bequeath();
    return vault;
  }
  await insertVaultRecord(database.query, first.record);
  return Vault.open(database, now, { inheritance: first });
}

/** Makes a vault that no other database has. */
export async function createVault(database: Database, now: () => number): Promise<Vault> {
  const vault = await Vault.open(database, now, { cost: cheapCost });
  await database.transaction((transaction) => vault.create(transaction, masterPassword));
  return vault;
}
