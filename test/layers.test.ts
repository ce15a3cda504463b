/** Holds the source tree to the architecture, and the rules to their promise: each must find its planted violation. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { type FileTable, parseImports, resolveImport, type WorkspacePackage } from './layers/imports.ts';
import { houses } from './layers/rooms.ts';
import { findViolations } from './layers/violations.ts';

const top = join(import.meta.dirname, '..');

test('the source tree keeps to the table of rooms', () => {
  const files = readTree();
  assert.ok(files.size > 20, `expected the source tree, got ${files.size} files`);
  assert.deepEqual(findViolations(files, readPackages()), []);
});

test('every folder of a package is in the table or is no source', () => {
  const folders = globSync('packages/*/*/', { cwd: top, exclude: (name) => name === 'node_modules' });
  const sources = folders.map((folder) => `${folder}/`).filter((folder) => /\/(?:src|test)\/$/.test(folder));
  const unknown = sources.filter((folder) => !houses.some(({ root }) => root === folder));
  assert.deepEqual(unknown, []);
});

test('the start of a server loads no package that its defaults do not need', () => {
  const { packages: loaded } = listLoaded(server('main.ts'));
  assert.ok(loaded.has('kysely') && loaded.has('@hono/node-server'), `expected its packages, got ${[...loaded]}`);
  const byNeed = [
    ...['pg', '@nats-io/transport-node', '@nats-io/jetstream', 'nodemailer', 'yaml', 'markdown-it', 'sharp'],
    '@simplewebauthn/server',
  ];
  assert.deepEqual(
    byNeed.filter((name) => loaded.has(name)),
    [],
  );
});

test('the start of a server loads nothing that few servers ask for', () => {
  const { files } = listLoaded(server('main.ts'));
  assert.ok(files.has(server('planes.ts')), 'expected the planes');
  const readers = ['feed', 'git', 'npm', 'oci', 'signpost'].map((name) => `watch/readers/${name}/${name}-reader.ts`);
  const byNeed = [...readers, 'watch/formats/conversion.ts', 'doctor/doctor.ts'].map(server);
  assert.deepEqual(
    byNeed.filter((path) => files.has(path) || !existsSync(join(top, path))),
    [],
  );
});

test('what the command does without a server loads nothing that answers', () => {
  for (const path of ['setup.ts', 'backup/age/keys.ts', 'backup/offline.ts']) {
    const { packages: loaded } = listLoaded(server(path));
    assert.deepEqual(
      ['@hono/node-server', '@hono/zod-openapi', 'prom-client'].filter((name) => loaded.has(name)),
      [],
      path,
    );
  }
});

