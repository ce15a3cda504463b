/** What follows the clusters of this server. */
import type { BaseLogger } from 'pino';
import type { Config } from '../../config.ts';
import type { Vault } from '../../vault/vault.ts';
import { usualServiceAccountFolder } from './credential.ts';
import { createFollowing, type Following } from './following.ts';
import type { RecordParts } from './running/record.ts';

/** What clusters are opened with. */
interface OpenParts extends RecordParts {
  readonly config: Pick<Config, 'watchHosts' | 'outgoing' | 'environment'>;
  readonly vault: Vault;
  readonly log: Pick<BaseLogger, 'error' | 'warn'>;
}

/** From one list to the next. */
const roundMs = 10 * 60_000;

/** Opens it. Nobody is asked before it is started. */
export function openFollowing({ config, ...parts }: OpenParts): Following {
  return createFollowing({
    ...parts,
    privateHosts: new Set(config.watchHosts.map(({ host }) => host)),
    isOff: config.outgoing === 'off',
    environment: config.environment,
    serviceAccountFolder: usualServiceAccountFolder,
    random: Math.random,
    roundMs,
  });
}
