/** Puts what was verified into its place at once: until then, and when anything fails, the old one is there. */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCodeOf, syncFolder } from '../files/atomic-write.ts';
import { openFileSink, readFileFacts } from '../files/local-file.ts';
import { Failure } from '../terminal/failure.ts';
import { ArchiveBudget, refuseArchive } from './entry-path.ts';
import { unpackTar } from './unpack-tar.ts';
import { unpackZip } from './unpack-zip.ts';

/** A verified file, and what its SHA-256 is. */
export interface VerifiedFile {
  readonly path: string;
  readonly sha256: string;
}

/** Copies the file to `out`. Throws Failure when it is no longer what was verified. */
export async function installFile({ path, sha256 }: VerifiedFile, out: string): Promise<void> {
  const sink = await openFileSink(out);
  try {
    const facts = await copyInto(path, sink.write);
    if (facts !== sha256) throw new Failure('refused', `${path} was changed meanwhile`, { code: 'digest_mismatch' });
    await sink.commit();
  } catch (error) {
    await Promise.resolve(sink.abort()).catch(() => undefined);
    throw error;
  }
}

async function copyInto(path: string, write: (chunk: Uint8Array) => Promise<void> | void): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) {
    hash.update(chunk);
    await write(chunk);
  }
  return hash.digest('hex');
}

/**
 * Unpacks the archive beside `target` and makes `target` a link to it, in one rename; the folder that it led to before is removed after. Throws
 * Failure for an archive that is refused, and for a `target` that is something else than such a link.
 */
export async function installFolder(
  { path, sha256 }: VerifiedFile,
  target: string,
  { maxBytes }: { readonly maxBytes: number },
): Promise<void> {
  const place = resolve(target);
  const old = await readOldFolder(place);
  const name = `.${basename(place)}.${sha256.slice(0, 12)}-${randomBytes(4).toString('hex')}`;
  const folder = join(dirname(place), name);
  await removeLeftovers(place, old);
  await mkdir(folder, { recursive: true });
  const link = `${folder}.link`;
  try {
    await unpack(path, folder, new ArchiveBudget(maxBytes));
    if ((await readFileFacts(path)).sha256 !== sha256) throw refuseArchive('it was changed meanwhile');
    await syncFolder(folder);
    await symlink(name, link, 'dir');
    await rename(link, place);
  } catch (error) {
    await rm(link, { force: true });
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  await syncFolder(dirname(place));
  if (old !== undefined) await rm(join(dirname(place), old), { recursive: true, force: true });
}

/** No archive takes so long to unpack. */
const leftoverAgeMs = 3_600_000;

/** What a process that was killed left beside the folder, which nothing leads to. */
async function removeLeftovers(place: string, inUse: string | undefined): Promise<void> {
  const parent = dirname(place);
  const names = await readdir(parent).catch(() => []);
  for (const name of names.filter((one) => one !== inUse && one.startsWith(`.${basename(place)}.`))) {
    const isOurs = /^[0-9a-f]{12}-[0-9a-f]{8}(?:\.link)?$/.test(name.slice(basename(place).length + 2));
    if (!isOurs || Date.now() - (await lstat(join(parent, name))).mtimeMs < leftoverAgeMs) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** The folder that is in use; `undefined`: none yet. */
async function readOldFolder(place: string): Promise<string | undefined> {
  try {
    const old = (await lstat(place)).isSymbolicLink() ? await readlink(place) : undefined;
    if (old?.startsWith(`.${basename(place)}.`) && !old.includes('/')) return old;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  throw new Failure('refused', `${place} is there already, and not by this command`, {
    hint: 'move it away, or name another folder',
  });
}

async function unpack(path: string, folder: string, budget: ArchiveBudget): Promise<void> {
  const file = await open(path, 'r');
  const { buffer } = await file.read(Buffer.alloc(4), 0, 4, 0).finally(() => file.close());
  if (buffer.readUInt16BE(0) === 0x1f8b) return unpackTar(path, folder, budget);
  if (buffer.readUInt32LE(0) === 0x04034b50) return unpackZip(path, folder, budget);
  throw refuseArchive('expected tar.gz or ZIP');
}
