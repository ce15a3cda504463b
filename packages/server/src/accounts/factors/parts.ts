/** What second factors are kept and judged with. */
import type { Config } from '../../config.ts';
import type { Database } from '../../storage/database.ts';
import type { Vault } from '../../vault/vault.ts';

/** What second factors need. */
export interface FactorParts {
  readonly database: Database;
  /** Seals what authenticator apps know. */
  readonly vault: Vault;
  readonly config: Pick<Config, 'baseUrl'>;
  readonly now: () => number;
}
