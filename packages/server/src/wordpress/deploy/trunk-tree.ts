/** What lies on the disk below a folder, looked at without following anything. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A path below the folder. `other` is what a plugin never holds: a symbolic link, a device. */
export interface TreeNode {
  readonly kind: 'file' | 'directory' | 'other';
  readonly size: number;
}

/** Every path below `folder` with what it is, parents before what they hold. */
export async function readTree(folder: string): Promise<Map<string, TreeNode>> {
  const nodes = new Map<string, TreeNode>();
  const walk = async (below: string) => {
    for (const name of (await readdir(join(folder, below))).sort()) {
      const path = below === '' ? name : `${below}/${name}`;
      const status = await lstat(join(folder, path));
      const kind = status.isFile() ? 'file' : status.isDirectory() ? 'directory' : 'other';
      nodes.set(path, { kind, size: kind === 'file' ? status.size : 0 });
      if (kind === 'directory') await walk(path);
    }
  };
  await walk('');
  return nodes;
}

/** The SHA-256 of a file, in hex. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}
