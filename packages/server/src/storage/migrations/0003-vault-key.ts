/** A key of its own for what the vault seals, so that the master password can change without it. */
import type { Migration } from './migration.ts';

/** Null in a vault made before: there the key of the first password is the data key, until the password changes. */
export const vaultKey: Migration = {
  name: '0003_vault_key',
  statements: ['alter table vault_state add column wrapped_key TEXT'],
};
