/** Small test files share processes: starting one and loading the source costs more than most of their tests. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders whose tests hold nothing that lives as long as the process. */
const folders: readonly string[] = [
  'packages/protocol/test',
  ...['accounts', 'audit', 'evidence', 'pki/authorities', 'pki/certificates', 'pki/profiles', 'pki/records'].map(
    (name) => `packages/server/test/${name}`,
  ),
  ...[
    'doctor',
    'http',
    'modules',
    'pki/revocation',
    'pki/timestamps',
    'push',
    'releases',
    'storage',
    'trust',
    'vault',
    'watch',
  ].map((name) => `packages/server/test/${name}`),
];

const filesPerGroup = 6;

/** What is run: files, and groups of them. */
export interface TestRun {
  readonly entries: readonly string[];
  /** The files that stand in groups. */
  readonly grouped: readonly string[];
}

/**
 * The files to run: those that may share a process become groups of one folder, written below `cache`; others stand for
 * themselves. A hook of a whole file would be one of its group's, so files with hooks stay alone.
 */
export function groupTestFiles(root: string, cache: string, paths: readonly string[]): TestRun {
  const alone = paths.filter((path) => !isShareable(root, path));
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const groups = folders.flatMap((folder) => {
    const files = paths.filter((path) => isShareable(root, path) && folderOf(root, path) === folder);
    return splitInto(files, Math.ceil(files.length / filesPerGroup));
  });
  const written = groups.map((files, index) => writeGroup(root, join(cache, `group-${index}.mjs`), files));
  return { entries: [...alone, ...written], grouped: groups.flat() };
}

function isShareable(root: string, path: string): boolean {
  if (folderOf(root, path) === undefined) return false;
  const text = readFileSync(path, 'utf8');
  const hasHooks = /\b(?:before|after|beforeEach|afterEach|mock)\b[^;]*\} from 'node:test'/.test(text);
  // Without tests of its own nobody would notice that it ran none.
  return !hasHooks && /^ {0,4}test\(/m.test(text) && !/node:child_process|playwright/.test(text);
}

function folderOf(root: string, path: string): string | undefined {
  const name = relative(root, path).replaceAll('\\', '/');
  return folders.find((folder) => name.startsWith(`${folder}/`));
}

/** `count` parts, each of every so-manieth item, so that neighbours that cost much are spread. */
function splitInto<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  return Array.from({ length: count }, (_, part) => items.filter((_item, index) => index % count === part));
}

function writeGroup(root: string, path: string, files: readonly string[]): string {
  const lines = files.map(
    (file) => `await import(${JSON.stringify(pathToFileURL(file).href)}); // ${relative(root, file)}`,
  );
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}
