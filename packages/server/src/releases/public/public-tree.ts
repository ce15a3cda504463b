/** The `public/` tree: symlinks to blobs, and signatures beside them, so that a plain web server or CDN can serve every published file. */
import { mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import type { Blobs } from '../../storage/blobs.ts';
import type { Database } from '../../storage/database.ts';
import { createId } from '../../storage/ids.ts';
import { encodeDetached, type FindSignature, signatureSuffix } from './detached-signature.ts';
import { findFile, listPublishedFiles } from './store.ts';

/** What the tree is made from. */
export interface PublicTreeDependencies {
  readonly database: Database;
  readonly blobs: Blobs;
  /** The folder of the tree, beside the blobs. */
  readonly dir: string;
  readonly now: () => number;
  readonly findSignature: FindSignature;
}

type PublishedFiles = Awaited<ReturnType<typeof listPublishedFiles>>;

/**
 * Brings the tree to what is published: `{slug}/{version}/{file}` for each file, `{file}.sig` where it is signed for WordPress, and `{slug}/latest` (or
 * `latest-{channel}`) for the active release, each switched by an atomic rename. What is no longer published is removed. Blobs that do not
 * lie on the local disk have no place in it. Running it twice changes nothing.
 */
export async function writePublicTree(dependencies: PublicTreeDependencies): Promise<void> {
  const { database, blobs, dir, now } = dependencies;
  const published = await listPublishedFiles(database.query);
  const { files, channels } = planLinks(published, { dir, blobs });
  const signatures = await planSignatures(dependencies, published, files);
  await mkdir(dir, { recursive: true });
  // Files first: what a channel points to is complete before it does.
  for (const [path, target] of files) await switchLink(join(dir, path), target, createId(now()));
  for (const [path, text] of signatures) await switchText(join(dir, path), text, createId(now()));
  for (const [path, target] of channels) await switchLink(join(dir, path), target, createId(now()));
  await removeOthers(dir, '', new Set([...files.keys(), ...signatures.keys(), ...channels.keys()]));
}

function folderOf({ organisation, slug, version }: PublishedFiles[number]): string {
  return join(organisation === 'default' ? slug : join('o', organisation, slug), version);
}

/** Targets by path below `dir`. */
function planLinks(
  published: PublishedFiles,
  { dir, blobs }: Pick<PublicTreeDependencies, 'dir' | 'blobs'>,
): { files: ReadonlyMap<string, string>; channels: ReadonlyMap<string, string> } {
  const files = new Map<string, string>();
  const channels = new Map<string, string>();
  const folders = new Set<string>();
  for (const file of published) {
    const blob = blobs.locate(file.sha256);
    if (blob === undefined) continue;
    const folder = folderOf(file);
    folders.add(folder);
    files.set(join(folder, file.name), relative(join(dir, folder), blob));
    if (file.state === 'active')
      channels.set(
        join(dirname(folder), file.channel === 'stable' ? 'latest' : `latest-${file.channel}`),
        file.version,
      );
  }
  // A version may bear the name of a channel's link; its files are signed, the link is only convenient.
  for (const folder of folders) channels.delete(folder);
  return { files, channels };
}

/** Signatures by path below `dir`, unless a file has that very name. */
async function planSignatures(
  { database, findSignature }: PublicTreeDependencies,
  published: PublishedFiles,
  files: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<string, string>> {
  const signatures = new Map<string, string>();
  for (const file of published.filter(({ kind }) => kind === 'wordpress_plugin')) {
    const path = join(folderOf(file), file.name);
    if (!files.has(path) || files.has(`${path}${signatureSuffix}`)) continue;
    const stored = await findFile(database.query, { organisationId: file.organisation_id, ...file });
    const signature = stored && (await findSignature(file, stored));
    if (signature !== undefined) signatures.set(`${path}${signatureSuffix}`, encodeDetached(signature));
  }
  return signatures;
}

async function switchText(path: string, text: string, id: string): Promise<void> {
  if ((await readFile(path, 'utf8').catch(() => undefined)) === text) return;
  const temporary = `${path}.${id}`;
  await writeFile(temporary, text, { mode: 0o644 });
  await rename(temporary, path);
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
