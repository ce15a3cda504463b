/** Projects of another Signpost, or of a server that speaks its format. */
import { slugPattern } from '@signpost/protocol/updates/names';
import { parseHost } from './host.ts';
import type { ParsedSource } from './parsed-source.ts';

/** Parses `host/project` or `host/o/organisation/project`, with or without a scheme. `undefined`: it is none. */
export function parseProject(text: string): ParsedSource | undefined {
  const [, scheme, rest = ''] = /^(?:(https?):)?(?:\/\/)?(.*)$/s.exec(text) ?? [];
  const [first = '', ...path] = rest.split('/');
  const host = parseHost(first);
  if (!host || (scheme !== undefined && scheme !== host.scheme)) return undefined;
  const slugs = path.length === 3 && path[0] === 'o' ? path.slice(1) : path;
  const isWhole = slugs.length === (path.length === 3 ? 2 : 1);
  if (!isWhole || !slugs.every((slug) => slugPattern.test(slug))) return undefined;
  return { name: `${host.name}/${path.join('/')}` };
}
