/** The one folder that holds everything, and the lock that keeps a second server out of it. */
import { existsSync } from 'node:fs';
import { chmod, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Refusal } from '../errors.ts';
import { isConflict } from './violation.ts';

/** Held while a server runs in a data folder. */
export interface DataFolderLock {
  release(): void;
}

const lockName = 'serve.lock';

/** What may lie in a folder that counts as empty: a file system of its own begins with it. */
const ignoredNames: ReadonlySet<string> = new Set(['lost+found']);

/** Makes the folder, or takes the one that is there, and closes it to other users of the machine (mode 0700). */
export async function createDataFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  await chmod(dir, 0o700);
}

/** Throws `conflict` for a folder in which somebody else keeps things: it would be closed to them. Changes nothing. */
export async function assertVacant(dir: string): Promise<void> {
  const names = await listNames(dir);
  if (names.includes(lockName) || names.every((name) => ignoredNames.has(name))) return;
  throw new Refusal('conflict', 'expected an empty data folder, got one that holds files of others', {
    rule: 'data-folder-taken',
    hint: 'name a folder that is empty or does not exist: signpost init --data DIR',
  });
}

async function listNames(dir: string): Promise<string[]> {
  try {
    return await readdir(dir);
  } catch (cause) {
    if (isCoded(cause, 'ENOENT')) return [];
    if (!isCoded(cause, 'ENOTDIR')) throw cause;
    throw new Refusal('conflict', 'expected a data folder, got a file', { rule: 'data-folder-taken', cause });
  }
}

function isCoded(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
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
  const file = new DatabaseSync(join(dir, lockName), { timeout: 0 });
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
