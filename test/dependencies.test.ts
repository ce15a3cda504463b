/** Holds docs/dependencies.md to the package.json files and the lock file, and the lock file to no registry. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';

interface PackageFile {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface LockedPackage extends PackageFile {
  readonly license?: string;
  readonly resolved?: string;
  readonly link?: boolean;
}

const top = join(import.meta.dirname, '..');
const packageFiles = ['package.json', ...globSync('packages/*/package.json', { cwd: top })];
const declared = new Map(packageFiles.flatMap((path) => Object.entries(readDeclared(readJson(path) as PackageFile))));
const locked = (readJson('package-lock.json') as { packages: Record<string, LockedPackage> }).packages;

test('every dependency has its row in docs/dependencies.md, with its licence and what it brings', () => {
  const external = [...declared.keys()].filter((name) => !name.startsWith('@signpost/'));
  const expected = external.map((name) => [name, locked[placeOf(name)]?.license, String(countBrought(name))]);
  assert.deepEqual(readRows().sort(), expected.sort());
});

test('every version is pinned exactly', () => {
  const loose = [...declared].filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version));
  assert.deepEqual(loose, []);
});

test('the protocol package depends on nothing', () => {
  assert.deepEqual(readDeclared(readJson('packages/protocol/package.json') as PackageFile), {});
});

test('the lock file names packages by digest, never by address', () => {
  const addressed = Object.entries(locked).filter(([, { resolved, link }]) => resolved !== undefined && !link);
  assert.deepEqual(addressed, []);
});

suite('no file names', () => {
  // Written in pieces, so that this file names none itself.
  const forbidden = {
    'a package registry': new RegExp(
      `\\b${'registry'}\\.[a-z0-9-]+\\.(?:org|com|net|io|dev|cn)\\b|\\b${'artifact'}ory\\b|\\bpkg\\.${'dev'}/`,
      'i',
    ),
    // A path of the tree may have a folder of that name; a machine's starts with it.
    'a path of the machine that it was written on': new RegExp(`(?<![\\w.})*-])/(?:${'work'}|${'root'})/`),
  };
  for (const [what, pattern] of Object.entries(forbidden)) {
    test(what, () => {
      const found = listTree().filter((path) => pattern.test(readFileSync(join(top, path), 'utf8')));
      assert.deepEqual(found, []);
    });
  }
});

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(top, path), 'utf8'));
}

function readDeclared({ dependencies, devDependencies, optionalDependencies }: PackageFile): Record<string, string> {
  return { ...dependencies, ...devDependencies, ...optionalDependencies };
}

/** Name, licence and count of each row. */
function readRows(): (string | undefined)[][] {
  const lines = readFileSync(join(top, 'docs/dependencies.md'), 'utf8').split('\n');
  return lines
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .slice(1, -1)
        .split('|')
        .map((cell) => cell.trim()),
    )
    .map(([name, , , , licence, brings]) => [name?.replaceAll('`', ''), licence, brings]);
}

/** Where it is installed: at the top, or in the package that asks for it. */
function placeOf(name: string): string {
  const places = ['', 'packages/console/'].map((folder) => `${folder}node_modules/${name}`);
  return places.find((place) => locked[place]) ?? name;
}

/** How many packages `name` pulls in, beside itself. */
function countBrought(name: string): number {
  const start = placeOf(name);
  const reached = new Set<string>();
  const open = [start];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    for (const next of Object.keys(locked[path]?.dependencies ?? {})) {
      const found = findLocked(path, next);
      if (found === undefined || reached.has(found)) continue;
      reached.add(found);
      open.push(found);
    }
  }
  reached.delete(start);
  return reached.size;
}

/** Where Node finds `name` from the package at `from`: its own folder first, then each one above. */
function findLocked(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (locked[path]) return path;
    if (folder === '') return undefined;
  }
}

/** The text files of the tree, without what is installed or built. */
function listTree(): readonly string[] {
  const built = new Set(['node_modules', 'dist', '.git', 'data', 'tmp', 'artifacts']);
  return globSync(['**/*', '**/.*', '**/.*/**/*'], {
    cwd: top,
    exclude: ({ name }) => built.has(name),
    withFileTypes: true,
  })
    .filter((entry) => entry.isFile() && !/\.(?:zip|gz|png|ico|woff2|sqlite)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(top.length + 1));
}
