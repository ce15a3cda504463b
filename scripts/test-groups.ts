/** Small test files share processes: starting one and loading the source costs more than most of their tests. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Folders whose tests hold nothing that lives as long as the process, though they are of whole programs: they take longest. */
const programFolders: readonly string[] = [
  'test/console',
  ...['server', 'root', 'push', 'fetching', 'evidence'].map((name) => `packages/cli/test/${name}`),
];

/** Folders of which the same is true, of modules. */
const moduleFolders: readonly string[] = [
  'packages/protocol/test',
  ...['accounts', 'audit', 'evidence', 'pki/authorities', 'pki/certificates', 'pki/profiles', 'pki/records'].map(
    (name) => `packages/server/test/${name}`,
  ),
  ...[
    'doctor',
    'http',
    'images',
    'mail',
    'modules',
    'notifications',
    'pki/access',
    'pki/acme',
    'pki/revocation',
    'pki/timestamps',
    'push',
    'releases',
    'storage',
    'trust',
    'vault',
    'watch',
    'wordpress/plugin',
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
 * The files to run, what takes longest first: those that may share a process become groups of one folder, written below `cache`; others stand for
 * themselves. What a whole file does before its tests would be done before those of its group, so such files stay alone;
 * what it does after them could be done while another of its group still waits for what a child process writes.
 */
export function groupTestFiles(root: string, cache: string, paths: readonly string[]): TestRun {
  const alone = paths.filter((path) => !isShareable(root, path));
  rmSync(cache, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const grouped: string[] = [];
  const writeGroups = (folders: readonly string[]) =>
    folders.flatMap((folder) => {
      const files = paths.filter((path) => isShareable(root, path) && folderOf(root, path) === folder);
      const groups = splitInto(files, Math.ceil(files.length / filesPerGroup));
      grouped.push(...files);
      return groups.map((group, index) =>
        writeGroup(root, join(cache, `${folder.replaceAll('/', '-')}-${index}.mjs`), group),
      );
    });
  const entries = [...writeGroups(programFolders), ...alone, ...writeGroups(moduleFolders)];
  return { entries, grouped };
}

function isShareable(root: string, path: string): boolean {
  if (folderOf(root, path) === undefined) return false;
  const text = readFileSync(path, 'utf8');
  const hasHooks =
    /^(?:before|beforeEach|after|afterEach)\(/m.test(text) || /\bmock\b[^;]*\} from 'node:test'/.test(text);
  // Without tests of its own nobody would notice that it ran none.
  return !hasHooks && /^ {0,4}test\(/m.test(text) && !/node:child_process|^import (?!type ).*playwright/m.test(text);
}

function folderOf(root: string, path: string): string | undefined {
  const name = relative(root, path).replaceAll('\\', '/');
  return [...programFolders, ...moduleFolders].find((folder) => name.startsWith(`${folder}/`));
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
