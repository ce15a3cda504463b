/** The folder of backups: a backup appears under its name when it is whole and durable, or not at all. */
import { createHash, randomBytes } from 'node:crypto';
import { link, lstat, mkdir, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../errors.ts';
import { syncFile, syncFolder } from '../storage/durable-files.ts';
import { formatBackupName, parseBackupName } from './names.ts';

/** A backup in the folder. */
export interface StoredBackup {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  /** Unix milliseconds. */
  readonly storedAt: number;
  readonly day: string;
  readonly encrypted: boolean;
}

/** The work of one backup: a folder of its own beside the others, until `publish` or `discard`. */
export interface BackupWork {
  readonly dir: string;
  /** The file to write the archive to. */
  readonly path: string;
  /** Gives the file the next free name of the day, durably; returns it. */
  publish(at: number, encrypted: boolean): Promise<string>;
  discard(): Promise<void>;
}

const maxOfDay = 9999;

/** All backups in `dir`, the newest first; none when there is no such folder. Links are none: they lead elsewhere. */
export async function listBackups(dir: string): Promise<StoredBackup[]> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (isCoded(error, 'ENOENT')) return [];
    throw error;
  });
  const found: (StoredBackup & { number: number })[] = [];
  for (const name of names) {
    const meaning = parseBackupName(name);
    const path = join(dir, name);
    const status = meaning && (await lstat(path).catch(() => undefined));
    if (!meaning || !status?.isFile()) continue;
    found.push({ ...meaning, name, path, sizeBytes: status.size, storedAt: Math.trunc(status.mtimeMs) });
  }
  return found.sort((left, right) =>
    left.day === right.day ? right.number - left.number : left.day < right.day ? 1 : -1,
  );
}

/** The backup of that name. Throws `not_found`. */
export async function findBackup(dir: string, name: string): Promise<StoredBackup> {
  const found = (await listBackups(dir)).find((backup) => backup.name === name);
  if (found) return found;
  throw new Refusal('not_found', 'there is no such backup', { hint: 'signpost backup list' });
}

/** Begins a backup in `dir`, which is made when it is missing. `dataDir` marks the work as that of its server. */
export async function openBackupWork(dir: string, dataDir: string): Promise<BackupWork> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const work = join(dir, `${await workPrefix(dataDir)}${randomBytes(6).toString('hex')}`);
  await mkdir(work, { mode: 0o700 });
  const path = join(work, 'archive');
  return {
    dir: work,
    path,
    publish: async (at, encrypted) => {
      await syncFile(path);
      const name = await takeName(dir, path, { at, encrypted });
      await syncFolder(dir);
      await rm(work, { recursive: true, force: true });
      return name;
    },
    discard: () => rm(work, { recursive: true, force: true }),
  };
}

/** Removes what a killed server left half made in `dir`. Only who holds the lock of `dataDir` may call it. */
export async function removeAbandonedWork(dir: string, dataDir: string): Promise<void> {
  const prefix = await workPrefix(dataDir);
  const names = await readdir(dir).catch(() => []);
  for (const name of names.filter((candidate) => candidate.startsWith(prefix))) {
    await rm(join(dir, name), { recursive: true, force: true });
  }
}

/** What retention goes by. */
export interface Retention {
  /** The last days that have any are kept, so many of them. */
  readonly days: number;
  /** Unix milliseconds. */
  readonly now: number;
  /** What this server itself made: sizes in bytes by name. */
  readonly made: ReadonlyMap<string, number>;
}

/**
 * Removes what this server made and is older than the last days that have any of it; returns those that went. What others put
 * into the folder, under whatever name, neither goes nor counts, and neither does a day that has not come yet.
 */
export async function pruneBackups(dir: string, { days, now, made }: Retention): Promise<StoredBackup[]> {
  const today = new Date(now).toISOString().slice(0, 10);
  const own = (await listBackups(dir)).filter(
    ({ name, day, sizeBytes }) => day <= today && made.get(name) === sizeBytes,
  );
  const kept = new Set([...new Set(own.map(({ day }) => day))].slice(0, days));
  const old = own.filter(({ day }) => !kept.has(day));
  for (const { path } of old) await rm(path, { force: true });
  return old;
}

/** Several servers may keep their backups in one folder: none clears away the work of another. */
async function workPrefix(dataDir: string): Promise<string> {
  const mark = createHash('sha256')
    .update(await realpath(dataDir))
    .digest('hex')
    .slice(0, 12);
  return `.making-${mark}-`;
}

/** A name that exists is never replaced: whoever made it was first. */
async function takeName(dir: string, path: string, of: { at: number; encrypted: boolean }): Promise<string> {
  for (let number = 1; number <= maxOfDay; number++) {
    const name = formatBackupName(of.at, { number, encrypted: of.encrypted });
    try {
      await link(path, join(dir, name));
      return name;
    } catch (error) {
      if (isCoded(error, 'EEXIST')) continue;
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].some((code) => isCoded(error, code))) throw error;
      // FAT has no second names; nobody else writes names of this form.
      if ((await stat(join(dir, name)).catch(() => undefined)) !== undefined) continue;
      await rename(path, join(dir, name));
      return name;
    }
  }
  throw new Refusal('conflict', `expected at most ${maxOfDay} backups a day`);
}

function isCoded(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
