/** Blobs on the local disk: `ab/cdef…` under one folder, read-only files that appear whole or not at all. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, openSync } from 'node:fs';
import { chmod, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Refusal } from '../../errors.ts';
import type { Blobs } from '../blobs.ts';

/** The blobs in `dir`, which is made when it is missing. Files to adopt must lie on the same file system. */
export async function openDiskBlobs(dir: string): Promise<Blobs> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return {
    adopt: (path, sha256) => adoptFile(dir, path, sha256),
    measure: async (sha256) => measureFile(pathOf(dir, sha256)),
    read: (sha256, range) => {
      const fd = openBlob(dir, sha256);
      return createReadStream('', { fd, ...(range && { start: range.first, end: range.last }) });
    },
    locate: (sha256) => {
      const path = pathOf(dir, sha256);
      return existsSync(path) ? path : undefined;
    },
    remove: async (sha256) => {
      await rm(pathOf(dir, sha256), { force: true });
      await syncFolder(join(dir, sha256.slice(0, 2)));
    },
    list: () => listFiles(dir),
  };
}

function pathOf(dir: string, sha256: string): string {
  // What is no digest never becomes a path.
  if (!/^[0-9a-f]{64}$/.test(sha256)) throw new TypeError('expected a lower-case hex SHA-256');
  return join(dir, sha256.slice(0, 2), sha256.slice(2));
}

function openBlob(dir: string, sha256: string): number {
  try {
    return openSync(pathOf(dir, sha256), 'r');
  } catch (cause) {
    if (!isMissing(cause)) throw cause;
    throw new Refusal('not_found', `expected blob ${sha256}, got none`, { cause });
  }
}

async function adoptFile(dir: string, path: string, sha256: string): Promise<void> {
  const target = pathOf(dir, sha256);
  const shard = join(dir, sha256.slice(0, 2));
  const size = await syncFile(path);
  const present = await measureFile(target);
  if (size === undefined && present === undefined) throw new Error('expected a file to adopt, got none');
  if (size !== undefined) {
    // A blob that the disk has damaged would stay so for ever: the file of the next upload mends it.
    if (present === size && (await digestFile(target)) === sha256) await rm(path);
    else await moveFile(path, target, shard);
  }
  // The names must be as durable as the bytes, also when the rename was done by a process that died after it.
  await syncFolder(shard);
  await syncFolder(dir);
}

async function moveFile(path: string, target: string, shard: string): Promise<void> {
  await mkdir(shard, { recursive: true, mode: 0o700 });
  await rename(path, target);
}

/** Makes the file read-only and its bytes durable; its size, or undefined when there is none. */
async function syncFile(path: string): Promise<number | undefined> {
  if ((await measureFile(path)) === undefined) return undefined;
  await chmod(path, 0o444);
  const file = await open(path, 'r');
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

async function syncFolder(path: string): Promise<void> {
  // Windows cannot open folders; NTFS journals its names.
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r').catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  try {
    await folder?.sync();
  } finally {
    await folder?.close();
  }
}

async function measureFile(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function* listFiles(dir: string): AsyncIterable<{ sha256: string; storedAt: number }> {
  for (const shard of (await readdir(dir)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
    for (const rest of (await readdir(join(dir, shard))).filter((name) => /^[0-9a-f]{62}$/.test(name))) {
      // The rename set this time; the last write to the bytes may be older.
      const storedAt = await stat(join(dir, shard, rest)).then((file) => Math.trunc(file.ctimeMs));
      yield { sha256: shard + rest, storedAt };
    }
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
