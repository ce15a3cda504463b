/** Builds the package as it is published, and bundles it. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const workspace = fileURLToPath(new URL('../../../..', import.meta.url));

/** Builds the package into a new folder and hands that to `use`. */
export async function withBuiltPackage<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-protocol-'));
  try {
    const compiler = join(workspace, 'node_modules/typescript/bin/tsc');
    const project = join(workspace, 'packages/protocol/tsconfig.build.json');
    execFileSync(process.execPath, [compiler, '-p', project, '--outDir', folder], { stdio: 'pipe' });
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** The text of one script that defines the global `signpost`: the exports of `entry` over the package in `folder`. */
export async function bundleForWeb(entry: string, folder: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    globalName: 'signpost',
    platform: 'neutral',
    target: 'es2022',
    plugins: [resolveInto(folder)],
  });
  return outputFiles[0]?.text ?? '';
}

/** The texts of the vector files. */
export async function readVectorFiles() {
  const read = (name: string) => readFile(new URL(`../../vectors/${name}.json`, import.meta.url), 'utf8');
  return {
    canonicalJson: await read('canonical-json'),
    olpc: await read('olpc'),
    trustList: await read('trust-list'),
    manifest: await read('manifest'),
    catalogue: await read('catalogue'),
    file: await read('file'),
    frame: await read('frame'),
    log: await read('log'),
    logEvidence: await read('log-evidence'),
  };
}

function resolveInto(folder: string): Plugin {
  return {
    name: 'built-package',
    setup: ({ onResolve }) => {
      onResolve({ filter: /^@signpost\/protocol\// }, ({ path }) => ({
        path: join(folder, `${path.slice('@signpost/protocol/'.length)}.js`),
      }));
    },
  };
}
