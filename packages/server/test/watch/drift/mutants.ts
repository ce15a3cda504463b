/** The classifier with one thing changed at a time, to see whether the rows of the table notice. */
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import type { Classifier } from './broken-rows.ts';

const source = join(import.meta.dirname, '../../../src/watch');

/** One change. */
export interface Mutant {
  /** Below `src/watch`. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly before: string;
  readonly after: string;
  /** The whole file with the change. */
  readonly text: string;
}

const swaps: readonly (readonly [RegExp, string])[] = [
  [/===/g, '!=='],
  [/!==/g, '==='],
  [/&&/g, '||'],
  [/\|\|/g, '&&'],
  [/ < /g, ' <= '],
  [/ > /g, ' >= '],
  [/ <= /g, ' < '],
  [/ >= /g, ' > '],
  [/ < /g, ' > '],
  [/ > /g, ' < '],
  [/\.some\(/g, '.every('],
  [/\.every\(/g, '.some('],
  [/!(?=[a-z(])/g, ''],
  [/(?<=shift: )-?[0-9]/g, '0'],
  [/(?<=\('(?:critical|high|medium|low|note)', )'[a-z]+'/g, "'mutant'"],
  [/(?<=rule\()'[a-z]+'/g, "'mutant'"],
  [/(?<=kind: |describe\()'[a-z]+\.[a-z_]+'/g, "'mutant.kind'"],
  [/(?<=return |\? |: )'[a-z.-]+'(?=;| :|\)|$)/g, "'mutant'"],
  [/\.\.\.compare[A-Z]\w+\([^()]*\)/g, '...[]'],
  [/(?<= = )[0-9_]+(?=;)/g, '0'],
  [/(?<=: )[1-3](?=,| \})/g, '0'],
];

/** Every change that the swaps make; types, imports and comments are left alone. */
export async function listMutants(): Promise<readonly Mutant[]> {
  const files = (await readdir(join(source, 'drift'))).map((name) => join('drift', name));
  const all = await Promise.all(files.map(async (file) => mutate(file, await readFile(join(source, file), 'utf8'))));
  return all.flat();
}

function mutate(file: string, text: string): readonly Mutant[] {
  const lines = text.split('\n');
  return swaps.flatMap(([pattern, after]) =>
    [...text.matchAll(pattern)].flatMap(({ 0: before, index }) => {
      const line = text.slice(0, index).split('\n').length;
      const isCode = !/^\s*(?:\*|\/[/*]|import|readonly|const sentence|sentence:|export (?:type|interface)|\|)/.test(
        lines[line - 1] ?? '',
      );
      return isCode && before !== after
        ? [{ file, line, before, after, text: text.slice(0, index) + after + text.slice(index + before.length) }]
        : [];
    }),
  );
}

/** The classifier with that change. Rejects when it cannot be loaded. */
export async function loadMutant({ file, text }: Pick<Mutant, 'file' | 'text'>): Promise<Classifier> {
  const options: BuildOptions = {
    stdin: {
      contents: "export { classify } from './classify.ts'; export { driftRules } from './kinds.ts';",
      ...{ resolveDir: join(source, 'drift'), loader: 'ts' },
    },
    ...{ bundle: true, write: false, format: 'cjs', platform: 'node', logLevel: 'silent' },
    plugins: [
      {
        name: 'mutant',
        setup: (run) => {
          run.onLoad({ filter: /\.ts$/ }, ({ path }) =>
            relative(source, path) === file ? { contents: text, loader: 'ts' } : undefined,
          );
        },
      },
    ],
  };
  const { outputFiles } = await build(options);
  const module: { exports: unknown } = { exports: undefined };
  new Function('require', 'module', outputFiles?.[0]?.text ?? '')(createRequire(import.meta.url), module);
  return module.exports as Classifier;
}
