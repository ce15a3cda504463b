/** The rules of docs/architecture.md over a table of source files. Each violation is one sentence that names the file. */
import {
  type FileTable,
  importsUnreadably,
  parseImports,
  resolveImport,
  type WorkspacePackage,
  withoutComments,
} from './imports.ts';
import { findHouse, findRoom } from './rooms.ts';

const maxFileLines = 400;

/** Made from the API: a line for each route. */
const generated = 'packages/console/src/api/openapi.d.ts';

/** Every violation in `files`, in the order of paths. */
export function findViolations(files: FileTable, packages: readonly WorkspacePackage[]): readonly string[] {
  const paths = [...files.keys()].sort();
  return [
    ...paths.flatMap((path) => findFileViolations(path, files.get(path) ?? '')),
    ...paths.flatMap((path) => findArrowViolations(path, files.get(path) ?? '', packages)),
    ...findCycles(files, packages),
  ];
}

function findFileViolations(path: string, source: string): readonly string[] {
  const code = withoutComments(source);
  return [
    ...(findRoom(path) ? [] : [`${path} stands in no room`]),
    ...(source.split('\n').length - 1 > maxFileLines && path !== generated
      ? [`${path} has more than ${maxFileLines} lines`]
      : []),
    ...findDrawers(path),
    ...fileRules.flatMap(({ applies, forbids, why }) =>
      applies(path) && forbids(path, code) ? [`${path} ${why}`] : [],
    ),
  ];
}

/** Names that say nothing about what is inside. */
function findDrawers(path: string): readonly string[] {
  const drawer =
    /(?:^|[/-])(?:utils?|helpers?|common|misc|shared|index|types|[a-z-]*-?(?:manager|service|helper|handler|impl))(?:\.|\/|$)/;
  return drawer.test(path) ? [`${path} has a name that is no noun of the domain`] : [];
}

interface FileRule {
  readonly applies: (path: string) => boolean;
  readonly forbids: (path: string, code: string) => boolean;
  readonly why: string;
}

const isSource = (path: string) => /^packages\/[^/]+\/src\//.test(path);
const isServerSource = (path: string) => path.startsWith('packages/server/src/');
const isProtocolSource = (path: string) => path.startsWith('packages/protocol/src/');

const fileRules: readonly FileRule[] = [
  {
    applies: isProtocolSource,
    forbids: (_, code) =>
      /\bBuffer\b/.test(code) || imports(code, (name) => name === 'buffer' || name.startsWith('node:')),
    why: 'knows Node, and protocol runs everywhere',
  },
  {
    applies: isProtocolSource,
    forbids: (_, code) => imports(code, (name) => !name.startsWith('.')),
    why: 'imports a package, and protocol has no dependencies',
  },
  {
    applies: (path) => isServerSource(path) && !knowsHttp(path),
    // `hono/html` is a template that escapes; it knows no request.
    forbids: (_, code) => imports(code, (name) => /^(?:hono|@hono\/.+)(?:\/|$)/.test(name) && !/\/html$/.test(name)),
    why: 'imports Hono, which only routes.ts, http/, app.ts, planes.ts and main.ts know',
  },
  {
    applies: (path) => isServerSource(path) && !knowsSql(path),
    forbids: (_, code) =>
      parseImports(code).some(({ specifier, kind }) => specifier === 'kysely' && kind !== 'type') ||
      imports(code, (name) => name === 'pg' || name === 'node:sqlite') ||
      /\.(?:selectFrom|insertInto|updateTable|deleteFrom|replaceInto)\(/.test(code),
    why: 'speaks SQL, which only store.ts and storage/ do',
  },
  {
    applies: (path) => isSource(path) && !/\/src\/(?:main|config)\.ts$/.test(path),
    forbids: (_, code) =>
      /\bprocess\.(?:env|argv)\b/.test(code) ||
      /\bimport\s+\{[^}]*\b(?:env|argv)\b[^}]*\}\s+from\s+'node:process'/.test(code),
    why: 'reads the environment or arguments, which only main.ts and config.ts do',
  },
  {
    applies: isSource,
    forbids: (_, code) => /^export\s+\*/m.test(code) || /^export\s+default\b/m.test(code),
    why: 'exports without naming what',
  },
  {
    applies: isSource,
    forbids: (_, code) => importsUnreadably(code),
    why: 'imports what cannot be read from the text',
  },
];

function knowsHttp(path: string): boolean {
  return /\/routes\.ts$/.test(path) || /^packages\/server\/src\/(?:http\/|(?:app|planes|main)\.ts$)/.test(path);
}

function knowsSql(path: string): boolean {
  return /\/store\.ts$/.test(path) || path.startsWith('packages/server/src/storage/');
}

function imports(code: string, isMeant: (specifier: string) => boolean): boolean {
  return parseImports(code).some(({ specifier }) => isMeant(specifier));
}

function findArrowViolations(path: string, source: string, packages: readonly WorkspacePackage[]): readonly string[] {
  return parseImports(source).flatMap(({ specifier }) => {
    const target = resolveImport(path, specifier, packages);
    if (target === undefined) return [];
    if (target === null) return [`${path} imports ${specifier}, which that package does not export`];
    return isAllowed(path, target, specifier) ? [] : [`${path} must not import ${target}`];
  });
}

function isAllowed(from: string, to: string, specifier: string): boolean {
  // Its own version is any package's to know.
  if (to === from.replace(/\/src\/.*$/, '/package.json')) return true;
  const house = findHouse(from);
  const other = findHouse(to);
  if (!house || !other) return false;
  if (!specifier.startsWith('.'))
    return house.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
  if (house !== other) return house.reaches.some((root) => to.startsWith(root));
  const [source, target] = [findRoom(from), findRoom(to)];
  return source !== undefined && target !== undefined && (source.room === target.room || source.floor > target.floor);
}

/** Circles of files, through types too: each is named once, by its files in the order of import. A thread is none. */
function findCycles(files: FileTable, packages: readonly WorkspacePackage[]): readonly string[] {
  const done = new Set<string>();
  const trail: string[] = [];
  const cycles: string[] = [];
  const visit = (path: string) => {
    const start = trail.indexOf(path);
    if (start >= 0) cycles.push(`circle: ${[...trail.slice(start), path].join(' → ')}`);
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of listTargets(path, files, packages)) visit(target);
    trail.pop();
    done.add(path);
  };
  for (const path of [...files.keys()].sort()) visit(path);
  return cycles;
}

function listTargets(path: string, files: FileTable, packages: readonly WorkspacePackage[]): readonly string[] {
  return parseImports(files.get(path) ?? '')
    .filter(({ kind }) => kind !== 'worker')
    .map(({ specifier }) => resolveImport(path, specifier, packages))
    .filter((target) => typeof target === 'string' && files.has(target)) as string[];
}
