/** Names of npm packages (npm's `package.json`, "name"): new ones are lower case, old ones without a scope are kept to the letter. */
import type { ParsedSource } from './parsed-source.ts';

const namePattern = /^[A-Za-z0-9~_-][A-Za-z0-9._~-]*$/;
const versionPattern = /^[0-9A-Za-z][0-9A-Za-z.+-]{0,127}$/;
const maxNameLength = 214;

/** Parses `name` or `@scope/name`, with `@version` or `@tag` after it. `undefined`: it is none. */
export function parsePackage(text: string): ParsedSource | undefined {
  const at = text.indexOf('@', 1);
  const bare = at < 0 ? text : text.slice(0, at);
  const label = at < 0 ? undefined : text.slice(at + 1);
  if (bare.length > maxNameLength || (label !== undefined && !versionPattern.test(label))) return undefined;
  if (!bare.startsWith('@')) return namePattern.test(bare) ? { name: bare, label } : undefined;
  const [scope = '', name = '', ...more] = bare.slice(1).split('/');
  if (more.length > 0 || !namePattern.test(scope) || !namePattern.test(name)) return undefined;
  return { name: bare.toLowerCase(), label };
}
