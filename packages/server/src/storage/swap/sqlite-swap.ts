/** Swaps of SQLite's file: `previous.db` is a second name of the old file, and one rename puts the new one in its place. */
import { existsSync } from 'node:fs';
import { link, mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Refusal } from '../../errors.ts';
import { databaseFile } from '../database/open.ts';
import { openSqlite } from '../database/sqlite/open-sqlite.ts';
import { syncFile, syncFolder } from '../durable-files.ts';
import type { Swap, SwapPlace } from './staged.ts';

/** The files of a swap in its folder. */
interface Files {
  readonly current: string;
  readonly staged: string;
  readonly previous: string;
  /** Stands for `previous` where there was no database before. */
  readonly nothing: string;
  /** Exists while the old file is being taken back. */
  readonly undoing: string;
}

/** The swaps of the file that `place` names. */
export function createSqliteSwap({ location, dir }: SwapPlace): Swap {
  const files: Files = {
    current: databaseFile(location),
    staged: join(dir, 'staged.db'),
    previous: join(dir, 'previous.db'),
    nothing: join(dir, 'previous.none'),
    undoing: join(dir, 'undoing'),
  };
  return {
    stage: async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await removeDatabase(files.staged);
      const database = await openSqlite(files.staged, { create: true });
      return {
        database,
        place: async () => {
          await database.close();
          await placeFile(files);
        },
        discard: async () => {
          await database.close();
          await removeDatabase(files.staged);
        },
      };
    },
    recover: () => recover(files),
    confirm: () => forgetPrevious(files),
    undo: async () => {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      await writeFile(files.undoing, '');
      await syncFolder(dir);
      await undo(files);
    },
  };
}

async function placeFile(files: Files): Promise<void> {
  assertWhole(files.staged);
  await syncFile(files.staged);
  if (existsSync(files.current)) {
    await settleJournal(files.current);
    await link(files.current, files.previous);
    // A journal that is left belongs to the old file; beside the new one SQLite would take it for its own.
    for (const suffix of ['-wal', '-shm']) await moveIfThere(files.current + suffix, files.previous + suffix);
    await syncFolder(dirname(files.current));
  } else {
    await writeFile(files.nothing, '');
  }
  await syncFolder(dirname(files.previous));
  await rename(files.staged, files.current);
  await syncFolder(dirname(files.current));
}

/** Closing brought the journal into the file and removed it, unless there was no room: then the file by itself is not all. */
function assertWhole(path: string): void {
  if (!existsSync(`${path}-wal`)) return;
  throw new Refusal('unavailable', 'expected the new database to be written to its end, got an unfinished journal', {
    rule: 'restore-journal',
    hint: 'make room on the disk of the data folder',
  });
}

/** Opening and closing brings the journal into the file and removes it; a damaged file keeps it. */
async function settleJournal(path: string): Promise<void> {
  if (!existsSync(`${path}-wal`)) return;
  await openSqlite(path, { create: false })
    .then(
      (database) => database.query.introspection.getTables().finally(() => database.close()),
      () => undefined,
    )
    .catch(() => undefined);
}

async function recover(files: Files): Promise<'settled' | 'trial'> {
  await removeDatabase(files.staged);
  if (existsSync(files.undoing)) await undo(files);
  if (existsSync(files.nothing) && existsSync(files.current)) return 'trial';
  if (!existsSync(files.previous)) {
    await rm(files.nothing, { force: true });
    return 'settled';
  }
  if (!(await isSameFile(files.current, files.previous))) return 'trial';
  // The rename had not happened yet.
  for (const suffix of ['-wal', '-shm']) await moveIfThere(files.previous + suffix, files.current + suffix);
  await forgetPrevious(files);
  return 'settled';
}

/** Each step can be done again; `undoing` goes last. */
async function undo(files: Files): Promise<void> {
  if (existsSync(files.previous)) {
    for (const suffix of ['-wal', '-shm']) await rm(files.current + suffix, { force: true });
    await syncFolder(dirname(files.current));
    await rename(files.previous, files.current);
    await syncFolder(dirname(files.current));
  } else if (existsSync(files.nothing)) {
    await removeDatabase(files.current);
    await syncFolder(dirname(files.current));
    await rm(files.nothing);
  }
  for (const suffix of ['-wal', '-shm']) await moveIfThere(files.previous + suffix, files.current + suffix);
  await syncFolder(dirname(files.current));
  await rm(files.undoing, { force: true });
}

/** Durably: what is acknowledged from here on must not give way to the old file after a power cut. */
async function forgetPrevious(files: Files): Promise<void> {
  await removeDatabase(files.previous);
  await rm(files.nothing, { force: true });
  await syncFolder(dirname(files.previous));
}

async function removeDatabase(path: string): Promise<void> {
  // The journal first: without its file it is nothing, and a file without its journal may be damaged.
  for (const suffix of ['-wal', '-shm', '']) await rm(path + suffix, { force: true });
}

async function moveIfThere(from: string, to: string): Promise<void> {
  if (existsSync(from)) await rename(from, to);
}

async function isSameFile(left: string, right: string): Promise<boolean> {
  const [a, b] = await Promise.all([left, right].map((path) => stat(path, { bigint: true }).catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