suite('a planted violation is found', () => {
  const planted: readonly { name: string; files: Record<string, string>; found: string }[] = [
    {
      name: 'an import upwards',
      files: { [protocol('json/a.ts')]: "import { b } from '../updates/b.ts';", [protocol('updates/b.ts')]: '' },
      found: `${protocol('json/a.ts')} must not import ${protocol('updates/b.ts')}`,
    },
    {
      name: 'an import across one floor',
      files: { [protocol('json/a.ts')]: "import { b } from '../asn1/b.ts';", [protocol('asn1/b.ts')]: '' },
      found: `${protocol('json/a.ts')} must not import ${protocol('asn1/b.ts')}`,
    },
    {
      name: 'a type import upwards, over several lines',
      files: {
        [server('vault/a.ts')]: "import type {\n  B,\n  C,\n} from '../trust/b.ts';",
        [server('trust/b.ts')]: '',
      },
      found: `${server('vault/a.ts')} must not import ${server('trust/b.ts')}`,
    },
    {
      name: 'a re-export upwards',
      files: { [server('vault/a.ts')]: "export { b } from '../trust/b.ts';", [server('trust/b.ts')]: '' },
      found: `${server('vault/a.ts')} must not import ${server('trust/b.ts')}`,
    },
    {
      name: 'a dynamic import upwards',
      files: { [server('vault/a.ts')]: "const b = await import('../trust/b.ts');", [server('trust/b.ts')]: '' },
      found: `${server('vault/a.ts')} must not import ${server('trust/b.ts')}`,
    },
    {
      name: 'a worker started from a room above',
      files: {
        [server('http/a.ts')]: "new Worker(new URL('../releases/b.ts', import.meta.url));",
        [server('releases/b.ts')]: '',
      },
      found: `${server('http/a.ts')} must not import ${server('releases/b.ts')}`,
    },
    {
      name: 'a dynamic import of something computed',
      files: { [server('vault/a.ts')]: 'const b = await import(name);' },
      found: `${server('vault/a.ts')} imports what cannot be read from the text`,
    },
    {
      name: 'a circle of values',
      files: {
        [server('trust/a.ts')]: "import { b } from './b.ts';",
        [server('trust/b.ts')]: "import { a } from './a.ts';",
      },
      found: `circle: ${server('trust/a.ts')} → ${server('trust/b.ts')} → ${server('trust/a.ts')}`,
    },
    {
      name: 'a circle through a type',
      files: {
        [server('trust/a.ts')]: "import { b } from './b.ts';",
        [server('trust/b.ts')]: "import type { A } from './a.ts';",
      },
      found: `circle: ${server('trust/a.ts')} → ${server('trust/b.ts')} → ${server('trust/a.ts')}`,
    },
    {
      name: 'a deep import into another package',
      files: { 'packages/cli/src/main.ts': "import { a } from '@signpost/server/src/app.ts';" },
      found: 'packages/cli/src/main.ts imports @signpost/server/src/app.ts, which that package does not export',
    },
    {
      name: 'a relative import into another package',
      files: { 'packages/cli/src/main.ts': "import { a } from '../../server/src/app.ts';", [server('app.ts')]: '' },
      found: `packages/cli/src/main.ts must not import ${server('app.ts')}`,
    },
    {
      name: 'a package that must not be known',
      files: { [server('app.ts')]: "import { a } from '@signpost/cli';" },
      found: `${server('app.ts')} imports @signpost/cli, which that package does not export`,
    },
    {
      name: 'an import from a test',
      files: { [server('app.ts')]: "import { a } from '../test/a.ts';", 'packages/server/test/a.ts': '' },
      found: `${server('app.ts')} must not import packages/server/test/a.ts`,
    },
    {
      name: 'a file in no room',
      files: { [server('parcels/a.ts')]: '' },
      found: `${server('parcels/a.ts')} stands in no room`,
    },
    {
      name: 'a drawer',
      files: { [server('trust/utils.ts')]: '' },
      found: `${server('trust/utils.ts')} has a name that is no noun of the domain`,
    },
    {
      name: 'a file of 401 lines',
      files: { [server('trust/a.ts')]: '\n'.repeat(401) },
      found: `${server('trust/a.ts')} has more than 400 lines`,
    },
    {
      name: 'Node in the protocol package',
      files: { [protocol('bytes/a.ts')]: 'export const a = Buffer.from([]);' },
      found: `${protocol('bytes/a.ts')} knows Node, and protocol runs everywhere`,
    },
    {
      name: 'a dependency of the protocol package',
      files: { [protocol('bytes/a.ts')]: "import { z } from 'zod';" },
      found: `${protocol('bytes/a.ts')} imports a package, and protocol has no dependencies`,
    },
    {
      name: 'HTTP outside its files',
      files: { [server('trust/lists.ts')]: "import type { Context } from 'hono';" },
      found: `${server('trust/lists.ts')} imports Hono, which only routes.ts, http/, app.ts, planes.ts and main.ts know`,
    },
    {
      name: 'SQL outside its files',
      files: { [server('trust/lists.ts')]: "import { sql } from 'kysely';" },
      found: `${server('trust/lists.ts')} speaks SQL, which only store.ts and storage/ do`,
    },
    {
      name: 'a query outside its files, without an import',
      files: { [server('trust/lists.ts')]: "database.query.selectFrom('person');" },
      found: `${server('trust/lists.ts')} speaks SQL, which only store.ts and storage/ do`,
    },
    {
      name: 'the environment outside main.ts',
      files: { [server('trust/lists.ts')]: 'const home = process.env.HOME;' },
      found: `${server('trust/lists.ts')} reads the environment or arguments, which only main.ts and config.ts do`,
    },
    {
      name: 'an export of everything',
      files: { [server('trust/lists.ts')]: "export * from './store.ts';", [server('trust/store.ts')]: '' },
      found: `${server('trust/lists.ts')} exports without naming what`,
    },
  ];
  for (const { name, files, found } of planted) {
    test(name, () => {
      assert.deepEqual(findViolations(new Map(Object.entries(files)), readPackages()), [found]);
    });
  }
});

