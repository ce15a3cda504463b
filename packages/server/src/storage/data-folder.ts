/** The one folder that holds everything, and the lock that keeps a second server out of it. */
import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Refusal } from '../errors.ts';
import { isConflict } from './violation.ts';

/** Held while a server runs in a data folder. */
export interface DataFolderLock {
  release(): void;
}

/** Makes the folder, or takes the one that is there, and closes it to other users of the machine (mode 0700). */
export async function createDataFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
}

/**
 * Keeps other servers out of the data folder until `release` is called or the process ends, however it ends. Throws
 * `unavailable` when one has it already, or when there is no such folder.
 */
export function lockDataFolder(dir: string): DataFolderLock {
  if (!existsSync(dir)) {
    throw new Refusal('unavailable', 'expected a data folder, got none', {
      rule: 'data-folder',
      hint: 'signpost init makes one; SIGNPOST_DATA says where',
    });
  }
  // SQLite's file locks are the only ones in Node that work on every system and die with the process.
  const file = new DatabaseSync(join(dir, 'serve.lock'), { timeout: 0 });
  try {
    file.exec('begin exclusive');
  } catch (cause) {
    file.close();
    if (!isConflict(cause)) throw cause;
    throw new Refusal('unavailable', 'expected a data folder of our own, got one that another server uses', {
      hint: 'stop the other server, or set SIGNPOST_DATA to another folder',
      cause,
    });
  }
  return { release: () => file.close() };
}
