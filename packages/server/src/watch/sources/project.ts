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
  const [slug = '', organisation] = path.length === 3 && path[0] === 'o' ? [path[2], path[1]] : path;
  const isWhole = organisation === undefined ? path.length === 1 : path[0] === 'o' && slugPattern.test(organisation);
  if (!isWhole || !slugPattern.test(slug)) return undefined;
  return { name: `${host.name}/${path.join('/')}` };
}
