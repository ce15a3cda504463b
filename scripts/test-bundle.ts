/** Test files and the programs that they start, built into few files: Node takes a millisecond for each file of source. */
import { globSync, readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildResult, build, type Plugin, stop } from 'esbuild';

/** Built files by their sources. */
export interface TestBundle {
  /** Where the built file of a source is; a source that nothing was built from is itself. */
  builtFrom(source: string): string;
  /** Of which source a built file is; any other file is itself. */
  sourceOf(path: string): string;
}

/** What nearly every process loads, each from dozens of files or hundreds. Other packages stay where they are, and so do their programs and data. */
const bundledPackages = new RegExp(
  `^(?:${[
    ...['@signpost', 'kysely', 'hono', 'zod', 'croner', 'fast-check', 'openapi3-ts', '@hono/[^/]+', 'jose', 'ws'],
    ...['@asteasolutions/zod-to-openapi', 'prom-client', '@opentelemetry/api', 'tdigest', 'bintrees'],
    ...['pg', 'pg-[^/]+', 'pgpass', 'postgres-[^/]+', 'split2', 'xtend', 'commander', 'saxes', 'xmlchars'],
    ...['ajv', 'fast-deep-equal', 'fast-uri', 'json-schema-traverse'],
  ].join('|')})(?:/|$)`,
);
/** How what is no ES module finds the modules of Node. */
const requireModule = `var require = (name) => process.getBuiltinModule('node:module').createRequire(import.meta.url)(name);`;
/** How our code names a program or thread of its own. */
const programUrl = /new URL\('(\.{1,2}\/[^']+\.ts)', import\.meta\.url\)/g;

/**
 * Builds `tests` and the programs below `root` into `folder`, which is made anew. What is built finds everything else where its source
 * would find it; only programs and threads are taken from what was built.
 */
export async function bundleTests(root: string, folder: string, tests: readonly string[]): Promise<TestBundle> {
  rmSync(folder, { recursive: true, force: true });
  const programs = findPrograms(root);
  const place = (source: string) => join(folder, `${relative(root, source).replace(/\.[^.]+$/, '')}.mjs`);
  const placed = new Map(programs.map((source) => [source, place(source)]));
  const plugin = createPlugin(placed);
  const results = await Promise.all([programs, tests].map((entries) => bundle(entries, { root, folder, plugin })));
  await stop();
  const sources = new Map(results.flatMap((result) => listEntries(root, result)));
  const built = new Map([...sources].map(([path, source]) => [source, path]));
  return {
    builtFrom: (source) => built.get(source) ?? source,
    sourceOf: (path) => sources.get(path) ?? path,
  };
}

/** What is started as a process or a thread, and the command itself. */
function findPrograms(root: string): readonly string[] {
  const sources = globSync('packages/{protocol,server,cli}/src/**/*.ts', { cwd: root }).map((path) => join(root, path));
  const started = sources.flatMap((path) =>
    [...readFileSync(path, 'utf8').matchAll(programUrl)].map(([, name = '']) => join(dirname(path), name)),
  );
  return [join(root, 'packages/cli/src/main.ts'), ...new Set(started)];
}

interface BundlePlace {
  readonly root: string;
  readonly folder: string;
  readonly plugin: Plugin;
}

function bundle(entryPoints: readonly string[], { root, folder, plugin }: BundlePlace) {
  return build({
    ...{ entryPoints: [...entryPoints], outdir: folder, outbase: root, absWorkingDir: root, plugins: [plugin] },
    ...{ bundle: true, splitting: true, format: 'esm', platform: 'node', target: 'node24' },
    // As Node does it: an import is of a value unless it says `type`.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
    ...{ outExtension: { '.js': '.mjs' }, chunkNames: 'parts/[name]-[hash]', conditions: ['@signpost/source'] },
    ...{ metafile: true, logLevel: 'error', banner: { js: requireModule } },
    define: {
      'import.meta.url': 'importMetaUrl',
      'import.meta.dirname': 'importMetaDirname',
      'import.meta.filename': 'importMetaFilename',
      // A test file is what its process runs, and would be taken for the program that it imports.
      'import.meta.main': 'false',
    },
  });
}

function createPlugin(programs: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'signpost-tests',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^file:/ }, ({ path }) => ({ path: fileURLToPath(path) }));
      // Tables of routes name the pages that they would load; in tests none is.
      onResolve({ filter: /\.svelte$/ }, ({ path, resolveDir }) => ({ path: join(resolveDir, path), external: true }));
      onResolve({ filter: /^[^./]/ }, ({ path, kind }) =>
        kind === 'entry-point' || path.startsWith('file:') || bundledPackages.test(path)
          ? undefined
          : { path, external: true },
      );
      onLoad({ filter: /\.ts$/ }, async ({ path }) => ({
        contents: placeSource(path, await readFile(path, 'utf8'), programs),
        loader: 'ts',
      }));
    },
  };
}

/** The text of a source, which knows where it was, and where the programs are that it starts. */
function placeSource(path: string, text: string, programs: ReadonlyMap<string, string>): string {
  if (!text.includes('import.meta')) return text;
  const place = { Url: pathToFileURL(path).href, Dirname: dirname(path), Filename: programs.get(path) ?? path };
  const constants = Object.entries(place).map(([name, value]) => `importMeta${name} = ${JSON.stringify(value)}`);
  const body = text.replace(/^#!.*/, '').replace(programUrl, (whole, name: string) => {
    const program = programs.get(join(dirname(path), name));
    return program === undefined ? whole : `new URL(${JSON.stringify(pathToFileURL(program).href)})`;
  });
  // On the first line, so that the others keep their numbers.
  return `const ${constants.join(', ')}; ${body}`;
}

function listEntries(
  root: string,
  { metafile }: Pick<BuildResult<{ metafile: true }>, 'metafile'>,
): [string, string][] {
  return Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]) =>
    entryPoint === undefined ? [] : [[join(root, path), join(root, entryPoint)] as [string, string]],
  );
}
