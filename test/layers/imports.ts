/** What a source file imports, read from its text. Biome's format makes that simple: a statement starts its line. */
import { posix } from 'node:path';

/** One import or re-export. `later`: when it is called for; `worker`: a file that is started as a thread, by `new URL('./x.ts', import.meta.url)`. */
export interface Import {
  readonly specifier: string;
  readonly kind: 'value' | 'later' | 'type' | 'worker';
}

/** Source texts by their path from the top folder, with `/`. */
export type FileTable = ReadonlyMap<string, string>;

/** What `@signpost/…` leads to: file patterns by the sub-path of the package's `exports`. */
export interface WorkspacePackage {
  readonly name: string;
  /** Path from the top folder, ending in `/`. */
  readonly root: string;
  /** Sub-path (`.`, `./json/*`) to source file (`./src/json/*.ts`). */
  readonly exports: Readonly<Record<string, string>>;
}

const statement = /^(?:import|export)\s+(type\s+)?(?:[\w$*{][\w$\s,{}*]*?\s+from\s+)?(['"])([^'"]+)\2/gm;
const dynamic = /\bimport\(\s*(['"`])([^'"`]+)\1/g;
const worker = /\bnew URL\(\s*(['"])([^'"]+\.ts)\1,\s*import\.meta\.url/g;

/** All imports of a source text. */
export function parseImports(source: string): readonly Import[] {
  const code = withoutComments(source);
  return [
    ...[...code.matchAll(statement)].map(([, type, , specifier = '']): Import => {
      return { specifier, kind: type ? 'type' : 'value' };
    }),
    ...[...code.matchAll(dynamic)].map(([, , specifier = '']): Import => ({ specifier, kind: 'later' })),
    ...[...code.matchAll(worker)].map(([, , specifier = '']): Import => ({ specifier, kind: 'worker' })),
  ];
}

/** Whether the text imports something that cannot be read from the text. */
export function importsUnreadably(source: string): boolean {
  return /\bimport\((?!\s*['"`][^$]*?['"`])/.test(withoutComments(source));
}

/** The text without comments that have a line, or the end of a line after a space, for themselves. */
export function withoutComments(source: string): string {
  return source
    .split('\n')
    .map((line) => (/^\s*(?:\/\/|\/\*|\*)/.test(line) ? '' : line.replace(/\s\/\/\s.*$/, '')))
    .join('\n');
}

/** The file that an import leads to; `undefined`: to a library or to Node; `null`: nowhere that it may. */
export function resolveImport(
  from: string,
  specifier: string,
  packages: readonly WorkspacePackage[],
): string | undefined | null {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier);
  const target = packages.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`));
  if (!target) return specifier.startsWith('@signpost/') ? null : undefined;
  return resolveExport(target, `.${specifier.slice(target.name.length)}`);
}

function resolveExport(target: WorkspacePackage, subPath: string): string | null {
  for (const [pattern, file] of Object.entries(target.exports)) {
    const [before = '', after] = pattern.split('*');
    const star = subPath.slice(before.length, subPath.length - (after?.length ?? 0));
    if (subPath !== (after === undefined ? pattern : `${before}${star}${after}`) || (after !== undefined && !star)) {
      continue;
    }
    return posix.join(target.root, file.replace('*', star));
  }
  return null;
}
