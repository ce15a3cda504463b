/** What a process hands to its application, for tests that open one without a process around it. */
import { RestoreDesk } from '../../src/backup/desk.ts';
import { openServerSwap } from '../../src/backup/trial.ts';
import type { Config } from '../../src/config.ts';
import type { Process } from '../../src/generation.ts';
import { readPageScripts } from '../../src/http/console/files.ts';
import { readWeakKeys } from '../../src/pki/profiles/weak-keys.ts';

/** The parts; a restore that gets as far as the exchange fails, since nothing stands behind it. */
export async function openProcessParts(
  config: Config,
): Promise<Pick<Process, 'restoreDesk' | 'swap' | 'backupKeys' | 'weakKeys' | 'pageScripts'>> {
  return {
    restoreDesk: new RestoreDesk(async () => {
      throw new TypeError('expected no restore: nothing stands behind this server');
    }),
    swap: await openServerSwap(config),
    backupKeys: new Map(),
    pageScripts: await readPageScripts(),
    weakKeys: await readWeakKeys(config.weakKeyLists),
  };
}
