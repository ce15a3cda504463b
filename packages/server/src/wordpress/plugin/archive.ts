/** A plugin's archive, which was judged when it was uploaded: what WordPress would look at, and its files for a working copy. */
import { closeSync, constants, mkdirSync, openSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { UnpackBudget, type UnpackLimits } from '../../releases/inspection/budget.ts';
import type { ByteSource } from '../../releases/inspection/byte-source.ts';
import { type Extent, inflateSmall, inflateStream, readChunks } from '../../releases/inspection/inflate.ts';
import { refuse } from '../../releases/inspection/rules.ts';
import { readCentralDirectory, type ZipEntry } from '../../releases/inspection/zip/central-directory.ts';
import { readEndRecord } from '../../releases/inspection/zip/end-record.ts';
import { layOut } from '../../releases/inspection/zip/judge-zip.ts';
import type { PluginContent } from './findings.ts';
import { headerBytes, parsePluginHeader } from './header.ts';
import { maxReadmeBytes, parseReadme } from './readme.ts';

/** A file or folder of a plugin. */
export interface PluginEntry {
  /** Below the folder at the top, without a slash at the end. */
  readonly path: string;
  readonly kind: 'file' | 'directory';
  readonly size: number;
  readonly isExecutable: boolean;
}

interface PackedEntry extends PluginEntry {
  readonly entry: ZipEntry;
  readonly extent: Extent;
}

/** PHP files at the top of a plugin that are looked into, and foreign paths that are named. */
const maxLooks = 200;
const maxForeignPaths = 20;
/** What Subversion takes for its own record of where a folder comes from, and where its changes go. */
const subversionFolder = /^(?:.*?\/)?\.svn(?=\/|$)/i;
/** What one write takes; larger entries are unpacked as a stream. */
const smallBytes = 1024 * 1024;

/** Reads what is judged. Throws an `UploadRule` for what is no such archive. */
export async function readPlugin(source: ByteSource, limits: UnpackLimits): Promise<PluginContent> {
  const { folder, entries } = listEntries(source, limits);
  const top = entries.filter(({ path, kind }) => kind === 'file' && !path.includes('/'));
  const php = top
    .filter(({ path }) => path.endsWith('.php') && !path.startsWith('.'))
    .sort(byPath)
    .slice(0, maxLooks);
  const mainFiles: PluginContent['mainFiles'][number][] = [];
  for (const file of folder === undefined ? [] : php) {
    const header = parsePluginHeader(await readStart(source, file, headerBytes));
    if (header) mainFiles.push({ file: file.path, header });
  }
  const readmeFile = folder === undefined ? undefined : findReadme(top);
  const readme = readmeFile && parseReadme(await readStart(source, readmeFile, maxReadmeBytes));
  const isReadmeBroken = readmeFile !== undefined && readme === undefined;
  return { folder, mainFiles, readme, isReadmeBroken, foreignPaths: listForeign(entries) };
}

/**
 * Writes the plugin's files into `folder`, over what is there, and returns what was written. Nothing is written through a link. Throws `top-folder`
 * as a TypeError when there is no one folder at the top, and `path-reserved-name` for folders of Subversion: findings keep such plugins away.
 */
export async function unpackPlugin(
  source: ByteSource,
  limits: UnpackLimits,
  folder: string,
): Promise<readonly PluginEntry[]> {
  const { folder: top, entries } = listEntries(source, limits);
  if (top === undefined) throw new TypeError('expected a plugin in one folder');
  if (entries.some(({ path }) => subversionFolder.test(path))) {
    refuse('path-reserved-name', "expected no folder .svn, which is Subversion's own");
  }
  const budget = new UnpackBudget(source.size, limits);
  for (const entry of entries) {
    const path = join(folder, entry.path);
    if (entry.kind === 'directory') mkdirSync(path, { recursive: true });
    else await unpackFile(source, entry, { path, budget });
  }
  return listImplied(entries);
}

function listEntries(source: ByteSource, limits: UnpackLimits): { folder: string | undefined; entries: PackedEntry[] } {
  const end = readEndRecord(source);
  const all = [...layOut(source, readCentralDirectory(source, end, new UnpackBudget(source.size, limits)), end)];
  const folders = new Set(all.map(([entry]) => entry.name.split('/', 1)[0] ?? ''));
  const folder = folders.size === 1 && all.every(([{ name }]) => name.includes('/')) ? [...folders][0] : undefined;
  const lead = folder === undefined ? 0 : folder.length + 1;
  const entries = all.map(([entry, extent]) => ({
    ...{ path: entry.name.slice(lead).replace(/\/$/, ''), kind: entry.kind, size: entry.size },
    ...{ isExecutable: entry.kind === 'file' && entry.isExecutable, entry, extent },
  }));
  return { folder, entries: entries.filter(({ path }) => path !== '') };
}

/** Folders that stand only above others count as well. */
function listImplied(entries: readonly PackedEntry[]): readonly PluginEntry[] {
  const listed = new Map<string, PluginEntry>();
  for (const { path, kind, size, isExecutable } of entries) {
    for (let above = dirname(path); above !== '.'; above = dirname(above)) {
      if (listed.has(above)) break;
      listed.set(above, { path: above, kind: 'directory', size: 0, isExecutable: false });
    }
    listed.set(path, { path, kind, size, isExecutable });
  }
  return [...listed.values()].sort(byPath);
}

/** wordpress.org takes `readme.txt` in any case, then `readme.md`. */
function findReadme(top: readonly PackedEntry[]): PackedEntry | undefined {
  const named = (name: string) => top.find(({ path }) => path.toLowerCase() === name);
  return named('readme.txt') ?? named('readme.md');
}

/** Subversion's own stand first: they keep a plugin from being deployed, and none may hide behind others. */
function listForeign(entries: readonly PluginEntry[]): string[] {
  const [subversion, others] = [new Set<string>(), new Set<string>()];
  for (const { path } of entries) {
    const own = subversionFolder.exec(path);
    if (own) subversion.add(own[0]);
    const other = /^(?:.*?\/)?\.(?:git|hg|bzr)(?=\/|$)/i.exec(path);
    if (other) others.add(other[0]);
  }
  return [...subversion, ...others].slice(0, maxForeignPaths);
}

/** At most `limit` bytes from the beginning of a file. */
async function readStart(source: ByteSource, { entry, extent }: PackedEntry, limit: number): Promise<Uint8Array> {
  if (entry.method === 'store') return source.read(extent.offset, Math.min(extent.length, limit));
  if (entry.size <= Math.max(limit, smallBytes)) {
    const inflated = inflateSmall(source.read(extent.offset, extent.length), entry.size);
    return inflated?.bytes.subarray(0, limit) ?? refuse('zip-size-mismatch', 'expected the entry to have its size');
  }
  const chunks: Buffer[] = [];
  let length = 0;
  const enough = new Error('enough was read');
  await inflateStream(source, extent, (chunk) => {
    chunks.push(chunk);
    length += chunk.length;
    if (length >= limit) throw enough;
  }).catch((thrown: unknown) => {
    if (thrown !== enough) throw thrown;
  });
  return Buffer.concat(chunks).subarray(0, limit);
}

async function unpackFile(
  source: ByteSource,
  { entry, extent, isExecutable }: PackedEntry,
  { path, budget }: { path: string; budget: UnpackBudget },
): Promise<void> {
  mkdirSync(dirname(path), { recursive: true });
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  const descriptor = openSync(path, flags, isExecutable ? 0o755 : 0o644);
  let size = 0;
  const take = (chunk: Uint8Array) => {
    budget.spend(chunk.length);
    size += chunk.length;
    if (size > entry.size) refuse('zip-size-mismatch', 'expected the entry to have its size');
    for (let done = 0; done < chunk.length; ) done += writeSync(descriptor, chunk, done);
  };
  try {
    if (entry.method === 'store') for (const chunk of readChunks(source, extent)) take(chunk);
    else await inflateStream(source, extent, take);
  } finally {
    closeSync(descriptor);
  }
}

function byPath(left: { readonly path: string }, right: { readonly path: string }): number {
  return left.path < right.path ? -1 : left.path > right.path ? 1 : 0;
}
