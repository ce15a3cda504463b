/** Random secrets that the server makes for itself and keeps sealed, such as the one that signs sessions. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../storage/database.ts';
import { insertSecret, readSecret } from './store.ts';
import type { Vault } from './vault.ts';

/** What secrets are kept with. */
export interface SecretKeeping {
  readonly database: Database;
  readonly vault: Vault;
  readonly now: () => number;
}

/** The secret `name`, made of `bytes` random bytes when there is none yet. Throws `vault_locked`. */
export async function readOrCreateSecret(keeping: SecretKeeping, name: string, bytes: number): Promise<Uint8Array> {
  const { database, vault, now } = keeping;
  const reference = `vault_secret/${name}`;
  // In one transaction, so that two that ask at once get the same secret.
  const ciphertext = await database.transaction(async (transaction) => {
    const stored = await readSecret(transaction, name);
    if (stored !== undefined) return stored;
    const made = vault.seal('server-secret', reference, randomBytes(bytes));
    await insertSecret(transaction, { name, ciphertext: made, created_at: now() });
    return made;
  });
  return vault.unseal('server-secret', reference, ciphertext);
}
