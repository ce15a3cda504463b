/** Whether a tag that bears the mark of a deploy holds what was confirmed: whoever may commit to the repository can write the mark. */
import { mkdir, mkdtemp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { maxEntries } from '../../releases/inspection/budget.ts';
import type { PluginEntry } from '../plugin/archive.ts';
import { exportTree, listDifferences, listTreeProperties, measureTree, type TreeAt } from '../svn/repository.ts';
import type { SvnSession } from '../svn/run.ts';
import type { DeployParts } from './deploy.ts';
import { alteringProperties } from './replace-trunk.ts';
import { boundCopy, unpackRelease } from './staging.ts';
import type { DeployRow } from './store.ts';
import { digestFile, readTree } from './trunk-tree.ts';

/**
 * What the tag holds instead of the release that was confirmed, in words; undefined when it holds exactly that, and trunk the same in that revision.
 * Throws `SvnFailure`, and a Refusal when the release's file is not here.
 */
export async function findDeviation(
  parts: Pick<DeployParts, 'blobs' | 'config'>,
  row: DeployRow,
  { session, revision }: { session: SvnSession; revision: number },
): Promise<string | undefined> {
  const tag = { url: `${row.repository}/tags/${row.version}`, revision };
  const size = await measureTree(session, tag);
  if (size.entries > maxEntries || size.bytes > parts.config.maxUncompressedMb * 2 ** 20) return 'it is too large';
  for (const [path, names] of await listTreeProperties(session, tag)) {
    const altering = alteringProperties.find((property) => names.has(property));
    if (altering !== undefined) return `${path} has the property ${altering}`;
  }
  const folder = await mkdtemp(join(session.scratch, 'tag-'));
  const [expected, found] = [join(folder, 'expected'), join(folder, 'found')];
  await mkdir(expected);
  const entries = await unpackRelease(parts, row, expected);
  await exportTree(session, tag, { into: found, bounds: boundCopy(size) });
  return (await compare(entries, { expected, found })) ?? (await compareTrunk(session, row, tag));
}

async function compare(
  entries: readonly PluginEntry[],
  { expected, found }: { expected: string; found: string },
): Promise<string | undefined> {
  const there = await readTree(found);
  if (there.size !== entries.length) return `${there.size} paths where the release has ${entries.length}`;
  for (const { path, kind, size, isExecutable } of entries) {
    const node = there.get(path);
    if (node?.kind !== kind) return `${path} is not the release's`;
    if (kind === 'directory') continue;
    const isRunnable = ((await stat(join(found, path))).mode & 0o100) !== 0;
    const isSame =
      node.size === size && (await digestFile(join(found, path))) === (await digestFile(join(expected, path)));
    if (!isSame || isRunnable !== isExecutable) return `${path} is not the release's`;
  }
  return undefined;
}

/** One commit made both. */
async function compareTrunk(session: SvnSession, row: DeployRow, tag: TreeAt): Promise<string | undefined> {
  const trunk = { url: `${row.repository}/trunk`, revision: tag.revision };
  return (await listDifferences(session, trunk, tag)).length > 0 ? 'trunk was another one in that revision' : undefined;
}
