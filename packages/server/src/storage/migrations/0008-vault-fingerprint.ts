/** A name for the vault's data key, so that a backup from before a change of the master password is known to be of the same vault. */
import type { Migration } from './migration.ts';

/** Null until a vault made before is unlocked: only its key tells its fingerprint. */
export const vaultFingerprint: Migration = {
  name: '0008_vault_fingerprint',
  statements: ['alter table vault_state add column key_fingerprint TEXT'],
};
