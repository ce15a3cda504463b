/** Makes trunk of a working copy hold what the archive holds, byte for byte, and nothing else. */
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginEntry } from '../plugin/archive.ts';
import { deployProperty } from '../svn/repository.ts';
import type { WorkingCopy } from '../svn/working-copy.ts';
import { readTree, type TreeNode } from './trunk-tree.ts';

/** What trunk is to hold: files that were unpacked before the working copy was made, so that none has the time of one that it replaces. */
export interface TrunkContent {
  /** They are moved away from here. */
  readonly folder: string;
  readonly entries: readonly PluginEntry[];
  readonly deployId: string;
}

/** What was done, as far as the status of the working copy does not tell it. */
export interface TrunkReplacement {
  /** Before, by path below trunk. */
  readonly before: ReadonlyMap<string, TreeNode>;
  readonly after: ReadonlyMap<string, PluginEntry>;
  /** Properties that were set (`+name`) or removed (`-name`) of files that stay, by path below trunk. */
  readonly properties: ReadonlyMap<string, readonly string[]>;
}

/** Properties by which Subversion would store or fetch something else than the bytes of the archive. */
export const alteringProperties = ['svn:eol-style', 'svn:keywords', 'svn:special', 'svn:externals'] as const;
const executable = 'svn:executable';

/** Replaces trunk, and marks it as made by this deploy: two that began from the same revision then contradict each other. Throws `SvnFailure`. */
export async function replaceTrunk(copy: WorkingCopy, content: TrunkContent): Promise<TrunkReplacement> {
  const folder = join(copy.root, 'trunk');
  const before = await readTree(folder);
  const after = new Map(content.entries.map((entry) => [entry.path, entry]));
  await copy.schedule('delete', findTopmost([...before].filter(([path, { kind }]) => after.get(path)?.kind !== kind)));
  for (const { path, kind } of content.entries) {
    if (kind === 'directory') await mkdir(join(folder, path), { recursive: true });
    else await rename(join(content.folder, path), join(folder, path));
  }
  const added = content.entries.filter(({ path, kind }) => before.get(path)?.kind !== kind);
  await copy.schedule(
    'add',
    added.map(({ path }) => inTrunk(path)),
  );
  const properties = await alignProperties(copy, after);
  await copy.setProperty(deployProperty, content.deployId, ['trunk']);
  const isKept = ([path]: readonly [string, unknown]) => before.get(path)?.kind === after.get(path)?.kind;
  return { before, after, properties: new Map([...properties].filter(isKept)) };
}

/** Subversion removes what lies below by itself. */
function findTopmost(nodes: readonly (readonly [string, TreeNode])[]): string[] {
  const removed = new Set(nodes.map(([path]) => path));
  const isBelow = (path: string) => {
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      if (removed.has(path.slice(0, slash))) return true;
    }
    return false;
  };
  return [...removed].filter((path) => !isBelow(path)).map(inTrunk);
}

/** The executable bit as in the archive; nothing that alters bytes. */
async function alignProperties(
  copy: WorkingCopy,
  after: ReadonlyMap<string, PluginEntry>,
): Promise<Map<string, string[]>> {
  const present = await copy.listProperties();
  const has = (path: string, property: string) => present.get(inTrunk(path))?.has(property) ?? false;
  const changes = new Map<string, string[]>();
  const note = (change: string, paths: readonly string[]) => {
    for (const path of paths) changes.set(path, [...(changes.get(path) ?? []), change]);
    return paths.map(inTrunk);
  };
  const all = [...after.values()];
  const set = all.filter(({ path, isExecutable }) => isExecutable && !has(path, executable));
  const unset = all.filter(({ path, kind, isExecutable }) => kind === 'file' && !isExecutable && has(path, executable));
  await copy.setProperty(
    executable,
    '*',
    note(
      `+${executable}`,
      set.map(({ path }) => path),
    ),
  );
  await copy.removeProperty(
    executable,
    note(
      `-${executable}`,
      unset.map(({ path }) => path),
    ),
  );
  for (const property of alteringProperties) {
    const bearing = all.filter(({ path }) => has(path, property)).map(({ path }) => path);
    const above = present.get('trunk')?.has(property) ? ['trunk'] : [];
    await copy.removeProperty(property, [...above, ...note(`-${property}`, bearing)]);
  }
  return changes;
}

function inTrunk(path: string): string {
  return `trunk/${path}`;
}
