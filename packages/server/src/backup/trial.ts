/** What a server does at its start about a restore that was cut off, and about one that has not proved itself yet. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { openSwap } from '../storage/swap/open-swap.ts';
import type { Swap } from '../storage/swap/staged.ts';
import { removeAbandonedWork } from './folder.ts';
import { restoreFolder } from './restore.ts';

/** The swaps of a server's database. */
export async function openServerSwap(config: Pick<Config, 'dataDir' | 'databaseUrl'>): Promise<Swap> {
  return openSwap({ location: config, dir: restoreFolder(config.dataDir) });
}

/**
 * Brings the database to the old state or the new one, and clears away what a killed process left of backups and
 * restores. `trial`: the new one is in force and nobody has confirmed it. The caller holds the locks of folder and
 * database.
 */
export async function recoverRestore(swap: Swap, config: Config): Promise<'settled' | 'trial'> {
  const state = await swap.recover();
  const dir = restoreFolder(config.dataDir);
  for (const name of ['work', 'incoming']) await rm(join(dir, name), { recursive: true, force: true });
  await removeAbandonedWork(backupFolder(config), config.dataDir);
  return state;
}

/** Where the server keeps its backups. */
export function backupFolder({ backupDir, dataDir }: Pick<Config, 'backupDir' | 'dataDir'>): string {
  return backupDir ?? join(dataDir, 'backups');
}

/** Whether there is a database to be replaced: PostgreSQL's may be empty, which opening it tells. */
export function hasDatabase({ dataDir, databaseUrl }: Pick<Config, 'dataDir' | 'databaseUrl'>): boolean {
  return databaseUrl !== undefined || existsSync(join(dataDir, 'signpost.db'));
}
