/** The `public/` tree: symlinks to blobs, so that a plain web server or CDN can serve every published file. */
import { mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { listPublishedFiles } from './store.ts';

/** What the tree is made from. */
export interface PublicTreeDependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  /** The folder of the tree, beside the blobs. */
  readonly dir: string;
  readonly now: () => number;
}

/**
 * Brings the tree to what is published: `{slug}/{version}/{file}` for each file, and `{slug}/latest` (or `latest-{channel}`)
 * for the active release, each switched by an atomic rename. What is no longer published is removed. Blobs that do not
 * lie on the local disk have no place in it. Running it twice changes nothing.
 */
export async function writePublicTree({ database, blobs, dir, now }: PublicTreeDependencies): Promise<void> {
  const { files, channels } = planLinks(await listPublishedFiles(database.query), { dir, blobs });
  await mkdir(dir, { recursive: true });
  // Files first: what a channel points to is complete before it does.
  for (const [path, target] of [...files, ...channels]) await switchLink(join(dir, path), target, createId(now()));
  await removeOthers(dir, '', new Set([...files.keys(), ...channels.keys()]));
}

/** Targets by path below `dir`. */
function planLinks(
  published: Awaited<ReturnType<typeof listPublishedFiles>>,
  { dir, blobs }: Pick<PublicTreeDependencies, 'dir' | 'blobs'>,
): { files: ReadonlyMap<string, string>; channels: ReadonlyMap<string, string> } {
  const files = new Map<string, string>();
  const channels = new Map<string, string>();
  const folders = new Set<string>();
  for (const file of published) {
    const base = file.organisation === 'default' ? file.slug : join('o', file.organisation, file.slug);
    const blob = blobs.locate(file.sha256);
    if (blob === undefined) continue;
    const folder = join(base, file.version);
    folders.add(folder);
    files.set(join(folder, file.name), relative(join(dir, folder), blob));
    if (file.state === 'active')
      channels.set(join(base, file.channel === 'stable' ? 'latest' : `latest-${file.channel}`), file.version);
  }
  // A version may bear the name of a channel's link; its files are signed, the link is only convenient.
  for (const folder of folders) channels.delete(folder);
  return { files, channels };
}

async function switchLink(path: string, target: string, id: string): Promise<void> {
  if ((await readlink(path).catch(() => undefined)) === target) return;
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${id}`;
  await symlink(target, temporary);
  await rename(temporary, path);
}

/** Removes links that are not in `keep`, and folders that are empty then. Returns whether anything is left. */
async function removeOthers(dir: string, prefix: string, keep: ReadonlySet<string>): Promise<boolean> {
  let left = false;
  for (const entry of await readdir(join(dir, prefix), { withFileTypes: true })) {
    const path = join(prefix, entry.name);
    const kept = entry.isDirectory() ? await removeOthers(dir, path, keep) : keep.has(path);
    if (kept) left = true;
    else await rm(join(dir, path), { recursive: true });
  }
  return left;
}
