/** What the console asks of the server that is not for a role: the table of its own requests, held against the server's table of roles. */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from './seed.ts';

/** A request that a page could make although nothing on it does. */
interface Request {
  readonly method: string;
  readonly path: string;
}

const root = join(import.meta.dirname, '../..');
const table: Readonly<Record<string, readonly string[]>> = JSON.parse(
  readFileSync(join(root, 'packages/server/src/roles.json'), 'utf8'),
);
const anId = '0195f3b0-7c1e-7d7a-9d39-0b5f3a1c2d4e';

/** Every request of the console that `role` may not make, its places filled with names of nothing. */
export function listForbidden(role: Role): readonly Request[] {
  const operations = Object.keys(table).filter((name) => {
    const roles = table[name] ?? [];
    return !roles.includes('public') && !roles.includes(role) && isAsked(name);
  });
  return operations.map((name) => {
    const [method = '', path = ''] = name.split(' ');
    return { method, path: path.replaceAll(/\{\w+\}/g, anId) };
  });
}

/** Whether a page asks for this operation. */
export function isAsked(name: string): boolean {
  return name in table && used.some((pattern) => pattern.test(name));
}

/** Operations as they stand in the console's source; a part that is filled in there may be any word. */
const used: readonly RegExp[] = globSync('packages/console/src/**/*.{svelte,ts}', { cwd: root })
  .filter((file) => !file.endsWith('openapi.d.ts'))
  .flatMap(
    (file) => readFileSync(join(root, file), 'utf8').match(/(?<=['`])(?:GET|POST|PUT|PATCH|DELETE) \/[^'`]+/g) ?? [],
  )
  .map(
    (text) =>
      new RegExp(
        `^${text
          .replaceAll(/\$\{\w+\}/g, '@')
          .replaceAll(/[{}.]/g, '\\$&')
          .replaceAll('@', '[\\w-]+')}$`,
      ),
  );
