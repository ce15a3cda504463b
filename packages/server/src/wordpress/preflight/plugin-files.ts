/** Which files of an unpacked plugin are PHP: by their names, as web servers judge, and by what stands in them. */
import { link, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { PluginEntry } from '../plugin/archive.ts';

/** A file of the plugin. */
export interface PluginFile {
  /** Inside the plugin, with slashes. */
  readonly path: string;
  readonly size: number;
}

/** The files that tools are shown. */
export interface PhpFiles {
  /** PHP by the end of the name, hidden or not: what is parsed. */
  readonly source: readonly PluginFile[];
  /** Those, others that some server would run, such as `a.php.jpg`, and any in which `<?php` stands: code may be included from everywhere. */
  readonly suspect: readonly PluginFile[];
}

const sourceName = /\.(?:php\d?|phtml|inc)$/i;
const servedName = /\.(?:php\d?|phtml|pht|phar|phps|inc)(?:\.|$)/i;
const chunkBytes = 256 * 1024;
const tag = '<?php';

/** Sorts the files of the plugin in `folder`. */
export async function listPhpFiles(folder: string, entries: readonly PluginEntry[]): Promise<PhpFiles> {
  const files = entries.filter(({ kind }) => kind === 'file').map(({ path, size }) => ({ path, size }));
  const suspect: PluginFile[] = [];
  for (const file of files) {
    if (servedName.test(file.path) || (await holdsPhp(join(folder, file.path)))) suspect.push(file);
  }
  return { source: files.filter(({ path }) => sourceName.test(path)), suspect };
}

/** Links the files into `to` under names that no tool makes anything of, and tells which is which. */
export async function linkPlainly<T extends PluginFile>(
  files: readonly T[],
  { folder, to }: { readonly folder: string; readonly to: string },
): Promise<(T & { readonly location: string })[]> {
  await mkdir(to);
  const linked: (T & { readonly location: string })[] = [];
  for (const [index, file] of files.entries()) {
    const location = `${index + 1}.php`;
    await link(join(folder, file.path), join(to, location));
    linked.push({ ...file, location });
  }
  return linked;
}

async function holdsPhp(path: string): Promise<boolean> {
  const file = await open(path);
  try {
    const buffer = Buffer.alloc(chunkBytes);
    // What a tag may begin with at the end of a chunk is looked at again with the next one.
    for (let kept = 0; ; ) {
      const { bytesRead } = await file.read(buffer, kept, chunkBytes - kept);
      const length = kept + bytesRead;
      if (findTag(buffer.subarray(0, length))) return true;
      if (bytesRead === 0) return false;
      kept = Math.min(tag.length - 1, length);
      buffer.copyWithin(0, length - kept, length);
    }
  } finally {
    await file.close();
  }
}

/** PHP takes the tag in any case. */
function findTag(bytes: Buffer): boolean {
  for (let at = bytes.indexOf('<?'); at >= 0; at = bytes.indexOf('<?', at + 1)) {
    if (bytes.toString('latin1', at, at + tag.length).toLowerCase() === tag) return true;
  }
  return false;
}
