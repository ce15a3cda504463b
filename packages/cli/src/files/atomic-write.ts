/** Files that are either the old one or the new one, whatever happens in between. */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, open, rename, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Replaces `path` by `content`, durable when this returns. The mode applies where the system has one. */
export async function writeFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await writeBeside(path, content, mode, (temporary) => rename(temporary, path));
}

/** The same for a file that must not exist yet: throws EEXIST, and never replaces what another process just wrote. */
export async function createFileAtomically(path: string, content: string | Uint8Array, mode = 0o600): Promise<void> {
  await writeBeside(path, content, mode, async (temporary) => {
    try {
      await link(temporary, path);
      await unlink(temporary);
    } catch (error) {
      if (!isWithoutLinks(error)) throw error;
      // FAT, the usual memory stick: take the name first, then put the content under it.
      await (await open(path, 'wx', mode)).close();
      await rename(temporary, path);
    }
  });
}

function isWithoutLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'ENOSYS', 'EOPNOTSUPP'].includes(errorCodeOf(error) ?? '');
}

/** The `code` of a system error, such as `ENOENT`. */
export function errorCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

async function writeBeside(
  path: string,
  content: string | Uint8Array,
  mode: number,
  publish: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeDurably(temporary, content, mode);
    await publish(temporary);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

async function writeDurably(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  await withClosing(file, async () => {
    await file.writeFile(content);
    await file.sync();
  });
}

/** Makes a rename durable. Windows has no way to sync a folder and orders metadata by itself. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  await withClosing(folder, () => folder.sync());
}

async function withClosing(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}