test('what the table allows is no violation', () => {
  const files = new Map([
    [server('trust/routes.ts'), "import { z } from '@hono/zod-openapi';\nimport { a } from './store.ts';"],
    [server('trust/store.ts'), "import { sql } from 'kysely';\nimport { b } from '../storage/b.ts';"],
    [server('trust/lists.ts'), "import type { Transaction } from 'kysely';\n// never process.env"],
    [server('storage/b.ts'), "import { c } from '@signpost/protocol/json/canonical';"],
    [server('main.ts'), "import { a } from './trust/routes.ts';\nconst port = process.env.PORT;"],
    ['packages/server/test/b.test.ts', "import { b } from '../src/storage/b.ts';"],
    ['packages/cli/src/main.ts', "import { serve } from '@signpost/server';"],
  ]);
  assert.deepEqual(findViolations(files, readPackages()), []);
});

test('words in comments and strings are no imports', () => {
  const source = "// import { a } from './a.ts';\n/** import { b } from './b.ts' */\nconst text = `x from './c.ts'`;\n";
  assert.deepEqual(parseImports(source), []);
});

function protocol(path: string): string {
  return `packages/protocol/src/${path}`;
}

function server(path: string): string {
  return `packages/server/src/${path}`;
}

function readTree(): FileTable {
  const patterns = ['packages/*/{src,test,vectors}/**/*.ts', '{test,bench,scripts}/**/*.ts'];
  const paths = globSync(patterns, { cwd: top })
    .map((path) => path.replaceAll('\\', '/'))
    // It quotes violations.
    .filter((path) => path !== 'test/layers.test.ts');
  return new Map(paths.map((path) => [path, readFileSync(join(top, path), 'utf8')]));
}

/** What is loaded before the first line of `entry` runs: our files, and the packages of others. */
function listLoaded(entry: string): { readonly files: ReadonlySet<string>; readonly packages: ReadonlySet<string> } {
  const [files, ours] = [readTree(), readPackages()];
  const names = new Set<string>();
  const seen = new Set<string>([entry]);
  for (const path of seen) {
    for (const { specifier, kind } of parseImports(files.get(path) ?? '')) {
      if (kind !== 'value') continue;
      const target = resolveImport(path, specifier, ours);
      if (target) seen.add(target);
      else names.add(/^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier);
    }
  }
  return { files: seen, packages: names };
}

function readPackages(): readonly WorkspacePackage[] {
  return globSync('packages/*/package.json', { cwd: top }).map((path) => {
    const { name, exports = {} } = JSON.parse(readFileSync(join(top, path), 'utf8'));
    const root = path.replaceAll('\\', '/').replace(/package\.json$/, '');
    return { name, root, exports: readSources(exports) };
  });
}

/** The `exports` of a package under the condition that leads to its source. */
function readSources(exports: Record<string, string | Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(exports).map(([subPath, target]) => [
      subPath,
      typeof target === 'string' ? target : (target['@signpost/source'] ?? ''),
    ]),
  );
}
